"""Ghostfill as it runs: an embedded Kafka of its own, and workers as child processes.

Rules of this file:
- Nothing of a worker's inside is touched. What is known of it comes from its topics, and from the process: its
  exit code, its log, its memory.
- A worker that got no time from a busy machine ends itself, or is taken over; it is started again, as `up`
  would. Any other end that nobody asked for is a failure.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from schemas.catalog import catalog
from schemas.codec import decode
from schemas.messages import Message
from streams.agents.names import GATE
from streams.local.kafka import topics
from streams.local.parts.child import end_child, start_child
from streams.local.parts.logs import last_lines
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import WorkerReport, decode_report
from tests.broker import running_kafka

SHARDS = 8
MARKET = "ticks"
SOURCES = ("signals", "commands")
PATIENCE = 60.0
LOOK = 0.05
EXCUSED = ("it stood still for", "was taken over")
"""What a worker says that got no time, or that a hasty standby took for dead meanwhile."""


class Read(NamedTuple):
    """A record as it lies in Kafka."""

    topic: str
    partition: int
    offset: int
    stamp: int
    """When it was written, in milliseconds."""
    key: bytes | None
    value: bytes | None

    def message(self) -> Message:
        return decode(self.topic, self.key, self.value)


class Part:
    """One worker process."""

    def __init__(
        self, folder: Path, cluster: Cluster, name: str, options: Sequence[str], check: Callable[[], None]
    ) -> None:
        """`check` looks after every worker of the instance."""
        self.folder, self.name = folder, name
        self._check_all = check
        self.wanted = False
        self._command = [sys.executable, "-m", "streams.cli", "worker", *options]
        self._environment = {**os.environ, **cluster.environment(), "PYTHONUNBUFFERED": "1"}
        self.process: subprocess.Popen[bytes] | None = None
        self.began = 0.0
        """By the monotonic clock."""
        self.starts = 0

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}-{self.starts}.log"

    @property
    def ready_file(self) -> Path:
        return self.folder / f"{self.name}-{self.starts}.ready"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> "Part":
        self.starts += 1
        self.wanted = True
        command = [*self._command, "--ready-file", str(self.ready_file)]
        self.began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = start_child(command, log, self._environment)
        return self

    def await_ready(self) -> "Part":
        self.until(self.ready_file.exists, "is not ready")
        return self

    def until(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Wait for something while this process lives."""
        end = time.monotonic() + patience
        while not condition():
            self._check_all()
            assert time.monotonic() < end, f"{self.name} {what} after {patience:g} s: {self.said()}"
            time.sleep(LOOK)

    def check(self) -> None:
        """It lives, or was only starved and lives again."""
        assert self.process is not None
        if self.process.poll() is not None:
            assert self._is_excused(), f"{self.name} ended: {self.said()}"
            self.start().await_ready()

    def _is_excused(self) -> bool:
        return any(excuse in self.said() for excuse in EXCUSED)

    def said(self) -> str:
        return last_lines(self.log)

    def kill(self) -> None:
        assert self.process is not None
        self.wanted = False
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """A clean stop."""
        self.check()
        assert self.process is not None
        self.wanted = False
        self.process.terminate()
        if self.process.wait(PATIENCE) != 0:
            assert self._is_excused(), f"{self.name} did not leave cleanly: {self.said()}"
            self.start().await_ready().end()

    def resident(self) -> int:
        """Bytes of memory."""
        said = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, check=True
        )
        return int(said.stdout) << 10


