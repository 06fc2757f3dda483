"""`text` for whole columns, by Arrow: the same texts.

Rules of this file: it stands apart because who writes a cell needs no Arrow, which takes a while to import.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from streams.engine.model.units import SECOND
from streams.files.arrays import from_flags, from_numbers, from_texts
from streams.files.writing.text import decimal_text, time_text

ZONE, NOTHING = from_texts(["Z", ""])
SMALL = 100
"""Units below it Arrow writes with an exponent."""
SMALL_TEXTS = from_texts(decimal_text(units) for units in range(-SMALL, SMALL))


def decimal_texts(units: Ints) -> pa.Array:
    """Where a value stands in many rows, its text is made once a run."""
    starts = np.flatnonzero(np.diff(units, prepend=~units[:1]))
    if len(starts) * 2 > len(units):
        return _each_decimal(units)
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(units)))
    return _each_decimal(units[starts]).take(from_numbers(run))


def _each_decimal(units: Ints) -> pa.Array:
    words = np.stack((units, units >> 63), axis=1)  # as 128 bits
    decimals = pa.Array.from_buffers(pa.decimal128(19, 8), len(units), [None, pa.py_buffer(words)])
    texts = pc.ascii_rtrim(pc.ascii_rtrim(pc.cast(decimals, pa.string()), "0"), ".")
    is_small = (units > -SMALL) & (units < SMALL)
    if not is_small.any():
        return texts
    small = SMALL_TEXTS.take(from_numbers(np.where(is_small, units, 0) + SMALL))
    return pc.if_else(from_flags(is_small), small, texts)


def time_texts(micros: Ints) -> pa.Array:
    if (micros % SECOND).any():
        return from_texts(map(time_text, micros.tolist()))
    moments = pc.cast(from_numbers(micros // SECOND).view(pa.timestamp("s")), pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(moments, " ", "T"), ZONE, NOTHING)
