"""What a judge is given: a fold's logs, read as they lie in Kafka, and a place to count what is wrong.

Rules of this file: it reads by its own client, only what is committed, and owes nothing to `streams.transport`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

FEW = 5


class Read(NamedTuple):
    """A record of a log."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes


@dataclass(frozen=True)
class Case:
    """A fold's logs, and what folds them."""

    settings: Mapping[str, Any]
    """Of a confluent-kafka client that reaches the broker."""
    shards: int
    inbox: str
    barriers: str
    changelogs: Mapping[str, str]
    """The first holds the headers."""
    outputs: Sequence[str]
    compacted: Sequence[str]
    markets: Sequence[str]
    machine: Callable[[int], Any]
    """A new one for a shard."""
    one: Callable[[str, Read], Any]
    """A run of one market record."""
    rows: Callable[[Any], Iterable[tuple[str, bytes, bytes | None]]]
    """Every row of a machine."""
    name: Callable[[str, bytes, bytes], bytes] = lambda topic, key, value: key
    """What a record's repeats have in common, by its topic, key and value."""
    revive: Callable[[int, bytes, Mapping[str, Mapping[bytes, bytes]], Iterable[Any]], Any] | None = None
    """The machine of a shard that left this header and these rows, with the entries that waited; given where
    equal machines may be written down in different rows."""
    sent: Callable[[int], set[tuple[str, int, int]]] | None = None
    """The places of all that was sent to a shard's inbox from outside."""
    has_clocks: bool = False
    """Whether its owners write to the market: then it ends behind them."""
    natural: bool = False
    """Whether a fold without barriers must say the same: where no entry may be late."""


@dataclass
class Verdict:
    """What was counted, and everything that is not as it must be."""

    market: int = 0
    entries: int = 0
    repeated_entries: int = 0
    takeovers: int = 0
    barriers: int = 0
    void: int = 0
    checkpoints: int = 0
    outputs: int = 0
    repeats: int = 0
    differing: int = 0
    missing: int = 0
    extra: int = 0
    wrong: int = 0
    rows: int = 0
    rows_wrong: int = 0
    compacted: int = 0
    compacted_wrong: int = 0
    headers_wrong: int = 0
    lost_entries: int = 0
    late: int = 0
    natural_wrong: int = 0
    """Outputs that a fold without barriers says otherwise."""
    faults: list[str] = field(default_factory=list)

    def blame(self, what: str, count: int, examples: Iterable[object] = ()) -> int:
        if count:
            shown = ", ".join(str(each) for _, each in zip(range(FEW), examples, strict=False))
            self.faults.append(f"{what}: {count}" + (f" ({shown})" if shown else ""))
        return count

    def numbers(self) -> dict[str, int]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "faults"}


def read(case: Case, topic: str, partition: int) -> list[Read]:
    """Everything that is there and committed."""
    consumer = Consumer(
        {
            **case.settings,
            "group.id": "judge",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 10,
        }
    )
    found: list[Read] = []
    try:
        first, _ = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
        consumer.assign([TopicPartition(topic, partition, first)])
        while True:
            message = consumer.poll(20)
            assert message is not None, f"{topic}, {partition}: the broker does not answer"
            error = message.error()
            if error is None:
                _, timestamp = message.timestamp()
                found.append(Read(message.offset() or 0, timestamp, message.key(), message.value() or b""))
            elif error.code() == KafkaError._PARTITION_EOF:
                return found
            else:
                raise AssertionError(f"{topic}, {partition}: {error}")
    finally:
        consumer.close()
