"""A column of times as microseconds since 1970 in UTC.

Rules of this file: ISO text without a zone is UTC; a number is seconds, milliseconds, microseconds or
nanoseconds by its magnitude; eight digits that are a date of this century or the last are that date. A text
gives what `time_of` makes of it, also where all that look alike are read at once.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.engine.model.units import SECOND
from streams.files.arrays import Flags, flags_of, from_flags, numbers_of
from streams.files.values.dates import rewritten
from streams.files.values.decimals import MISSING, Converted, is_text, to_units
from streams.files.values.single_times import (
    FIRST_DATE,
    LAST_DATE,
    UNITS_PER_MICROSECOND,
    of_numbers,
    time_of,
)

UTC_TIME, NAIVE_TIME = pa.timestamp("us", "UTC"), pa.timestamp("us")
FEW = 16
"""So many cells are tried first: the casts of Arrow are slow where all of a column fails."""
NOON = 12


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
        return _by_their_looks(pc.utf8_trim_whitespace(column))
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
    micros = of_numbers(values)
    bad = np.zeros(len(numbers), np.bool_)
    for at in np.flatnonzero(dates).tolist():
        date = time_of(str(values[at]))
        bad[at], micros[at] = date is None, date or 0
    return Converted(micros, missing, bad)


# Texts of several looks ----------------------------------------------------------------------


def _by_their_looks(column: pa.Array) -> Converted:
    """Cells that look alike are read at once; those of no known look by what is written, each text once."""
    values = np.zeros(len(column), np.int64)
    missing = np.zeros(len(column), np.bool_)
    bad = np.zeros(len(column), np.bool_)
    left = np.ones(len(column), np.bool_)

    def take(rows: Flags, read: Callable[[pa.Array], Converted]) -> None:
        found = read(column.filter(from_flags(rows)))
        values[rows], missing[rows], bad[rows] = found.values, found.missing, found.bad
        left[rows] = False

    for look in LOOKS:
        rows = left & flags_of(pc.fill_null(pc.match_substring_regex(column, look.pattern), False))
        if not rows.any():
            continue
        try:
            take(rows, look.read)
        except pa.ArrowInvalid:  # a day that its month does not have: the odd one says which
            continue
    if left.any():
        take(left.copy(), _text_by_text)
    return Converted(values, missing, bad)


def _zoned(column: pa.Array) -> Converted:
    steps = ((r"\s*(UTC|GMT)$", "Z"), *TO_MICROSECONDS)
    return _clean(pc.cast(rewritten(column, steps), UTC_TIME))


def _naive(column: pa.Array) -> Converted:
    return _clean(pc.cast(rewritten(column, TO_MICROSECONDS), NAIVE_TIME))


def _halved(column: pa.Array) -> Converted:
    """Clocks of twelve hours."""
    parts = pc.extract_regex(column, HALVED)
    date, hour, rest, half = (parts.field(at) for at in range(4))
    hours = numbers_of(pc.cast(hour, pa.int64())) % NOON
    read = _clean(pc.cast(pc.binary_join_element_wise(date, rest, " 00"), NAIVE_TIME))
    late = flags_of(pc.equal(pc.utf8_lower(half), "p"))
    return read._replace(values=read.values + (hours + NOON * late) * HOUR)


def _numbers(column: pa.Array) -> Converted:
    return _from_numbers(pc.cast(column, pa.int64()))


def _seconds(column: pa.Array) -> Converted:
    read = to_units(column)
    return read._replace(values=read.values // UNITS_PER_MICROSECOND)


def _larger(column: pa.Array) -> Converted:
    """Milliseconds and smaller, whose fractions are below a microsecond."""
    return _numbers(rewritten(column, ((r"\..*", ""),)))


def _text_by_text(column: pa.Array) -> Converted:
    texts = column.dictionary_encode()
    read = [_single(text) for text in texts.dictionary.to_pylist()]
    known = Converted(*(np.array(each) for each in zip(*[*read, (0, True, False)], strict=True)))
    places = np.where(flags_of(texts.indices.is_null()), len(read), numbers_of(texts.indices))
    return Converted(known.values[places], known.missing[places], known.bad[places])


def _single(text: str) -> tuple[int, bool, bool]:
    if text.lower() in MISSING:
        return 0, True, False
    micros = time_of(text)
    return micros or 0, False, micros is None


class Look(NamedTuple):
    """What texts look like that are read in one way."""

    pattern: str
    read: Callable[[pa.Array], Converted]


HOUR = 3_600 * SECOND
TO_MICROSECONDS = ((r"[.,](\d{1,6})\d*", r".\1"),)
DAY = r"[12]\d{3}-\d\d-\d\d"
CLOCK = r"[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?"
HALVED = rf"^(?P<date>{DAY}) (?P<hour>0?[1-9]|1[0-2])(?P<rest>:[0-5]\d(?::[0-5]\d)?) ?(?P<half>[AaPp])[Mm]$"
LOOKS = (
    Look(rf"^{DAY}{CLOCK}(Z|\s*(UTC|GMT)|[+-]\d\d:?[0-5]\d)$", _zoned),
    Look(rf"^{DAY}({CLOCK})?$", _naive),
    Look(HALVED, _halved),
    Look(r"^(0|-?[1-9]\d{0,17})$", _numbers),
    Look(r"^[+-]?\d{1,10}\.\d{0,8}$", _seconds),
    Look(r"^-?[1-9]\d{11,17}\.\d*$", _larger),
)
"""In this order; a text has one of them at most."""
