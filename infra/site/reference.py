"""Pages that are made of the code: topics, the command line, the HTTP API."""

from collections.abc import Iterator
from typing import Any

import click

from schemas.catalog import catalog
from schemas.fields import fields_in_words
from schemas.topics import Topic
from streams.cli.main import COMMANDS, command


def topics() -> str:
    """Every topic with its messages and their fields."""
    lines = [line for topic in catalog().public.values() for line in _topic(topic)]
    return "\n".join(["# Topics and schemas", "", INTRODUCTION, *lines])


INTRODUCTION = """What is on each topic, as [wire.md](wire.md) writes it. In Avro, decimals are whole numbers
of 1e-8 and times are microseconds since 1970. `ghostfill schemas show NAME` prints a schema, and
`ghostfill schemas asyncapi` all of it for machines."""


def _topic(topic: Topic) -> Iterator[str]:
    yield f"\n## {topic.name}\n\n{topic.description}\n"
    kept = "for ever" if topic.retention_ms is None else f"{topic.retention_ms // 86_400_000} days"
    compacted = ", one record a key" * topic.compacted
    yield f"Key: {topic.key}. Partitions: {topic.partitions}. Kept {kept}{compacted}. "
    yield f"Written by {', '.join(topic.writers)}; read by {', '.join(topic.readers)}."
    for kind in topic.messages:
        schema = catalog().schemas.current(kind)
        yield f"\n### {kind} on {topic.name}, version {schema.version}\n\n{schema.document['doc']}\n"
        yield "| Field | Type | Needed | What it is |\n|---|---|---|---|"
        for field in fields_in_words(kind):
            needed = "yes" if field.needed else ""
            yield f"| `{field.name}` | {_cell(field.type)} | {needed} | {_cell(field.doc)} |"


def commands() -> str:
    """The help of every command."""
    lines = ["# The command line", "", "What `ghostfill COMMAND --help` says of each command."]
    for group, names in COMMANDS.items():
        lines.append(f"\n## {group}")
        for name in names:
            found = command.get_command(click.Context(command, info_name="ghostfill"), name)
            assert found is not None
            lines += _command(found, click.Context(found, info_name=f"ghostfill {name}"))
    return "\n".join(lines)


def _command(found: click.Command, context: click.Context) -> Iterator[str]:
    yield f"\n### {context.info_name}\n\n```text\n{found.get_help(context).strip()}\n```"
    if isinstance(found, click.Group):
        for name in found.list_commands(context):
            inner = found.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, info_name=f"{context.info_name} {name}"))


def http(openapi: dict[str, Any]) -> str:
    """Every path of the API."""
    lines = [
        "# The HTTP API",
        "",
        "Every path; [api.md](api.md) says how they are used, `/docs` of the page tries them.",
        "",
    ]
    for path, methods in sorted(openapi["paths"].items()):
        for method, operation in methods.items():
            lines += _operation(path, method, operation)
    return "\n".join(lines)


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"\n## {method.upper()} {path}\n\n{operation.get('description') or operation.get('summary', '')}\n"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "| Parameter | Where | What it is |\n|---|---|---|"
    for each in parameters:
        needed = ", needed" * bool(each.get("required"))
        yield f"| `{each['name']}` | {each['in']}{needed} | {_cell(each.get('description', ''))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
