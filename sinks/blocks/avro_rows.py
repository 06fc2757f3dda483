"""Records of a results topic as a block that ClickHouse reads into columns by itself.

Rules of this file:
- A block is an Avro file: each row is the record as Kafka has it, behind it its place. No row is taken apart
  here, except where it may have to be given its time, or was not written by the newest schema.
- The place ends with the topic, which its table has as a constraint: a record that is longer or shorter than
  its schema says shifts what follows, and the block is refused.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from schemas.codec import Codec
from schemas.errors import MessageError
from schemas.wire.avro_schemas import HEADER_SIZE, MARKER
from sinks.blocks.columns import PLACE, columns_of, is_money, sent_as
from sinks.blocks.records import Partition, Record, RecordRun, size_of
from sinks.blocks.tables import ResultTable
from sinks.blocks.varints import signed

FORMAT = "Avro"
_MAGIC = b"Obj\x01"
_SYNC = b"ghostfill's rows"
_BEHIND: tuple[dict[str, Any], ...] = (
    {"name": "k_offset", "type": "double"},
    {"name": "k_time", "type": "double"},
    {"name": "k_partition", "type": "long"},
    {"name": "k_topic", "type": "string"},
)
"""Offsets and times as doubles, which have one length and hold both exactly."""
_NAMES = tuple(field["name"] for field in _BEHIND)
assert set(_NAMES) == set(PLACE)
_OFFSET_AND_TIME = struct.Struct("<dd").pack


class NewerSchemaError(Exception):
    """A record that a newer Ghostfill wrote: it is good, but not for this one."""


class AvroRows:
    """The rows of one table. `foreign`: whether others than Ghostfill write its topic."""

    def __init__(self, table: ResultTable, codec: Codec, *, foreign: bool) -> None:
        schema = codec.catalog.schemas.current(table.kind)
        self._table = table
        self._codec = codec
        self._foreign = foreign
        self._may_name_no_time = table.kind == "signal"
        self._header = schema.header
        names = [sent_as(name) if is_money(kind) else name for name, kind in columns_of(schema).items()]
        fields = zip(schema.document["fields"], names, strict=True)
        self._head = head([*({**field, "name": name} for field, name in fields), *_BEHIND])
        self.names = (*names, *_NAMES)

    def block(self, runs: Sequence[RecordRun]) -> bytes:
        """All of them; one that is no message is a MessageError."""
        parts: list[bytes] = []
        for run in runs:
            topic, partition = run.place
            end = signed(partition) + _text(topic.encode())
            for offset, time, key, value in zip(run.offsets, run.times, run.keys, run.values, strict=True):
                if self._may_name_no_time or value is None or not value.startswith(self._header):
                    value = self._codec.encode(self._decoded(run.place, Record(offset, time, key, value)))
                parts += value[HEADER_SIZE:], _OFFSET_AND_TIME(offset, time), end
        return file_of(self._head, size_of(runs), parts)

    def check(self, place: Partition, record: Record) -> None:
        """Raises what is wrong with it, if anything can be said."""
        self._decoded(place, record)

    def _decoded(self, place: Partition, record: Record) -> Any:
        try:
            return self._codec.decode(self._table.topic, record.key, record.value, record.arrived)
        except MessageError as error:
            if error.field == "schema" and not self._foreign and (record.value or b"").startswith(MARKER):
                raise NewerSchemaError(
                    f"{place.topic}, partition {place.partition}, offset {record.offset}: {error}; "
                    "a newer Ghostfill wrote it: start that one's sink"
                ) from error
            raise


def head(fields: Sequence[Mapping[str, Any]]) -> bytes:
    """What an Avro file begins with."""
    document = {"type": "record", "name": "Row", "fields": fields}
    known = {b"avro.schema": orjson.dumps(document), b"avro.codec": b"null"}
    pairs = b"".join(_text(name) + _text(value) for name, value in known.items())
    return b"".join((_MAGIC, signed(len(known)), pairs, signed(0), _SYNC))


def file_of(head: bytes, rows: int, parts: Iterable[bytes]) -> bytes:
    """An Avro file of rows that are already written."""
    body = b"".join(parts)
    return b"".join((head, signed(rows), signed(len(body)), body, _SYNC))


def _text(octets: bytes) -> bytes:
    return signed(len(octets)) + octets
