"""The market from batch to batch: what the records so far come to, and the next ones as columns."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from schemas.columns import BAR, CLOCK, Columns, Ints
from streams.engine.market.batch import Batch
from streams.engine.market.column import BUY, MARK, SELL, Column
from streams.engine.market.moment import Moment
from streams.engine.market.record_checks import Checked, marks_of, places_by_symbol
from streams.engine.market.series import Series, SymbolState
from streams.engine.model.units import FOREVER


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
