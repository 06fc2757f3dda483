"""Rows whose time is one column that can be read: what files do to a time is undone here.

Rules of this file: a date that may be of two days is never guessed: what the whole file says of the order of
day and month decides, else whoever gives the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from streams.files.decimals import is_text
from streams.files.faults import BadRows, FileError
from streams.files.names import ARRAYS, INDEX, TIMES, Names, plain, resolve
from streams.files.tables import Block, Read, read_table, unheard
from streams.files.times import DAY_OR_MONTH_FIRST

DateOrder = Literal["dmy", "mdy"]


@dataclass(frozen=True, slots=True)
class Form:
    """What a person says of files that do not say it themselves."""

    columns: tuple[str, ...] = ()
    """Of a csv file without a header."""
    dates: DateOrder | None = None


AS_IT_SAYS = Form()

DATE_TIME = "date time"
"""What a column is called that was made of two."""
CLOCK_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?|\d{3,6}")
YEAR_FIRST = re.compile(r"\s*\d{4}([/.])\d{1,2}\1\d{1,2}|\s*\d{8}[ T]\d|\s*\d{4}-\d\d-\d\d[ T]\d:")
UNNAMED = re.compile(r"\s*|Unnamed: \d+(\.\d+)?")
SMALLEST_TIME = 10**7
"""A number below is the number of a row."""

PADDED = ((r"^\s*(\d[/.-])", r"0\1"), (r"^(\d\d[/.-])(\d[/.-])", r"\g10\2"))
TO_ISO = {
    "dmy": (
        (r"^(\d\d)[/.-](\d\d)[/.-](\d{4})", r"\3-\2-\1"),
        (r"^(\d\d)[/.-](\d\d)[/.-](\d\d)(\D|$)", r"20\3-\2-\1\4"),
    ),
    "mdy": (
        (r"^(\d\d)[/.-](\d\d)[/.-](\d{4})", r"\3-\1-\2"),
        (r"^(\d\d)[/.-](\d\d)[/.-](\d\d)(\D|$)", r"20\3-\1-\2\4"),
    ),
}
YEAR_TO_ISO = (
    (r"^\s*(\d{4})[/.](\d)([/.])", r"\1\g30\2\3"),
    (r"^(\d{4})[/.](\d\d)[/.](\d)(\D|$)", r"\1-\2-0\3\4"),
    (r"^(\d{4})[/.](\d\d)[/.](\d\d)", r"\1-\2-\3"),
    (r"^(\d{4})(\d\d)(\d\d)[ T]", r"\1-\2-\3 "),
)
CLOCK_TO_ISO = (
    (r"^(\d{4}-\d\d-\d\d)[T, ]+", r"\1 "),
    (r"^(\S{10}) (\d)(:|$)", r"\1 0\2\3"),
    (r"^(\S{10}) (\d\d)(\d\d)(\d\d)$", r"\1 \2:\3:\4"),
    (r"^(\S{10}) (\d)(\d\d)(\d\d)$", r"\1 0\2:\3:\4"),
    (r"^(\S{10}) (\d\d)(\d\d)$", r"\1 \2:\3"),
    (r"^(\S{10}) (\d)(\d\d)$", r"\1 0\2:\3"),
)


def read_rows(
    path: Path, names: Names, bad: BadRows, form: Form = AS_IT_SAYS, progress: Read = unheard
) -> Iterator[Block]:
    """The file's rows, with times that can be read."""
    order = form.dates
    for block in _joined_rows(path, names, bad, form, progress):
        resolved = resolve(names, block.columns)
        for name in {resolved[ours] for ours in TIMES if ours in resolved}:
            first = _first(block.columns[name])
            if DAY_OR_MONTH_FIRST.match(first):
                order = order or _order_of(path, names, form, name)
                block.columns[name] = _rewritten(
                    block.columns[name], (*PADDED, *TO_ISO[order], *CLOCK_TO_ISO)
                )
            elif YEAR_FIRST.match(first):
                block.columns[name] = _rewritten(block.columns[name], (*YEAR_TO_ISO, *CLOCK_TO_ISO))
        yield block


def _joined_rows(
    path: Path, names: Names, bad: BadRows, form: Form, progress: Read = unheard
) -> Iterator[Block]:
    arrays = next((array for kind, array in ARRAYS if kind is names), ())
    for block in read_table(path, bad, progress, form.columns, arrays):
        yield _one_time(_without_row_numbers(block, names), names)


def _first(column: pa.Array) -> str:
    """The first cell that is text; nothing where the column holds something else."""
    if not is_text(column):
        return ""
    cells = column.drop_null()
    return str(cells[0].as_py()) if len(cells) else ""


def _rewritten(column: pa.Array, steps: tuple[tuple[str, str], ...]) -> pa.Array:
    for pattern, replacement in steps:
        column = pc.replace_substring_regex(column, pattern, replacement.replace(r"\g", "\\"))
    return column


def _without_row_numbers(block: Block, names: Names) -> Block:
    """An index that has no name is a time, or it is no column."""
    columns = {INDEX if UNNAMED.fullmatch(name) else name: each for name, each in block.columns.items()}
    if columns.keys() == block.columns.keys():
        return block
    resolved = resolve(names, columns)
    if resolved.get("ts") != INDEX or _are_row_numbers(columns[INDEX]):
        del columns[INDEX]
    return replace(block, columns=columns)


def _are_row_numbers(column: pa.Array) -> bool:
    cells = column.drop_null()
    text = str(cells[0].as_py()) if len(cells) else "0"
    return text.isdigit() and int(text) < SMALLEST_TIME


def _one_time(block: Block, names: Names) -> Block:
    """A date and a time of day in two columns are one time."""
    by_plain = {re.sub(r"_?(utc|gmt)_?", "", plain(name)): name for name in block.columns}
    date, time = by_plain.get("date"), by_plain.get("time")
    if date is None or time is None or resolve(names, block.columns).get("ts") not in (date, time):
        return block
    clock = pc.utf8_trim_whitespace(pc.cast(block.columns[time], pa.string()))
    if not CLOCK_TIME.fullmatch(_first(clock)):
        return block
    day = pc.replace_substring_regex(pc.cast(block.columns[date], pa.string()), r"[T ]00:00:00.*$", "")
    columns = {name: each for name, each in block.columns.items() if name not in (date, time)}
    joined = pc.binary_join_element_wise(pc.utf8_trim_whitespace(day), clock, " ")
    return replace(block, columns={DATE_TIME: _rewritten(joined, CLOCK_OF_DIGITS), **columns})


CLOCK_OF_DIGITS = ((r"^(\d{8}) (\d{3}|\d{5})$", r"\1 0\2"), (r"^(\d{4})(\d\d)(\d\d) ", r"\1-\2-\3 "))


def _order_of(path: Path, names: Names, form: Form, name: str) -> DateOrder:
    """Which comes first in the file's dates: a number above 12 is a day."""
    example = ""
    for block in _joined_rows(path, names, BadRows(), form):
        column = block.columns.get(name)
        if column is None or not is_text(column):
            continue
        example = example or _first(column)
        parts = pc.extract_regex(column, r"^\s*(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-]").drop_null()
        if not len(parts):
            continue
        first, second = (pc.max(pc.cast(parts.field(at), pa.int64())).as_py() for at in range(2))
        if (first > 12) != (second > 12):
            return "dmy" if first > 12 else "mdy"
    raise FileError(
        f'{path}, {name}: "{example}" may have the day or the month first, and no date of the file tells; '
        "say it with --dates dmy or --dates mdy"
    )
