"""A column of numbers as integers of 1e-8, exactly.

Rules of this file: text never goes through a float; what is finer than 1e-8 is rounded half to even, and
said to be; a column of plain numbers is converted at once, and only odd ones are looked at one by one.
"""

import re
from decimal import ROUND_HALF_EVEN, Context, InvalidOperation
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from streams.engine.model.units import ONE
from streams.files.arrays import Flags, flags_of, from_flags, from_texts, numbers_of

PLAIN = pa.decimal128(18, 8)
"""Every value of this type fits 64 bits."""
NO_TEXT = from_texts([None])[0]
PLAIN_TEXT = r"^[+-]?([0-9]{1,10}(\.[0-9]{0,8})?|\.[0-9]{1,8})$"
WIDE = Context(prec=60)
LARGEST_EXPONENT = 11
EXACT_FLOAT = float(1 << 53)
NOISE = 4
"""By so many of its last places a double may be off the decimal that was meant."""
MISSING = frozenset({"", "nan", "null", "none", "na", "n/a"})


CURRENCY = "$€£"
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
CLEARLY_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d*|[+-]?\d{1,3}(,\d{3}){2,}")
"""What `1,234` in a file that is not separated by commas is not: it may be 1.234."""


class Converted(NamedTuple):
    """Values, and for which rows there is none: because nothing was said, or nothing that can be read."""

    values: Ints
    missing: Flags
    bad: Flags
    rounded: Flags | None = None
    """Which were finer than a unit; None: none."""


def to_units(column: pa.Array, groups: bool = True) -> Converted:
    """Numbers in units of 1e-8; with `groups` a single comma too can only stand between thousands."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return to_units(column.dictionary_decode(), groups)
    if pa.types.is_null(kind):
        return _nothing(len(column))
    if pa.types.is_float64(kind):
        return _from_floats(column)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        column = pc.cast(column, pa.string())
    return from_text(column, groups) if is_text(column) else _all_bad(column)


def is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def from_text(column: pa.Array, groups: bool = True) -> Converted:
    missing, bad = flags_of(pc.is_null(column)), np.zeros(len(column), np.bool_)
    try:
        return Converted(_low_words(pc.cast(column, PLAIN), missing), missing, bad)
    except pa.ArrowInvalid:
        pass
    odd = ~(flags_of(pc.match_substring_regex(column, PLAIN_TEXT)) | missing)
    easy = pc.cast(pc.if_else(from_flags(~odd), column, NO_TEXT), PLAIN)
    values = _low_words(easy, missing | odd)
    rounded = np.zeros(len(column), np.bool_)
    for at in np.flatnonzero(odd).tolist():
        text = column[at].as_py().strip()
        missing[at] = text.lower() in MISSING
        units, rounded[at] = (None, False) if missing[at] else _rounded(_without_marks(text, groups))
        bad[at] = units is None and not missing[at]
        values[at] = units or 0
    return Converted(values, missing, bad, rounded)


def _without_marks(text: str, groups: bool) -> str:
    """A number without its currency and the commas between its thousands."""
    text = text.lstrip(CURRENCY)
    return text.replace(",", "") if (GROUPED if groups else CLEARLY_GROUPED).fullmatch(text) else text


def decimal_units(text: str) -> int | None:
    """One number in units of 1e-8; None when it is none, or too large."""
    return _rounded(text)[0]


def _rounded(text: str) -> tuple[int | None, bool]:
    """The same, and whether it was finer than that."""
    try:
        value = WIDE.create_decimal(text)
    except InvalidOperation:
        return None, False
    if not value.is_finite() or "_" in text or (value and value.adjusted() > LARGEST_EXPONENT):
        return None, False
    scaled = value.scaleb(8, WIDE)
    units = int(scaled.to_integral_value(ROUND_HALF_EVEN, WIDE))
    return (units, units != scaled) if abs(units) < 1 << 63 else (None, False)


def _from_floats(column: pa.Array) -> Converted:
    floats = np.where(flags_of(column.is_null()), np.nan, numbers_of(column))
    missing = np.isnan(floats)
    scaled = np.rint(np.where(missing, 0.0, floats) * ONE)
    large = np.abs(scaled) >= EXACT_FLOAT
    values = np.where(large, 0, scaled).astype(np.int64)
    bad = np.zeros(len(column), np.bool_)
    exact = np.where(missing | large, 0.0, floats)
    rounded: Flags = np.abs(values / ONE - exact) > NOISE * np.spacing(np.abs(exact))
    for at in np.flatnonzero(large).tolist():
        units, rounded[at] = _rounded(repr(float(floats[at])))
        bad[at], values[at] = units is None, units or 0
    return Converted(values, missing, bad, rounded)


def _low_words(decimals: pa.Array, without: Flags) -> Ints:
    """The values of decimals that fit 64 bits: the lower half of each 128."""
    words = np.frombuffer(decimals.buffers()[1], np.int64)
    values = words[2 * decimals.offset :: 2][: len(decimals)].copy()
    values[without] = 0
    return values


def _nothing(length: int) -> Converted:
    return Converted(np.zeros(length, np.int64), np.ones(length, np.bool_), np.zeros(length, np.bool_))


def _all_bad(column: pa.Array) -> Converted:
    missing = flags_of(pc.is_null(column))
    return Converted(np.zeros(len(column), np.int64), missing, ~missing)
