"""A date and a time of day: in two columns, or with a clock of digits alone.

Rules of this file: a clock that lost its zeros, 930 or 5, is as long as the longest of its file says; where
that may be hours or minutes it is not guessed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from streams.files.tables.names import Names, plain, resolve
from streams.files.tables.tables import FileBlock
from streams.files.values.dates import Steps, has, rewritten
from streams.files.values.faults import FileError

DATE_TIME = "date time"
"""What a column is called that was made of two."""
CLOCK = r"^(\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?|\d{1,6})$"
OWN_DAY = r"^(\d{10,}|\d{1,4}[/.-]\d{1,2}[/.-]\d)"
"""A time that is no time of day."""
OF_TWO = r"^(?P<day>\S+) (?P<clock>\d{1,6})$"
OF_ONE = r"^(?P<day>\d{8}|\d{4}[/.]\d\d?[/.]\d\d?|\d\d?[/.-]\d\d?[/.-](?:\d{4}|\d\d?)) (?P<clock>\d{1,6})$"
"""After 2026-01-05 two digits are an hour, by ISO."""

WHOLE: Steps = ((r"^(\d+)\.0+$", r"\1"),)
MIDNIGHT: Steps = ((r"[T ]+(00:00:00.*|0?0:00|12:00(:00)? AM)$", ""),)
COLONS: Steps = (
    (r"^(\d\d)(\d\d)(\d\d)$", r"\1:\2:\3"),
    (r"^(\d\d)(\d\d)$", r"\1:\2"),
    (r"^(\d\d)$", r"\1:00"),
)
HOURS, HOURS_MINUTES, WITH_SECONDS = 2, 4, 6
LAST_HOUR = 23


def pair(found: Iterable[str]) -> tuple[str, ...]:
    """The columns of a date and of a time of day, where there are both."""
    by_plain = {re.sub(r"_?(utc|gmt)_?", "", plain(name)): name for name in found}
    return (by_plain["date"], by_plain["time"]) if {"date", "time"} <= by_plain.keys() else ()


def one_time(block: FileBlock, names: Names) -> FileBlock:
    """A date and a time of day in two columns are one time."""
    both = pair(block.columns)
    if not both or resolve(names, block.columns).get("ts") not in both:
        return block
    date, clock = (pc.cast(block.columns[name], pa.string()) for name in both)
    day, time = (rewritten(pc.utf8_trim_whitespace(each), WHOLE) for each in (date, clock))
    if has(time, OWN_DAY) and not has(time, CLOCK):
        return block
    joined = pc.binary_join_element_wise(rewritten(day, MIDNIGHT), time, " ")
    others = {name: each for name, each in block.columns.items() if name not in both}
    said = {**block.said, DATE_TIME: pc.binary_join_element_wise(date, clock, " ")}
    return replace(block, columns={DATE_TIME: joined, **others}, said=said)


class Clocks:
    """How long the clocks of a file are that have no colons."""

    def __init__(self) -> None:
        self._longest = self._largest = 0
        self._are_hours = False
        self._column = ""

    def look(self, name: str, column: pa.Array) -> None:
        clocks = _parts(name, column).drop_null().field(1)
        if not len(clocks):
            return
        self._column = self._column or name
        self._longest = max(self._longest, pc.max(pc.utf8_length(clocks)).as_py())
        self._largest = max(self._largest, pc.max(pc.cast(clocks, pa.int64())).as_py())
        self._are_hours = self._are_hours or has(clocks, r"^0\d$")

    def width(self, file: str) -> int:
        if self._longest > HOURS:
            return HOURS_MINUTES if self._longest <= HOURS_MINUTES else WITH_SECONDS
        if self._are_hours or not 0 < self._largest <= LAST_HOUR:
            return HOURS if self._are_hours else HOURS_MINUTES
        raise FileError(
            f'{file}, {self._column}: found "{self._largest}", which may be an hour or minutes, as no time in'
            f" the file is above {LAST_HOUR}; expected {self._largest:02}:00 or 00:{self._largest:02}"
        )


def with_colons(name: str, column: pa.Array, width: Callable[[], int]) -> pa.Array:
    """Each clock of digits with its zeros and colons; `width` is asked for where there is one."""
    if not has(column, _pattern(name)):
        return column
    parts = _parts(name, column)
    clock = rewritten(pc.utf8_lpad(parts.field(1), width(), "0"), COLONS)
    return pc.if_else(parts.is_valid(), pc.binary_join_element_wise(parts.field(0), clock, " "), column)


def _parts(name: str, column: pa.Array) -> pa.StructArray:
    return pc.extract_regex(column, _pattern(name))


def _pattern(name: str) -> str:
    return OF_TWO if name == DATE_TIME else OF_ONE
