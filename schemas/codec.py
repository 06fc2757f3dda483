"""Messages to bytes and back: the one place that knows how a public topic's records look.

Rules of this file:
- We write Avro single-object encoding. We read that, the Confluent wire format where a registry is known, and
  plain JSON on the topics that say so.
- Any bytes give a message or a MessageError.
"""

from functools import cache
from typing import Any

import msgspec

from schemas.catalog import Catalog, catalog
from schemas.checks import check, check_quoted
from schemas.errors import NOTHING, MessageError, shorten
from schemas.kinds import KEYED_BY_RECORD, KINDS, TickBatch, kind_of
from schemas.messages import Message, Signal, Tick
from schemas.topics import Topic
from schemas.wire.avro import build, read_record, write_record
from schemas.wire.avro_schemas import HEADER_SIZE, MARKER, Schema
from schemas.wire.avro_writing import RecordWriter
from schemas.wire.json_text import JsonForm, Now, market_kind, parse, symbol_of_key
from schemas.wire.registry import CONFLUENT, ID_END, Registry
from schemas.wire.tick_record import FIELDS, check_batch, longs_of, tick_of, tick_records

_SPACE = b" \t\r\n"


class Codec:
    """Reads and writes the messages of one catalogue."""

    def __init__(self, catalogue: Catalog | None = None, registry: Registry | None = None) -> None:
        self.catalog = catalogue or catalog()
        self.registry = registry or Registry(None)
        schemas = self.catalog.schemas
        self._current = {kind: schemas.current(kind) for kind in schemas.versions}
        self._writers = {kind: RecordWriter(schema) for kind, schema in self._current.items()}
        self._ticks = tick_records(self._current["tick"])
        self._json = {kind: JsonForm(schema) for kind, schema in self._current.items()}

    def encode(self, message: Message) -> bytes:
        """The record's value. What only JSON can hold of a tick, its unknown fields, is left out."""
        if isinstance(message, Tick):
            return write_record(self._current["tick"], dict(zip(FIELDS, longs_of(message), strict=True)))
        return self._writers[kind_of(message)].write(message)

    def decode(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        arrived: int | None = None,
        now: Now | None = None,
    ) -> Message:
        """The message of a record, whole and possible.

        `arrived`, `now`: the time of a signal or a command that names none; see `JsonForm.read`. A signal in
        Avro, where nothing can be left out, says so with 0.
        """
        known = self.catalog.topic(topic)
        if known.encoding != "avro":
            raise MessageError("topic", repr(known.name), "a public topic")
        if not value:
            raise MessageError("value", NOTHING, "a message")
        if value[:2] == MARKER:
            return _timed(self._from_avro(known, key, value), arrived, now)
        if value[0] == CONFLUENT:
            return _timed(self._from_confluent(known, key, value), arrived, now)
        if known.json and value.lstrip(_SPACE)[:1] == b"{":
            return self._from_json(known, key, value, arrived, now)
        formats = "Avro or a JSON object" if known.json else "Avro"
        raise MessageError("value", shorten(value), formats)

    def read_json(self, kind: str, document: dict[str, Any]) -> Message:
        """A message of this kind from a JSON object."""
        return check(self._json[kind].read(document))

    def write_json(self, message: Message) -> dict[str, Any]:
        """A JSON object that `read_json` reads and a person understands."""
        return self._json[kind_of(message)].write(message)

    def write_whole_json(self, message: Message) -> dict[str, Any]:
        """The same with every field, also those that are absent or as usual."""
        return self._json[kind_of(message)].write_whole(message)

    def _from_avro(self, topic: Topic, key: bytes | None, value: bytes) -> Message:
        writer = self.catalog.schemas.writer_of(value)
        reader = self._reader(topic, writer.kind)
        if reader is writer and reader.kind == "tick":
            return check(tick_of(symbol_of_key(key), self._ticks.read_one(value)))
        return self._message(reader, key, read_record(value, HEADER_SIZE, writer.parsed, reader.parsed))

    def _from_confluent(self, topic: Topic, key: bytes | None, value: bytes) -> Message:
        writer = self.registry.writer_of(value)
        kind = topic.messages[0] if len(topic.messages) == 1 else writer.kind
        reader = self._reader(topic, kind)
        record = read_record(value, ID_END, writer.parsed_for(reader), reader.parsed)
        return self._message(reader, key, record)

    def _reader(self, topic: Topic, kind: str) -> Schema:
        if kind not in topic.messages:
            raise MessageError("schema", kind, f"one of {', '.join(topic.messages)} on {topic.name}")
        return self._current[kind]

    def _message(self, schema: Schema, key: bytes | None, record: dict[str, Any]) -> Message:
        if schema.kind not in KEYED_BY_RECORD:
            return check(build(KINDS[schema.kind], record))
        symbol = symbol_of_key(key)
        if schema.kind == "tick":
            return check(tick_of(symbol, [record[field] for field in FIELDS]))
        return check_batch(build(TickBatch, record | {"symbol": symbol}))

    def _from_json(
        self, topic: Topic, key: bytes | None, value: bytes, arrived: int | None, now: Now | None
    ) -> Message:
        document = parse(value)
        kind = topic.messages[0] if len(topic.messages) == 1 else market_kind(document)
        if kind in ("tick", "bar") and document.get("symbol") is None:
            document["symbol"] = symbol_of_key(key)
        message = check(self._json[kind].read(document, arrived, now))
        return check_quoted(message) if isinstance(message, Tick) else message


def _timed(message: Message, arrived: int | None, now: Now | None) -> Message:
    if not isinstance(message, Signal) or message.ts or arrived is None:
        return message
    come = msgspec.structs.replace(message, ts=arrived)
    return come if now is None else msgspec.structs.replace(come, ts=now(come))


@cache
def default_codec() -> Codec:
    """The codec of this package's catalogue, without a schema registry."""
    return Codec()


def encode(message: Message) -> bytes:
    """The record's value, by this package's catalogue."""
    return default_codec().encode(message)


def decode(
    topic: str, key: bytes | None, value: bytes | None, arrived: int | None = None, now: Now | None = None
) -> Message:
    """The message of a record, by this package's catalogue and without a schema registry."""
    return default_codec().decode(topic, key, value, arrived, now)
