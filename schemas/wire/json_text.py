"""Messages as JSON: what anyone may send, and what a person reads.

Rules of this file:
- Reading is lenient about names, times and numbers, and strict about values (see `numbers` and `values`).
- null is absent. What the message does not know is kept in `extra` as JSON text, if it has an `extra`.
- Writing gives what reading takes: decimals as strings, times as ISO text, absent fields left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
import orjson

from schemas.errors import NOTHING, MessageError, shorten
from schemas.kinds import KEYED_BY_RECORD, KINDS
from schemas.messages import Message
from schemas.text.ids import signal_id
from schemas.text.names import check_name
from schemas.text.numbers import TIME_END, time_text
from schemas.wire.avro_schemas import Schema
from schemas.wire.json_values import Read, Write, codec_of, json_text

_TIME = ("timestamp", "time")
_VOLUME = ("v", "vol")
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "tick": {"ts": (*_TIME, "t"), "price": ("last",), "size": ("qty", "quantity", "volume", *_VOLUME)},
    "bar": {
        "ts": (*_TIME, "t"),
        "open": ("o",),
        "high": ("h",),
        "low": ("l",),
        "close": ("c",),
        "volume": _VOLUME,
    },
    "clock": {"ts": (*_TIME, "t")},
}
"""What the fields of a kind may be called besides; `ts` of every kind as in `_TIME`."""

_PRICES = frozenset({"price", *ALIASES["tick"]["price"], "bid", "ask"})
_NOT_IN_RECORD = {"symbol": "string", "extra": {"type": "map", "values": "string"}}
_EMBEDDED = frozenset({"settings"})
"""Text that holds JSON: an object is accepted in its place."""

_MADE: dict[str, tuple[str, Callable[..., str], tuple[str, ...]]] = {
    "signal": ("signal_id", signal_id, ("source", "symbol", "ts", "side"))
}
"""A field that is made of others where it is absent."""

Now = Callable[[Any], int]
"""The time that is meant by a message that names none; what it is given bears that at which Kafka had it."""
_MAY_BE_NOW = frozenset({"signal", "command"})
"""Messages that are wishes: what happened on a market has a time of its own."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message in JSON."""

    name: str
    names: tuple[str, ...]
    """Its own name, then what else it may be called."""
    required: bool
    read: Read
    write: Write
    default: Any


class JsonForm:
    """The JSON of one kind of message."""

    def __init__(self, schema: Schema) -> None:
        self.kind = schema.kind
        self.type = KINDS[schema.kind]
        types = schema.field_types()
        if self.kind in KEYED_BY_RECORD:
            types |= _NOT_IN_RECORD
        also = {"ts": _TIME, **ALIASES.get(self.kind, {})}
        self.made = _MADE.get(self.kind)
        made = self.made[0] if self.made else None
        self.fields = tuple(
            Field(
                field.name,
                (field.name, *also.get(field.name, ())),
                field.required and not _may_be_absent(field) and field.name != made,
                *codec_of(types[field.name]),
                _default(field),
            )
            for field in msgspec.structs.fields(self.type)
        )
        self.keeps_unknown = "extra" in self.type.__struct_fields__

    def read(
        self, document: Mapping[str, Any], arrived: int | None = None, now: Now | None = None
    ) -> Message:
        """`arrived`: when Kafka had it, which is its `ts` where it names none; with `now`, what that says is.

        Whoever reads the record makes the same id: of `arrived`, whatever `now` says.
        """
        if arrived is None or not 0 <= arrived < TIME_END:
            return self._read(document)
        names = ("ts", *_TIME)
        if self.kind not in _MAY_BE_NOW or any(document.get(name) is not None for name in names):
            return self._read(document)
        rest = {name: value for name, value in document.items() if name not in names}
        message = self._read({**rest, "ts": time_text(arrived)})
        return message if now is None else msgspec.structs.replace(message, ts=now(message))

    def _read(self, document: Mapping[str, Any]) -> Message:
        rest = dict(document)
        values: dict[str, Any] = {}
        for field in self.fields:
            for name in field.names:
                value = rest.pop(name, None)
                if value is not None:
                    values[field.name] = self._value(field, name, value)
                    break
            else:
                if field.required:
                    raise MessageError(field.name, NOTHING, "a value")
                if field.default is None:
                    values[field.name] = None
        if rest:
            self._keep(rest, values)
        if self.made and values.get(self.made[0]) is None:
            name, make, of = self.made
            values[name] = make(*(values[each] for each in of))
        return self.type(**values)

    def _value(self, field: Field, name: str, value: object) -> Any:
        if field.name in _EMBEDDED and type(value) is dict:
            return json_text(name, value)
        return field.read(name, value)

    def _keep(self, rest: dict[str, Any], values: dict[str, Any]) -> None:
        if not self.keeps_unknown:
            raise MessageError(min(rest), shorten(rest[min(rest)]), f"only fields of a {self.kind}")
        unknown = {name: json_text(name, value) for name, value in rest.items()}
        values["extra"] = unknown | values.get("extra", {})

    def write(self, message: Message) -> dict[str, Any]:
        return {
            field.name: field.write(value)
            for field in self.fields
            if (value := getattr(message, field.name)) is not None and value != field.default
        }

    def write_whole(self, message: Message) -> dict[str, Any]:
        return {
            field.name: None if value is None else field.write(value)
            for field in self.fields
            for value in (getattr(message, field.name),)
        }


def _may_be_absent(field: msgspec.structs.FieldInfo) -> bool:
    return type(None) in get_args(field.type)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.required:
        return None if _may_be_absent(field) else msgspec.NODEFAULT
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def parse(value: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise MessageError("value", f"{shorten(value)}: {error}", "JSON or Avro") from error
    if type(document) is not dict:
        raise MessageError("value", shorten(document), "a JSON object")
    return document


def market_kind(document: Mapping[str, Any]) -> str:
    """Which market record it is: a bar has an open; a clock has a feed, no symbol and no price."""
    if "open" in document or "o" in document:
        return "bar"
    if "feed" in document and "symbol" not in document and _PRICES.isdisjoint(document):
        return "clock"
    return "tick"


def symbol_of_key(key: bytes | None) -> str:
    """The symbol that a record's key holds."""
    if not key:
        raise MessageError("key", NOTHING, "the symbol")
    try:
        return check_name("key", key.decode())
    except UnicodeDecodeError as error:
        raise MessageError("key", shorten(key), "the symbol as UTF-8") from error
