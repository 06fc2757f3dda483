"""The volume-weighted price of a symbol's session, exactly, whatever the batches."""

from typing import NamedTuple

import msgspec
import numpy as np

from schemas.columns import Ints
from streams.engine.market.grouped import Grouped
from streams.engine.market.symbol_table import Things
from streams.engine.model.units import DAY

_HALF = 26
_LOW = (1 << _HALF) - 1
_RUN = 1 << 11
"""Records whose products of halves (at most 2^52) add up within 64 bits."""


class Volume(NamedTuple):
    """What one symbol's records add to its session."""

    time: Ints
    price: Ints
    size: Ints


class SessionVolume(msgspec.Struct, frozen=True, array_like=True):
    """Σ price × size and Σ size since midnight UTC."""

    day: int = -1
    notional: int = 0
    volume: int = 0


class Sessions(NamedTuple):
    """The same of many symbols."""

    day: Ints
    notional: Things
    volume: Things


def sessions_after(past: Sessions, records: Volume, grouped: Grouped) -> Sessions:
    """After records that stand together: the session of each symbol's last."""
    day, lengths = records.time // DAY, grouped.ends - grouped.starts
    last = day[grouped.ends - 1]
    counts = day == np.repeat(last, lengths)
    size = np.where(counts, np.maximum(records.size, 0), 0)
    notional = _exact_dots(records.price, size, grouped, int(lengths.max()))
    volume = np.add.reduceat(size, grouped.starts).astype(object)
    goes_on = (past.day == last) & (day[grouped.starts] == last)
    if goes_on.any():
        notional[goes_on] += past.notional[goes_on]
        volume[goes_on] += past.volume[goes_on]
    return Sessions(last, notional, volume)


def _exact_dots(left: Ints, right: Ints, grouped: Grouped, longest: int) -> Things:
    if longest > _RUN:
        spans = zip(grouped.starts.tolist(), grouped.ends.tolist(), strict=True)
        dots = np.empty(len(grouped), object)
        dots[:] = [exact_dot(left[start:end], right[start:end]) for start, end in spans]
        return dots
    a_high, a_low, b_high, b_low = left >> _HALF, left & _LOW, right >> _HALF, right & _LOW
    parts = ((a_high, b_high, 2 * _HALF), (a_high, b_low, _HALF), (a_low, b_high, _HALF), (a_low, b_low, 0))
    sums = [np.add.reduceat(a * b, grouped.starts).astype(object) * (1 << shift) for a, b, shift in parts]
    total: Things = sums[0] + sums[1] + sums[2] + sums[3]
    return total


def session_until(past: SessionVolume, records: Volume, end: int) -> tuple[int, int]:
    """Σ price × size and Σ size of the session of record end - 1, that record included."""
    day = int(records.time[end - 1]) // DAY
    start = int(records.time[:end].searchsorted(day * DAY))
    size = np.maximum(records.size[start:end], 0)
    notional = exact_dot(records.price[start:end], size)
    volume = int(size.sum())
    if start == 0 and past.day == day:
        return past.notional + notional, past.volume + volume
    return notional, volume


def exact_dot(left: Ints, right: Ints) -> int:
    """Σ left × right of non-negative numbers below 2^52, beyond 64 bits."""
    total = 0
    for at in range(0, len(left), _RUN):
        a, b = left[at : at + _RUN], right[at : at + _RUN]
        a_high, a_low, b_high, b_low = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
        middle = int(a_high @ b_low) + int(a_low @ b_high)
        total += (int(a_high @ b_high) << 2 * _HALF) + (middle << _HALF) + int(a_low @ b_low)
    return total
