"""The tables: which topic fills each, and with what.

Rules of this file: a record of a results topic is one row; a market's record is none, one or many.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

DEAD_LETTERS = "dead_letters"
TICKS, BARS = "ticks", "bars"
MARKETS = ("ticks", "bars")
"""Topics of markets; `ticks.NAME` are more of them."""


class Table(NamedTuple):
    """A table whose rows are the messages of one topic."""

    name: str
    topic: str
    kind: str


TABLES = {
    topic: Table(name, topic, kind)
    for name, topic, kind in (
        ("signals", "signals", "signal"),
        ("decisions", "decisions", "decision"),
        ("slices", "slice-timers", "slice-timer"),
        ("orders", "orders", "order"),
        ("fills", "fills", "fill"),
        ("trades", "trades", "trade"),
        ("positions", "positions", "position"),
        ("equity", "equity", "equity"),
        ("alerts", "alerts", "alert"),
        (DEAD_LETTERS, "dead-letters", "dead-letter"),
    )
}
"""By topic."""


class Place(NamedTuple):
    """A partition."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as Kafka has it."""

    topic: str
    partition: int
    offset: int
    time: int
    """When Kafka took it, in milliseconds."""
    key: bytes | None
    value: bytes | None


def is_market(topic: str) -> bool:
    return topic.partition(".")[0] in MARKETS


def table_names(topic: str) -> tuple[str, ...]:
    """The tables that a topic fills."""
    return (TICKS, BARS) if is_market(topic) else (TABLES[topic].name,)


def spans(records: Iterable[Record]) -> dict[Place, tuple[int, int, int]]:
    """The first and the last offset of each partition, and how many records of it there are."""
    found: dict[Place, tuple[int, int, int]] = {}
    for record in records:
        place = Place(record.topic, record.partition)
        first, _, count = found.get(place, (record.offset, 0, 0))
        found[place] = first, record.offset, count + 1
    return found


def halves(records: list[Record]) -> Iterator[list[Record]]:
    middle = len(records) // 2
    yield records[:middle]
    yield records[middle:]
