"""A column of numbers as integers of 1e-8, exactly.

Rules of this file: text never goes through a float; what is finer than 1e-8 is rounded half to even;
a column of plain numbers is converted at once, and only odd ones are looked at one by one.
"""

from decimal import ROUND_HALF_EVEN, Context, InvalidOperation
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from streams.engine.units import ONE

Flags = npt.NDArray[np.bool_]

PLAIN = pa.decimal128(18, 8)
"""Every value of this type fits 64 bits."""
PLAIN_TEXT = r"^[+-]?([0-9]{1,10}(\.[0-9]{0,8})?|\.[0-9]{1,8})$"
WIDE = Context(prec=60)
LARGEST_EXPONENT = 11
EXACT_FLOAT = float(1 << 53)
MISSING = frozenset({"", "nan", "null", "none", "na", "n/a"})


class Converted(NamedTuple):
    """Values, and for which rows there is none: because nothing was said, or nothing that can be read."""

    values: Ints
    missing: Flags
    bad: Flags


def to_units(column: pa.Array) -> Converted:
    """Numbers in units of 1e-8."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return to_units(column.dictionary_decode())
    if pa.types.is_null(kind):
        return _nothing(len(column))
    if pa.types.is_float64(kind):
        return _from_floats(column)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        column = pc.cast(column, pa.string())
    return from_text(column) if is_text(column) else _all_bad(column)


def is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def from_text(column: pa.Array) -> Converted:
    missing, bad = flags_of(pc.is_null(column)), np.zeros(len(column), np.bool_)
    try:
        return Converted(_low_words(pc.cast(column, PLAIN), missing), missing, bad)
    except pa.ArrowInvalid:
        pass
    plain = pc.fill_null(pc.match_substring_regex(column, PLAIN_TEXT), True)
    easy = pc.cast(pc.if_else(plain, column, None), PLAIN)
    odd = ~flags_of(plain)
    values = _low_words(easy, missing | odd)
    for at in np.flatnonzero(odd).tolist():
        text = column[at].as_py().strip()
        units = None if text.lower() in MISSING else decimal_units(text)
        missing[at] = text.lower() in MISSING
        bad[at] = units is None and not missing[at]
        values[at] = units or 0
    return Converted(values, missing, bad)


def decimal_units(text: str) -> int | None:
    """One number in units of 1e-8; None when it is none, or too large."""
    try:
        value = WIDE.create_decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or "_" in text or (value and value.adjusted() > LARGEST_EXPONENT):
        return None
    units = int((value.scaleb(8, WIDE)).to_integral_value(ROUND_HALF_EVEN, WIDE))
    return units if abs(units) < 1 << 63 else None


def _from_floats(column: pa.Array) -> Converted:
    floats = column.to_numpy(zero_copy_only=False)
    missing = np.isnan(floats)
    scaled = np.rint(np.where(missing, 0.0, floats) * ONE)
    large = np.abs(scaled) >= EXACT_FLOAT
    values = np.where(large, 0, scaled).astype(np.int64)
    bad = np.zeros(len(column), np.bool_)
    for at in np.flatnonzero(large).tolist():
        units = decimal_units(repr(float(floats[at])))
        bad[at], values[at] = units is None, units or 0
    return Converted(values, missing, bad)


def _low_words(decimals: pa.Array, without: Flags) -> Ints:
    """The values of decimals that fit 64 bits: the lower half of each 128."""
    words = np.frombuffer(decimals.buffers()[1], np.int64)
    values = words[2 * decimals.offset :: 2][: len(decimals)].copy()
    values[without] = 0
    return values


def flags_of(column: Any) -> Flags:
    flags: Flags = column.to_numpy(zero_copy_only=False).astype(np.bool_)
    return flags


def _nothing(length: int) -> Converted:
    return Converted(np.zeros(length, np.int64), np.ones(length, np.bool_), np.zeros(length, np.bool_))


def _all_bad(column: pa.Array) -> Converted:
    missing = flags_of(pc.is_null(column))
    return Converted(np.zeros(len(column), np.int64), missing, ~missing)
