"""The Confluent wire format: a byte 0, four bytes of a schema's id in a registry, then the Avro record.

Rules of this file:
- Schemas are fetched once and kept.
- A registry that does not answer is a RegistryError, for it says nothing about the message; an id that it
  does not know, or a schema that is none, is a MessageError.
"""

import json
from typing import Any

from fastavro.schema import SchemaParseException, parse_schema

from schemas.errors import MessageError
from schemas.wire.avro_schemas import Schema, plain
from schemas.wire.registry_server import RegistryServer

CONFLUENT = 0
ID_END = 5


class ForeignSchema:
    """A schema that somebody registered."""

    def __init__(self, number: int, document: dict[str, Any]) -> None:
        self.number = number
        self.kind = _kind_of_name(document["name"])
        """The message that its name means, if any."""
        self._document = document
        self._parsed: dict[str, Any] = {}

    def parsed_for(self, reader: Schema) -> Any:
        """Parsed, under the reader's name; times in another unit than the reader's are refused."""
        found = self._parsed.get(reader.kind)
        if found is None:
            self._check_units(reader)
            renamed = plain(self._document) | {"name": reader.document["name"], "namespace": "ghostfill"}
            found = self._parsed[reader.kind] = parse_schema(renamed)
        return found

    def _check_units(self, reader: Schema) -> None:
        theirs = {field["name"]: _logical_type(field["type"]) for field in self._document["fields"]}
        for name, kind in reader.field_types().items():
            ours, written = _logical_type(kind), theirs.get(name)
            if written and written != ours:
                raise MessageError(name, f"{written} in schema {self.number}", ours or "no logical type")


def _logical_type(kind: Any) -> str | None:
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, dict) and branch.get("logicalType"):
            return str(branch["logicalType"])
    return None


def _kind_of_name(name: str) -> str:
    """TickBatch, org.acme.TickBatch and tick_batch are tick-batch."""
    last = name.rpartition(".")[2].replace("_", "-")
    words = "".join(f"-{each.lower()}" if each.isupper() else each for each in last)
    return words.strip("-").replace("--", "-")


class Registry:
    """A schema registry at a URL, or the lack of one."""

    def __init__(self, url: str | None) -> None:
        self._server = RegistryServer(url) if url else None
        self._known: dict[int, ForeignSchema] = {}

    def writer_of(self, value: bytes) -> ForeignSchema:
        """The schema that wrote the value; the record begins at ID_END."""
        if self._server is None:
            raise MessageError("value", "the Confluent wire format", "a configured schema registry URL")
        if len(value) < ID_END:
            raise MessageError("value", f"{len(value)} bytes", "a schema's id in four bytes after the first")
        number = int.from_bytes(value[1:ID_END], "big")
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = _load(self._server, number)
        return found


def _load(server: RegistryServer, number: int) -> ForeignSchema:
    answer = server.get(f"/schemas/ids/{number}")
    if answer is None:
        raise MessageError("schema", f"id {number}", f"an id that {server.url} knows")
    try:
        document = json.loads(answer["schema"])
        if answer.get("schemaType", "AVRO") != "AVRO" or document["type"] != "record":
            raise ValueError("not an Avro record")
        found = ForeignSchema(number, document)
        parse_schema(plain(document))
        return found
    except (ValueError, KeyError, TypeError, AttributeError, SchemaParseException) as error:
        raise MessageError("schema", f"id {number}: {error}", "an Avro record's schema") from error
