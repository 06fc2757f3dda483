"""Writes messages as Avro: what each field of a schema needs is found out once, not for every message.

Rules of this file: the bytes are those that fastavro writes, and what it refuses is refused in its words.
"""

import operator
import struct
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.wire.avro import write_record
from schemas.wire.avro_schemas import Schema, plain

Write = Callable[[Any], bytes]

_SEVEN, _FOURTEEN = 1 << 7, 1 << 14
_ONE = [bytes((low,)) for low in range(_SEVEN)]
_TWO = [bytes((low & 0x7F | 0x80, low >> 7)) for low in range(_FOURTEEN)]
_MORE = [bytes((low & 0x7F | 0x80, low >> 7 | 0x80)) for low in range(_FOURTEEN)]
"""Numbers in groups of seven bits, lowest first: the last ones, and such that more follow."""
_NULL, _VALUE = b"\0", b"\2"
"""Which branch of a union with null."""


class RecordWriter:
    """Writes the messages of one schema."""

    def __init__(self, schema: Schema) -> None:
        fields = plain(schema.document)["fields"]
        named: dict[str, Write] = {}
        self._schema = schema
        self._values = operator.attrgetter(*(field["name"] for field in fields))
        self._writes = [_write_of(field["type"], named) for field in fields]

    def write(self, message: msgspec.Struct) -> bytes:
        """The header and the record."""
        try:
            values = self._values(message)
            parts = [write(value) for write, value in zip(self._writes, values, strict=True)]
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, struct.error):
            return write_record(self._schema, msgspec.structs.asdict(message))
        return self._schema.header + b"".join(parts)


def _write_of(kind: Any, named: dict[str, Write]) -> Write:
    if isinstance(kind, list):
        null, other = kind
        assert null == "null", f"a union of {kind}"
        return _optional(_write_of(other, named))
    if isinstance(kind, str):
        return named.get(kind) or _SIMPLE[kind]
    match kind["type"]:
        case "enum":
            found = named[kind["name"]] = _enum(kind["symbols"])
            return found
        case "map":
            return _map(_write_of(kind["values"], named))
        case "array":
            return _array(_write_of(kind["items"], named))
    return _write_of(kind["type"], named)


def _long(value: int) -> bytes:
    bits = value << 1 if value >= 0 else ~(value << 1)
    if bits < _SEVEN:
        return _ONE[bits]
    if bits < _FOURTEEN:
        return _TWO[bits]
    if bits >> 64:
        raise OverflowError(value)
    parts = []
    while bits >= _FOURTEEN:
        parts.append(_MORE[bits & _FOURTEEN - 1])
        bits >>= 14
    parts.append(_ONE[bits] if bits < _SEVEN else _TWO[bits])
    return b"".join(parts)


def _bytes(value: bytes) -> bytes:
    return _long(len(value)) + value


def _string(value: str) -> bytes:
    return _bytes(value.encode())


def _boolean(value: object) -> bytes:
    return b"\1" if value else b"\0"


_SIMPLE: Mapping[str, Write] = {
    "long": _long,
    "bytes": _bytes,
    "string": _string,
    "boolean": _boolean,
    "double": struct.Struct("<d").pack,
}


def _optional(write: Write) -> Write:
    return lambda value: _NULL if value is None else _VALUE + write(value)


def _enum(symbols: list[str]) -> Write:
    return {symbol: _long(number) for number, symbol in enumerate(symbols)}.__getitem__


def _array(write: Write) -> Write:
    return lambda items: (_long(len(items)) + b"".join(map(write, items)) if items else b"") + _NULL


def _map(write: Write) -> Write:
    def pairs(items: Mapping[str, Any]) -> bytes:
        written = b"".join(_string(key) + write(value) for key, value in items.items())
        return (_long(len(items)) + written if items else b"") + _NULL

    return pairs
