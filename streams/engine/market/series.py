"""One symbol's records in a batch."""

import numpy as np

from schemas.columns import BAR, Ints
from streams.engine.market.bars import Records
from streams.engine.market.column import BUY, MARK, SELL, Column
from streams.engine.market.record_checks import Checked, marks_of
from streams.engine.market.symbols import Symbols
from streams.engine.market.vwap import SessionVolume, Volume
from streams.engine.model.units import MICROSECOND


class Series:
    """One symbol's records in a batch."""

    __slots__ = (
        "_columns", "_marks", "_past", "_place", "bars", "base", "before",
        "last", "raw", "rows", "symbol", "time", "time_before",
    )  # fmt: skip

    def __init__(self, symbol: str, past: Symbols, checked: Checked, rows: Ints | None) -> None:
        self._past = past
        """What was known before the batch."""
        self.symbol = symbol
        newest = past.newest(symbol)
        self.base, self.before, self.time_before = newest.records, newest.mark, newest.time
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

    def session_before(self) -> SessionVolume:
        return self._past.session_of(self.symbol)

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

    def at_or_after(self, row: int) -> int:
        """The index of the first record at or after a place in the batch."""
        if self.rows is None:
            return row
        first, last = self._place
        return 0 if row <= first else len(self) if row > last else int(self.rows.searchsorted(row))

    def all_at_or_after(self, rows: Ints) -> Ints:
        """The same for many places."""
        return rows if self.rows is None else self.rows.searchsorted(rows)
