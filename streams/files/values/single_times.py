"""One text as a time in microseconds since 1970 in UTC.

Rules of this file: what is read here decides; whoever reads a column at once reads the same.
"""

import re
from datetime import UTC, datetime, timedelta

import numpy as np

from schemas.columns import Ints
from streams.engine.model.units import MILLISECOND, SECOND
from streams.files.values.decimals import decimal_units

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_BELOW, MILLISECONDS_BELOW, MICROSECONDS_BELOW = 10**11, 10**14, 10**17
FIRST_DATE, LAST_DATE = 19000101, 20991231
UNITS_PER_MICROSECOND = 100
OTHER_FORMS = (
    "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S%p", "%Y-%m-%d %I:%M%p",
    "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
)  # fmt: skip
LONGEST_OTHER = 32
DAY_OR_MONTH_FIRST = re.compile(r"\s*\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})(?!\d)")
"""A date that may be of two days."""


def time_of(text: str) -> int | None:
    """None when it is no time."""
    if re.fullmatch(r"[+-]?\d+", text) and not _is_date(text):
        value = int(text)
        return int(of_numbers(np.array([value]))[0]) if abs(value) < 1 << 63 else None
    if re.fullmatch(r"[+-]?\d*\.\d*(e[+-]?\d+)?", text, re.IGNORECASE):
        return _from_decimal(text)
    read = _written(re.sub(r"\s*(UTC|GMT)$", "+00:00", text))
    if read is None:
        return None
    zoned = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    return (zoned - EPOCH) // timedelta(microseconds=1)


def looks_like_a_time(text: str) -> bool:
    """Also where it can be of two days."""
    return time_of(text) is not None or DAY_OR_MONTH_FIRST.match(text) is not None


def _written(text: str) -> datetime | None:
    """An ISO time, or another that can be of one moment only."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in OTHER_FORMS if len(text) < LONGEST_OTHER else ():
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
    return None


def _is_date(text: str) -> bool:
    return text.isdigit() and FIRST_DATE <= int(text) <= LAST_DATE


def of_numbers(values: Ints) -> Ints:
    """Numbers, whose unit their magnitude tells."""
    size = np.abs(values)
    return np.select(
        [size < SECONDS_BELOW, size < MILLISECONDS_BELOW, size < MICROSECONDS_BELOW],
        [values * SECOND, values * MILLISECOND, values],
        values // 1000,
    )


def _from_decimal(text: str) -> int | None:
    """Seconds with fractions, or larger units whose fractions are below a microsecond."""
    units = decimal_units(text)
    if units is not None and abs(units) < SECONDS_BELOW * 10**8:
        return units // UNITS_PER_MICROSECOND
    whole = re.match(r"[+-]?\d+(?=\.)", text)
    return time_of(whole[0]) if whole else None
