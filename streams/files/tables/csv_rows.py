"""What the csv reader cannot say by itself: the header, and which lines its rows stand on."""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schemas.columns import Ints
from streams.files.values.decimals import decimal_units
from streams.files.values.faults import BadRow, BadRows, FileError
from streams.files.values.single_times import looks_like_a_time

DELIMITERS = ",;\t|"
LONGEST_HEADER = 1 << 16
SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Header:
    line: int
    """On which the names stand; blank lines may come before."""
    delimiter: str
    written: list[str]
    """Names as they stand in the file."""
    names: list[str]
    """The same, without spaces around them; of columns that are given only those."""
    given: list[str] | None = None
    """Names that do not stand in the file."""

    @property
    def skipped(self) -> int:
        """Lines before the first that is read."""
        return self.line if self.given else self.line - 1


def header_of(path: Path, columns: Sequence[str] = ()) -> Header:
    """The file's header; one without has the columns that are given."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(LONGEST_HEADER), b""), start=1):
            if raw.strip():
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                return _header(path, number, text, columns)
    raise FileError(f"{path}: the file is empty; expected a line of column names")


def _header(path: Path, line: int, text: str, columns: Sequence[str]) -> Header:
    delimiter = max(DELIMITERS, key=text.count)
    written = next(csv.reader([text], delimiter=delimiter))
    if _is_data(written, is_likely=bool(columns)):
        return _given(path, line, delimiter, written, columns)
    names = [name.strip() for name in written]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileError(f"{path}, line {line}: the column {twice[0]} is named twice")
    return Header(line, delimiter, written, names)


def _is_data(cells: Sequence[str], *, is_likely: bool) -> bool:
    """Whether a line holds values: two thirds of what is there, or any where that is likely."""
    said = [cell.strip() for cell in cells if cell.strip()]
    values = sum(decimal_units(cell) is not None or looks_like_a_time(cell) for cell in said)
    return values > 0 if is_likely else bool(said) and values * 3 >= len(said) * 2


def _given(path: Path, line: int, delimiter: str, cells: list[str], columns: Sequence[str]) -> Header:
    if not columns:
        raise FileError(
            f"{path}, line {line}: found {', '.join(cells)}; expected the names of the columns: "
            "give them with --columns, such as --columns ts,open,high,low,close,volume"
        )
    if len(columns) > len(cells):
        raise FileError(
            f"{path}, line {line}: found {len(cells)} columns; "
            f"--columns names {len(columns)}: {', '.join(columns)}"
        )
    every = [*columns, *(f"column {number}" for number in range(len(columns) + 1, len(cells) + 1))]
    return Header(line - 1, delimiter, every, list(columns), every)


class SkippedRows:
    """The lines that have too few or too many columns."""

    def __init__(self, path: Path, header: Header, bad: BadRows) -> None:
        self.file = path.name
        self.header = header
        self.bad = bad
        self.numbers: list[int] = []

    def handle(self, row: Any) -> str:
        line = int(row.number)
        self.numbers.append(line)
        text = str(row.text).strip()
        if text:
            expected = f"{len(self.header.written)} columns, not {row.actual_columns}"
            self.bad.add(BadRow(self.file, f"line {line}", "", text[:60], expected))
        return SKIP

    def lines(self, first: int, count: int) -> Ints:
        """The line numbers of the rows that were read as number `first` and on, counted from 0."""
        rows = np.arange(first, first + count, dtype=np.int64)
        top = self.header.line + 1
        before = np.array(self.numbers, np.int64) - top - np.arange(len(self.numbers))
        return rows + top + np.searchsorted(before, rows, side="right")
