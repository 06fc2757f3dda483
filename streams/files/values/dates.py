"""Texts of times as ISO: dates that have the year last or parted by other marks, clocks without colons.

Rules of this file: a date that may be of two days is never guessed: what the whole file says of the order of
day and month decides, else whoever gives the file. Of a year's two digits those from 70 on are of 19xx.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from streams.files.arrays import Flags, numbers_of
from streams.files.values.faults import FileError

DateOrder = Literal["dmy", "mdy", "ymd"]
Steps = tuple[tuple[str, str], ...]
"""Patterns and what stands in their place: `\\1` is a group, whatever digit follows."""

SHORT_FIRST = r"^\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{1,2})(\D|$)"
"""A date that may be of two days."""
ODD = "|".join(
    (
        SHORT_FIRST,
        r"^\d{4}[/.]\d|^\d{4}-(\d-|\d\d-\d(\D|$))",
        r"^\d{4}-\d\d-\d\d(,| {2}|[ T]\d:)|^\d{8}[ T]\d",
    )
)
"""What a cell looks like that has to be rewritten."""
PARTS = r"^(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<last>\d{4}|\d{1,2})(?:\D|$)"
LAST_MONTH, LAST_DAY = 12, 31

PADDED: Steps = ((r"^(\d[/.-]\d{1,2}[/.-])", r"0\1"), (r"^(\d\d[/.-])(\d[/.-])", r"\10\2"))
DAY = r"^(\d\d)[/.-](\d\d)[/.-]"


def _year_last(day: str, month: str) -> Steps:
    return (
        *PADDED,
        (rf"{DAY}(\d{{4}})", rf"\3-{month}-{day}"),
        (rf"{DAY}([7-9]\d)(\D|$)", rf"19\3-{month}-{day}\4"),
        (rf"{DAY}(\d\d)(\D|$)", rf"20\3-{month}-{day}\4"),
    )


TO_ISO: dict[DateOrder, Steps] = {
    "dmy": _year_last(r"\1", r"\2"),
    "mdy": _year_last(r"\2", r"\1"),
    "ymd": (
        (r"^(\d\d[/.-])(\d[/.-])", r"\10\2"),
        (r"^(\d\d[/.-]\d\d[/.-])(\d)(\D|$)", r"\10\2\3"),
        (rf"{DAY}(\d\d)(\D|$)", r"20\1-\2-\3\4"),
        (r"^20([7-9]\d-)", r"19\1"),
    ),
}
YEAR_TO_ISO: Steps = (
    (r"^(\d{4}[/.-])(\d[/.-])", r"\10\2"),
    (r"^(\d{4}[/.-]\d\d[/.-])(\d)(\D|$)", r"\10\2\3"),
    (r"^(\d{4})[/.](\d\d)[/.](\d\d)", r"\1-\2-\3"),
    (r"^(\d{4})(\d\d)(\d\d)[ T]", r"\1-\2-\3 "),
)
CLOCK_TO_ISO: Steps = (
    (r"^(\d{4}-\d\d-\d\d)[T, ]+", r"\1 "),
    (r"^(\S{10}) (\d):", r"\1 0\2:"),
    (r"^(\S{10}) (\d\d)(\d\d)(\d\d)$", r"\1 \2:\3:\4"),
    (r"^(\S{10}) (\d\d)(\d\d)$", r"\1 \2:\3"),
)


def to_iso(column: pa.Array, order: Callable[[], DateOrder]) -> pa.Array:
    """The same column where nothing has to be rewritten; `order` is asked where a date may be of two days."""
    if not has(column, ODD):
        return column
    if has(column, SHORT_FIRST):
        column = rewritten(column, TO_ISO[order()])
    return rewritten(column, (*YEAR_TO_ISO, *CLOCK_TO_ISO))


def has(column: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())


def rewritten(column: pa.Array, steps: Steps) -> pa.Array:
    for pattern, replacement in steps:
        if has(column, pattern):
            column = pc.replace_substring_regex(column, pattern, replacement)
    return column


class Orders:
    """Which orders of day, month and year all the dates of a file may have."""

    def __init__(self) -> None:
        self.possible: list[DateOrder] = ["dmy", "mdy", "ymd"]
        self.column = self.example = ""

    def look(self, name: str, column: pa.Array) -> None:
        parts = pc.extract_regex(column, PARTS)
        dates = column.filter(parts.is_valid())
        if not len(dates):
            return
        if not self.example:
            self.column, self.example = name, dates[0].as_py()
        fitting = _fitting(*(parts.drop_null().field(at) for at in range(3)))
        are_dates = np.logical_or.reduce(list(fitting.values()))
        self.possible = [order for order in self.possible if fitting[order][are_dates].all()]

    def order(self, file: str) -> DateOrder:
        if len(self.possible) == 1:
            return self.possible[0]
        first, choices = "the day or the month", "--dates dmy or --dates mdy"
        if "ymd" in self.possible:
            first, choices = "the day, the month or the year", "--dates dmy, --dates mdy or --dates ymd"
        raise FileError(
            f'{file}, {self.column}: "{self.example}" may have {first} first, and no date in the file'
            f" tells which; choose with {choices}"
        )


def _fitting(first: pa.Array, second: pa.Array, last: pa.Array) -> dict[DateOrder, Flags]:
    """Which dates may have each order."""
    has_long_last = _lengths(last) >= 2
    has_short_year = (_lengths(first) == 2) & (_lengths(last) <= 2)
    return {
        "dmy": _is_up_to(LAST_DAY, first) & _is_up_to(LAST_MONTH, second) & has_long_last,
        "mdy": _is_up_to(LAST_MONTH, first) & _is_up_to(LAST_DAY, second) & has_long_last,
        "ymd": has_short_year & _is_up_to(LAST_MONTH, second) & _is_up_to(LAST_DAY, last),
    }


def _lengths(texts: pa.Array) -> Ints:
    lengths: Ints = numbers_of(pc.utf8_length(texts))
    return lengths


def _is_up_to(most: int, texts: pa.Array) -> Flags:
    numbers: Ints = numbers_of(pc.cast(texts, pa.int64()))
    return (numbers >= 1) & (numbers <= most)
