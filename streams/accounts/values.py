"""How a trader writes one value: shares, durations, money, levels, times of day.

Rules of this file: exact, never through a float; a number that could mean two things is refused.
"""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from zoneinfo import ZoneInfo

from streams.accounts.document import Item
from streams.engine.model.settings import Level
from streams.engine.model.units import DAY, HOUR, MILLISECOND, MINUTE, ONE, SECOND

NUMBER = r"[+-]?\d[\d_]*(?:\.\d+)?|[+-]?\.\d+"
_NUMBER = re.compile(rf"({NUMBER})\s*([A-Za-z%]*)")
_DURATION_PART = re.compile(rf"\s*({NUMBER})\s*([A-Za-z]+)")

SHARE = "a share such as 2%, 0.02 or 10bps"
DURATION = "a duration such as 15m, 24h, 1d or 500ms (a plain number is seconds)"
MONEY = "a decimal number such as 1000 or 99.50"
LEVEL = "a level: 2% of the entry price, 2R (risk distances), 1.5ATR, or 0.75 abs (price units)"
LONGEST_NUMBER = 40
"""Digits; what is longer is no amount of anything, and takes long to read."""
MOST = 1 << 63
"""What is stored is below it."""
TIME_OF_DAY = 'a time of day such as "15:55"'

_SHARE_UNITS = {"": 1, "%": 100, "bp": 10_000, "bps": 10_000}
_LEVEL_UNITS = {"R": "risk", "r": "risk", "ATR": "atr", "atr": "atr", "abs": "amount"}
_DURATION_UNITS = {
    unit: length
    for units, length in (
        ("us", 1),
        ("ms", MILLISECOND),
        ("s sec second seconds", SECOND),
        ("m min minute minutes", MINUTE),
        ("h hour hours", HOUR),
        ("d day days", DAY),
    )
    for unit in units.split()
}


def _number(item: Item, expected: str) -> tuple[Fraction, str]:
    """A number and the unit that follows it."""
    match = _NUMBER.fullmatch(item.value(expected))
    if match is None:
        raise item.wrong(expected)
    return _fraction(item, match[1], expected), match[2]


def _fraction(item: Item, digits: str, expected: str) -> Fraction:
    if len(digits) > LONGEST_NUMBER:
        raise item.wrong(expected)
    return Fraction(digits.replace("_", ""))


def _units(item: Item, value: Fraction, expected: str) -> int:
    """The value in units of 1e-8; finer values are refused, not rounded."""
    scaled = value * ONE
    if scaled.denominator != 1:
        raise item.wrong(f"{expected}, in steps of 0.00000001 at the finest")
    if abs(scaled.numerator) >= MOST:
        raise item.wrong(f"{expected}, below 92 thousand million")
    return scaled.numerator


def money(*, above_zero: bool = False) -> Callable[[Item], int]:
    expected = MONEY + (" above 0" if above_zero else "")

    def read(item: Item) -> int:
        value, unit = _number(item, expected)
        if unit or value < 0 or (above_zero and value == 0):
            raise item.wrong(expected)
        return _units(item, value, expected)

    return read


def share(*, above_zero: bool = True, most: int | None = ONE) -> Callable[[Item], int]:
    """A share or a rate; `most` None allows more than the whole."""
    bounds = (" above 0" if above_zero else "") + ("" if most is None else f", {plain(100 * most)}% at most")

    def read(item: Item) -> int:
        value, unit = _number(item, SHARE)
        if unit == "" and value >= 1:
            written = item.text
            raise item.wrong(f"a share: write {written}% or {plain(_units(item, value / 100, SHARE))}")
        if unit not in _SHARE_UNITS:
            raise item.wrong(SHARE)
        units = _units(item, value / _SHARE_UNITS[unit], SHARE)
        if units < 0 or (above_zero and units == 0) or (most is not None and units > most):
            raise item.wrong(SHARE + bounds)
        return units

    return read


