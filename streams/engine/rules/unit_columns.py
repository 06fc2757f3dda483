"""The roundings of `units` over whole columns: the same integers, in 64 bits.

Rules of this file: what might not fit raises OverflowError, and whoever asked goes number by number.
"""

import numpy as np

from schemas.columns import Ints
from streams.engine.model.units import HALF, ONE

LARGEST = 1 << 62
DIGITS = 8
"""Of ONE."""
EXACT_BELOW, NEAR_TIE = 1e9, 0.4999
"""Three roundings of a double put a ratio below the former off by less than a millionth: it is rounded as the
exact one would be, unless it is as near to a tie as the latter."""


def values_of(prices: Ints, quantity: int) -> Ints:
    """`value_of` for each price; neither they nor the quantity are negative."""
    if int(prices.max()) * quantity >= LARGEST * ONE:
        raise OverflowError(f"{quantity} at {prices.max()}")
    many, few = divmod(quantity, ONE)
    if not few:
        return prices * many
    whole, part = np.divmod(prices, ONE)
    over, rest = np.divmod(part * few, ONE)
    money: Ints = whole * quantity + part * many + over
    money += (rest > HALF) | ((rest == HALF) & (money & 1 == 1))
    return money


def ratios_of(parts: Ints, wholes: Ints) -> Ints:
    """`half_even(part * ONE, whole)` for each pair; no part is negative, each whole is positive."""
    floats = parts / wholes * ONE
    if floats.max() >= EXACT_BELOW:
        return _exact_ratios(parts, wholes)
    nearest = np.rint(floats)
    ratios: Ints = nearest.astype(np.int64)
    near_ties = np.flatnonzero(np.abs(floats - nearest) > NEAR_TIE)
    if len(near_ties):
        ratios[near_ties] = _exact_ratios(parts[near_ties], wholes[near_ties])
    return ratios


def _exact_ratios(parts: Ints, wholes: Ints) -> Ints:
    digits = _digits_left(int(wholes.max()))
    ratio, rest = np.divmod(parts, wholes)
    if not digits or int(ratio.max()) >= LARGEST // ONE:
        raise OverflowError(f"{parts.max()} of {wholes.max()}")
    left = DIGITS
    while left:
        step = 10 ** min(left, digits)
        more, rest = np.divmod(rest * step, wholes)
        ratio = ratio * step + more
        left -= min(left, digits)
    twice = rest + rest
    ratio += (twice > wholes) | ((twice == wholes) & (ratio & 1 == 1))
    return ratio


def _digits_left(whole: int) -> int:
    """By so many tens a number below it can be multiplied."""
    return next((digits for digits in range(DIGITS, 0, -1) if whole * 10**digits < LARGEST), 0)
