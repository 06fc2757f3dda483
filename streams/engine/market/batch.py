"""Market records that are folded together, as columns of each symbol."""

import numpy as np

from schemas.columns import CLOCK, Columns, Ints
from streams.engine.market.series import Series, SymbolState
from streams.engine.model.calendars import floor_minute, next_minute
from streams.engine.model.units import FOREVER, MINUTE


class Batch:
    """Market records that are folded together."""

    __slots__ = ("_interval", "_minutes", "histories", "last", "previous", "raw", "series", "symbols", "time")

    def __init__(
        self,
        time: Ints,
        previous: int,
        symbols: dict[str, SymbolState],
        histories: dict[int, int],
        raw: Columns | None = None,
    ) -> None:
        self.time = time
        self.last = int(time[-1])
        self.previous = previous
        """Event time of the record before the batch."""
        self.symbols = symbols
        """What was known before it."""
        self.histories = histories
        """Which bars are kept, and how many."""
        self.raw = raw
        """The records; None: it stands for the place between two."""
        self.series: dict[str, Series] = {}
        self._interval: int | None = None
        self._minutes: Ints | None = None

    def __len__(self) -> int:
        return len(self.time)

    def add(self, series: Series) -> None:
        self.series[series.symbol] = series

    def locate(self, row: int) -> tuple[Series | None, int]:
        """The series of a record and its index there; None for a clock."""
        raw = self.raw
        if raw is None or (raw.kind is not None and raw.kind[row] == CLOCK):
            return None, 0
        series = self.series[raw.names[int(raw.symbol[row])]]
        return series, series.at_or_after(row)

    def known(self) -> set[str]:
        """The symbols of the market so far."""
        return self.symbols.keys() | self.series.keys()

    def interval(self) -> int | None:
        """The longest of the market's bars before this batch, or 0; None where it brings bars itself."""
        if any(series.bars for series in self.series.values()):
            return None
        if self._interval is None:
            self._interval = max((state.interval for state in self.symbols.values()), default=0)
        return self._interval

    def mark_before(self, symbol: str, row: int) -> int:
        """The symbol's newest mark before a record; 0 before its first."""
        series = self.series.get(symbol)
        if series is None:
            state = self.symbols.get(symbol)
            return state.mark if state is not None else 0
        at = series.at_or_after(row) - 1
        return int(series.marks[at]) if at >= 0 else series.before

    def marks_before(self, symbol: str, rows: Ints) -> Ints:
        """The same before each of these records."""
        series = self.series.get(symbol)
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
