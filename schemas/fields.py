"""A message's fields, described: as the JSON that may be sent, and in words."""

from functools import cache
from typing import Any, NamedTuple

from schemas.catalog import catalog
from schemas.wire.json_text import JsonForm

IN_UNITS = "In units of 1e-8."
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


class FieldWords(NamedTuple):
    """One field, as a person reads it."""

    name: str
    type: str
    needed: bool
    doc: str


def fields_in_words(kind: str) -> list[FieldWords]:
    schema, json = catalog().schemas.current(kind), json_schema(kind)
    types = schema.field_types()
    docs = {field["name"]: field.get("doc", "") for field in schema.document["fields"]}
    return [
        FieldWords(
            name,
            _in_words(types.get(name, "string")),
            name in json["required"],
            docs.get(name, "of the record's key"),
        )
        for name in json["properties"]
    ]


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
