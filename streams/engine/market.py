"""The market as accounts see it: a batch of records as columns, and the one record at which they stand.

Rules of this file: what is asked at a record is the same however the records were cut into batches.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from schemas.columns import BAR, CLOCK, Ints
from streams.engine.bars import Bar, History, Records
from streams.engine.checks import Checked, marks_of
from streams.engine.series import BUY, MARK, SELL, Column
from streams.engine.units import FOREVER, MINUTE
from streams.engine.vwap import Session, Volume, session_until


class Extremes(msgspec.Struct):
    """Highest and lowest of a column since any earlier count, for the batches that have passed."""

    highs: list[tuple[int, int]] = []
    """(count at the batch's end, highest), highest falling: a newer higher one removes what it hides."""
    lows: list[tuple[int, int]] = []

    def push(self, count: int, highest: int, lowest: int) -> None:
        while self.highs and self.highs[-1][1] <= highest:
            self.highs.pop()
        self.highs.append((count, highest))
        while self.lows and self.lows[-1][1] >= lowest:
            self.lows.pop()
        self.lows.append((count, lowest))

    def since(self, count: int) -> tuple[int, int]:
        high = bisect_right(self.highs, (count, FOREVER))
        low = bisect_right(self.lows, (count, FOREVER))
        return (
            self.highs[high][1] if high < len(self.highs) else -FOREVER,
            self.lows[low][1] if low < len(self.lows) else FOREVER,
        )

    def clear(self) -> None:
        self.highs.clear()
        self.lows.clear()


class SymbolState(msgspec.Struct):
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
    extremes: tuple[Extremes, Extremes, Extremes] = msgspec.field(
        default_factory=lambda: (Extremes(), Extremes(), Extremes())
    )
    session: Session = msgspec.field(default_factory=Session)
    histories: dict[int, History] = {}
    """Bars by interval."""


class Series:
    """One symbol's records in a batch."""

    __slots__ = ("_columns", "_marks", "bars", "base", "before", "raw", "rows", "state", "time")

    def __init__(self, state: SymbolState, checked: Checked, rows: Ints | None) -> None:
        self.state = state
        self.base = state.count
        self.before = state.mark
        self.raw = checked.columns
        self.time = checked.time
        self.rows = rows
        """Each record's place in the batch; None: its own index."""
        self.bars = self.raw.kind is not None and bool(self.raw.kind[0] == BAR)
        self._columns = dict(checked.ready)
        self._marks = self._columns[MARK].top if self._columns else None

    def __len__(self) -> int:
        return len(self.time)

    @property
    def marks(self) -> Ints:
        if self._marks is None:
            self._marks = marks_of(self.raw)
        return self._marks

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
        """As the makers of bars see them: a bar belongs to the interval in which it ends."""
        column = self.column(MARK)
        time = self.time - 1 if self.bars else self.time
        return Records(time // interval, column.top, column.bottom, self.marks)

    def at_or_after(self, row: int) -> int:
        """The index of the first record at or after a place in the batch."""
        return row if self.rows is None else int(self.rows.searchsorted(row))

    def extremes(self, which: int, since: int, until: int) -> tuple[int, int]:
        """Highest and lowest over the records with a count in (since, until]."""
        high, low = -FOREVER, FOREVER
        if since < self.base:
            high, low = self.state.extremes[which].since(since)
        start = max(0, since - self.base)
        if start < until - self.base:
            top, bottom = self.column(which).extremes(start, until - self.base)
            high, low = max(high, top), min(low, bottom)
        return high, low


class Batch:
    """Market records that are folded together."""

    __slots__ = ("_index", "_which", "last", "previous", "series", "symbols", "time")

    def __init__(self, time: Ints, previous: int, symbols: dict[str, SymbolState]) -> None:
        self.time = time
        self.last = int(time[-1])
        self.previous = previous
        """Event time of the record before the batch."""
        self.symbols = symbols
        self.series: dict[str, Series] = {}
        self._which: list[Series | None] | None = None
        self._index: list[int] = []

    def __len__(self) -> int:
        return len(self.time)

    def add(self, series: Series) -> None:
        self.series[series.state.symbol] = series
        self._which = None

    def locate(self, row: int) -> tuple[Series | None, int]:
        """The series of a record and its index there; None for a clock."""
        if self._which is None:
            self._lay_out()
        which = self._which
        if not which:
            return next(iter(self.series.values())), row
        return which[row], self._index[row]

    def _lay_out(self) -> None:
        lone = next(iter(self.series.values())) if len(self.series) == 1 else None
        if lone is not None and lone.rows is None:
            self._which = []
            return
        which: list[Series | None] = [None] * len(self.time)
        index = [0] * len(self.time)
        for series in self.series.values():
            rows = range(len(series)) if series.rows is None else series.rows.tolist()
            for at, row in enumerate(rows):
                which[row], index[row] = series, at
        self._which, self._index = which, index

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


class Moment:
    """One market record, and what is known at it."""

    __slots__ = (
        "ask", "batch", "before", "bid", "buy", "close", "count", "high", "index", "is_bar", "low",
        "mark", "new_minute", "open", "opened", "passed", "previous", "row", "sell", "series", "size",
        "symbol", "time",
    )  # fmt: skip

    def __init__(self, batch: Batch, row: int, *, passed: bool = False) -> None:
        self.passed = passed
        """Everything at this record is done: what comes now can only wait."""
        self.batch = batch
        self.row = row
        self.time = int(batch.time[row])
        self.previous = int(batch.time[row - 1]) if row else batch.previous
        self.new_minute = self.time // MINUTE != self.previous // MINUTE
        self.series, self.index = batch.locate(row)
        self.symbol = ""
        self.is_bar = False
        if self.series is not None:
            self._load(self.series, self.index)

    def _load(self, series: Series, index: int) -> None:
        raw = series.raw
        self.symbol = series.state.symbol
        self.count = series.base + index + 1
        self.mark = int(series.marks[index])
        self.before = int(series.marks[index - 1]) if index else series.before
        self.size = int(raw.size[index])
        self.bid, self.ask = int(raw.bid[index]), int(raw.ask[index])
        self.sell, self.buy = self.bid or self.mark, self.ask or self.mark
        self.is_bar = series.bars
        if self.is_bar and raw.open is not None and raw.high is not None and raw.low is not None:
            self.opened = int(raw.ts[index])
            self.open, self.high, self.low = int(raw.open[index]), int(raw.high[index]), int(raw.low[index])
            self.close = self.mark

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
        series = self.batch.series.get(symbol)
        at = series.at_or_after(self.row + 1) - 1 if series is not None else -1
        if series is not None and at >= 0:
            quote = int((series.raw.ask if side > 0 else series.raw.bid)[at])
            return quote or int(series.marks[at])
        state = self.batch.symbols.get(symbol)
        return 0 if state is None else state.buy if side > 0 else state.sell

    def mark_before(self, symbol: str) -> int:
        """The newest mark before this record."""
        return self.before if symbol == self.symbol else self.batch.mark_before(symbol, self.row)

    def time_of(self, symbol: str) -> int:
        """Event time of the symbol's newest record."""
        if symbol == self.symbol:
            return self.time
        state = self.batch.symbols.get(symbol)
        series = self.batch.series.get(symbol)
        at = series.at_or_after(self.row) - 1 if series is not None else -1
        if series is not None and at >= 0:
            return int(series.time[at])
        return state.time if state is not None else -FOREVER

    def extremes_of(
        self, symbol: str, which: int, since: int, until: int | None = None
    ) -> tuple[int, int, int]:
        """Highest and lowest of a symbol since a count, and the count that they reach."""
        series = self.batch.series.get(symbol)
        if series is None:
            state = self.batch.symbols[symbol]
            return *state.extremes[which].since(since), state.count
        count = series.base + series.at_or_after(self.row + 1) if until is None else until
        return *series.extremes(which, since, count), count

    def interval_of(self, symbol: str) -> int:
        """The bar interval of a symbol; of the market's bars while it had none of its own; else 0."""
        own = self._interval(symbol)
        return own or max(map(self._interval, self.batch.symbols), default=0)

    def _interval(self, symbol: str) -> int:
        series = self.batch.series.get(symbol)
        at = series.at_or_after(self.row + 1) - 1 if series is not None else -1
        if series is not None and at >= 0 and series.bars and series.raw.interval is not None:
            return int(series.raw.interval[at])
        state = self.batch.symbols.get(symbol)
        return state.interval if state is not None else 0

    def bars_of(self, symbol: str, interval: int) -> list[Bar]:
        """The symbol's last bars of that interval, the newest unfinished."""
        state = self.batch.symbols.get(symbol)
        history = state.histories.get(interval) if state is not None else None
        if history is None:
            return []
        series = self.batch.series.get(symbol)
        if series is None or self.passed:  # a batch that has passed is in the history
            return history.bars
        return history.with_records(series.records(interval).until(series.at_or_after(self.row + 1)))

    def vwap(self) -> tuple[int, int]:
        """Price × size and size of this symbol since midnight UTC, this record included."""
        assert self.series is not None
        raw = self.series.raw
        volume = Volume(self.series.time, self.series.marks, raw.size)
        return session_until(self.series.state.session, volume, self.index + 1)


class Market:
    """Folds batches into what the next batch must know."""

    def __init__(self, *, sessions: bool, histories: dict[int, int]) -> None:
        self.symbols: dict[str, SymbolState] = {}
        self.time = -FOREVER
        self.sessions = sessions
        """Whether each symbol's session volume is kept, for the accounts that look at it."""
        self.histories = histories
        """Which bars are kept, by interval, and how many: for the same reason."""

    def batches(self, checked: Checked) -> Iterator[Batch]:
        """The records as batches in which each symbol has either ticks or bars."""
        start = 0
        for end in [*_changes_of_kind(checked), len(checked)]:
            if end > start:
                yield self._batch(checked.take(slice(start, end)) if end - start < len(checked) else checked)
            start = end

    def _batch(self, checked: Checked) -> Batch:
        batch = Batch(checked.time, self.time, self.symbols)
        for symbol, rows in _rows_by_symbol(checked):
            state = self.symbols.get(symbol)
            if state is None:
                state = self.symbols[symbol] = SymbolState(symbol)
                state.histories = {interval: History(keep) for interval, keep in self.histories.items()}
            batch.add(Series(state, checked if rows is None else checked.take(rows), rows))
        return batch

    def close(self, batch: Batch, remember: Mapping[str, set[int]]) -> None:
        """The batch is done: keep its last marks, and the extremes of the columns in `remember`."""
        self.time = int(batch.time[-1])
        for symbol, series in batch.series.items():
            state = series.state
            if self.sessions:
                state.session.take_in(Volume(series.time, series.marks, series.raw.size))
            for interval, history in state.histories.items():
                history.take_in(series.records(interval))
            state.count += len(series)
            state.time = int(series.time[-1])
            state.mark = int(series.marks[-1])
            state.sell = int(series.raw.bid[-1]) or state.mark
            state.buy = int(series.raw.ask[-1]) or state.mark
            if series.bars and series.raw.interval is not None:
                state.interval = int(series.raw.interval[-1])
            for which, extremes in enumerate(state.extremes):
                if which in remember.get(symbol, ()):
                    extremes.push(state.count, *series.column(which).extremes(0, len(series)))
                else:
                    extremes.clear()


def _changes_of_kind(checked: Checked) -> list[int]:
    """Where a symbol goes from ticks to bars or back: rare, so it may cost."""
    kind, symbol = checked.columns.kind, checked.columns.symbol
    if kind is None or not ((kind == BAR).any() and (kind < BAR).any()):
        return []
    changes: list[int] = []
    now: dict[int, int] = {}
    for at, (what, which) in enumerate(zip(kind.tolist(), symbol.tolist(), strict=True)):
        if what == CLOCK:
            continue
        if now.setdefault(which, what) != what:
            changes.append(at)
            now = {which: what}
    return changes


def _rows_by_symbol(checked: Checked) -> list[tuple[str, Ints | None]]:
    columns = checked.columns
    symbol = columns.symbol
    if checked.ready or (columns.kind is None and (symbol == symbol[0]).all()):
        return [(columns.names[int(symbol[0])], None)]
    order = np.argsort(symbol, kind="stable")
    if columns.kind is not None:
        order = order[columns.kind[order] != CLOCK]
    if not len(order):
        return []
    ranked = symbol[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    parts = np.split(order, starts[1:])
    return [(columns.names[int(ranked[at])], rows) for at, rows in zip(starts, parts, strict=True)]
