"""Market records that are folded together, as columns of each symbol.

Rules of this file: of a symbol that nobody asks for nothing is made.
"""

from collections.abc import Collection, Iterator
from functools import cached_property

import numpy as np

from schemas.columns import BAR, CLOCK, Ints
from streams.engine.market.column import BUY, MARK, SELL, Column
from streams.engine.market.grouped import Grouped
from streams.engine.market.record_checks import Checked, marks_of
from streams.engine.market.series import Series
from streams.engine.market.symbols import Symbols
from streams.engine.model.calendars import floor_minute, next_minute
from streams.engine.model.units import FOREVER, MINUTE


class SeriesBySymbol(Collection[str]):
    """Each symbol's records, made when they are asked for."""

    def __init__(self, checked: Checked | None, past: Symbols) -> None:
        """None: there are no records."""
        self._past = past
        self._made: dict[str, Series] = {}
        if checked is None:
            self.at = {}
            return
        columns = checked.columns
        self.grouped = Grouped(columns, None if columns.kind is None else columns.kind != CLOCK)
        order = self.grouped.order
        self.together = checked if order is None else checked.take(order)

    @cached_property
    def at(self) -> dict[str, int]:
        """Where each symbol is among the groups."""
        names = self.together.columns.names
        return {names[which]: at for at, which in enumerate(self.grouped.symbols.tolist())}

    @cached_property
    def marks(self) -> Ints:
        """Of all records together."""
        ready = self.together.ready.get(MARK)
        return marks_of(self.together.columns) if ready is None else ready.top

    @cached_property
    def _prices(self) -> list[tuple[int, Ints, list[int], list[int]]]:
        """Of ticks: the price columns, and how far each symbol's went."""
        columns, grouped = self.together.columns, self.grouped
        found = {}
        if columns.kind is None:
            found[MARK] = self.marks
            if columns.bid.all() and columns.ask.all():
                found |= {SELL: columns.bid, BUY: columns.ask}
        return [
            (which, values, grouped.highest(values).tolist(), grouped.lowest(values).tolist())
            for which, values in found.items()
        ]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.at

    def __len__(self) -> int:
        return len(self.at)

    def __iter__(self) -> Iterator[str]:
        return iter(self.at)

    def __getitem__(self, symbol: str) -> Series:
        found = self._made.get(symbol)
        if found is None:
            found = self._made[symbol] = self._make(symbol, self.at[symbol])
        return found

    def find(self, symbol: str) -> Series | None:
        found = self._made.get(symbol)
        return self[symbol] if found is None and symbol in self.at else found

    def _make(self, symbol: str, at: int) -> Series:
        grouped = self.grouped
        if grouped.order is None:
            return Series(symbol, self._past, self.together, None)
        rows = slice(int(grouped.starts[at]), int(grouped.ends[at]))
        part = self.together.take(rows)
        part.ready = {
            which: Column(values[rows], values[rows], (highest[at], lowest[at]))
            for which, values, highest, lowest in self._prices
        }
        return Series(symbol, self._past, part, grouped.order[rows])


class Batch:
    """Market records that are folded together."""

    __slots__ = (
        "_interval", "_minutes", "after", "histories", "last", "previous", "raw", "series", "symbols", "time",
    )  # fmt: skip

    def __init__(
        self,
        time: Ints,
        previous: int,
        symbols: Symbols,
        histories: dict[int, int],
        checked: Checked | None = None,
    ) -> None:
        """`checked`: the records; None: it stands for the place between two."""
        self.time = time
        self.last = int(time[-1])
        self.previous = previous
        """Event time of the record before the batch."""
        self.symbols = symbols
        """What was known before it."""
        self.after = symbols
        """What is known behind it, once a market has taken it in."""
        self.histories = histories
        """Which bars are kept, and how many."""
        self.raw = None if checked is None else checked.columns
        self.series = SeriesBySymbol(checked, symbols)
        self._interval: int | None = None
        self._minutes: Ints | None = None

    def __len__(self) -> int:
        return len(self.time)

    def locate(self, row: int) -> tuple[Series | None, int]:
        """The series of a record and its index there; None for a clock."""
        raw = self.raw
        if raw is None or (raw.kind is not None and raw.kind[row] == CLOCK):
            return None, 0
        series = self.series[raw.names[int(raw.symbol[row])]]
        return series, series.at_or_after(row)

    def known(self) -> set[str]:
        """The symbols of the market so far."""
        return {*self.symbols, *self.series}

    def interval(self) -> int | None:
        """The longest of the market's bars before this batch, or 0; None where it brings bars itself."""
        if self.raw is not None and self.raw.kind is not None and (self.raw.kind == BAR).any():
            return None
        if self._interval is None:
            self._interval = self.symbols.longest_interval()
        return self._interval

    def mark_before(self, symbol: str, row: int) -> int:
        """The symbol's newest mark before a record; 0 before its first."""
        series = self.series.find(symbol)
        if series is None:
            return self.symbols.newest(symbol).mark
        at = series.at_or_after(row) - 1
        return int(series.marks[at]) if at >= 0 else series.before

    def marks_before(self, symbol: str, rows: Ints) -> Ints:
        """The same before each of these records."""
        series = self.series.find(symbol)
        if series is None:
            return np.full(len(rows), self.mark_before(symbol, 0), np.int64)
        at = series.all_at_or_after(rows) - 1
        return np.where(at >= 0, series.marks[at], series.before)

    @property
    def minutes(self) -> Ints:
        """The records that begin a minute."""
        if self._minutes is None:
            self._minutes = self._find_minutes()
        return self._minutes

    def _find_minutes(self) -> Ints:
        first = next_minute(self.previous) if self.previous > -FOREVER else floor_minute(int(self.time[0]))
        if (self.last - first) // MINUTE < len(self):
            found = self.time.searchsorted(np.arange(first, self.last + 1, MINUTE))
            return found[np.diff(found, prepend=-1) > 0]
        minute = self.time // MINUTE
        return np.flatnonzero(np.diff(minute, prepend=first // MINUTE - 1) > 0)

    def minutes_between(self, row: int, end: int) -> Ints:
        """Those after a record and before another."""
        found = self.minutes
        return found[found.searchsorted(row + 1) : found.searchsorted(end)]

    def minute_from(self, row: int) -> int:
        """The first record from that one on which begins a minute; the length if none does."""
        found = self.minutes
        at = int(found.searchsorted(row))
        return int(found[at]) if at < len(found) else len(self)

    def first_at(self, time: int, start: int) -> int:
        """The first record at or after `start` whose event time is at or after `time`."""
        return max(start, int(self.time.searchsorted(time)))
