"""Numbers and times from JSON, exactly.

Rules of this file:
- A decimal becomes an integer of 1e-8 or an error, never a rounded number.
- A string is exact. A JSON number has already been a double: what counts is the shortest decimal that
  names that double, which is the text that was sent whenever it had at most 15 significant digits.
- A boolean is not a number.
"""

import math
import re
from datetime import UTC, datetime, timedelta

from schemas.errors import MessageError, shorten

PLACES = 8
ONE = 100_000_000
LONG_MAX = 2**63 - 1
LONG_MIN = -(2**63)

EXACT_BELOW = 10**15
"""Up to here different integers of 1e-8 are different doubles."""
TEXT_MAX = 64

_NUMBER = re.compile(r"([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,3}))?", re.ASCII)
_DURATION = re.compile(r"(\d{1,9})(us|ms|s|m|h|d|w)", re.ASCII)
_DURATIONS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
TIME_END = 253_402_300_800_000_000
"""The year 10000. What is not before it was sent in another unit."""
_TIME = "an ISO time or an epoch in s, ms, us or ns, from 1970 to 9999"
_DECIMAL = "a decimal of at most 8 places"
_RANGE = "a decimal within 92,233,720,368.54775807"


def _parts(text: str) -> tuple[int, int] | None:
    """(mantissa, power of ten) of a plain decimal, or None."""
    match = _NUMBER.fullmatch(text) if len(text) <= TEXT_MAX else None
    if match is None:
        return None
    sign, whole, fraction, power = match.groups()
    if not whole and not fraction:
        return None
    return int(f"{sign}{whole}{fraction}"), int(power or 0) - len(fraction)


def ten(power: int) -> int:
    found: int = 10**power
    return found


def decimal(field: str, value: object) -> int:
    """A number or a decimal string as an integer of 1e-8."""
    if type(value) is float:
        scaled = value * ONE
        if -EXACT_BELOW < scaled < EXACT_BELOW:
            nearest = round(scaled)
            if nearest / ONE == value:
                return nearest
        parts = _parts(repr(value))
    elif type(value) is int:
        parts = value, 0
    elif type(value) is str:
        parts = _parts(value)
    else:
        parts = None
    if parts is None:
        raise MessageError(field, shorten(value), _DECIMAL)
    mantissa, power = parts
    power += PLACES
    if power < 0:
        mantissa, rest = divmod(mantissa, ten(-power))
        if rest:
            raise MessageError(field, shorten(value), _DECIMAL)
    else:
        mantissa *= ten(power)
    if not LONG_MIN <= mantissa <= LONG_MAX:
        raise MessageError(field, shorten(value), _RANGE)
    return mantissa


def integer(field: str, value: object) -> int:
    if type(value) is not int or not LONG_MIN <= value <= LONG_MAX:
        raise MessageError(field, shorten(value), "a whole number within 64 bits")
    return value


def number(field: str, value: object) -> float:
    """A measurement: a number, or a number as text."""
    if type(value) is str and _parts(value) is not None:
        value = float(value)
    if type(value) is int:
        value = float(value)
    if type(value) is not float or not math.isfinite(value):
        raise MessageError(field, shorten(value), "a finite number")
    return value


def _epoch(mantissa: int, power: int) -> int:
    """Microseconds of an epoch; its unit shows by its size."""
    size = abs(mantissa) * ten(power) if power >= 0 else abs(mantissa) // ten(-power)
    if size < 10**11:
        power += 6
    elif size < 10**14:
        power += 3
    elif size >= 10**17:
        power -= 3
    return mantissa * ten(power) if power >= 0 else mantissa // ten(-power)


def time(field: str, value: object) -> int:
    """Microseconds since 1970, from an ISO time (no zone: UTC) or an epoch; finer parts are cut off."""
    parts = None
    found = None
    if type(value) is int:
        parts = value, 0
    elif type(value) is float:
        parts = _parts(repr(value))
    elif type(value) is str:
        basic_date = len(value) == 8 and value.isdigit()
        parts = None if basic_date else _parts(value)
        found = _iso(value) if parts is None and len(value) <= TEXT_MAX else None
    if parts is not None:
        found = _epoch(*parts)
    if found is None or not 0 <= found < TIME_END:
        raise MessageError(field, shorten(value), _TIME)
    return found


def _iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def duration(field: str, value: object) -> int:
    """Microseconds, from a number of them or from text such as 30s, 5m, 1h, 1d."""
    if type(value) is str:
        match = _DURATION.fullmatch(value)
        if match is None:
            raise MessageError(field, shorten(value), "a duration such as 30s, 5m, 1h, 1d, or microseconds")
        value = int(match[1]) * _DURATIONS[match[2]]
    return integer(field, value)


def decimal_text(value: int) -> str:
    """An integer of 1e-8 as the shortest exact decimal."""
    whole, fraction = divmod(abs(value), ONE)
    text = f"{whole}.{fraction:08}".rstrip("0").rstrip(".") if fraction else str(whole)
    return f"-{text}" if value < 0 else text


def time_text(value: int) -> str | int:
    """An ISO time in UTC; a number that is no time stays one."""
    if not 0 <= value < TIME_END:
        return value
    moment = _EPOCH + timedelta(microseconds=value)
    return moment.isoformat().replace("+00:00", "Z")
