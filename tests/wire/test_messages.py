"""Every message goes to bytes and back, and its files agree with its type."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalog import catalog
from schemas.codec import Codec, decode, encode
from schemas.errors import MessageError
from schemas.kinds import KEYED_BY_RECORD, KINDS, key_of, topic_of
from schemas.messages import Clock, Signal
from schemas.wire.avro import write_record
from tests.wire.strategies import messages

CODEC = Codec()
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
EXAMPLES = [
    pytest.param(topic.name, example, id=f"{topic.name}-{number}-{example.message}")
    for topic in catalog().topics.values()
    for number, example in enumerate(topic.examples)
]


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
def test_an_example_is_a_message_that_survives_avro_and_json(topic, example):
    message = CODEC.read_json(example.message, dict(example.value))
    assert decode(topic, key_of(message), encode(message)) == message
    assert CODEC.read_json(example.message, CODEC.write_json(message)) == message


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
def test_the_time_of_an_example_has_the_names_that_a_time_has(topic, example):
    message = CODEC.read_json(example.message, dict(example.value))
    for name in ("timestamp", "time"):
        renamed = {name if key == "ts" else key: value for key, value in example.value.items()}
        assert CODEC.read_json(example.message, renamed) == message


def test_every_message_has_an_example():
    told = {example.message for topic in catalog().topics.values() for example in topic.examples}
    assert told == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_survives_avro_and_json(kind):
    @QUICK
    @given(messages(kind))
    def survives(message):
        assert decode(topic_of(message), key_of(message), encode(message)) == message
        assert CODEC.read_json(kind, CODEC.write_json(message)) == message

    survives()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tick"])
def test_every_message_is_written_as_fastavro_writes_it(kind):
    schema = catalog().schemas.current(kind)

    @QUICK
    @given(messages(kind))
    def same(message):
        assert encode(message) == write_record(schema, msgspec.structs.asdict(message))

    same()


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_every_long_is_written_as_fastavro_writes_it(number):
    clock = Clock(feed="f", ts=number)
    assert encode(clock) == write_record(catalog().schemas.current("clock"), {"feed": "f", "ts": number})


@pytest.mark.parametrize("wrong", [1 << 63, -(1 << 63) - 1, None, "1"])
def test_what_a_schema_cannot_hold_is_refused(wrong):
    with pytest.raises(MessageError):
        encode(Clock(feed="f", ts=wrong))


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_has_the_fields_of_its_message(kind):
    fields = [
        field.name
        for field in msgspec.structs.fields(KINDS[kind])
        if not (kind in KEYED_BY_RECORD and field.name in ("symbol", "extra"))
    ]
    schema = catalog().schemas.current(kind)
    assert [field["name"] for field in schema.document["fields"]] == fields


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in KEYED_BY_RECORD])
def test_a_schema_has_the_types_and_defaults_of_its_message(kind):
    document = catalog().schemas.current(kind).document
    for field, wire in zip(msgspec.structs.fields(KINDS[kind]), document["fields"], strict=True):
        optional = type(None) in get_args(field.type)
        assert isinstance(wire["type"], list) == optional, field.name
        if field.required:
            continue
        default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        assert wire["default"] == (list(default) if isinstance(default, tuple) else default), field.name


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of_a_schema_are_those_of_its_message(kind):
    types = catalog().schemas.current(kind).field_types()
    for field in msgspec.structs.fields(KINDS[kind]):
        wire: Any = types.get(field.name)
        if isinstance(wire, dict) and wire["type"] == "enum":
            words = [word for word in get_args(field.type) if isinstance(word, str)]
            nested = [get_args(part) for part in get_args(field.type) if get_args(part)]
            assert wire["symbols"] == (words or list(nested[0])), field.name


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_published_where_the_catalogue_says(kind):
    @settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
    @given(messages(kind), st.none())
    def published(message, _):
        assert kind in catalog().topics[topic_of(message)].messages
        assert key_of(message)

    published()


@pytest.mark.parametrize(
    "header",
    [
        "c3015194dc2c4fda22d7",  # apache-avro 0.22, Rust
        "c30198e730246ed84d26",  # hamba/avro 2.31, Go
    ],
)
def test_a_header_that_a_library_makes_of_another_form_of_the_schema_is_known(header):
    signal = Signal(signal_id="a", source="s", symbol="A", side="long", ts=1)
    value = encode(signal)
    assert decode("signals", None, bytes.fromhex(header) + value[10:]) == signal
    assert value[:10].hex() != header, "ours is the one that Avro says"
