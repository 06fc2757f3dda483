"""An answer as text that can be read and compared to the digit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sinks.asking.questions import Answer


def told(answer: Answer) -> str:
    """The columns' names, then a row a line."""
    return "\n".join([" ".join(answer.columns), *(" ".join(map(_text, row)) for row in answer.rows)])


def _text(value: Any) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value.normalize():f}"
        case float():
            return f"{value:.10g}"
        case datetime():
            moment = value.astimezone(UTC)
            return f"{moment:%d-%H:%M:%S}" + (f"{moment:.%f}".rstrip("0") if moment.microsecond else "")
        case list() | tuple():
            return "/".join(map(_text, value))
        case _:
            return str(value).replace(" ", "_")
