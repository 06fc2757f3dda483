"""Text in CSV files that a spreadsheet would take for a formula, and run.

Rules of this file: such a text has an apostrophe in front. One that has apostrophes already gets one more, so
that who takes one off has what it was. Numbers are no texts.
"""

import re

FORMULA = r"^'*[=+\-@\t\r\n＝＋－＠]"
"""Python and ClickHouse read it alike."""
_FORMULA = re.compile(FORMULA)


def as_text(text: str) -> str:
    """The cell of a text."""
    return f"'{text}" if _FORMULA.match(text) else text