def duration(*, above_zero: bool = True) -> Callable[[Item], int]:
    expected = DURATION + (", above 0" if above_zero else "")

    def read(item: Item) -> int:
        text = item.value(expected)
        is_plain = re.fullmatch(NUMBER, text) is not None
        total = _fraction(item, text, expected) * SECOND if is_plain else _parts(item, text)
        if total.denominator != 1 or not 0 <= total < MOST or (above_zero and total == 0):
            raise item.wrong(expected)
        return total.numerator

    return read


def _parts(item: Item, text: str) -> Fraction:
    """The sum of `1h 30m`."""
    total, at = Fraction(0), 0
    while at < len(text):
        match = _DURATION_PART.match(text, at)
        if match is None or match[2] not in _DURATION_UNITS:
            raise item.wrong(DURATION)
        total += _fraction(item, match[1], DURATION) * _DURATION_UNITS[match[2]]
        at = match.end()
    return total


def level(item: Item) -> Level:
    value, unit = _number(item, LEVEL)
    if unit == "" or value <= 0:
        raise item.wrong(LEVEL)
    if unit in _SHARE_UNITS:
        return Level(kind="percent", value=_units(item, value / _SHARE_UNITS[unit], LEVEL))
    match _LEVEL_UNITS.get(unit):
        case "risk":
            return Level(kind="risk", value=_units(item, value, LEVEL))
        case "atr":
            return Level(kind="atr", value=_units(item, value, LEVEL))
        case "amount":
            return Level(kind="amount", value=_units(item, value, LEVEL))
        case _:
            raise item.wrong(LEVEL)


def level_below_price(item: Item) -> Level:
    """A level against a position: a share of it cannot be the whole price."""
    read = level(item)
    if read.kind == "percent" and read.value >= ONE:
        raise item.wrong("a level below 100%")
    return read


def number(expected: str) -> Callable[[Item], float]:
    """A float, for what is measured and not paid."""

    def read(item: Item) -> float:
        try:
            value = float(item.value(expected))
        except ValueError:
            raise item.wrong(expected) from None
        if not math.isfinite(value):
            raise item.wrong(expected)
        return value

    return read


def fraction_of_one(item: Item) -> float:
    """A confidence or a correlation, from 0 to 1."""
    text = item.value(SHARE)
    return 1.0 if text in ("1", "1.0") else share(above_zero=False)(item) / ONE


def whole(*, least: int = 1) -> Callable[[Item], int]:
    expected = f"a whole number, {least} or more"

    def read(item: Item) -> int:
        value, unit = _number(item, expected)
        if unit or value.denominator != 1 or not least <= value < MOST:
            raise item.wrong(expected)
        return value.numerator

    return read


def boolean(item: Item) -> bool:
    match item.value("true or false").lower():
        case "true" | "yes" | "on":
            return True
        case "false" | "no" | "off":
            return False
        case _:
            raise item.wrong("true or false")


def one_of(*names: str) -> Callable[[Item], str]:
    expected = " or ".join(names)

    def read(item: Item) -> str:
        if item.value(expected) not in names:
            raise item.wrong(expected)
        return item.text

    return read


def text(expected: str, pattern: str) -> Callable[[Item], str]:
    def read(item: Item) -> str:
        if re.fullmatch(pattern, item.value(expected)) is None:
            raise item.wrong(expected)
        return item.text

    return read


def texts(expected: str, pattern: str) -> Callable[[Item], tuple[str, ...]]:
    one = text(expected, pattern)
    return lambda item: tuple(one(part) for part in item.list_or_one(expected))


def minute_of_day(item: Item, last: int = 24 * 60 - 1) -> int:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", item.value(TIME_OF_DAY))
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > last:
        raise item.wrong(TIME_OF_DAY)
    return int(match[1]) * 60 + int(match[2])


def zone(item: Item) -> str:
    expected = "a time zone such as UTC or America/New_York"
    try:
        ZoneInfo(item.value(expected))
    except (KeyError, ValueError, OSError):
        raise item.wrong(expected) from None
    return item.text


def plain(units: int) -> str:
    """Units of 1e-8 as the shortest decimal."""
    digits = f"{abs(units):09d}"
    text = f"{digits[:-8]}.{digits[-8:]}".rstrip("0").rstrip(".")
    return ("-" if units < 0 else "") + text
