"""The catalogue: which topics there are, what they hold, who writes and who reads them.

Rules of this file:
- A topic is a file, `topics/<name>.yaml`; its messages are files, `avro/<message>.v<version>.avsc`.
- The catalogue loads whole or not at all: an error names the file and the key.
"""

from functools import cache
from pathlib import Path

from schemas.errors import CatalogError, MessageError
from schemas.kinds import KINDS
from schemas.topics import Topic, read_topic
from schemas.wire.avro_schemas import Schemas

PACKAGE = Path(__file__).parent


class Catalog:
    """All topics and schemas of a folder that holds `topics` and `avro`."""

    def __init__(self, folder: Path = PACKAGE) -> None:
        self.schemas = Schemas.load(folder / "avro")
        files = sorted((folder / "topics").glob("*.yaml"))
        self.topics = {topic.name: topic for topic in map(read_topic, files)}
        for topic in self.topics.values():
            self._check_messages(topic)
        unused = self.schemas.versions.keys() - {
            kind for topic in self.topics.values() for kind in topic.messages
        }
        if unused:
            kind = min(unused)
            raise CatalogError(self.schemas.current(kind).file, kind, "belongs to no topic")

    @property
    def public(self) -> dict[str, Topic]:
        """The topics that others may read."""
        return {name: topic for name, topic in self.topics.items() if topic.encoding == "avro"}

    def topic(self, name: str) -> Topic:
        """The topic of this name; `ticks.crypto` is a topic like `ticks`."""
        found = self.topics.get(name) or self.topics.get(name.partition(".")[0])
        if found is None:
            raise MessageError("topic", repr(name), f"one of {', '.join(sorted(self.topics))}")
        return found

    def _check_messages(self, topic: Topic) -> None:
        file = f"{topic.name}.yaml"
        if topic.encoding == "msgpack":
            return
        for kind in topic.messages:
            if kind not in KINDS:
                raise CatalogError(file, f"messages.{kind}", f"is none of {', '.join(KINDS)}")
            if kind not in self.schemas.versions:
                raise CatalogError(file, f"messages.{kind}", f"has no schema: {kind}.v1.avsc is missing")
        for number, example in enumerate(topic.examples):
            if example.message not in topic.messages:
                raise CatalogError(file, f"examples.{number}.message", "is not among the topic's messages")


@cache
def catalog() -> Catalog:
    """The catalogue of this package."""
    return Catalog()
