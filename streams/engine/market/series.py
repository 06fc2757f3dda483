"""One symbol's records in a batch, and what is left of its past when a batch has gone.

Rules of this file: what is known of a symbol is a value that is replaced, never changed: whoever holds a
batch sees what was before it.
"""

import msgspec
import numpy as np

from schemas.columns import BAR, Ints
from streams.engine.market.bars import Bars, PastBar, Records, with_records
from streams.engine.market.column import BUY, MARK, SELL, Column
from streams.engine.market.record_checks import Checked, marks_of
from streams.engine.market.vwap import SessionVolume, Volume
from streams.engine.model.units import FOREVER, MICROSECOND


class SymbolState(msgspec.Struct, frozen=True, array_like=True):
    """What is left of a symbol's past when a batch has gone."""

    symbol: str
    count: int = 0
    """Records so far."""
    time: int = -FOREVER
    mark: int = 0
    sell: int = 0
    buy: int = 0
    interval: int = 0
    """Of its bars; 0 while it had none."""
    session: SessionVolume = SessionVolume()
    bars: dict[int, Bars] = {}
    """By interval."""

    def bars_of(self, interval: int) -> list[PastBar]:
        known = self.bars.get(interval)
        return [] if known is None else known.together()


class Series:
    """One symbol's records in a batch."""

    __slots__ = (
        "_columns", "_marks", "_place", "bars", "base", "before",
        "last", "raw", "rows", "state", "symbol", "time",
    )  # fmt: skip

    def __init__(self, state: SymbolState, checked: Checked, rows: Ints | None) -> None:
        self.state = state
        """Before the batch."""
        self.symbol = state.symbol
        self.base = state.count
        self.before = state.mark
        self.raw = checked.columns
        self.time = checked.time
        self.last = int(checked.time[-1])
        self.rows = rows
        """Each record's place in the batch; None: its own index."""
        self._place = (0, 0) if rows is None else (int(rows[0]), int(rows[-1]))
        """The first's and the last's."""
        self.bars = self.raw.kind is not None and bool(self.raw.kind[0] == BAR)
        self._columns = dict(checked.ready)
        self._marks = self._columns[MARK].top if MARK in self._columns else None

    def __len__(self) -> int:
        return len(self.time)

    @property
    def marks(self) -> Ints:
        if self._marks is None:
            self._marks = marks_of(self.raw)
        return self._marks

    @property
    def inside(self) -> Ints:
        """A time of each record's own day and interval: a bar belongs to that in which it ends."""
        return self.time - MICROSECOND if self.bars else self.time

    def volume(self) -> Volume:
        return Volume(self.inside, self.marks, self.raw.size)

    def column(self, which: int) -> Column:
        found = self._columns.get(which)
        if found is None:
            found = self._columns[which] = self._make(which)
        return found

    def _make(self, which: int) -> Column:
        if self.bars and self.raw.high is not None and self.raw.low is not None:
            return Column(self.raw.high, self.raw.low)
        quote = {SELL: self.raw.bid, BUY: self.raw.ask, MARK: self.marks}[which]
        if which == MARK or quote.all():
            return Column(quote, quote)
        if not quote.any():
            return self.column(MARK)
        mixed = np.where(quote > 0, quote, self.marks)
        return Column(mixed, mixed)

    def row(self, index: int) -> int:
        return index if self.rows is None else int(self.rows[index])

    def records(self, interval: int) -> Records:
        """As the makers of bars see them."""
        column = self.column(MARK)
        return Records(self.inside // interval, column.top, column.bottom, self.marks)

    def bars_after(self, mark: int, histories: dict[int, int]) -> dict[int, Bars]:
        """The symbol's last bars when the batch has gone: mostly it only adds to the newest of each."""
        first, last = int(self.time[0]) - self.bars, self.last - self.bars
        high, low = self.column(MARK).extremes(0, len(self))
        after = {}
        for interval, keep in histories.items():
            known, bucket = self.state.bars.get(interval), last // interval
            if known is not None and known.newest.bucket == bucket == first // interval:
                newest = known.newest
                after[interval] = known.with_newest(
                    PastBar(bucket, max(newest.high, high), min(newest.low, low), mark)
                )
            else:
                bars = with_records(self.state.bars_of(interval), self.records(interval), keep)
                after[interval] = Bars.of(bars)
        return after

    def at_or_after(self, row: int) -> int:
        """The index of the first record at or after a place in the batch."""
        if self.rows is None:
            return row
        first, last = self._place
        return 0 if row <= first else len(self) if row > last else int(self.rows.searchsorted(row))

    def all_at_or_after(self, rows: Ints) -> Ints:
        """The same for many places."""
        return rows if self.rows is None else self.rows.searchsorted(rows)
