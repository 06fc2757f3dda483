"""Rows whose time is one column that can be read: what files do to a time is undone here."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from streams.files.tables.clocks import DATE_TIME, Clocks, one_time, pair, with_colons
from streams.files.tables.names import ARRAYS, INDEX, TIMES, Names, plain, resolve
from streams.files.tables.tables import FileBlock, Read, Wanted, all_of, read_table, unheard
from streams.files.values.dates import DateOrder, Orders, to_iso
from streams.files.values.decimals import is_text
from streams.files.values.faults import BadRows
from streams.files.values.times import reads_at_once


@dataclass(frozen=True, slots=True)
class Form:
    """What a person says of files that do not say it themselves."""

    columns: tuple[str, ...] = ()
    """Of a csv file without a header."""
    dates: DateOrder | None = None


AS_IT_SAYS = Form()

UNNAMED = re.compile(r"\s*|Unnamed: \d+(\.\d+)?|__index_level_\d+__")
"""As data frames write an index that has no name."""
SMALLEST_TIME = 10**7
"""A number below is the number of a row."""


def read_rows(
    path: Path,
    names: Names,
    bad: BadRows,
    form: Form = AS_IT_SAYS,
    progress: Read = unheard,
    only: Collection[str] = (),
) -> Iterator[FileBlock]:
    """The file's rows, with times that can be read; of all columns, or of ours that are named in `only`."""
    manner = Manner(path, names, form)
    wanted = _bearing(names, only) if only else all_of
    for block in _joined_rows(path, names, bad, form, progress, wanted):
        for name, written in _times(names, block):
            block.columns[name] = manner.readable(name, written)
            block.said.setdefault(name, written)
        yield block


class Manner:
    """How a file writes its times; all of it is looked at where a single cell does not tell."""

    def __init__(self, path: Path, names: Names, form: Form) -> None:
        self._path, self._names, self._form = path, names, form
        self._told: tuple[Orders, Clocks] | None = None

    def readable(self, name: str, column: pa.Array) -> pa.Array:
        if not is_text(column) or (name != DATE_TIME and reads_at_once(column)):
            return column
        return to_iso(with_colons(name, pc.utf8_trim_whitespace(column), self._width), self._order)

    def _order(self) -> DateOrder:
        return self._form.dates or self._look()[0].order(str(self._path))

    def _width(self) -> int:
        return self._look()[1].width(str(self._path))

    def _look(self) -> tuple[Orders, Clocks]:
        if self._told is None:
            self._told = orders, clocks = Orders(), Clocks()
            wanted = _bearing(self._names, TIMES)
            for block in _joined_rows(self._path, self._names, BadRows(), self._form, wanted=wanted):
                for name, column in _times(self._names, block):
                    if is_text(column):
                        texts = pc.utf8_trim_whitespace(column)
                        orders.look(name, texts)
                        clocks.look(name, texts)
        return self._told


def _joined_rows(
    path: Path,
    names: Names,
    bad: BadRows,
    form: Form,
    progress: Read = unheard,
    wanted: Wanted = all_of,
) -> Iterator[FileBlock]:
    arrays = next((array for kind, array in ARRAYS if kind is names), ())
    for block in read_table(path, bad, progress, form.columns, arrays, wanted):
        yield one_time(_with_index(block, names), names)


def _times(names: Names, block: FileBlock) -> Iterator[tuple[str, pa.Array]]:
    """The columns of a block that are times."""
    resolved = resolve(names, block.columns)
    for name in [resolved[ours] for ours in TIMES if ours in resolved]:
        yield name, _one_kind_of_text(block.columns[name])


def _one_kind_of_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.cast(column, pa.string()) if is_text(column) else column


def _bearing(names: Names, ours: Collection[str]) -> Wanted:
    """Our columns of these names, and what a time may be made of."""

    def wanted(found: Sequence[str]) -> list[str]:
        resolved = resolve(names, found)
        kept = {resolved[name] for name in ours if name in resolved} | {*pair(found)}
        return [name for name in found if name in kept or _is_index(name)]

    return wanted


def _with_index(block: FileBlock, names: Names) -> FileBlock:
    """The index of a data frame is the time where no other column is; without a name it is no column else."""
    columns = {name: each for name, each in block.columns.items() if not UNNAMED.fullmatch(name)}
    if "ts" not in resolve(names, columns):
        for name in filter(_is_index, block.columns):
            if not _are_row_numbers(block.columns[name]):
                columns.pop(name, None)
                return replace(block, columns={INDEX: block.columns[name], **columns})
    return replace(block, columns=columns)


def _is_index(name: str) -> bool:
    return UNNAMED.fullmatch(name) is not None or plain(name) == "index"


def _are_row_numbers(column: pa.Array) -> bool:
    cells = column.drop_null()
    text = str(cells[0].as_py()).strip() if len(cells) else "0"
    return re.fullmatch(r"\d+(\.\d*)?", text) is not None and float(text) < SMALLEST_TIME
