"""Columns of numpy as a block of ClickHouse's Native format: column by column, as it keeps them.

Rules of this file: a column is its name, its type and its values, already in ClickHouse's units.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sinks.blocks.varints import unsigned

FORMAT = "Native"
_DICTIONARY_VERSION = 1
_KEYS_FOLLOW = 1 << 9
_INDEXES: tuple[npt.DTypeLike, ...] = (np.uint8, np.uint16, np.uint32)
"""How the number of a key is written, by how many there are."""

Numbers = npt.NDArray[np.integer]


class Column(NamedTuple):
    """A column's name, type and values, ready to be sent."""

    name: str
    type: str
    data: bytes


def plain(name: str, kind: str, values: Numbers) -> Column:
    """Numbers of the width that the type has."""
    return Column(name, kind, values.tobytes())


def nullable(name: str, kind: str, values: Numbers, absent: npt.NDArray[np.bool_]) -> Column:
    return Column(name, f"Nullable({kind})", absent.tobytes() + values.tobytes())


def few(name: str, keys: Sequence[str], numbers: Numbers) -> Column:
    """A string a row, of which there are few: `keys[number]`."""
    width = next(at for at, kind in enumerate(_INDEXES) if len(keys) <= np.iinfo(kind).max)
    head = struct.pack("<QQQ", _DICTIONARY_VERSION, _KEYS_FOLLOW | width, len(keys))
    texts = b"".join(map(_text, keys))
    rows = struct.pack("<Q", len(numbers)) + numbers.astype(_INDEXES[width]).tobytes()
    return Column(name, "LowCardinality(String)", head + texts + rows)


def block(rows: int, columns: Sequence[Column]) -> bytes:
    parts = [unsigned(len(columns)), unsigned(rows)]
    for column in columns:
        parts += (_text(column.name), _text(column.type), column.data)
    return b"".join(parts)


def _text(text: str) -> bytes:
    octets = text.encode()
    return unsigned(len(octets)) + octets
