"""How results look in a file: exact decimals, times in UTC, floats that read back the same."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from streams.engine.model.units import SECOND
from streams.files.arrays import from_flags, from_numbers, from_texts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONE, NOTHING = from_texts(["Z", ""])


def decimal_text(units: int | None) -> str:
    """Units of 1e-8 as the shortest decimal: `100`, `99.5`."""
    if units is None:
        return ""
    whole, rest = divmod(abs(units), 10**8)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:08d}".rstrip("0") if rest else f"{sign}{whole}"


SMALL = 100
"""Units below it Arrow writes with an exponent."""
SMALL_TEXTS = from_texts(decimal_text(units) for units in range(-SMALL, SMALL))


def decimal_texts(units: Ints) -> pa.Array:
    """The same of a column; where a value stands in many rows, its text is made once a run."""
    starts = np.flatnonzero(np.diff(units, prepend=~units[:1]))
    if len(starts) * 2 > len(units):
        return _each_decimal(units)
    return _each_decimal(units[starts]).take(
        from_numbers(np.repeat(np.arange(len(starts)), np.diff(starts, append=len(units))))
    )


def _each_decimal(units: Ints) -> pa.Array:
    words = np.stack((units, units >> 63), axis=1)  # as 128 bits
    decimals = pa.Array.from_buffers(pa.decimal128(19, 8), len(units), [None, pa.py_buffer(words)])
    texts = pc.ascii_rtrim(pc.ascii_rtrim(pc.cast(decimals, pa.string()), "0"), ".")
    is_small = (units > -SMALL) & (units < SMALL)
    if not is_small.any():
        return texts
    small = SMALL_TEXTS.take(from_numbers(np.where(is_small, units, 0) + SMALL))
    return pc.if_else(from_flags(is_small), small, texts)


def time_text(micros: int | None) -> str:
    """ISO 8601; six digits of a second only where there are any."""
    if micros is None:
        return ""
    moment = EPOCH + timedelta(microseconds=micros)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" if micros % SECOND else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def time_texts(micros: Ints) -> pa.Array:
    """The same of a column."""
    if (micros % SECOND).any():
        return from_texts(map(time_text, micros.tolist()))
    moments = pc.cast(from_numbers(micros // SECOND).view(pa.timestamp("s")), pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(moments, " ", "T"), ZONE, NOTHING)


def plain_text(value: object) -> str:
    """Words, counts and floats; nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return float.__repr__(value) if isinstance(value, float) else str(value)


def list_text(values: tuple[str, ...]) -> str:
    return ";".join(values)
