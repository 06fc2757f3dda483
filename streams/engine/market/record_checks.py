"""Which market records count: what each must pass, and its event time.

Rules of this file: a dropped record moves neither time nor marks. A run of good records is checked as
columns; only a run with a bad one is walked record by record.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from schemas.columns import BAR, CLOCK, NOT_KNOWN, TICK, Columns, Ints
from streams.engine.market.column import BUY, MARK, SELL, Column
from streams.engine.market.grouped import Flags, Grouped
from streams.engine.market.symbol_table import BySymbol, RowAt, RowsAt, SymbolNames, SymbolTable
from streams.engine.model.settings import Checks
from streams.engine.model.units import FOREVER, MICROSECOND, MINUTE, ONE

RUN = 4096

LONGEST_BAR = FOREVER // 2
"""So that its end is a time too."""

Faults = npt.NDArray[np.int8]


@dataclass(slots=True)
class Checked:
    """Accepted records with their event time."""

    columns: Columns
    time: Ints
    ready: dict[int, Column] = field(default_factory=dict)
    """The price columns, searched already, where the records are quoted ticks of one symbol."""

    def __len__(self) -> int:
        return len(self.time)

    def take(self, chosen: Flags | npt.NDArray[np.intp] | slice) -> "Checked":
        return Checked(take(self.columns, chosen), self.time[chosen])

    def head(self, end: int) -> "Checked":
        ready = {which: column.head(end) for which, column in self.ready.items()}
        return Checked(take(self.columns, slice(0, end)), self.time[:end], ready)


def take(columns: Columns, chosen: Flags | npt.NDArray[np.intp] | slice) -> Columns:
    """Some of the records."""
    optional = (columns.kind, columns.open, columns.high, columns.low, columns.interval)
    kind, open_, high, low, interval = (None if each is None else each[chosen] for each in optional)
    return Columns(
        columns.names,
        columns.symbol[chosen],
        columns.ts[chosen],
        columns.price[chosen],
        columns.size[chosen],
        columns.bid[chosen],
        columns.ask[chosen],
        kind,  # type: ignore[arg-type]
        open_,  # type: ignore[arg-type]
        high,  # type: ignore[arg-type]
        low,  # type: ignore[arg-type]
        interval,  # type: ignore[arg-type]
    )


def own_times(columns: Columns) -> Ints:
    """When each record is known: a bar when it ends."""
    if columns.interval is None:
        return columns.ts
    lasts = np.where(columns.interval == NOT_KNOWN, MINUTE, np.minimum(columns.interval, LONGEST_BAR))
    times: Ints = columns.ts + np.where(columns.kind == BAR, lasts, 0)
    return times


def last_instant(columns: Columns, index: int) -> int:
    """Of a bar: just before it ends."""
    ends = int(own_times(take(columns, slice(index, index + 1)))[0])
    return max(int(columns.ts[index]), ends - MICROSECOND)


def mid(bid: Ints, ask: Ints) -> Ints:
    """Between bid and ask, half to even."""
    total = bid + ask
    half = total >> 1
    half += half & total & 1
    return half


def marks_of(columns: Columns) -> Ints:
    """Last, else mid, else 0."""
    if columns.price.min() > 0:
        return columns.price
    quoted = (columns.bid > 0) & (columns.ask > 0)
    between = np.where(quoted, mid(columns.bid, columns.ask), 0)
    return np.where(columns.price != 0, columns.price, between)


NO_TICKS = (0, 0)


class RawTicks(BySymbol[tuple[int, int]]):
    """The two newest raw ticks of each symbol, the newest first; 0 where there was none. A value."""

    __slots__ = ()

    def __init__(self, names: SymbolNames | None = None, table: SymbolTable | None = None) -> None:
        super().__init__(names, table or SymbolTable(NO_TICKS))

    def value(self, symbol: str, row: RowAt) -> tuple[int, int]:
        newest, second = row.numbers
        return newest, second

    def of(self, symbol: str) -> tuple[int, int]:
        row = self.row(symbol)
        return NO_TICKS if row is None else self.value(symbol, row)

    def with_ticks(self, places: Ints, ticks: Ints) -> "RawTicks":
        return RawTicks(self.names, self.table.with_rows(places, RowsAt(ticks)))

    def with_(self, ticks: Mapping[str, tuple[int, int]]) -> "RawTicks":
        if not ticks:
            return self
        places = np.array([self.names.place_of(symbol) for symbol in ticks])
        return self.with_ticks(places, np.array(list(ticks.values()), np.int64).T)


class Gatekeeper:
    """Checks a market's records in their log's order."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.time = -FOREVER
        self.raw = RawTicks()
        self.dropped: Counter[str] = Counter()

    def check(self, columns: Columns) -> Checked:
        if not len(columns):
            return Checked(columns, columns.ts)
        own = own_times(columns)
        ready = _quoted_ticks(columns)
        marks = columns.price if ready else marks_of(columns)
        faults = None if ready else self._faults(columns, marks)
        whole = self._pass_whole(columns, own, marks, faults, ready.get(MARK))
        if whole is not None:
            return Checked(columns, whole, ready)
        parts = [
            self._check_run(take(columns, run), own[run], marks[run], None if faults is None else faults[run])
            for run in (slice(at, at + RUN) for at in range(0, len(columns), RUN))
        ]
        times = np.concatenate([time for time, _ in parts])
        kept = np.concatenate([flags for _, flags in parts])
        return Checked(columns, times).take(kept)

    def _check_run(
        self, columns: Columns, own: Ints, marks: Ints, faults: Faults | None
    ) -> tuple[Ints, Flags]:
        whole = self._pass_whole(columns, own, marks, faults)
        if whole is not None:
            return whole, np.ones(len(own), np.bool_)
        return self._walk(columns, own, marks, faults)

    def _faults(self, columns: Columns, marks: Ints) -> Faults:
        """For each record, by itself: 0, or which of FAULTS it has."""
        faults = np.zeros(len(columns), np.int8)
        faults[(columns.bid > columns.ask) & (columns.ask > 0)] = 2
        faults[(marks <= 0) | (columns.price < 0) | (columns.bid < 0) | (columns.ask < 0)] = 1
        if columns.kind is None:
            return faults
        if columns.open is not None and columns.high is not None and columns.low is not None:
            bars = columns.kind == BAR
            body_top = np.maximum(columns.open, columns.price)
            body_bottom = np.minimum(columns.open, columns.price)
            faults[bars & ((columns.high < body_top) | (columns.low > body_bottom))] = 3
            faults[bars & ((columns.open <= 0) | (columns.low <= 0) | (columns.price <= 0))] = 1
        faults[columns.kind == CLOCK] = 0
        return faults

    def _pass_whole(
        self, columns: Columns, own: Ints, marks: Ints, faults: Faults | None, lone: Column | None = None
    ) -> Ints | None:
        """The event times when every record passes, else None and nothing has changed."""
        if faults is not None and faults.any():
            return None
        if (len(own) > 1 and (own[1:] < own[:-1]).any()) or own[0] < self.time:
            times = np.maximum(np.maximum.accumulate(own), self.time)
            before = np.concatenate(([self.time], times[:-1]))
            if (own < before - self.checks.lateness).any():
                return None
        else:
            times = own
        newest = self._jumps_pass(columns, marks, lone)
        if newest is None:
            return None
        self.raw = newest
        self.time = int(times[-1])
        return times

    def _jumps_pass(self, columns: Columns, marks: Ints, lone: Column | None) -> "RawTicks | None":
        """The raw ticks after these records; None where one of them is too far from those before."""
        ticks = None if columns.kind is None else columns.kind == TICK
        grouped = Grouped(columns, None if ticks is None or ticks.all() else ticks)
        if not len(grouped):
            return self.raw
        prices, places = grouped.of(marks), self.raw.names.places_of(columns.names)[grouped.symbols]
        (last, second), _ = self.raw.table.rows(places)
        if lone is not None:
            whole = lone.extremes(0, len(prices))
            high, low = np.array([whole[0]]), np.array([whole[1]])
        else:
            high, low = grouped.highest(prices), grouped.lowest(prices)
        high, low = np.maximum(high, last), np.where(last > 0, np.minimum(low, last), low)
        for at in np.flatnonzero(high - low > self._allowed_of(low)).tolist():
            mine = prices[grouped.starts[at] : grouped.ends[at]]
            if int(high[at] - low[at]) <= self._allowed(int(low[at])):
                continue  # shares beyond what columns hold
            if not self._no_jump(mine, int(last[at]), int(second[at])):
                return None
        newest = prices[grouped.ends - 1]
        is_one = grouped.ends - grouped.starts == 1
        before = np.where(is_one, last, prices[np.maximum(grouped.ends - 2, 0)])
        return self.raw.with_ticks(places, np.array((newest, before)))

    def _no_jump(self, prices: Ints, last: int, second: int) -> bool:
        one = np.concatenate(([last], prices[:-1]))
        two = np.concatenate(([second, last], prices[:-2]))[: len(prices)]
        near = np.abs(prices - one) <= self._allowed_of(one)
        near |= (np.abs(prices - two) <= self._allowed_of(two)) & (two > 0)
        near[0] |= last == 0
        return bool(near.all())

    def _allowed(self, earlier: int) -> int:
        return earlier * self.checks.max_jump // ONE

    def _allowed_of(self, earlier: Ints) -> Ints:
        share = min(self.checks.max_jump, 1000 * ONE)
        return earlier // ONE * share + earlier % ONE * share // ONE

    def _walk(self, columns: Columns, own: Ints, marks: Ints, faults: Faults | None) -> tuple[Ints, Flags]:
        raw: dict[str, tuple[int, int]] = {}
        kept = np.zeros(len(own), np.bool_)
        times = np.zeros(len(own), np.int64)
        kinds = [TICK] * len(own) if columns.kind is None else columns.kind.tolist()
        found = [0] * len(own) if faults is None else faults.tolist()
        rows = zip(own.tolist(), marks.tolist(), found, kinds, columns.symbol.tolist(), strict=True)
        for at, (moment, mark, fault, kind, symbol) in enumerate(rows):
            reason = self._judge(moment, mark, fault, kind, columns.names[symbol], raw)
            if reason:
                self.dropped[reason] += 1
                continue
            self.time = max(self.time, moment)
            kept[at], times[at] = True, self.time
        self.raw = self.raw.with_(raw)
        return times, kept

    def _judge(
        self, moment: int, mark: int, fault: int, kind: int, symbol: str, raw: dict[str, tuple[int, int]]
    ) -> str:
        if fault:
            return FAULTS[fault]
        if moment < self.time - self.checks.lateness:
            return "late_record"
        if kind != TICK:
            return ""
        last, second = raw.get(symbol) or self.raw.of(symbol)
        raw[symbol] = (mark, last)
        near = not last or any(
            earlier and abs(mark - earlier) <= self._allowed(earlier) for earlier in (last, second)
        )
        return "" if near else "jump"


FAULTS = ("", "non_positive_price", "bid_above_ask", "bad_bar")


def _quoted_ticks(columns: Columns) -> dict[int, Column]:
    """The columns of the usual case: one symbol's ticks, each with a price, a bid and an ask that fit."""
    if columns.kind is not None or (columns.symbol != columns.symbol[0]).any():
        return {}
    marks, sells = Column(columns.price, columns.price), Column(columns.bid, columns.bid)
    if marks.extremes(0, len(columns))[1] <= 0 or sells.extremes(0, len(columns))[1] <= 0:
        return {}
    if (columns.ask < columns.bid).any():
        return {}
    return {MARK: marks, SELL: sells, BUY: Column(columns.ask, columns.ask)}
