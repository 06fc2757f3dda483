"""What a name or an id that comes from outside may look like.

Rules of this file: a name is what a person sees of it. So nothing in it is invisible, turns the order of
letters around or moves a cursor; no two differ by spaces at their ends; and none is as long as a page.
"""

from schemas.errors import MessageError, shorten

LONGEST_NAME, LONGEST_ID = 100, 200
_DOTS = frozenset((".", ".."))
"""Of them an address makes the folder, and the one above."""


def is_name(text: str, most: int = LONGEST_NAME) -> bool:
    return 0 < len(text) <= most and text.isprintable() and text == text.strip(" ") and text not in _DOTS


def expected(most: int = LONGEST_NAME) -> str:
    return f"1 to {most} characters that can be seen, and no space at its ends"


def check_name(field: str, text: str, most: int = LONGEST_NAME) -> str:
    """The text itself, or an error that says what it may be."""
    if is_name(text, most):
        return text
    found = f"{len(text)} characters" if len(text) > most else shorten(text)
    raise MessageError(field, found, expected(most))
