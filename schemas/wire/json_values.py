"""Values in JSON: how each type of field is read from it and written to it.

Rules of this file: a field's type and unit come from its Avro schema; a reader gets the field's name and the
value, and gives what the message holds or a MessageError.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from schemas.errors import MessageError, shorten
from schemas.text import numbers

Read = Callable[[str, object], Any]
Write = Callable[[Any], Any]

DEEPEST = 254
"""What is kept as it came may be nested so deep; our JSON writer takes no more."""
SAME_WORDS = {
    "Side": {
        "buy": "long", "sell": "short", "close": "flat", "exit": "flat",
        "1": "long", "-1": "short", "0": "flat",
    }
}  # fmt: skip
"""What else an enumeration understands; a whole number is such a word too."""


def text(field: str, value: object) -> str:
    if type(value) is not str:
        raise MessageError(field, shorten(value), "text")
    return value


def flag(field: str, value: object) -> bool:
    if type(value) is not bool:
        raise MessageError(field, shorten(value), "true or false")
    return value


def word(symbols: list[str], also: Mapping[str, str]) -> Read:
    known = {symbol.lower(): symbol for symbol in symbols} | dict(also)
    expected = f"one of {', '.join([*symbols, *also])}"

    def read(field: str, value: object) -> str:
        found = known.get(str(value).lower()) if type(value) in (str, int) else None
        if found is None:
            raise MessageError(field, shorten(value), expected)
        return found

    return read


def texts(field: str, value: object) -> tuple[str, ...]:
    if type(value) is not list:
        raise MessageError(field, shorten(value), "a list of texts")
    return tuple(text(f"{field}.{at}", each) for at, each in enumerate(value))


def measures(field: str, value: object) -> dict[str, float]:
    """Numbers by name; null is what was not measured, and is left out."""
    if type(value) is not dict:
        raise MessageError(field, shorten(value), "numbers by name")
    return {name: numbers.number(f"{field}.{name}", each) for name, each in value.items() if each is not None}


def json_text(field: str, value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise MessageError(field, shorten(value), f"JSON of at most {DEEPEST} levels") from error


def remainder(field: str, value: object) -> dict[str, str]:
    """Unknown fields by name: JSON text as it is, any other value as its JSON text."""
    if type(value) is not dict:
        raise MessageError(field, shorten(value), "values by name")
    return {
        name: each if type(each) is str else json_text(f"{field}.{name}", each)
        for name, each in value.items()
    }


def blob(field: str, value: object) -> bytes:
    try:
        return base64.b64decode(text(field, value), validate=True)
    except ValueError as error:
        if isinstance(error, MessageError):
            raise
        raise MessageError(field, shorten(value), "base64") from error


def packed(read: Read) -> Read:
    def read_all(field: str, value: object) -> bytes:
        if type(value) is not list:
            raise MessageError(field, shorten(value), "a list")
        longs = [read(f"{field}.{at}", each) for at, each in enumerate(value)]
        return struct.pack(f"<{len(longs)}q", *longs)

    return read_all


def unpacked(write: Write) -> Write:
    def write_all(value: bytes) -> list[Any]:
        return [write(each) for (each,) in struct.iter_unpack("<q", value)]

    return write_all


def _same(value: Any) -> Any:
    return value


def _base64_text(value: bytes) -> str:
    return base64.b64encode(value).decode()


_UNITS: dict[str, tuple[Read, Write]] = {
    "1e-8": (numbers.decimal, numbers.decimal_text),
    "timestamp-micros": (numbers.time, numbers.time_text),
    "us": (numbers.duration, _same),
}

_TYPES: dict[str, tuple[Read, Write]] = {
    "string": (text, _same),
    "boolean": (flag, _same),
    "long": (numbers.integer, _same),
    "double": (numbers.number, _same),
    "bytes": (blob, _base64_text),
    "array": (texts, list),
}


def codec_of(kind: Any) -> tuple[Read, Write]:
    """How a field of this Avro type is read from JSON and written to it."""
    if isinstance(kind, str):
        return _TYPES[kind]
    if kind["type"] == "enum":
        return word(kind["symbols"], SAME_WORDS.get(kind["name"], {})), _same
    if kind["type"] == "map":
        return (measures if kind["values"] == "double" else remainder), _same
    unit = kind.get("logicalType") or kind.get("unit")
    if unit is None:
        return _TYPES[kind["type"]]
    read, write = _UNITS[unit]
    return (packed(read), unpacked(write)) if "packed" in kind else (read, write)
