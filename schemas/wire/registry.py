"""The Confluent wire format: a byte 0, four bytes of a schema's id in a registry, then the Avro record.

Rules of this file:
- Schemas are fetched once and kept; `fetch_json` is the only I/O of this package.
- A registry that does not answer is a RegistryError, for it says nothing about the message; an id that it
  does not know, or a schema that is none, is a MessageError.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from fastavro.schema import SchemaParseException, parse_schema

from schemas.errors import MessageError, RegistryError
from schemas.wire.avro_schemas import Schema, plain

CONFLUENT = 0
ID_END = 5
FETCH_SECONDS = 10

Fetch = Callable[[str], Any]
"""The JSON behind a URL; None where there is none."""


def fetch_json(url: str) -> Any:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=FETCH_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        raise RegistryError(f"{url} answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise RegistryError(f"{url} does not answer: {error}") from error


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

    def __init__(self, url: str | None, fetch: Fetch = fetch_json) -> None:
        self.url = url.rstrip("/") if url else None
        self._fetch = fetch
        self._known: dict[int, ForeignSchema] = {}

    def writer_of(self, value: bytes) -> ForeignSchema:
        """The schema that wrote the value; the record begins at ID_END."""
        if self.url is None:
            raise MessageError("value", "the Confluent wire format", "a configured schema registry URL")
        if len(value) < ID_END:
            raise MessageError("value", f"{len(value)} bytes", "a schema's id in four bytes after the first")
        number = int.from_bytes(value[1:ID_END], "big")
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._load(number)
        return found

    def _load(self, number: int) -> ForeignSchema:
        answer = self._fetch(f"{self.url}/schemas/ids/{number}")
        if answer is None:
            raise MessageError("schema", f"id {number}", f"an id that {self.url} knows")
        try:
            document = json.loads(answer["schema"])
            if answer.get("schemaType", "AVRO") != "AVRO" or document["type"] != "record":
                raise ValueError("not an Avro record")
            found = ForeignSchema(number, document)
            parse_schema(plain(document))
            return found
        except (ValueError, KeyError, TypeError, AttributeError, SchemaParseException) as error:
            raise MessageError("schema", f"id {number}: {error}", "an Avro record's schema") from error
