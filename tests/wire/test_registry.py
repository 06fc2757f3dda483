"""The Confluent wire format, with a registry that answers on loopback."""

import io
import json
import struct
from http.server import ThreadingHTTPServer
from typing import ClassVar

import fastavro
import pytest

from schemas.catalog import catalog
from schemas.codec import Codec
from schemas.errors import MessageError, RegistryError
from schemas.messages import Signal, Tick
from schemas.wire.avro_schemas import plain
from schemas.wire.registry import Registry
from tests.json_server import JsonAnswers, serving

TS = 1_741_012_200_000_000
SIGNAL = catalog().schemas.current("signal").document
TICK = catalog().schemas.current("tick").document
THEIRS = {
    "type": "record",
    "name": "Alarm",
    "namespace": "org.acme",
    "fields": [
        {"name": "signal_id", "type": "string"},
        {"name": "source", "type": "string"},
        {"name": "symbol", "type": "string"},
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["long", "short"]}},
        {"name": "desk", "type": "string"},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    ],
}
MILLIS = THEIRS | {
    "fields": [
        *THEIRS["fields"][:-1],
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ]
}
REGISTERED = {
    "/schemas/ids/1": {"schema": json.dumps(SIGNAL)},
    "/schemas/ids/2": {"schema": json.dumps(TICK)},
    "/schemas/ids/3": {"schema": json.dumps(THEIRS)},
    "/schemas/ids/4": {"schema": json.dumps(MILLIS)},
    "/schemas/ids/5": {"schema": '"string"'},
    "/schemas/ids/6": {"schema": "syntax = proto3", "schemaType": "PROTOBUF"},
}
FIELDS = {"signal_id": "a", "source": "s", "symbol": "AAPL", "side": "long", "ts": TS, "desk": "d"}
ANSWER = Signal(signal_id="a", source="s", symbol="AAPL", side="long", ts=TS)


class Answers(JsonAnswers):
    asked: ClassVar[list[str]] = []

    def do_GET(self):  # the library's name
        self.asked.append(self.path)
        status = 500 if self.path.endswith("/999") else 200 if self.path in REGISTERED else 404
        self.answer(status, REGISTERED.get(self.path, {"error_code": 40403}))


@pytest.fixture
def url():
    Answers.asked = []
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Answers)) as server:
        yield f"http://127.0.0.1:{server.server_port}/"


def confluent(number, schema, fields):
    target = io.BytesIO()
    target.write(struct.pack(">bI", 0, number))
    fastavro.schemaless_writer(target, fastavro.parse_schema(plain(schema)), fields)
    return target.getvalue()


def test_a_registered_schema_is_fetched_once(url):
    codec = Codec(registry=Registry(url))
    value = confluent(1, SIGNAL, FIELDS)
    assert codec.decode("signals", None, value) == ANSWER
    assert codec.decode("signals", None, value) == ANSWER
    assert Answers.asked == ["/schemas/ids/1"]


def test_a_tick_is_told_by_its_name(url):
    value = confluent(2, TICK, {"ts": TS, "price": 5, "size": -1, "bid": 0, "ask": 0})
    assert Codec(registry=Registry(url)).decode("ticks", b"A", value) == Tick(symbol="A", ts=TS, price=5)


def test_another_name_and_other_fields_are_resolved(url):
    value = confluent(3, THEIRS, FIELDS)
    assert Codec(registry=Registry(url)).decode("signals", None, value) == ANSWER


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (confluent(4, MILLIS, FIELDS), "ts: found timestamp-millis in schema 4, expected timestamp-micros"),
        (b"\0\0\0\0\5", "schema: found id 5: "),
        (b"\0\0\0\0\6", "schema: found id 6: "),
        (b"\0\0\0\0\7", "schema: found id 7, expected an id that http://127.0.0.1"),
        (b"\0\0\0", "value: found 3 bytes, expected a schema's id"),
        (b"\0\0\0\0\1", "value: found "),
        (b"\0\0\0\0\2", "value: found "),
    ],
)
def test_what_cannot_be_read_says_why(url, value, said):
    with pytest.raises(MessageError) as caught:
        Codec(registry=Registry(url)).decode("signals", None, value)
    assert str(caught.value).startswith(said)


def test_without_a_registry_the_error_says_what_is_missing():
    with pytest.raises(MessageError, match="expected a configured schema registry URL"):
        Codec().decode("signals", None, confluent(1, SIGNAL, FIELDS))


def test_a_registry_that_fails_is_no_fault_of_the_message(url):
    with pytest.raises(RegistryError, match="answered 500"):
        Codec(registry=Registry(url)).decode("signals", None, confluent(999, SIGNAL, FIELDS))
    with pytest.raises(RegistryError, match="does not answer"):
        Codec(registry=Registry("http://127.0.0.1:1")).decode("signals", None, b"\0\0\0\0\1")
