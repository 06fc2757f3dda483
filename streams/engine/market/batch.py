"""Market records that are folded together, as columns of each symbol."""

from schemas.columns import CLOCK, Columns, Ints
from streams.engine.market.series import Series, SymbolState


class Batch:
    """Market records that are folded together."""

    __slots__ = ("_interval", "histories", "last", "previous", "raw", "series", "symbols", "time")

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

    def first_at(self, time: int, start: int) -> int:
        """The first record at or after `start` whose event time is at or after `time`."""
        return max(start, int(self.time.searchsorted(time)))
