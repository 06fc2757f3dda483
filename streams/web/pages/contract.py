"""What is on every topic: a page for people, and AsyncAPI for machines."""

from collections.abc import Iterator
from importlib import metadata
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from schemas.asyncapi import as_yaml, document, json_schema
from schemas.catalog import catalog
from schemas.topics import Topic
from streams.web.api.common import Here
from streams.web.pages.rendering import page

router = APIRouter(include_in_schema=False)
YAML = "application/yaml"


@router.get("/asyncapi")
async def contract() -> Response:
    topics = [topic for topic in catalog().topics.values() if topic.encoding == "avro"]
    shown = [(topic, list(_messages(topic))) for topic in topics]
    return HTMLResponse(page("asyncapi.html.jinja", topics=shown, version=metadata.version("ghostfill")))


@router.get("/asyncapi.yaml")
async def as_asyncapi(here: Here) -> Response:
    text = as_yaml(document(metadata.version("ghostfill"), here.cluster.bootstrap))
    return Response(text, media_type=YAML)


def _messages(topic: Topic) -> Iterator[dict[str, Any]]:
    for kind in topic.messages:
        schema = catalog().schemas.current(kind)
        types, json = schema.field_types(), json_schema(kind)
        docs = {field["name"]: field.get("doc", "") for field in schema.document["fields"]}
        fields = [
            {
                "name": name,
                "type": _in_words(types.get(name, "string")),
                "needed": name in json["required"],
                "doc": docs.get(name, "of the record's key"),
            }
            for name in json["properties"]
        ]
        examples = [example.value for example in topic.examples if example.message == kind]
        yield {"schema": schema, "fields": fields, "example": examples[0] if examples else None}


def _in_words(kind: Any) -> str:
    """An Avro type as a person reads it."""
    if isinstance(kind, str):
        return {"string": "text", "long": "whole number", "double": "number"}.get(kind, kind)
    match kind["type"]:
        case "enum":
            return " | ".join(kind["symbols"])
        case "map":
            return "numbers by name" if kind["values"] == "double" else "values by name"
        case "array":
            return "list of texts"
    unit = kind.get("logicalType") or kind.get("unit")
    named = {"1e-8": "decimal", "timestamp-micros": "time", "us": "duration"}.get(unit, kind["type"])
    return f"list of {named}s" if "packed" in kind else named
