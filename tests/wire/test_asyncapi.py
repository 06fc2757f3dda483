"""The contract that machines read says what the catalogue says. Its own parser reads it in `make test-languages`."""

import jsonschema_rs
import pytest
import yaml

from schemas.asyncapi import as_yaml, document
from schemas.catalog import catalog
from schemas.codec import default_codec
from schemas.fields import json_schema

CONTRACT = document("1.2.3", "kafka.example:9092")
PUBLIC = catalog().public
EXAMPLES = [
    (example.message, example.value)
    for topic in PUBLIC.values()
    if topic.json
    for example in topic.examples
    if example.message != "tick-batch"
]


def at(reference: str):
    found = CONTRACT
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_every_public_topic_is_in_it_and_no_private_one():
    assert CONTRACT["channels"].keys() == PUBLIC.keys()
    assert CONTRACT["servers"]["kafka"]["host"] == "kafka.example:9092"


@pytest.mark.parametrize("name", PUBLIC)
def test_a_channel_is_its_topic(name: str):
    channel, topic = CONTRACT["channels"][name], PUBLIC[name]
    kafka = channel["bindings"]["kafka"]
    assert kafka["partitions"] == topic.partitions
    assert kafka["topicConfiguration"]["cleanup.policy"] == ["compact" if topic.compacted else "delete"]
    assert kafka["topicConfiguration"].get("retention.ms") == topic.retention_ms
    messages = [at(each["$ref"]) for each in channel["messages"].values()]
    avro = [each["payload"]["schema"] for each in messages if "schema" in each["payload"]]
    assert avro == [catalog().schemas.current(kind).document for kind in topic.messages]
    assert len(messages) == len(avro) * (2 if topic.json else 1)


def test_who_sends_and_who_reads():
    actions = {
        each["channel"]["$ref"].rpartition("/")[2]: each["action"] for each in CONTRACT["operations"].values()
    }
    assert (actions["signals"], actions["ticks"], actions["commands"]) == ("receive", "receive", "receive")
    assert (actions["fills"], actions["decisions"], actions["dead-letters"]) == ("send", "send", "send")


@pytest.mark.parametrize(("kind", "value"), EXAMPLES)
def test_the_examples_are_what_the_json_schema_allows_and_the_codec_reads(kind, value):
    jsonschema_rs.validate(json_schema(kind), value)
    assert default_codec().read_json(kind, dict(value))


@pytest.mark.parametrize(
    "wrong", [{"side": "up"}, {"confidence": "high"}, {"price": "1.123456789"}, {"source": None}]
)
def test_what_the_codec_refuses_the_json_schema_refuses(wrong):
    (good,) = [value for kind, value in EXAMPLES if kind == "signal" and len(value) > 6]
    assert jsonschema_rs.is_valid(json_schema("signal"), good)
    assert not jsonschema_rs.is_valid(json_schema("signal"), {**good, **wrong})


def test_as_yaml_it_is_the_same():
    assert yaml.safe_load(as_yaml(CONTRACT)) == CONTRACT
