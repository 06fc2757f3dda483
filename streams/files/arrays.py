"""From numpy to Arrow and back, and texts to Arrow.

Rules of this file: no pandas. Arrow imports it, a third of a second, as soon as its own ways are taken.
"""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.columns import Ints

Flags = npt.NDArray[np.bool_]


def numbers_of(array: pa.Array) -> npt.NDArray[Any]:
    """What an array of whole numbers, times or floats holds; anything where it has nulls."""
    letter = (
        "f" if pa.types.is_floating(array.type) else "u" if pa.types.is_unsigned_integer(array.type) else "i"
    )
    kind = np.dtype(f"{letter}{array.type.bit_width // 8}")
    return _held(array, kind, array.offset + len(array))[array.offset :]


def flags_of(array: pa.Array) -> Flags:
    """What an array of booleans holds; it has no nulls."""
    end = array.offset + len(array)
    bits = np.unpackbits(_held(array, np.dtype(np.uint8), -(-end // 8)), count=end, bitorder="little")
    return bits[array.offset :].view(np.bool_)


def _held(array: pa.Array, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    held = array.buffers()[1]
    return np.zeros(0, kind) if held is None else np.frombuffer(held, kind, count)


def from_numbers(numbers: Ints) -> pa.Array:
    words = np.ascontiguousarray(numbers, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(words), [None, pa.py_buffer(words)])


def from_flags(flags: Flags) -> pa.Array:
    bits = np.packbits(flags, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(bits)])


def from_texts(texts: Iterable[str | None]) -> pa.Array:
    given = list(texts)
    known = [b"" if text is None else text.encode() for text in given]
    ends = np.fromiter(accumulate(map(len, known), initial=0), np.int32, len(known) + 1)
    parts = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(known))]
    if None in given:
        is_there = np.array([text is not None for text in given], np.bool_)
        parts[0] = pa.py_buffer(np.packbits(is_there, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(known), parts)
