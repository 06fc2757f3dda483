"""The cells of a block as integers, and the rows that cannot be used."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import NOT_KNOWN, Ints
from streams.files.arrays import Flags
from streams.files.tables.tables import FileBlock
from streams.files.values.decimals import Converted, to_units
from streams.files.values.faults import BadRows
from streams.files.values.intervals import to_intervals
from streams.files.values.times import to_micros

Conversion = Callable[[pa.Array], Converted]

NON_POSITIVE = -1
"""What a price that is said to be 0 or less becomes; the engine counts it."""
NUMBER = "a decimal number below 92 thousand million"
SMALLEST = "a number that is not below 0.00000001"
TIME = "a time such as 2026-01-02T14:30:00Z, or a number since 1970"


class NumberRows:
    """A block's cells as numbers; rows with a cell that is none are refused, the first such cell is told."""

    def __init__(self, block: FileBlock, resolved: dict[str, str], bad: BadRows) -> None:
        self.block = block
        self.resolved = resolved
        self.bad = bad
        self.refused: list[tuple[str, Flags, str]] = []
        self.rounded = np.zeros(len(block.rows), np.bool_)

    def __len__(self) -> int:
        return len(self.block.rows)

    def column(self, name: str) -> pa.Array | None:
        return self.block.columns[self.resolved[name]] if name in self.resolved else None

    def refuse(self, name: str, rows: Flags, expected: str) -> None:
        if rows.any():
            self.refused.append((self.resolved[name], rows, expected))

    def time(self, name: str) -> Ints:
        read = self._read(name, to_micros)
        self.refuse(name, read.bad | read.missing, TIME)
        return read.values

    def price(self, name: str, *, needed: bool = False) -> Ints:
        read = self._units(name)
        self.refuse(name, read.bad | read.missing if needed else read.bad, NUMBER)
        if read.rounded is not None:
            self.refuse(name, read.rounded & (read.values == 0), SMALLEST)
        if name in ("bid", "ask"):
            return np.maximum(read.values, NON_POSITIVE)
        return np.where((read.values <= 0) & ~read.missing, NON_POSITIVE, read.values)

    def size(self, name: str) -> Ints:
        read = self._units(name)
        self.refuse(name, read.bad | (read.values < 0), f"{NUMBER}, 0 or more")
        return np.where(read.missing, NOT_KNOWN, read.values)

    def interval(self) -> Ints:
        read = self._read("interval", to_intervals)
        self.refuse("interval", read.bad, "a duration such as 5m")
        return np.where(read.missing, NOT_KNOWN, read.values)

    def amounts(self, name: str) -> list[int | None]:
        """Prices and quantities that need not be there, and are above zero where they are."""
        read = self._units(name)
        self.refuse(name, read.bad | ((read.values <= 0) & ~read.missing), f"{NUMBER} and above 0")
        return _with_none(read)

    def times(self, name: str) -> list[int | None]:
        read = self._read(name, to_micros)
        self.refuse(name, read.bad, TIME)
        return _with_none(read)

    def texts(self, name: str) -> list[str | None]:
        column = self.column(name)
        if column is None:
            return [None] * len(self)
        cells = pc.cast(column, pa.string()).to_pylist()
        return [cell.strip() or None if cell is not None else None for cell in cells]

    def _units(self, name: str) -> Converted:
        read = self._read(name, lambda column: to_units(column, self.block.groups))
        if read.rounded is not None:
            self.rounded |= read.rounded
        return read

    def _read(self, name: str, to: Conversion) -> Converted:
        column = self.column(name)
        if column is None:
            none = np.zeros(len(self), np.int64)
            return Converted(none, np.ones(len(self), np.bool_), np.zeros(len(self), np.bool_))
        return to(column)

    def good(self) -> Flags:
        """The rows that nothing was wrong with; the others are counted, and the first few kept to show."""
        good = np.ones(len(self), np.bool_)
        for _, rows, _ in self.refused:
            good &= ~rows
        if (self.rounded & good).any():
            self.bad.rounded[self.block.file] += int((self.rounded & good).sum())
        wrong = np.flatnonzero(~good).tolist()
        for shown, at in enumerate(wrong):
            if self.bad.full:
                self.bad.add_uncounted(self.block.file, len(wrong) - shown)
                break
            column, expected = next((name, what) for name, rows, what in self.refused if rows[at])
            self.bad.add(self.block.bad(at, column, expected))
        return good


def _with_none(read: Converted) -> list[int | None]:
    pairs = zip(read.values.tolist(), read.missing.tolist(), strict=True)
    return [None if missing else value for value, missing in pairs]
