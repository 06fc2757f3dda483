"""Rows whose time is one column that can be read: what files do to a time is undone here.

Rules of this file: a date that may be of two days is never guessed: what the whole file says of the order of
day and month decides, else whoever gives the file.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from streams.files.dates import DateOrder, Orders, rewritten, to_iso
from streams.files.decimals import is_text
from streams.files.faults import BadRows, FileError
from streams.files.names import ARRAYS, INDEX, TIMES, Names, plain, resolve
from streams.files.tables import Block, Read, Wanted, all_of, read_table, unheard


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
UNNAMED = re.compile(r"\s*|Unnamed: \d+(\.\d+)?")
SMALLEST_TIME = 10**7
"""A number below is the number of a row."""


def read_rows(
    path: Path, names: Names, bad: BadRows, form: Form = AS_IT_SAYS, progress: Read = unheard
) -> Iterator[Block]:
    """The file's rows, with times that can be read."""

    @cache
    def order() -> DateOrder:
        return form.dates or _order_of(path, names, form)

    for block in _joined_rows(path, names, bad, form, progress):
        for name, written in _times(names, block):
            block.columns[name] = to_iso(written, order)
            block.said.setdefault(name, written)
        yield block


def _joined_rows(
    path: Path,
    names: Names,
    bad: BadRows,
    form: Form,
    progress: Read = unheard,
    wanted: Wanted = all_of,
) -> Iterator[Block]:
    arrays = next((array for kind, array in ARRAYS if kind is names), ())
    for block in read_table(path, bad, progress, form.columns, arrays, wanted):
        yield _one_time(_without_row_numbers(block, names), names)


def _times(names: Names, block: Block) -> Iterator[tuple[str, pa.Array]]:
    """The columns of a block that are times."""
    resolved = resolve(names, block.columns)
    for name in [resolved[ours] for ours in TIMES if ours in resolved]:
        column = block.columns[name]
        yield name, column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _bearing(names: Names, ours: Collection[str]) -> Wanted:
    """Our columns of these names, and what a time may be made of."""

    def wanted(found: Sequence[str]) -> list[str]:
        resolved = resolve(names, found)
        kept = {resolved[name] for name in ours if name in resolved} | {*_pair(found)}
        return [name for name in found if name in kept or UNNAMED.fullmatch(name)]

    return wanted


def _first(column: pa.Array) -> str:
    """The first cell that is text; nothing where the column holds something else."""
    if not is_text(column):
        return ""
    cells = column.drop_null()
    return str(cells[0].as_py()) if len(cells) else ""


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


def _pair(found: Iterable[str]) -> tuple[str, ...]:
    """The columns of a date and of a time of day, where there are both."""
    by_plain = {re.sub(r"_?(utc|gmt)_?", "", plain(name)): name for name in found}
    return (by_plain["date"], by_plain["time"]) if {"date", "time"} <= by_plain.keys() else ()


def _one_time(block: Block, names: Names) -> Block:
    """A date and a time of day in two columns are one time."""
    pair = _pair(block.columns)
    if not pair or resolve(names, block.columns).get("ts") not in pair:
        return block
    date, time = pair
    clock = pc.utf8_trim_whitespace(pc.cast(block.columns[time], pa.string()))
    if not CLOCK_TIME.fullmatch(_first(clock)):
        return block
    day = pc.replace_substring_regex(pc.cast(block.columns[date], pa.string()), r"[T ]00:00:00.*$", "")
    columns = {name: each for name, each in block.columns.items() if name not in (date, time)}
    joined = pc.binary_join_element_wise(pc.utf8_trim_whitespace(day), clock, " ")
    return replace(block, columns={DATE_TIME: rewritten(joined, CLOCK_OF_DIGITS), **columns})


CLOCK_OF_DIGITS = ((r"^(\d{8}) (\d{3}|\d{5})$", r"\1 0\2"), (r"^(\d{4})(\d\d)(\d\d) ", r"\1-\2-\3 "))


def _order_of(path: Path, names: Names, form: Form) -> DateOrder:
    """What comes first in the file's dates, as far as only one order fits all of them."""
    orders = Orders()
    for block in _joined_rows(path, names, BadRows(), form, wanted=_bearing(names, TIMES)):
        for name, column in _times(names, block):
            orders.look(name, column)
    if len(orders.possible) == 1:
        return orders.possible[0]
    first, choices = "the day or the month", "--dates dmy or --dates mdy"
    if "ymd" in orders.possible:
        first, choices = "the day, the month or the year", "--dates dmy, --dates mdy or --dates ymd"
    raise FileError(
        f'{path}, {orders.column}: "{orders.example}" may have {first} first, and the dates of the file do not'
        f" tell; say it with {choices}"
    )
