"""The volume-weighted price of a symbol's session, exactly, whatever the batches."""

from typing import NamedTuple

import msgspec
import numpy as np

from schemas.columns import Ints
from streams.engine.market.symbol_table import Things
from streams.engine.model.units import DAY

_HALF = 26
_LOW = (1 << _HALF) - 1
_RUN = 1 << 11
"""Records whose products of halves (at most 2^52) add up within 64 bits."""


class Volume(NamedTuple):
    """What records add to sessions."""

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


def sessions_after(past: Sessions, records: Volume, starts: Ints, ends: Ints) -> Sessions:
    """After records that stand together by symbol: the session of each symbol's last."""
    day = records.time // DAY
    last = day[ends - 1]
    size = np.where(day == np.repeat(last, ends - starts), np.maximum(records.size, 0), 0)
    notional, volume = exact_dots(records.price, size, starts), np.add.reduceat(size, starts).astype(object)
    goes_on = (past.day == last) & (day[starts] == last)
    if goes_on.any():
        notional[goes_on] += past.notional[goes_on]
        volume[goes_on] += past.volume[goes_on]
    return Sessions(last, notional, volume)


def session_until(past: SessionVolume, records: Volume, end: int) -> tuple[int, int]:
    """Σ price × size and Σ size of the session of record end - 1 of one symbol, that record included."""
    before = Sessions(*(np.array([each], object) for each in (past.day, past.notional, past.volume)))
    until = Volume(*(column[:end] for column in records))
    after = sessions_after(before, until, np.zeros(1, np.int64), np.array([end]))
    return int(after.notional[0]), int(after.volume[0])


def exact_dots(left: Ints, right: Ints, starts: Ints) -> Things:
    """Σ left × right from each start to the next, of non-negative numbers below 2^52, beyond 64 bits."""
    cuts = starts if len(left) <= _RUN else np.union1d(starts, np.arange(0, len(left), _RUN))
    a_high, a_low, b_high, b_low = left >> _HALF, left & _LOW, right >> _HALF, right & _LOW
    parts = ((a_high, b_high, 2 * _HALF), (a_high, b_low, _HALF), (a_low, b_high, _HALF), (a_low, b_low, 0))
    sums = [np.add.reduceat(a * b, cuts).astype(object) * (1 << shift) for a, b, shift in parts]
    dots: Things = sums[0] + sums[1] + sums[2] + sums[3]
    return dots if cuts is starts else np.add.reduceat(dots, cuts.searchsorted(starts))
