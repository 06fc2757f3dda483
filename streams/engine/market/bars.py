"""Bars made of a symbol's records, as far as the indicators need them.

Rules of this file: what a bar holds depends on its records alone, never on how they were cut into batches.
"""

import msgspec
import numpy as np

from schemas.columns import Ints
from streams.engine.market.grouped import Grouped
from streams.engine.market.symbol_table import RowsAt, SymbolTable
from streams.engine.model.units import FOREVER


class PastBar(msgspec.Struct, frozen=True, array_like=True):
    bucket: int
    """Its interval's number since 1970."""
    high: int
    low: int
    close: int


BUCKET, HIGH, LOW, CLOSE = range(4)
"""The rows of a table of bars: a symbol's newest one. Besides it has those that have ended."""
NO_BAR = (-FOREVER, 0, 0, 0)


def no_bars() -> SymbolTable:
    return SymbolTable(NO_BAR, things=1)


class Records(msgspec.Struct, frozen=True):
    """Records as bars see them."""

    bucket: Ints
    high: Ints
    low: Ints
    close: Ints

    def until(self, end: int) -> "Records":
        return self.between(0, end)

    def between(self, start: int, end: int) -> "Records":
        rows = slice(start, end)
        return Records(self.bucket[rows], self.high[rows], self.low[rows], self.close[rows])


class Bars(msgspec.Struct, frozen=True, array_like=True):
    """The last bars of one symbol and interval."""

    newest: PastBar
    """It may still grow."""
    ended: list[PastBar] = []

    def together(self) -> list[PastBar]:
        return [*self.ended, self.newest]


def with_records(known: list[PastBar], records: Records, keep: int) -> list[PastBar]:
    """The last bars after these records too; the newest may still grow."""
    bars = list(known)
    for bar in _bars_of(records):
        if bars and bars[-1].bucket == bar.bucket:
            last = bars[-1]
            bars[-1] = PastBar(bar.bucket, max(last.high, bar.high), min(last.low, bar.low), bar.close)
        else:
            bars.append(bar)
    return bars[-keep:]


def bars_after(
    before: SymbolTable, places: Ints, records: Records, grouped: Grouped, span: tuple[Ints, Ints], keep: int
) -> SymbolTable:
    """The last bars of symbols after records that stand together; mostly they only add to the newest.

    `span`: the highest and the lowest of each symbol's records.
    """
    bars, (ended,) = before.rows(places)
    first, last = records.bucket[grouped.starts], records.bucket[grouped.ends - 1]
    grows, (high, low) = bars[BUCKET] == last, span
    after = np.array((
        last,
        np.where(grows, np.maximum(bars[HIGH], high), high),
        np.where(grows, np.minimum(bars[LOW], low), low),
        records.close[grouped.ends - 1],
    ))  # fmt: skip
    for at in np.flatnonzero(~grows | (first != last)).tolist():
        bar = PastBar(*bars[:, at].tolist())
        known = [] if bar.bucket == NO_BAR[BUCKET] else [*ended[at], bar]
        if first[at] != last[at]:
            known = with_records(known, records.between(grouped.starts[at], grouped.ends[at]), keep)
            after[:, at] = msgspec.structs.astuple(known.pop())
        ended[at] = known[max(0, len(known) + 1 - keep) :]
    return before.with_rows(places, RowsAt(after, [ended]))


def _bars_of(records: Records) -> list[PastBar]:
    bucket = records.bucket
    if not len(bucket):
        return []
    starts = np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))
    ends = np.append(starts[1:], len(bucket)) - 1
    columns = (
        bucket[starts].tolist(),
        np.maximum.reduceat(records.high, starts).tolist(),
        np.minimum.reduceat(records.low, starts).tolist(),
        records.close[ends].tolist(),
    )
    return [PastBar(*values) for values in zip(*columns, strict=True)]


def true_ranges(bars: list[PastBar]) -> list[int]:
    """Of each bar; the first has no close before it."""
    ranges = []
    before = -FOREVER
    for bar in bars:
        high, low = bar.high, bar.low
        if before > -FOREVER:
            high, low = max(high, before), min(low, before)
        ranges.append(high - low)
        before = bar.close
    return ranges
