"""In which order a file's records stand, and the one in which they are given on.

Rules of this file: what comes out does not depend on how the file was cut into parts; one that is in the
order of time is not held in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.columns import FIELDS, Columns, Ints
from streams.engine.market.record_checks import take
from streams.engine.model.units import SECOND

Numbers = npt.NDArray[np.int32]
"""The symbol of each record, as its place among the names."""

LATENESS = 5 * SECOND
"""A record that is further behind is not late: the file has another order."""
SHORT = 1 << 15
"""Numbers below take 16 bits, which are sorted several times as fast."""
FEW = 10
"""One in so many."""
LEAST = -(1 << 62)


@dataclass(slots=True)
class PartOfFile:
    """Some records of a file, and the lines or rows on which they stand."""

    columns: Columns
    rows: Ints
    word: str

    def __len__(self) -> int:
        return len(self.rows)


def by_symbol(columns: Columns) -> Iterator[tuple[str, Ints]]:
    """The places of each symbol's records."""
    return places_of(columns.names, columns.symbol)


def places_of(names: list[str], symbols: Numbers) -> Iterator[tuple[str, Ints]]:
    short = symbols.astype(np.int16) if len(names) < SHORT else symbols
    order = np.argsort(short, kind="stable")
    symbol = symbols[order]
    starts = np.flatnonzero(np.concatenate(([True], symbol[1:] != symbol[:-1])))
    for start, places in zip(starts, np.split(order, starts[1:]), strict=True):
        yield names[int(symbol[start])], places


class RecordOrder:
    """Whether a file's records stand in the order of time."""

    def __init__(self) -> None:
        self._rises = self._falls = self._own_behind = self._behind = self._rows = self._runs = 0
        self._top = self._last = LEAST
        self._symbol = ""
        self._newest: dict[str, int] = {}

    def add(self, names: list[str], symbols: Numbers, times: Ints) -> None:
        if self._rows:
            self._count(np.array([self._last, times[0]], np.int64))
        self._count(times)
        self._rows += len(times)
        self._runs += int((symbols[1:] != symbols[:-1]).sum())
        self._runs += names[int(symbols[0])] != self._symbol
        self._symbol = names[int(symbols[-1])]
        tops = np.maximum(np.maximum.accumulate(times), self._top)
        self._behind += int((times < tops - LATENESS).sum())
        self._top, self._last = int(tops[-1]), int(times[-1])
        for symbol, places in places_of(names, symbols):
            own = times[places]
            tops = np.maximum(np.maximum.accumulate(own), self._newest.get(symbol, LEAST))
            self._own_behind += int((own < tops - LATENESS).sum())
            self._newest[symbol] = int(tops[-1])

    def _count(self, times: Ints) -> None:
        self._rises += int((times[1:] > times[:-1]).sum())
        self._falls += int((times[1:] < times[:-1]).sum())

    @property
    def is_newest_first(self) -> bool:
        return self._falls > self._rises

    @property
    def is_by_symbol(self) -> bool:
        """Each symbol is mostly in order, not all together: a block for each, or one behind the other."""
        by_others = self._behind - self._own_behind
        in_blocks = self._runs == len(self._newest) or by_others * FEW >= self._rows
        return by_others > 0 and self._own_behind * FEW < self._rows and in_blocks

    def told(self) -> str:
        """What is to be said of it; nothing of a file in the order of time, with or without late records."""
        if self.is_newest_first:
            return "the newest come first; read from the end"
        return "one symbol comes after the other; put in the order of time" if self.is_by_symbol else ""


def in_time_order(parts: Iterator[PartOfFile], order: RecordOrder, rows: int) -> Iterator[PartOfFile]:
    """A whole file, by time; equals stay in its order, or in the reverse where the newest come first."""
    every = [part for part in parts if len(part)]
    if not every:
        return
    columns = joined([part.columns for part in every])
    places = np.concatenate([part.rows for part in every])
    file_order = np.arange(len(places))[:: -1 if order.is_newest_first else 1]
    by_time = file_order[np.argsort(columns.ts[file_order], kind="stable")]
    for start in range(0, len(by_time), rows):
        chosen = by_time[start : start + rows]
        yield PartOfFile(take(columns, chosen), places[chosen], every[0].word)


def in_known_order(bars: Iterator[Columns]) -> Iterator[Columns]:
    """By when each is known; a symbol's own stay in their order.

    Held are the bars that have not ended when the newest of those read opens.
    """
    newest: dict[str, int] = {}
    top = LEAST
    held: Columns | None = None
    held_keys = np.zeros(0, np.int64)
    for columns in bars:
        tops = np.maximum(np.maximum.accumulate(columns.ts), top)
        keys = _keys(columns, tops, newest)
        top = int(tops[-1])
        held = columns if held is None else joined([held, columns])
        keys = np.concatenate((held_keys, keys))
        order = np.argsort(keys, kind="stable")
        end = int(keys[order].searchsorted(top, side="right"))
        if end:
            yield take(held, order[:end])
        held, held_keys = take(held, order[end:]), keys[order[end:]]
    if held is not None and len(held):
        yield held


def _keys(columns: Columns, tops: Ints, newest: dict[str, int]) -> Ints:
    assert columns.interval is not None
    keys: Ints = np.maximum(columns.ts + columns.interval, tops)
    for symbol, places in by_symbol(columns):
        own = np.maximum(np.maximum.accumulate(keys[places]), newest.get(symbol, LEAST))
        keys[places], newest[symbol] = own, int(own[-1])
    return keys


def joined(parts: list[Columns]) -> Columns:
    """Records of one file, one after the other: later ones know all the names of those before."""
    columns: dict[str, Any] = {}
    for name in FIELDS:
        values = [getattr(part, name) for part in parts]
        columns[name] = None if values[0] is None else np.concatenate(values)
    return Columns(parts[-1].names, **columns)
