"""The market as accounts see it: a batch of records as columns, and the one record at which they stand.

Rules of this file: what is asked at a record is the same however the records were cut into batches. What is
known of a symbol is a value that is replaced, never changed: whoever holds a batch sees what was before it.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np

from schemas.columns import BAR, CLOCK, Columns, Ints
from streams.engine.market.bars import Bars, PastBar, Records, with_records
from streams.engine.market.column import BUY, MARK, SELL, Column
from streams.engine.market.record_checks import Checked, last_instant, marks_of, places_by_symbol
from streams.engine.market.vwap import SessionVolume, Volume, session_until
from streams.engine.model.units import FOREVER, MICROSECOND, MINUTE


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
        self.time = int(batch.time[row])
        self.previous = int(batch.time[row - 1]) if row else batch.previous
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
        self.mark = int(series.marks[index])
        self.before = int(series.marks[index - 1]) if index else series.before
        self.size = int(raw.size[index])
        self.bid, self.ask = int(raw.bid[index]), int(raw.ask[index])
        self.sell, self.buy = self.bid or self.mark, self.ask or self.mark
        self.is_bar = series.bars
        if self.is_bar and raw.open is not None and raw.high is not None and raw.low is not None:
            self.opened = self.fills_at = int(raw.ts[index])
            self.open, self.high, self.low = int(raw.open[index]), int(raw.high[index]), int(raw.low[index])
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

    def time_before(self, symbol: str) -> int:
        """The same before this record."""
        if self.series is None or symbol != self.symbol:
            return self.time_of(symbol)
        return int(self.series.time[self.index - 1]) if self.index else self.series.state.time

    def interval_of(self, symbol: str) -> int:
        """The bar interval of a symbol; of the market's bars while it had none of its own; else 0."""
        own = self._interval(symbol)
        if own:
            return own
        known = self.batch.interval()
        return max(map(self._interval, self.batch.known()), default=0) if known is None else known

    def _interval(self, symbol: str) -> int:
        series = self.batch.series.get(symbol)
        if series is not None and series.bars and series.raw.interval is not None:
            at = series.at_or_after(self.row + 1) - 1
            if at >= 0:
                return int(series.raw.interval[at])
        state = self.batch.symbols.get(symbol)
        return state.interval if state is not None else 0

    def bars_of(self, symbol: str, interval: int) -> list[PastBar]:
        """The symbol's last bars of that interval, the newest unfinished."""
        state = self.batch.symbols.get(symbol)
        known = [] if state is None else state.bars_of(interval)
        series = self.batch.series.get(symbol)
        if series is None or interval not in self.batch.histories:
            return known
        records = series.records(interval).until(series.at_or_after(self.row + 1))
        return with_records(known, records, self.batch.histories[interval])

    def vwap(self) -> tuple[int, int]:
        """Price × size and size of this symbol since midnight UTC, this record included."""
        assert self.series is not None
        return session_until(self.series.state.session, self.series.volume(), self.index + 1)


def between(market: "Market") -> Moment | None:
    """After the last record and before the next: nothing fills; None before the first."""
    if market.time == -FOREVER:
        return None
    batch = Batch(np.array([market.time]), market.time, market.symbols, market.histories)
    return Moment(batch, 0, passed=True)


class Market:
    """Folds batches into what the next batch must know."""

    def __init__(self, *, sessions: bool, histories: dict[int, int]) -> None:
        self.symbols: dict[str, SymbolState] = {}
        self.time = -FOREVER
        self.sessions = sessions
        """Whether each symbol's session volume is kept, for the accounts that look at it."""
        self.histories = histories
        """Which bars are kept, by interval, and how many: for the same reason. It may come to hold more."""

    def batches(self, checked: Checked) -> Iterator[Batch]:
        """The records as batches in which each symbol has either ticks or bars; each is taken in."""
        start = 0
        for end in [*_changes_of_kind(checked), len(checked)]:
            if end > start:
                part = checked.take(slice(start, end)) if end - start < len(checked) else checked
                batch = self._batch(part)
                self._take_in(batch)
                yield batch
            start = end

    def _batch(self, checked: Checked) -> Batch:
        batch = Batch(checked.time, self.time, self.symbols, dict(self.histories), checked.columns)
        for symbol, part, rows in _by_symbol(checked):
            batch.add(Series(self.symbols.get(symbol) or SymbolState(symbol), part, rows))
        return batch

    def _take_in(self, batch: Batch) -> None:
        self.time = batch.last
        after = {symbol: self._after(series) for symbol, series in batch.series.items()}
        self.symbols = {**self.symbols, **after}

    def _after(self, series: Series) -> SymbolState:
        state, raw, mark = series.state, series.raw, int(series.marks[-1])
        session = state.session
        if self.sessions:
            session = session.after(series.volume())
        return SymbolState(
            state.symbol,
            count=state.count + len(series),
            time=series.last,
            mark=mark,
            sell=int(raw.bid[-1]) or mark,
            buy=int(raw.ask[-1]) or mark,
            interval=int(raw.interval[-1]) if series.bars and raw.interval is not None else state.interval,
            session=session,
            bars=series.bars_after(mark, self.histories) if self.histories else state.bars,
        )


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


def _by_symbol(checked: Checked) -> list[tuple[str, Checked, Ints | None]]:
    """Each symbol's records, and their places in the batch; None: all of it."""
    columns = checked.columns
    symbol = columns.symbol
    if checked.ready or (columns.kind is None and (symbol == symbol[0]).all()):
        return [(columns.names[int(symbol[0])], checked, None)]
    order = places_by_symbol(symbol, len(columns.names))
    if columns.kind is not None:
        order = order[columns.kind[order] != CLOCK]
    if not len(order):
        return []
    ranked = symbol[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    together = checked.take(order)
    parts: list[tuple[str, Checked, Ints | None]] = []
    ready = _columns_by_symbol(together.columns, starts) if columns.kind is None else [{}] * len(starts)
    for known, (start, end) in zip(ready, pairwise([*starts.tolist(), len(order)]), strict=True):
        part = together.take(slice(start, end))
        part.ready = known
        parts.append((columns.names[int(ranked[start])], part, order[start:end]))
    return parts


def _columns_by_symbol(columns: Columns, starts: Ints) -> list[dict[int, Column]]:
    """The price columns of ticks, with how far each symbol's went."""
    found: dict[int, Ints] = {MARK: marks_of(columns)}
    if columns.bid.all() and columns.ask.all():
        found |= {SELL: columns.bid, BUY: columns.ask}
    ends = [*starts.tolist()[1:], len(columns)]
    ready: list[dict[int, Column]] = [{} for _ in ends]
    for which, values in found.items():
        highest, lowest = np.maximum.reduceat(values, starts), np.minimum.reduceat(values, starts)
        edges = zip(starts.tolist(), ends, highest.tolist(), lowest.tolist(), strict=True)
        for known, (start, end, high, low) in zip(ready, edges, strict=True):
            part = values[start:end]
            known[which] = Column(part, part, (high, low))
    return ready
