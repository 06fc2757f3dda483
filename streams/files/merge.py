"""Several market files as one market: by each record's own time, one file after the other among equals.

Rules of this file: a file's own order is never changed; what comes out does not depend on how the files
were cut into blocks; memory holds a few blocks of each file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.columns import NOT_KNOWN, TICK, Columns, Ints
from streams.engine.market.record_checks import take

INTEGERS = ("ts", "price", "size", "bid", "ask")
OF_BARS = ("open", "high", "low")
LEAST = -(1 << 62)


def merged(files: Sequence[Iterator[Columns]]) -> Iterator[Columns]:
    if len(files) == 1:
        yield from files[0]
        return
    sources = [_Source(file) for file in files]
    names = _Names()
    while True:
        for source in sources:
            if not len(source):
                source.load()
        waiting = [source for source in sources if len(source)]
        if not waiting:
            return
        until = min((source.last for source in waiting if not source.ended), default=None)
        taken = [source.take(until) for source in waiting]
        if any(len(keys) for _, keys in taken):
            yield _joined(taken, names)
        else:
            for source in waiting:
                if not source.ended and source.last == until:
                    source.load()


@dataclass(slots=True)
class _Source:
    """What was read of a file and not yet given on."""

    file: Iterator[Columns]
    columns: Columns | None = None
    keys: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Each record's place: its time, or that of a later one before it in the file."""
    newest: int = LEAST
    ended: bool = False

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def last(self) -> int:
        return int(self.keys[-1])

    def load(self) -> None:
        """Read one more block; at the end of the file there is none."""
        while not self.ended:
            more = next(self.file, None)
            if more is None:
                self.ended = True
            elif len(more):
                known = more.ts if more.interval is None else more.ts + np.maximum(more.interval, 0)
                keys = np.maximum(np.maximum.accumulate(known), self.newest)
                self.newest = int(keys[-1])
                names = _Names()
                parts = [more] if self.columns is None else [self.columns, more]
                self.columns = concatenated(parts, names)
                self.keys = np.concatenate((self.keys, keys))
                return

    def take(self, until: int | None) -> tuple[Columns, Ints]:
        """What comes before that time; everything when it is None."""
        assert self.columns is not None
        count = len(self.keys) if until is None else int(self.keys.searchsorted(until, side="left"))
        first, keys = take(self.columns, slice(0, count)), self.keys[:count]
        self.columns, self.keys = take(self.columns, slice(count, None)), self.keys[count:]
        if not len(self.keys):
            self.columns = None
        return first, keys


class _Names:
    """One numbering for the symbols of all files."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.names: list[str] = []

    def renumbered(self, columns: Columns) -> npt.NDArray[np.int32]:
        if columns.names == self.names:
            return columns.symbol
        for name in columns.names:
            if name not in self.numbers:
                self.numbers[name] = len(self.names)
                self.names = [*self.names, name]
        lookup = np.array([self.numbers[name] for name in columns.names], np.int32)
        return lookup[columns.symbol]


def _joined(parts: Sequence[tuple[Columns, Ints]], names: _Names) -> Columns:
    order = np.argsort(np.concatenate([keys for _, keys in parts]), kind="stable")
    return take(concatenated([columns for columns, _ in parts if len(columns)], names), order)


def concatenated(parts: Sequence[Columns], names: _Names) -> Columns:
    """One after the other; where some are ticks and some bars, each record says which."""
    symbol = np.concatenate([names.renumbered(part) for part in parts])
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in INTEGERS}
    columns = Columns(names.names, symbol, **joined)
    if all(part.kind is None for part in parts):
        return columns
    columns.kind = np.concatenate([_filled(part, "kind", TICK, np.int8) for part in parts])
    for name in OF_BARS:
        setattr(columns, name, np.concatenate([_filled(part, name, 0) for part in parts]))
    columns.interval = np.concatenate([_filled(part, "interval", NOT_KNOWN) for part in parts])
    return columns


def _filled(part: Columns, name: str, value: int, kind: type = np.int64) -> npt.NDArray[Any]:
    column: npt.NDArray[Any] | None = getattr(part, name)
    return np.full(len(part), value, kind) if column is None else column
