"""The one market record at which an account stands.

Rules of this file: what is asked at a record is the same however the records were cut into batches.
"""

from streams.engine.market.bars import PastBar, with_records
from streams.engine.market.batch import Batch
from streams.engine.market.record_checks import last_instant
from streams.engine.market.series import Series
from streams.engine.market.vwap import session_until
from streams.engine.model.units import MICROSECOND, MINUTE


class Moment:
    """One market record, and what is known at it."""

    __slots__ = (
        "ask", "batch", "before", "bid", "buy", "close", "count", "fills_at", "high", "index", "is_bar",
        "low", "mark", "new_minute", "open", "opened", "passed", "previous", "row", "sell", "series", "size",
        "symbol", "time",
    )  # fmt: skip

    def __init__(self, batch: Batch, row: int, *, passed: bool = False) -> None:
        self.passed = passed
        """Everything at this record is done: what comes now can only wait."""
        self.batch = batch
        self.row = row
        self.time = batch.time.item(row)
        self.previous = batch.time.item(row - 1) if row else batch.previous
        self.new_minute = self.time // MINUTE != self.previous // MINUTE
        self.fills_at = self.time
        """The time that a fill bears: on a bar its open's, and once price has moved its last instant."""
        self.series, self.index = batch.locate(row)
        self.symbol = ""
        self.is_bar = False
        if self.series is not None:
            self._load(self.series, self.index)

    def _load(self, series: Series, index: int) -> None:
        raw = series.raw
        self.symbol = series.symbol
        self.count = series.base + index + 1
        self.mark = series.marks.item(index)
        self.before = series.marks.item(index - 1) if index else series.before
        self.size = raw.size.item(index)
        self.bid, self.ask = raw.bid.item(index), raw.ask.item(index)
        self.sell, self.buy = self.bid or self.mark, self.ask or self.mark
        self.is_bar = series.bars
        if self.is_bar and raw.open is not None and raw.high is not None and raw.low is not None:
            self.opened = self.fills_at = raw.ts.item(index)
            self.open, self.high, self.low = raw.open.item(index), raw.high.item(index), raw.low.item(index)
            self.close = self.mark

    @property
    def inside(self) -> int:
        """A time of this record's own day: a bar belongs to the one in which it ends."""
        return self.time - MICROSECOND if self.is_bar else self.time

    def last_instant(self) -> int:
        """Of a bar."""
        assert self.series is not None
        return last_instant(self.series.raw, self.index)

    @property
    def spread(self) -> int:
        return self.ask - self.bid if self.bid and self.ask else 0

    def closing_price(self, side: int) -> int:
        """What closes a position of that side now."""
        return self.sell if side > 0 else self.buy

    def price_for(self, side: int) -> int:
        """What an order of that side matches now."""
        return self.buy if side > 0 else self.sell

    def mark_of(self, symbol: str) -> int:
        """The newest mark at this record; 0 before the symbol's first."""
        return self.mark if symbol == self.symbol else self.batch.mark_before(symbol, self.row)

    def price_of(self, symbol: str, side: int) -> int:
        """What an order of that side would match at the symbol's newest record; 0 before its first."""
        if symbol == self.symbol:
            return self.price_for(side)
        series = self.batch.series.find(symbol)
        at = series.at_or_after(self.row + 1) - 1 if series is not None else -1
        if series is not None and at >= 0:
            quote = int((series.raw.ask if side > 0 else series.raw.bid)[at])
            return quote or int(series.marks[at])
        newest = self.batch.symbols.newest(symbol)
        return newest.buy if side > 0 else newest.sell

    def mark_before(self, symbol: str) -> int:
        """The newest mark before this record."""
        return self.before if symbol == self.symbol else self.batch.mark_before(symbol, self.row)

    def time_of(self, symbol: str) -> int:
        """Event time of the symbol's newest record."""
        if symbol == self.symbol:
            return self.time
        series = self.batch.series.find(symbol)
        at = series.at_or_after(self.row) - 1 if series is not None else -1
        if series is not None and at >= 0:
            return int(series.time[at])
        return self.batch.symbols.newest(symbol).time

    def time_before(self, symbol: str) -> int:
        """The same before this record."""
        if self.series is None or symbol != self.symbol:
            return self.time_of(symbol)
        return int(self.series.time[self.index - 1]) if self.index else self.series.time_before

    def interval_of(self, symbol: str) -> int:
        """The bar interval of a symbol; of the market's bars while it had none of its own; else 0."""
        own = self._interval(symbol)
        if own:
            return own
        known = self.batch.interval()
        return max(map(self._interval, self.batch.known()), default=0) if known is None else known

    def _interval(self, symbol: str) -> int:
        series = self.batch.series.find(symbol)
        if series is not None and series.bars and series.raw.interval is not None:
            at = series.at_or_after(self.row + 1) - 1
            if at >= 0:
                return int(series.raw.interval[at])
        return self.batch.symbols.newest(symbol).interval

    def bars_of(self, symbol: str, interval: int) -> list[PastBar]:
        """The symbol's last bars of that interval, the newest unfinished."""
        known = self.batch.symbols.bars_of(symbol, interval)
        series = self.batch.series.find(symbol)
        if series is None or interval not in self.batch.histories:
            return known
        records = series.records(interval).until(series.at_or_after(self.row + 1))
        return with_records(known, records, self.batch.histories[interval])

    def vwap(self) -> tuple[int, int]:
        """Price × size and size of this symbol since midnight UTC, this record included."""
        assert self.series is not None
        return session_until(self.series.session_before(), self.series.volume(), self.index + 1)
