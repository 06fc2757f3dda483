"""What the copying workers are told, and what must be true of what they copied."""

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from streams.transport.kafka.cluster import Cluster

PARTITIONS = 4
SESSION_SECONDS = 3.0
"""Until a killed worker's partitions are another's."""


@dataclass(frozen=True)
class Run:
    bootstrap: str
    name: str
    source: str
    target: str
    fault: str | None
    value: bytes
    partitions: int = PARTITIONS


def parameters(argv: Sequence[str]) -> Run:
    bootstrap, name, source, target, *fault = argv[1:]
    return Run(
        bootstrap, name, source, target, fault[0] if fault else None, fault[1].encode() if fault else b""
    )


def copy_of(partition: int, offset: int, value: bytes | None) -> bytes:
    return b"%d:%d:%s" % (partition, offset, value or b"")


class Stored(NamedTuple):
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    timestamp: int = 0
    """In milliseconds."""


WAITING = 50_000
"""So many messages may wait in a producer: it refuses more than 100,000."""
PATIENCE_S = 120


def write(cluster: Cluster, topic: str, values: Sequence[bytes], partitions: int = PARTITIONS) -> None:
    producer = Producer({**cluster.confluent(), "linger.ms": 5, "message.max.bytes": 2_000_000})
    for number, value in enumerate(values):
        while len(producer) >= WAITING:
            producer.poll(0.1)
        producer.produce(topic, value, key=b"key-%d" % (number % 40), partition=number % partitions)
    assert producer.flush(PATIENCE_S) == 0


def stored(cluster: Cluster, topic: str, partitions: int = PARTITIONS) -> list[Stored]:
    """Everything in a topic."""
    consumer = Consumer({**cluster.confluent(), "group.id": "-", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    found, ended = [], 0
    while ended < partitions:
        message = consumer.poll(10)
        assert message is not None, f"{topic} does not answer"
        if message.error():
            ended += 1
        else:
            partition, offset, value = message.partition(), message.offset(), message.value()
            assert partition is not None and offset is not None and value is not None
            found.append(Stored(partition, offset, message.key(), value, message.timestamp()[1]))
    consumer.close()
    return found


def committed(cluster: Cluster, group: str, topic: str, partitions: int = PARTITIONS) -> list[int]:
    """The group's offset in each partition; 0 where there is none."""
    consumer = Consumer({**cluster.confluent(), "group.id": group})
    places = [TopicPartition(topic, number) for number in range(partitions)]
    try:
        return [max(0, place.offset) for place in consumer.committed(places, timeout=10)]
    except KafkaException as error:
        if not error.args[0].retriable() and error.args[0].code() != KafkaError.NOT_COORDINATOR:
            raise
        return [0] * partitions  # nobody keeps offsets yet
    finally:
        consumer.close()


def copied(cluster: Cluster, topic: str) -> dict[int, list[int]]:
    """The source offsets of what was copied, by partition, in order."""
    offsets = defaultdict(list)
    for each in stored(cluster, topic):
        partition, offset, _ = each.value.split(b":", 2)
        assert int(partition) == each.partition
        offsets[each.partition].append(int(offset))
    return offsets


def without_repeats(offsets: Sequence[int]) -> list[int]:
    """As a reader sees them that drops what is not newer than what it has seen."""
    found: list[int] = []
    for offset in offsets:
        if not found or offset > found[-1]:
            found.append(offset)
    return found


def wait_for(what: Callable[[], object], patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


class Worker:
    """A child process; its words are in `log`."""

    def __init__(self, module: str, folder: Path, *arguments: str) -> None:
        self.log = folder / f"{module.rpartition('.')[2]}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], stdout=log, stderr=log
            )

    @property
    def words(self) -> str:
        return self.log.read_text()

    def wait(self, patience: float = 30.0) -> int:
        """Its exit code."""
        return self.process.wait(patience)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
