"""Avro schemas: one file a message and version, found by name or by a record's first ten bytes.

Rules of this file:
- A record's header names its writer's schema: C3 01, then its CRC-64-AVRO fingerprint, little-endian. We
  write the right one, and read those that libraries in use make of the same schema as well.
- What we read and write is the schema without documentation and logical types: times stay plain integers.
- A version reads the one before it, or the set does not load.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from fastavro.schema import SchemaParseException, fingerprint, parse_schema, to_parsing_canonical_form

from schemas.errors import CatalogError, MessageError

MARKER = b"\xc3\x01"
HEADER_SIZE = 10

_FILE = re.compile(r"([a-z]+(?:-[a-z]+)*)\.v([1-9]\d*)\.avsc", re.ASCII)
_CONTAINERS = ("record", "enum", "array", "map", "fixed", "error")
_KEPT = ("type", "name", "namespace", "aliases", "fields", "symbols", "items", "values", "size", "default")


def plain(schema: Any) -> Any:
    """The schema without what does not change its bytes, except aliases and defaults."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") not in _CONTAINERS:
        return plain(schema["type"])
    kept = {key: schema[key] for key in _KEPT if key in schema}
    for inner in ("items", "values"):
        if inner in kept:
            kept[inner] = plain(kept[inner])
    if "fields" in kept:
        kept["fields"] = [
            {key: plain(part) if key == "type" else part for key, part in field.items() if key in _KEPT}
            for field in kept["fields"]
        ]
    return kept


def header_of(schema: Any) -> bytes:
    """The ten bytes before a record that this schema wrote."""
    canonical = to_parsing_canonical_form(schema)
    return MARKER + bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))


def headers_of_others(schema: Any) -> Iterator[bytes]:
    """What some libraries write there, which take the fingerprint of a form that logical types are left in.

    Rust's apache-avro leaves `{"type": "long"}`, Go's hamba/avro the logical type as well.
    """
    for kept in (("type",), ("type", "logicalType")):
        form = orjson.loads(to_parsing_canonical_form(schema))
        for field, ours in zip(form["fields"], schema["fields"], strict=True):
            field["type"] = _with_logical_type(field["type"], ours["type"], kept)
        yield MARKER + bytes.fromhex(fingerprint(orjson.dumps(form).decode(), "CRC-64-AVRO"))


def _with_logical_type(form: Any, ours: Any, kept: Iterable[str]) -> Any:
    if isinstance(ours, list):
        return [_with_logical_type(each, own, kept) for each, own in zip(form, ours, strict=True)]
    has_one = isinstance(ours, dict) and "logicalType" in ours
    return {name: ours[name] for name in kept} if has_one else form


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of one message."""

    kind: str
    version: int
    document: Mapping[str, Any]
    """As the file has it, with units and documentation."""
    parsed: Any
    header: bytes

    @property
    def file(self) -> str:
        return f"{self.kind}.v{self.version}.avsc"

    def field_types(self) -> dict[str, Any]:
        """Each field's type as the file has it; of an optional one, what is not null."""
        found = {}
        for field in self.document["fields"]:
            kind = field["type"]
            if isinstance(kind, list):
                kind = next(branch for branch in kind if branch != "null")
            found[field["name"]] = kind
        return found


def read_schema(path: Path) -> Schema:
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise CatalogError(path.name, "file name", "is not <message>.v<version>.avsc")
    try:
        document = orjson.loads(path.read_bytes())
        parsed = parse_schema(plain(document))
        header = header_of(document)
    except (ValueError, KeyError, TypeError, SchemaParseException) as error:
        raise CatalogError(path.name, "schema", f"is not an Avro schema: {error!r}") from error
    if document.get("type") != "record" or document.get("namespace") != "ghostfill":
        raise CatalogError(path.name, "namespace", "must be a record in the namespace ghostfill")
    return Schema(match[1], int(match[2]), document, parsed, header)


class Schemas:
    """Every version of every message, found by name or by a record's header."""

    def __init__(self, schemas: Iterable[Schema]) -> None:
        self.versions: dict[str, dict[int, Schema]] = {}
        self.by_header: dict[bytes, Schema] = {}
        for schema in sorted(schemas, key=lambda schema: (schema.kind, schema.version)):
            same = self.by_header.setdefault(schema.header, schema)
            if same is not schema:
                raise CatalogError(schema.file, "schema", f"writes the same bytes as {same.file}")
            self.versions.setdefault(schema.kind, {})[schema.version] = schema
        for kind, versions in self.versions.items():
            _check_versions(kind, versions)

    @classmethod
    def load(cls, folder: Path) -> "Schemas":
        return cls(read_schema(path) for path in sorted(folder.glob("*.avsc")))

    def current(self, kind: str) -> Schema:
        versions = self.versions[kind]
        return versions[len(versions)]

    @cached_property
    def _by_others_header(self) -> dict[bytes, Schema]:
        """Made when a header is not ours: it takes as long as reading all schemas."""
        return {
            header: schema
            for schema in self.by_header.values()
            for header in headers_of_others(schema.document)
        }

    def writer_of(self, value: bytes) -> Schema:
        header = bytes(value[:HEADER_SIZE])
        found = self.by_header.get(header) or self._by_others_header.get(header)
        if found is None:
            raise MessageError("schema", f"fingerprint {value[2:HEADER_SIZE].hex()}", "one of a known schema")
        return found


def _check_versions(kind: str, versions: dict[int, Schema]) -> None:
    """Versions count from 1, and each can read the one before it."""
    for number, schema in enumerate(versions.values(), start=1):
        if schema.version != number:
            raise CatalogError(schema.file, "version", f"{kind}.v{number}.avsc is missing before it")
        if number == 1:
            continue
        before = {field["name"] for field in versions[number - 1].document["fields"]}
        for field in schema.document["fields"]:
            names = {field["name"], *field.get("aliases", ())}
            if not names & before and "default" not in field:
                problem = f"needs a default, because version {number - 1} has no such field"
                raise CatalogError(schema.file, field["name"], problem)
