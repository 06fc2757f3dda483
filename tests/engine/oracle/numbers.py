"""Exact numbers: fractions inside, integers of 1e-8 outside, each rounding said by name."""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

ONE = 10**8
SECOND = 10**6
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def half_even(value: Fraction | int) -> int:
    """Python rounds a fraction half to even."""
    return round(Fraction(value))


def down(value: Fraction | int, step: int) -> int:
    return floor(Fraction(value) / step) * step


def up(value: Fraction | int, step: int) -> int:
    return ceil(Fraction(value) / step) * step


def against(value: Fraction | int, side: int, step: int) -> int:
    """A price that is no limit: buys up, sells down."""
    return up(value, step) if side > 0 else down(value, step)


def limit_price(value: Fraction | int, side: int, step: int) -> int:
    """Buy limits round down to the tick, sell limits up."""
    return down(value, step) if side > 0 else up(value, step)


def value(price: int, quantity: int) -> int:
    """price × quantity as Money, half to even."""
    return half_even(Fraction(price * quantity, ONE))


def share(amount: Fraction | int, of: int) -> Fraction:
    return Fraction(amount) * Fraction(of, ONE)


def largest(most: int, lot: int, fits: Callable[[int], bool]) -> int:
    """The largest multiple of the lot, at most `most`, that fits; 0 when none does."""
    low, high = 0, max(0, most // lot)
    if fits(high * lot):
        return high * lot
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle * lot):
            low = middle
        else:
            high = middle - 1
    return low * lot


def natural(amount: Fraction | int) -> float:
    """A decision's measured value: 1.0 is one unit."""
    return float(Fraction(amount) / ONE)


def seconds(time: int) -> float:
    return float(Fraction(time, SECOND))
