"""A whole instance for benchmarks: a broker of its own, its topics, and its parts as processes."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from schemas.catalog import catalog
from schemas.partition import shard_of
from streams.local.kafka import topics
from streams.local.kafka.topics import await_leaders
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import WorkerReport, decode_report
from tests.broker import running_kafka
from tests.processes import memory_of

PATIENCE = 120.0
SHARDS = catalog().topic("inbox").partitions
PARTITION = re.compile(r".+-\d+")
"""A folder of Kafka's."""
MANY = {"linger.ms": 20, "batch.num.messages": 10_000, "queue.buffering.max.messages": 1_000_000}
"""A producer's settings for whole logs."""

Pair = tuple[bytes, bytes]


class Instance:
    """What `ghostfill up` runs, with each part at hand."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.parts: dict[str, subprocess.Popen[bytes]] = {}

    # Parts -------------------------------------------------------------------------------------

    def start(self, part: str, *, name: str | None = None, wait: bool = True) -> int:
        """A gate or a desk, by its process's number; returns when it does its work."""
        name = name or part
        ready = self.folder / f"{name}.ready"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "streams.cli", "worker", "--part", part, "--ready-file", str(ready)]
        environment = {**os.environ, **self.cluster.environment()}
        self.parts[name] = subprocess.Popen(command, env=environment)
        if wait:
            until(ready.exists)
        return self.parts[name].pid

    def stop(self, part: str) -> None:
        process = self.parts.pop(part)
        process.terminate()
        process.wait(PATIENCE)

    def memory(self, part: str) -> int:
        """What the part holds of the machine's memory, in bytes."""
        return memory_of(self.parts[part].pid)

    # Logs --------------------------------------------------------------------------------------

    def disk(self) -> int:
        """What the logs of all topics take, in bytes."""
        logs = [path for path in self.folder.rglob("*.log") if PARTITION.fullmatch(path.parent.name)]
        return sum(path.stat().st_size for path in logs)

    def producer(self, settings: Mapping[str, Any] = MANY) -> Producer:
        return Producer({**self.cluster.confluent(), **settings})

    def make_topics(self, *names: str) -> None:
        client = AdminClient(self.cluster.confluent())
        for made in client.create_topics([NewTopic(name, 1, 1) for name in names]).values():
            made.result()
        await_leaders(client, set(names))

    def write(self, topic: str, pairs: Iterable[Pair]) -> None:
        """Everything into one partition, in order."""
        producer = self.producer()
        for key, value in pairs:
            while True:
                try:
                    producer.produce(topic, value, key=key, partition=0)
                    break
                except BufferError:
                    producer.poll(0.1)
        if producer.flush(PATIENCE):
            raise TimeoutError(f"not everything was written to {topic}")

    def watch(self) -> "Watch":
        return Watch(self.cluster)


class Watch:
    """Looks at logs and at what the workers tell."""

    def __init__(self, cluster: Cluster) -> None:
        settings = {"group.id": "bench", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        self._consumer = Consumer({**cluster.confluent(), **settings})
        self._reports = Consumer({**cluster.confluent(), **settings})
        self._reports.assign([TopicPartition("workers", 0, self.end("workers", 0))])

    def close(self) -> None:
        self._consumer.close()
        self._reports.close()

    def end(self, topic: str, partition: int) -> int:
        return int(self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1])

    def count(self, topic: str) -> int:
        """The records of all partitions, with the marks that transactions leave."""
        return sum(self.end(topic, shard) for shard in range(SHARDS))

    def reports(self) -> list[WorkerReport]:
        """What was told since the last call."""
        found = self._reports.consume(1000, timeout=0.05)
        return [decode_report(message.value() or b"") for message in found if message.error() is None]


def open_accounts(cluster: Cluster, producer: Producer, follow: Mapping[str, str]) -> None:
    """By their names, each with the source that it follows; returns when all are answered."""
    watch = Watch(cluster)
    before = watch.count("decisions")
    for name, source in follow.items():
        settings = {"balance": "1000000000", "size": {"fixed_notional": "1000"}, "follow": [source]}
        command(producer, name, "create", now(), settings=json.dumps(settings))
    producer.flush()
    until(lambda: watch.count("decisions") >= before + len(follow))
    watch.close()


def command(producer: Producer, account: str, kind: str, ts: int, **fields: Any) -> None:
    """An entry may be an hour ahead of its market at most."""
    command_id = f"{account}-{kind}-{time.monotonic_ns()}"
    document = {"command_id": command_id, "account": account, "kind": kind, "ts": ts, **fields}
    producer.produce("commands", json.dumps(document).encode(), key=account)


@contextmanager
def an_instance(folder: Path, heap: str = "1g") -> Iterator[Instance]:
    """A broker with the catalogue's topics; its parts are the caller's to start."""
    with running_kafka(folder / "kafka", heap=heap) as kafka:
        topics.apply(kafka.cluster)
        instance = Instance(kafka.cluster, folder)
        try:
            yield instance
        finally:
            for part in instance.parts.values():
                part.kill()
                part.wait()


def accounts(count: int) -> list[str]:
    """Names that are spread evenly over the shards."""
    names: list[str] = []
    room = [-(-count // SHARDS)] * SHARDS
    number = 0
    while len(names) < count:
        name = f"a{number}"
        if room[shard_of(name, SHARDS)]:
            room[shard_of(name, SHARDS)] -= 1
            names.append(name)
        number += 1
    return names


def now() -> int:
    """In microseconds."""
    return time.time_ns() // 1000


def load() -> str:
    """How busy the machine is with this and all else."""
    return "load " + " ".join(f"{each:.1f}" for each in os.getloadavg()[:2])


def until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for nothing")
        time.sleep(0.02)
