"""The topics as a contract that machines read: AsyncAPI 3, made of the catalogue.

Rules of this file: nothing is said that the catalogue does not say. Operations are Ghostfill's own: what it
receives is sent by a program of yours.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from schemas.catalog import catalog
from schemas.topics import Topic
from schemas.wire.avro_schemas import Schema
from schemas.wire.json_text import JsonForm

ASYNCAPI = "3.0.0"
AVRO, JSON = "application/vnd.apache.avro", "application/json"
AVRO_SCHEMA = "application/vnd.apache.avro;version=1.9.0"
BINDING = "0.5.0"
IN_UNITS = "In units of 1e-8."
ABOUT = (
    "Paper trading as a stream: signals in, fills out.\n\n"
    "An Avro record is ten bytes naming its schema (C3 01, then its CRC-64-AVRO fingerprint, little-endian) "
    "and the record itself: Avro's single-object encoding. Prices, quantities and money are whole numbers of "
    "1e-8, and times are microseconds since 1970 in UTC. In JSON they are decimals and ISO texts."
)
DECIMAL = {
    "description": "A decimal of at most eight places; as text it is exact.",
    "oneOf": [{"type": "string", "pattern": r"^-?\d+(\.\d{1,8})?$"}, {"type": "number"}],
}
TIME = {
    "description": "An ISO time (UTC without a zone), or an epoch in s, ms, us or ns.",
    "oneOf": [{"type": "string", "format": "date-time"}, {"type": "number"}],
}
DURATION = {
    "description": "Such as 30s, 5m, 1h, 1d; a number is microseconds.",
    "oneOf": [{"type": "string"}, {"type": "integer"}],
}
_UNITS: dict[str, dict[str, Any]] = {"1e-8": DECIMAL, "timestamp-micros": TIME, "us": DURATION}
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "long": {"type": "integer"},
    "double": {"type": "number"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "array": {"type": "array", "items": {"type": "string"}},
}


def document(version: str, bootstrap: str) -> dict[str, Any]:
    """The whole contract; `version` is Ghostfill's, `bootstrap` where its Kafka is."""
    public = [topic for topic in catalog().topics.values() if topic.encoding == "avro"]
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


@cache
def json_schema(kind: str) -> dict[str, Any]:
    """What may be sent as JSON. Of a tick the record's key may be the symbol."""
    schema = catalog().schemas.current(kind)
    form = JsonForm(schema)
    types: dict[str, Any] = schema.field_types()
    docs = {field["name"]: field.get("doc") for field in schema.document["fields"]}
    properties = {
        field.name: {**_json_type(types.get(field.name, "string")), **_described(docs.get(field.name))}
        for field in form.fields
        if field.name in types or field.name == "symbol"
    }
    required = sorted(field.name for field in form.fields if field.required and field.name in types)
    return {"type": "object", "properties": properties, "required": required}


def _described(doc: str | None) -> dict[str, str]:
    """What Avro's whole numbers count is no matter of JSON."""
    said = (doc or "").replace(IN_UNITS, "").strip()
    return {"description": said} if said else {}


def _json_type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, str):
        return dict(_TYPES[kind])
    if kind["type"] == "enum":
        return {"type": "string", "enum": list(kind["symbols"])}
    if kind["type"] == "map":
        values = {"type": "number"} if kind["values"] == "double" else {}
        return {"type": "object", "additionalProperties": values}
    unit = kind.get("logicalType") or kind.get("unit")
    each = dict(_UNITS[unit] if unit else _TYPES[kind["type"]])
    return {"type": "array", "items": each} if "packed" in kind else each
