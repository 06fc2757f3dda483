"""Numbers: integers of 1e-8, and each place where one is rounded.

Rules of this file: no floats; every rounding says its direction in its name.
"""

ONE = 100_000_000
"""One unit of price, quantity, money or share."""

HALF = ONE // 2

MICROSECOND = 1
MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FOREVER = 1 << 62
"""A time that never comes and a price that is never reached."""


def half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded half to even; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = rest + rest
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def value_of(price: int, quantity: int) -> int:
    """price × quantity as Money, rounded half to even: `half_even`, written out because it is everywhere."""
    money, rest = divmod(price * quantity, ONE)
    if rest < HALF or (rest == HALF and not money & 1):
        return money
    return money + 1


def share_of(amount: int, share: int) -> int:
    """amount × share, rounded half to even."""
    return half_even(amount * share, ONE)


def floor_to(value: int, step: int) -> int:
    return value - value % step


def ceil_to(value: int, step: int) -> int:
    return value + -value % step


def floor_ratio(numerator: int, denominator: int, step: int) -> int:
    """numerator / denominator, down to a multiple of `step`; the denominator is positive."""
    return numerator // (denominator * step) * step


def ceil_ratio(numerator: int, denominator: int, step: int) -> int:
    return -(-numerator // (denominator * step)) * step
