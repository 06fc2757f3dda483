"""`ghostfill schemas`: what records look like, for programs in any language, and in a registry of schemas."""

import json
import os
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import TypeVar

import click

from schemas.asyncapi import as_yaml, document
from schemas.catalog import catalog
from schemas.wire.avro_schemas import Schema
from schemas.wire.registry_server import RegistryServer
from streams.cli.options.many import example
from streams.cli.options.params import REGISTRY
from streams.clients import schema_registry
from streams.transport.kafka.cluster import BOOTSTRAP

Told = TypeVar("Told", schema_registry.Registered, schema_registry.Compared)

registry_option = click.option(
    "--registry",
    envvar=REGISTRY,
    show_envvar=True,
    metavar="URL",
    help="The registry; a name and password may stand in it: https://NAME:PASSWORD@HOST.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
SAID = {
    "same": "same",
    "missing": "not there: `ghostfill schemas publish` puts it there",
    "older": "a version is not there yet: `ghostfill schemas publish` puts it there",
    "other": "another program's, which Ghostfill can read",
}


@click.group(epilog=example("ghostfill schemas list\nghostfill schemas show fill > fill.avsc"))
def schemas() -> None:
    """Show the Avro schemas of all records, and put them into a schema registry.

    Ghostfill's own records need no registry: each names its schema in its first ten bytes.
    """


@schemas.command("list", epilog=example("ghostfill schemas list"))
@json_option
def list_(as_json: bool) -> None:
    """List messages with their topics, versions and the first ten bytes of their records."""
    found = [
        (schema, _topics(kind))
        for kind, versions in catalog().schemas.versions.items()
        for schema in versions.values()
    ]
    if as_json:
        rows = [
            {"message": each.kind, "version": each.version, "topics": topics, "header": each.header.hex()}
            for each, topics in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for each, topics in found:
        click.echo(f"{each.kind:12} v{each.version}  {each.header.hex()}  {', '.join(topics)}")


@schemas.command(epilog=example("ghostfill schemas show fill\nghostfill schemas show equity.v1"))
@click.argument("message")
@click.option("--header", is_flag=True, help="Print the first ten bytes of its records instead, in hex.")
def show(message: str, header: bool) -> None:
    """Print a MESSAGE's schema: the newest version, or that of NAME.v1."""
    found = _schema(message)
    click.echo(found.header.hex() if header else json.dumps(found.document, indent=2, ensure_ascii=False))


@schemas.command(epilog=example("ghostfill schemas publish --registry http://registry:8081"))
@registry_option
@json_option
def publish(registry: str | None, as_json: bool) -> None:
    """Put all schemas into a registry, for programs that look them up there."""
    done = list(schema_registry.publish(_server(registry)))
    _show(done, as_json, lambda each: f"v{each.version}  id {each.id}")


@schemas.command(epilog=example("ghostfill schemas check --registry http://registry:8081"))
@registry_option
@json_option
def check(registry: str | None, as_json: bool) -> None:
    """Compare a registry with the schemas of this version; exit with 1 where they do not go together."""
    found = list(schema_registry.compare(_server(registry)))
    _show(found, as_json, _said)
    if not all(each.reads and each.state in ("same", "other") for each in found):
        raise click.exceptions.Exit(1)


@schemas.command(epilog=example("ghostfill schemas asyncapi > asyncapi.yaml"))
@json_option
def asyncapi(as_json: bool) -> None:
    """Print what is on every topic as AsyncAPI 3, which code generators and catalogues read."""
    bootstrap = os.environ.get(BOOTSTRAP) or "localhost:9092"
    contract = document(metadata.version("ghostfill"), bootstrap)
    click.echo(json.dumps(contract, indent=2) if as_json else as_yaml(contract))


def _show(found: Sequence[Told], as_json: bool, said: Callable[[Told], str]) -> None:
    if as_json:
        click.echo(json.dumps([each._asdict() for each in found], indent=2))
        return
    for each in found:
        click.echo(f"{each.subject:32} {said(each)}")


def _said(found: schema_registry.Compared) -> str:
    return SAID[found.state] if found.reads else f"Ghostfill cannot read it: {found.why_not}"


def _server(registry: str | None) -> RegistryServer:
    if not registry:
        raise click.UsageError(f"no registry is named: give --registry URL, or set {REGISTRY}")
    return RegistryServer(registry)


def _topics(kind: str) -> list[str]:
    return [topic.name for topic in catalog().topics.values() if kind in topic.messages]


def _schema(message: str) -> Schema:
    kind, _, version = message.partition(".v")
    versions = catalog().schemas.versions.get(kind)
    if versions is None:
        known = ", ".join(catalog().schemas.versions)
        raise click.UsageError(f"there is no message {kind}; expected one of {known}")
    if not version:
        return catalog().schemas.current(kind)
    if not version.isdecimal() or int(version) not in versions:
        raise click.UsageError(f"{kind} has no version {version}; it has {', '.join(map(str, versions))}")
    return versions[int(version)]
