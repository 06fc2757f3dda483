"""The market from batch to batch: what the records so far come to, and the next ones as columns."""

from collections.abc import Iterator

import numpy as np

from schemas.columns import BAR, CLOCK, Ints
from streams.engine.market.bars import Records, bars_after, no_bars
from streams.engine.market.batch import Batch, SeriesBySymbol
from streams.engine.market.moment import Moment
from streams.engine.market.record_checks import Checked
from streams.engine.market.symbol_table import RowsAt, SymbolTable
from streams.engine.market.symbols import BUY, DAY, INTERVAL, MARK, RECORDS, SELL, TIME, Symbols
from streams.engine.market.vwap import Sessions, Volume, sessions_after
from streams.engine.model.units import FOREVER, MICROSECOND


def between(time: int, symbols: Symbols, histories: dict[int, int]) -> Moment | None:
    """After the last record and before the next: nothing fills; None before the first."""
    if time == -FOREVER:
        return None
    return Moment(Batch(np.array([time]), time, symbols, histories), 0, passed=True)


class Market:
    """Folds batches into what the next batch must know."""

    def __init__(self, *, sessions: bool, histories: dict[int, int]) -> None:
        self.symbols = Symbols()
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
                batch = Batch(part.time, self.time, self.symbols, dict(self.histories), part)
                self._take_in(batch)
                yield batch
            start = end

    def _take_in(self, batch: Batch) -> None:
        self.time = batch.last
        if len(batch.series):
            self.symbols = batch.after = self._after(batch.series)

    def _after(self, series: SeriesBySymbol) -> Symbols:
        grouped, columns, time = series.grouped, series.together.columns, series.together.time
        first, last = grouped.starts, grouped.ends - 1
        known = self.symbols
        places = known.names.places_of(columns.names)[grouped.symbols]
        before, (notional, volume) = known.table.rows(places)
        mark, bid, ask = series.marks[last], columns.bid[last], columns.ask[last]
        interval, inside = before[INTERVAL], time
        if columns.kind is not None:
            inside = time - np.where(columns.kind == BAR, MICROSECOND, 0)
            if columns.interval is not None:
                interval = np.where(columns.kind[first] == BAR, columns.interval[last], interval)
        sessions = Sessions(before[DAY], notional, volume)
        if self.sessions:
            records = Volume(inside, series.marks, columns.size)
            sessions = sessions_after(sessions, records, grouped.starts, grouped.ends)
        after = np.empty_like(before)
        after[RECORDS] = before[RECORDS] + (grouped.ends - grouped.starts)
        after[TIME], after[MARK], after[INTERVAL], after[DAY] = time[last], mark, interval, sessions.day
        after[SELL], after[BUY] = np.where(bid != 0, bid, mark), np.where(ask != 0, ask, mark)
        table = known.table.with_rows(places, RowsAt(after, (sessions.notional, sessions.volume)))
        return Symbols(known.names, table, self._bars_after(series, places, inside))

    def _bars_after(self, series: SeriesBySymbol, places: Ints, inside: Ints) -> dict[int, SymbolTable]:
        bars = dict(self.symbols.bars)
        columns = series.together.columns
        high = low = series.marks
        if columns.kind is not None and columns.high is not None and columns.low is not None:
            is_bar = columns.kind == BAR
            high, low = np.where(is_bar, columns.high, high), np.where(is_bar, columns.low, low)
        grouped = series.grouped
        span = grouped.highest(high), grouped.lowest(low)
        for interval, keep in self.histories.items():
            records = Records(inside // interval, high, low, series.marks)
            known = bars.get(interval) or no_bars()
            bars[interval] = bars_after(known, places, records, grouped, span, keep)
        return bars


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
