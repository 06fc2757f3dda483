"""Our schemas in a registry: putting them there, and whether what is there goes with ours.

Rules of this file: a topic of one message has the subject `TOPIC-value`, as serializers have it themselves;
one of several has `TOPIC-ghostfill.NAME` for each. Versions go in one after another, and what is there stays.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from fastavro.schema import SchemaParseException, to_parsing_canonical_form

from schemas.catalog import catalog
from schemas.errors import RegistryError
from schemas.wire.avro_schemas import Schema, plain
from schemas.wire.registry_server import RegistryServer

State = Literal["same", "missing", "older", "other"]


class Subject(NamedTuple):
    """One message of one topic, under its name in a registry."""

    name: str
    topic: str
    kind: str
    schemas: tuple[Schema, ...]
    """The versions, the first one first."""

    @property
    def path(self) -> str:
        return f"/subjects/{quote(self.name, safe='')}/versions"


class Registered(NamedTuple):
    """A version that is in the registry."""

    subject: str
    version: int
    """Of ours."""
    id: int


class Compared(NamedTuple):
    """A subject, there and here."""

    subject: str
    state: State
    """`older`: some of our versions are not there; `other`: its newest is not one of ours."""
    reads: bool
    """Whether our newest version reads what the newest one there wrote."""
    why_not: str = ""


def subjects() -> Iterator[Subject]:
    """All public topics'."""
    schemas = catalog().schemas
    for topic in catalog().public.values():
        for kind in topic.messages:
            versions = tuple(schemas.versions[kind].values())
            last = versions[-1].document
            own = "value" if len(topic.messages) == 1 else f"{last['namespace']}.{last['name']}"
            yield Subject(f"{topic.name}-{own}", topic.name, kind, versions)


def publish(server: RegistryServer) -> Iterator[Registered]:
    """What is there already is answered with the id that it has."""
    for subject in subjects():
        for schema in subject.schemas:
            answer = server.post(subject.path, {"schema": json.dumps(schema.document)})
            if answer is None:
                raise RegistryError(
                    f"{server.url} takes no schemas: expected the address of a registry's API"
                )
            yield Registered(subject.name, schema.version, answer["id"])


def compare(server: RegistryServer) -> Iterator[Compared]:
    for subject in subjects():
        there = server.get(subject.path)
        if there is None:
            yield Compared(subject.name, "missing", reads=True)
            continue
        theirs = [_canonical(server.get(f"{subject.path}/{version}")) for version in there]
        ours = [to_parsing_canonical_form(plain(schema.document)) for schema in subject.schemas]
        if theirs[-1] not in ours:
            yield _other(server, subject)
        else:
            yield Compared(subject.name, "same" if set(ours) <= set(theirs) else "older", reads=True)


def _canonical(answer: Any) -> str:
    """What is no Avro equals none of ours."""
    try:
        return str(to_parsing_canonical_form(plain(json.loads(answer["schema"]))))
    except (ValueError, KeyError, TypeError, SchemaParseException):
        return ""


def _other(server: RegistryServer, subject: Subject) -> Compared:
    path = f"/compatibility{subject.path}/latest?verbose=true"
    found = server.post(path, {"schema": json.dumps(subject.schemas[-1].document)}) or {}
    reads = bool(found.get("is_compatible"))
    return Compared(subject.name, "other", reads, "" if reads else "; ".join(found.get("messages", [])))
