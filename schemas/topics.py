"""A topic's file: what it says, typed and checked.

Rules of this file: every key but `settings` must be there and no other; an error names the file and the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from schemas.errors import CatalogError, MessageError
from schemas.text.numbers import duration

_KEYS = frozenset(
    {
        "name",
        "description",
        "key",
        "partitions",
        "retention",
        "compacted",
        "encoding",
        "json",
        "messages",
        "writers",
        "readers",
        "examples",
    }
)
_OPTIONAL = frozenset({"settings"})

SETTINGS: Mapping[str, tuple[str, ...] | int] = {
    "compression.type": ("gzip", "producer"),
    "max.compaction.lag.ms": 1,
    "max.message.bytes": 1024,
    "message.timestamp.type": ("CreateTime", "LogAppendTime"),
    "min.compaction.lag.ms": 0,
    "segment.bytes": 1024 * 1024,
    "segment.ms": 1000,
}
"""Kafka's own settings that a topic's file may give: the words that are allowed, or the least number."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message for a person to read."""

    message: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, as its file describes it."""

    name: str
    description: str
    key: str
    """In words: what a record's key holds."""
    partitions: int
    retention_ms: int | None
    """None: for ever."""
    compacted: bool
    encoding: Literal["avro", "msgpack"]
    json: bool
    """Whether plain JSON is accepted as well."""
    messages: tuple[str, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    examples: tuple[Example, ...]
    settings: Mapping[str, str]
    """Further settings, in Kafka's words."""

    def kafka_settings(self) -> dict[str, str]:
        """The topic's own settings when it is made."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
            **self.settings,
        }


def read_topic(path: Path) -> Topic:
    try:
        document = yaml.load(path.read_text("utf-8"), _Loader)
    except yaml.YAMLError as error:
        raise CatalogError(path.name, "file", f"is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise CatalogError(path.name, "file", f"must be a mapping with the keys {', '.join(sorted(_KEYS))}")
    fields = _Fields(path.name, document)
    fields.check_keys()
    if document.get("name") != path.stem:
        raise CatalogError(path.name, "name", f"must be {path.stem}, like the file")
    return Topic(
        name=path.stem,
        description=fields.text("description"),
        key=fields.text("key"),
        partitions=fields.count("partitions"),
        retention_ms=fields.retention(),
        compacted=fields.flag("compacted"),
        encoding=fields.encoding(),
        json=fields.flag("json"),
        messages=fields.texts("messages"),
        writers=fields.texts("writers"),
        readers=fields.texts("readers"),
        examples=fields.examples(),
        settings=fields.settings(),
    )


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # the fast one where it is built
    """YAML without dates: an example's time stays the text that its writer sees."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


class _Fields:
    """One file's keys, each checked as it is taken."""

    def __init__(self, file: str, document: Mapping[Any, Any]) -> None:
        self.file = file
        self.document = document

    def fail(self, key: str, problem: str) -> CatalogError:
        return CatalogError(self.file, key, problem)

    def check_keys(self) -> None:
        for key in sorted(self.document.keys() - _KEYS - _OPTIONAL, key=str):
            raise self.fail(str(key), f"is none of {', '.join(sorted(_KEYS | _OPTIONAL))}")
        for key in sorted(_KEYS - self.document.keys()):
            raise self.fail(key, "is missing")

    def text(self, key: str) -> str:
        value = self.document[key]
        if not isinstance(value, str) or not value.strip():
            raise self.fail(key, "must be text")
        return value.strip()

    def count(self, key: str) -> int:
        value = self.document[key]
        if type(value) is not int or value < 1:
            raise self.fail(key, "must be a whole number from 1")
        return value

    def flag(self, key: str) -> bool:
        value = self.document[key]
        if not isinstance(value, bool):
            raise self.fail(key, "must be true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.document[key]
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise self.fail(key, "must be a list of names")
        return tuple(value)

    def retention(self) -> int | None:
        value = self.document["retention"]
        if value == "forever":
            return None
        try:
            return duration("retention", value if isinstance(value, str) else "") // 1000
        except MessageError as error:
            raise self.fail("retention", "must be forever or a duration such as 12h or 30d") from error

    def encoding(self) -> Literal["avro", "msgpack"]:
        value = self.document["encoding"]
        if value == "avro":
            return "avro"
        if value == "msgpack":
            return "msgpack"
        raise self.fail("encoding", "must be avro or msgpack")

    def examples(self) -> tuple[Example, ...]:
        value = self.document["examples"]
        if not isinstance(value, list):
            raise self.fail("examples", "must be a list")
        for number, each in enumerate(value):
            if not isinstance(each, dict) or not isinstance(each.get("message"), str):
                raise self.fail(f"examples.{number}", "must have message and value")
            if not isinstance(each.get("value"), dict) or each.keys() != {"message", "value"}:
                raise self.fail(f"examples.{number}.value", "must be a mapping")
        return tuple(Example(each["message"], each["value"]) for each in value)

    def settings(self) -> dict[str, str]:
        value = self.document.get("settings", {})
        if not isinstance(value, dict):
            raise self.fail("settings", "must map Kafka's settings to their values")
        for name, each in value.items():
            self.check_setting(str(name), each)
        return {str(name): str(each) for name, each in value.items()}

    def check_setting(self, name: str, value: object) -> None:
        allowed = SETTINGS.get(name)
        if allowed is None:
            raise self.fail(f"settings.{name}", f"is none of {', '.join(SETTINGS)}")
        if isinstance(allowed, tuple):
            if value not in allowed:
                raise self.fail(f"settings.{name}", f"must be one of {', '.join(allowed)}")
        elif type(value) is not int or value < allowed:
            raise self.fail(f"settings.{name}", f"must be a whole number from {allowed}")