class Instance:
    """The cluster and the workers of one test."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        self.parts: list[Part] = []
        self.producer = Producer(
            {**cluster.confluent(), "linger.ms": 2, "message.max.bytes": 16 << 20, "log_level": 0}
        )

    def part(self, name: str, *options: str) -> Part:
        """A worker that is not started yet."""
        given = ["--part", name.partition("-")[0], *options]
        part = Part(self.folder, self.cluster, name, given, self.check)
        self.parts.append(part)
        return part

    def run(self, *options: str) -> tuple[Part, Part]:
        """A gate and a desk that work."""
        gate, desk = self.part("gate").start(), self.part("desk", *options).start()
        gate.await_ready()
        desk.await_ready()
        return gate, desk

    def check(self) -> None:
        for part in self.parts:
            if part.wanted:
                part.check()

    @property
    def living(self) -> list[Part]:
        """Last started first."""
        return sorted((part for part in self.parts if part.wanted), key=lambda part: -part.began)

    def close(self) -> None:
        for part in self.parts:
            if part.process is not None and part.process.poll() is None:
                end_child(part.process, 20)

    # What goes in ------------------------------------------------------------------------------

    def send(self, topic: str, key: bytes | None, value: bytes | None, **options: Any) -> None:
        while True:
            try:
                self.producer.produce(topic, value, key, **options)
                break
            except BufferError:
                self.producer.poll(0.05)
        self.producer.poll(0)

    def flush(self) -> None:
        assert self.producer.flush(60) == 0, "Kafka did not take everything"

    # What came out -----------------------------------------------------------------------------

    def read(self, *names: str, since: Mapping[tuple[str, int], int] | None = None) -> list[Read]:
        """All that is there and committed, each partition in its order."""
        return [read for name in names for read in self._read(name, since or {})]

    def _read(self, name: str, since: Mapping[tuple[str, int], int]) -> Iterator[Read]:
        consumer = _consumer(self.cluster)
        places = {
            (name, number): since.get((name, number), 0) for number in range(catalog().topic(name).partitions)
        }
        consumer.assign([TopicPartition(*place, offset) for place, offset in places.items()])
        try:
            left, end = set(places), time.monotonic() + PATIENCE
            while left:
                assert time.monotonic() < end, f"Kafka does not give the end of {sorted(left)}"
                for message in consumer.consume(1000, 0.05):
                    place = message.topic() or "", message.partition() or 0
                    error = message.error()
                    if error is None:
                        yield Read(
                            *place,
                            message.offset() or 0,
                            message.timestamp()[1],
                            message.key(),
                            message.value(),
                        )
                    else:
                        assert error.code() == KafkaError._PARTITION_EOF, error
                        left.discard(place)
        finally:
            consumer.close()

    def messages(self, *names: str) -> list[Message]:
        return [read.message() for read in self.read(*names)]

    def ends(self, name: str) -> dict[tuple[str, int], int]:
        """The offset after the last record of each partition."""
        consumer = _consumer(self.cluster)
        try:
            return {
                (name, number): consumer.get_watermark_offsets(TopicPartition(name, number), timeout=20)[1]
                for number in range(catalog().topic(name).partitions)
            }
        finally:
            consumer.close()

    # How far it is -----------------------------------------------------------------------------

    def await_drained(self, part: Part, patience: float = PATIENCE) -> dict[int, WorkerReport]:
        """Everything that was sent has gone through the gate, and every shard has folded it."""
        part.until(self._gate_is_through, "is still fed by a gate that is not through", patience)
        inbox, market = self.ends("inbox"), self.ends(MARKET)[MARKET, 0]
        with Reports(self.cluster) as reports:

            def are_through() -> bool:
                reports.look()
                shards = {each.shard: each for one in reports.newest() for each in one.shards}
                return len(shards) == SHARDS and all(
                    each.inbox >= inbox["inbox", shard] and each.market.get(MARKET, 0) >= market
                    for shard, each in shards.items()
                )

            part.until(are_through, "has not folded everything", patience)
            return {each.shard: one for one in reports.newest() for each in one.shards}

    def _gate_is_through(self) -> bool:
        ends = {place: end for topic in SOURCES for place, end in self.ends(topic).items() if end}
        consumer = Consumer({**self.cluster.confluent(), "group.id": GATE, "log_level": 0})
        try:
            found = consumer.committed([TopicPartition(*place) for place in ends], 20)
        finally:
            consumer.close()
        return all(each.offset >= ends[each.topic, each.partition] for each in found)


class Reports:
    """What workers say of themselves, as it comes."""

    def __init__(self, cluster: Cluster, *, from_now: bool = False) -> None:
        self.heard: list[tuple[float, WorkerReport]] = []
        """With when it was read, by the monotonic clock."""
        self._consumer = _consumer(cluster)
        place = TopicPartition("workers", 0)
        if from_now:
            place.offset = self._consumer.get_watermark_offsets(place, timeout=20)[1]
        else:
            place.offset = 0
        self._consumer.assign([place])

    def __enter__(self) -> "Reports":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def look(self) -> None:
        while found := self._consumer.consume(1000, 0.02):
            now = time.monotonic()
            self.heard += [(now, decode_report(each.value() or b"")) for each in found if not each.error()]

    def newest(self) -> list[WorkerReport]:
        """The last word of each process that spoke in the last second of the topic."""
        last = {report.pid: report for _, report in self.heard}
        now = max((report.ts for report in last.values()), default=0)
        return [report for report in last.values() if report.ts > now - 1_000_000 and not report.leaving]

    def timeline(self, part: Part, began: int) -> str:
        """How a process that began at a wall time came to be live."""
        self.look()
        mine = [report for _, report in self.heard if report.pid == part.pid]
        assigned = next(report for report in mine if report.shards)
        live = next(
            report
            for report in mine
            if len(report.shards) == len(mine[-1].shards)
            and all(shard.stage == "live" for shard in report.shards)
        )
        took = sorted(shard.taken_in for shard in live.shards)
        return (
            f"imports done {_after(mine[0].started, began)}, first report {_after(mine[0].ts, began)}, "
            f"shards assigned {_after(assigned.ts, began)}, all live {_after(live.ts, began)}; "
            f"takeovers took {took[0]:.2f} to {took[-1]:.2f} s"
        )


def _after(ts: int, began: int) -> str:
    return f"{(ts - began) / 1_000_000:.2f} s"


def _consumer(cluster: Cluster) -> Consumer:
    return Consumer(
        {
            **cluster.confluent(),
            "group.id": "looking-on",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 10,
            "fetch.message.max.bytes": 16 << 20,
            "log_level": 0,
        }
    )


@contextmanager
def an_instance(folder: Path, **options: Any) -> Iterator[Instance]:
    """With a broker and its topics, and no worker yet."""
    with running_kafka(folder / "kafka", **options) as kafka:
        topics.apply(kafka.cluster)
        instance = Instance(folder, kafka.cluster)
        try:
            yield instance
        finally:
            instance.close()


def without_repeats(reads: Sequence[Read]) -> list[Read]:
    """Whoever takes a shard over says its last outputs again, the same bytes."""
    return list({(read.topic, read.key, read.value): read for read in reversed(reads)}.values())[::-1]


def wall() -> int:
    return time.time_ns() // 1000
