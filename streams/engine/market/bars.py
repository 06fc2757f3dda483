"""Bars made of a symbol's records, as far as the indicators need them.

Rules of this file: what a bar holds depends on its records alone, never on how they were cut into batches.
"""

import msgspec
import numpy as np

from schemas.columns import Ints
from streams.engine.model.units import FOREVER


class PastBar(msgspec.Struct, frozen=True, array_like=True):
    bucket: int
    """Its interval's number since 1970."""
    high: int
    low: int
    close: int


class Records(msgspec.Struct, frozen=True):
    """A symbol's records as bars see them."""

    bucket: Ints
    high: Ints
    low: Ints
    close: Ints

    def until(self, end: int) -> "Records":
        return Records(self.bucket[:end], self.high[:end], self.low[:end], self.close[:end])


class Bars(msgspec.Struct, frozen=True, array_like=True):
    """The last bars of one symbol and interval."""

    newest: PastBar
    """It may still grow."""
    ended: list[PastBar] = []

    @classmethod
    def of(cls, bars: list[PastBar]) -> "Bars":
        return cls(bars[-1], bars[:-1])

    def together(self) -> list[PastBar]:
        return [*self.ended, self.newest]

    def with_newest(self, newest: PastBar) -> "Bars":
        return Bars(newest, self.ended)


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
