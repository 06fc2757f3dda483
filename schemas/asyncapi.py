"""The topics as a contract that machines read: AsyncAPI 3, made of the catalogue.

Rules of this file: nothing is said that the catalogue does not say. Operations are Ghostfill's own: what it
receives is sent by a program of yours.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from schemas.catalog import catalog
from schemas.fields import json_schema
from schemas.topics import Topic
from schemas.wire.avro_schemas import Schema

ASYNCAPI = "3.0.0"
AVRO, JSON = "application/vnd.apache.avro", "application/json"
AVRO_SCHEMA = "application/vnd.apache.avro;version=1.9.0"
BINDING = "0.5.0"
ABOUT = (
    "Paper trading as a stream: signals in, fills out.\n\n"
    "An Avro record is ten bytes naming its schema (C3 01, then its CRC-64-AVRO fingerprint, little-endian) "
    "and the record itself: Avro's single-object encoding. Prices, quantities and money are whole numbers of "
    "1e-8, and times are microseconds since 1970 in UTC. In JSON they are decimals and ISO texts."
)


def document(version: str, bootstrap: str) -> dict[str, Any]:
    """The whole contract; `version` is Ghostfill's, `bootstrap` where its Kafka is."""
    public = catalog().public.values()
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Ghostfill",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": AVRO,
        "servers": {"kafka": {"host": bootstrap, "protocol": "kafka"}},
        "channels": {topic.name: _channel(topic) for topic in public},
        "operations": {name: each for topic in public for name, each in _operations(topic)},
        "components": {"messages": {name: each for topic in public for name, each in _messages(topic)}},
    }


def as_yaml(contract: dict[str, Any]) -> str:
    return str(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=120))


def _channel(topic: Topic) -> dict[str, Any]:
    settings: dict[str, Any] = {"cleanup.policy": ["compact" if topic.compacted else "delete"]}
    if topic.retention_ms is not None:
        settings["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "title": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name, _ in _messages(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": settings,
                "bindingVersion": BINDING,
            }
        },
        "x-writers": list(topic.writers),
        "x-readers": list(topic.readers),
    }


def _operations(topic: Topic) -> Iterator[tuple[str, dict[str, Any]]]:
    """What people send is received, what we tell is sent; a market is both."""
    theirs = any(writer.startswith("your") for writer in topic.writers)
    ours = any(reader.startswith("your") or reader == "web" for reader in topic.readers)
    title = "".join(word.capitalize() for word in topic.name.split("-"))
    channel = {"$ref": f"#/channels/{topic.name}"}
    if theirs:
        yield f"receive{title}", {"action": "receive", "channel": channel, "summary": "Sent by your program."}
    if ours and not theirs:
        yield f"send{title}", {"action": "send", "channel": channel, "summary": "Read by your program."}


def _messages(topic: Topic) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each in Avro, and in JSON where that is taken too."""
    for kind in topic.messages:
        schema = catalog().schemas.current(kind)
        yield _named(topic, kind), _avro(topic, schema)
        if topic.json:
            yield f"{_named(topic, kind)}-json", _json(topic, schema)


def _named(topic: Topic, kind: str) -> str:
    """Bars are on two topics, with other keys."""
    on = [each for each in catalog().topics.values() if kind in each.messages]
    return kind if len(on) == 1 else f"{topic.name}-{kind}"


def _avro(topic: Topic, schema: Schema) -> dict[str, Any]:
    return {
        **_message(topic, schema, AVRO),
        "payload": {"schemaFormat": AVRO_SCHEMA, "schema": schema.document},
        "x-header": schema.header.hex(),
    }


def _json(topic: Topic, schema: Schema) -> dict[str, Any]:
    examples = [
        {"name": f"example{number}", "payload": dict(example.value)}
        for number, example in enumerate(topic.examples, 1)
        if example.message == schema.kind
    ]
    return {
        **_message(topic, schema, JSON),
        "payload": json_schema(schema.kind),
        **({"examples": examples} if examples else {}),
    }


def _message(topic: Topic, schema: Schema, content: str) -> dict[str, Any]:
    return {
        "name": schema.kind,
        "title": schema.document["name"],
        "summary": schema.document.get("doc", ""),
        "contentType": content,
        "bindings": {
            "kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": BINDING}
        },
    }
