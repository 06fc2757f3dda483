"""A column of times as microseconds since 1970 in UTC.

Rules of this file: ISO text without a zone is UTC; a number is seconds, milliseconds, microseconds or
nanoseconds by its magnitude; eight digits that are a date of this century or the last are that date.
"""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from streams.engine.model.units import MILLISECOND, SECOND
from streams.files.arrays import flags_of, numbers_of
from streams.files.values.decimals import MISSING, Converted, decimal_units, is_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UTC_TIME, NAIVE_TIME = pa.timestamp("us", "UTC"), pa.timestamp("us")
SECONDS_BELOW, MILLISECONDS_BELOW, MICROSECONDS_BELOW = 10**11, 10**14, 10**17
FIRST_DATE, LAST_DATE = 19000101, 20991231
UNITS_PER_MICROSECOND = 100
OTHER_FORMS = (
    "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S%p", "%Y-%m-%d %I:%M%p",
    "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
)  # fmt: skip
LONGEST_OTHER = 32
FEW = 16
"""So many cells are tried first: the casts of Arrow are slow where all of a column fails."""
DAY_OR_MONTH_FIRST = re.compile(r"\s*\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})(?!\d)")
"""A date that may be of two days."""


def to_micros(column: pa.Array) -> Converted:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return to_micros(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return _clean(pc.cast(column, pa.timestamp("us", kind.tz), safe=False))
    if pa.types.is_date(kind):
        return _clean(pc.cast(column, NAIVE_TIME))
    if pa.types.is_integer(kind):
        return _from_numbers(pc.cast(column, pa.int64()))
    if not is_text(column):
        column = pc.cast(column, pa.string())
    return from_text(column)


def from_text(column: pa.Array) -> Converted:
    read = _at_once(column)
    if read is None:
        return _one_by_one(column)
    return _from_numbers(read) if pa.types.is_integer(read.type) else _clean(read)


def reads_at_once(column: pa.Array) -> bool:
    """Whether a column of texts is one of ISO times or of numbers, without an exception."""
    return _at_once(column) is not None


def _at_once(column: pa.Array) -> pa.Array | None:
    for kind in (UTC_TIME, NAIVE_TIME, pa.int64()):
        try:
            pc.cast(column.slice(0, FEW), kind)
            return pc.cast(column, kind)
        except pa.ArrowInvalid:
            continue
    return None


def _clean(times: pa.Array) -> Converted:
    missing = flags_of(pc.is_null(times))
    values = np.where(missing, 0, numbers_of(times))
    return Converted(values, missing, np.zeros(len(times), np.bool_))


def _from_numbers(numbers: pa.Array) -> Converted:
    missing = flags_of(pc.is_null(numbers))
    values = np.where(missing, 0, numbers_of(numbers))
    dates = (values >= FIRST_DATE) & (values <= LAST_DATE)
    micros = _scaled(values)
    bad = np.zeros(len(numbers), np.bool_)
    for at in np.flatnonzero(dates).tolist():
        date = time_of(str(values[at]))
        bad[at], micros[at] = date is None, date or 0
    return Converted(micros, missing, bad)


def _scaled(values: Ints) -> Ints:
    size = np.abs(values)
    return np.select(
        [size < SECONDS_BELOW, size < MILLISECONDS_BELOW, size < MICROSECONDS_BELOW],
        [values * SECOND, values * MILLISECOND, values],
        values // 1000,
    )


def _one_by_one(column: pa.Array) -> Converted:
    values = np.zeros(len(column), np.int64)
    missing = np.zeros(len(column), np.bool_)
    bad = np.zeros(len(column), np.bool_)
    for at, text in enumerate(column.to_pylist()):
        if text is None or text.strip().lower() in MISSING:
            missing[at] = True
            continue
        micros = time_of(text.strip())
        bad[at], values[at] = micros is None, micros or 0
    return Converted(values, missing, bad)


def time_of(text: str) -> int | None:
    """One time in microseconds; None when it is none."""
    if re.fullmatch(r"[+-]?\d+", text) and not _is_date(text):
        value = int(text)
        return int(_scaled(np.array([value]))[0]) if abs(value) < 1 << 63 else None
    if re.fullmatch(r"[+-]?\d*\.\d*(e[+-]?\d+)?", text, re.IGNORECASE):
        return _from_decimal(text)
    read = _written(re.sub(r"\s*(UTC|GMT)$", "+00:00", text))
    if read is None:
        return None
    zoned = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    return (zoned - EPOCH) // timedelta(microseconds=1)


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


def looks_like_a_time(text: str) -> bool:
    """Also where it can be of two days."""
    return time_of(text) is not None or DAY_OR_MONTH_FIRST.match(text) is not None


def _is_date(text: str) -> bool:
    return text.isdigit() and FIRST_DATE <= int(text) <= LAST_DATE


def _from_decimal(text: str) -> int | None:
    """Seconds with fractions, or larger units whose fractions are below a microsecond."""
    units = decimal_units(text)
    if units is not None and abs(units) < SECONDS_BELOW * 10**8:
        return units // UNITS_PER_MICROSECOND
    whole = re.match(r"[+-]?\d+(?=\.)", text)
    return time_of(whole[0]) if whole else None
