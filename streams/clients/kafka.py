"""How the commands speak to Kafka: a sender, readers, and what is said when a topic is missing.

Rules of this file: nothing joins a group or commits; only committed records are read; what Kafka refuses is
told with what to do.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from sinks.loading import bounds
from streams.engine.model.units import MILLISECOND
from streams.transport.kafka.cluster import Cluster, ClusterError

ANSWER_S = 15.0
PATIENCE_S = 30.0
"""A broker that has never seen a group makes its topic for them first."""
LOOK_S = 0.1
BATCH = 2_000
MARKET = "ticks"

MOVING = frozenset(
    {
        *bounds.MOVING,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)
"""What a broker says that has just been given a partition or a group, or had one taken."""
HURRIED: Mapping[str, Any] = {
    "delivery.timeout.ms": 30_000,
    "batch.size": 512 << 10,
    "queue.buffering.max.messages": 500_000,
}
"""A sender that says soon that Kafka takes nothing, and sends much at once."""

Found = TypeVar("Found")
Place = tuple[str, int]
"""A topic and a partition."""
Span = tuple[int, int]
"""The first offset, and the one after the last."""


class Raw(NamedTuple):
    """A record as Kafka gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """When it was made, or when the broker took it in, in milliseconds."""
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] | None = None

    @property
    def arrived(self) -> int:
        """The same in microseconds."""
        return self.timestamp * MILLISECOND


@contextmanager
def raised_plainly(cluster: Cluster) -> Iterator[None]:
    """What the client raises, as an error that names the cluster."""
    try:
        yield
    except KafkaException as error:
        raise ClusterError(f"Kafka at {cluster.bootstrap}: {error.args[0].str()}") from error


def market_topic(market: str | None) -> str:
    return MARKET if market is None else f"{MARKET}.{market}"


def partitions_of(cluster: Cluster) -> dict[str, int]:
    """Every topic that is there, and how many partitions it has."""
    with raised_plainly(cluster):
        there = admin(cluster).list_topics(timeout=ANSWER_S).topics
    return {name: len(topic.partitions) for name, topic in there.items()}


def require(cluster: Cluster, *topics: str) -> list[Place]:
    """All partitions of these topics, which must be there."""
    there = partitions_of(cluster)
    for topic in topics:
        if topic not in there:
            market = topic.removeprefix(f"{MARKET}.")
            option = f" --market {market}" if market != topic else ""
            raise ClusterError(
                f"the topic {topic} is not there: make it with `ghostfill topics apply{option}`"
            )
    return [(topic, partition) for topic in topics for partition in range(there[topic])]


def ends(cluster: Cluster, places: Iterable[Place]) -> dict[Place, int]:
    """The offset after the last record of each."""
    return _offsets(cluster, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]


def committed_ends(cluster: Cluster, places: Iterable[Place]) -> dict[Place, int]:
    """The same before the first transaction that is still open."""
    return _offsets(cluster, places, OffsetSpec.latest(), committed=True)  # type: ignore[no-untyped-call]


def beginnings(cluster: Cluster, places: Iterable[Place]) -> dict[Place, int]:
    """The first offset that is left of each."""
    return _offsets(cluster, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


def since(cluster: Cluster, places: Sequence[Place], milliseconds: int) -> dict[Place, int]:
    """The first offset of each whose record is of that time or later; the end where there is none."""
    found = _offsets(cluster, places, OffsetSpec.for_timestamp(milliseconds))
    last = ends(cluster, places)
    return {place: last[place] if found[place] < 0 else found[place] for place in places}


def _offsets(
    cluster: Cluster, places: Iterable[Place], wanted: OffsetSpec, *, committed: bool = False
) -> dict[Place, int]:
    asked = {TopicPartition(*place): wanted for place in places}
    isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
    if not asked:
        return {}

    def answers(client: AdminClient) -> dict[Place, int]:
        found = client.list_offsets(asked, isolation_level=isolation, request_timeout=ANSWER_S)
        return {(place.topic, place.partition): each.result(ANSWER_S).offset for place, each in found.items()}

    return patiently(cluster, answers)


def patiently(cluster: Cluster, ask: Callable[[AdminClient], Found]) -> Found:
    """Asks again while partitions or groups are between two brokers.

    The client stays until its answer is there: it may be given up meanwhile, by another thread too.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        client = admin(cluster)
        try:
            return ask(client)
        except TimeoutError as error:
            if time.monotonic() > end:
                raise ClusterError(f"Kafka at {cluster.bootstrap} does not answer") from error
        except KafkaException as error:
            if error.args[0].code() not in MOVING or time.monotonic() > end:
                with raised_plainly(cluster):
                    raise
        if admin(cluster) is client:
            renew_admin()
        time.sleep(LOOK_S)


@cache
def admin(cluster: Cluster) -> AdminClient:
    """One for all calls; who awaits an answer keeps it, because none comes where its client has gone."""
    return AdminClient(cluster.confluent() | {"log_level": 0})


def renew_admin() -> None:
    """A client that was there before its broker went keeps to the epochs and coordinators that it knew."""
    admin.cache_clear()


class Sender:
    """Writes records so that each was taken by all replicas, or says that it was not."""

    def __init__(self, cluster: Cluster, settings: Mapping[str, Any] = HURRIED) -> None:
        self.cluster = cluster
        self.failure: KafkaError | None = None
        reliable = {"acks": "all", "enable.idempotence": True, "linger.ms": 5}
        told_of = {"delivery.report.only.error": True, "on_delivery": self._fail, "log_level": 0}
        as_java = {"partitioner": "murmur2_random"}
        self._producer = Producer(cluster.confluent() | reliable | told_of | as_java | dict(settings))

    def send(self, topic: str, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key)
                return
            except BufferError:
                self.make_room()
            except KafkaException as error:
                raise ClusterError(f"{topic}, key {key!r}: {error.args[0].str()}") from error

    def send_all(self, topic: str, keys: Iterable[bytes], values: Iterable[bytes]) -> None:
        for key, value in zip(keys, values, strict=True):
            self.send(topic, key, value)
        self.look()

    def make_room(self) -> None:
        """Where so much waits that no more is taken in."""
        self._producer.poll(LOOK_S)
        self._raise_failure()

    def look(self) -> None:
        """Whether something has failed meanwhile."""
        self._producer.poll(0)
        self._raise_failure()

    def finish(self, patience_s: float = -1) -> None:
        """Returns when everything was taken; patience without an end is -1."""
        with raised_plainly(self.cluster):
            left = self._producer.flush(patience_s)
        self._raise_failure()
        if left:
            raise ClusterError(f"Kafka at {self.cluster.bootstrap} did not take {left} records")

    def _fail(self, error: KafkaError | None, record: object) -> None:
        self.failure = self.failure or error

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise ClusterError(
                f"Kafka at {self.cluster.bootstrap} did not take a record: {self.failure.str()}"
            )


class Reader:
    """Reads partitions from offsets on."""

    def __init__(self, cluster: Cluster, starts: Mapping[Place, int], ahead: int | None = None) -> None:
        """`ahead`: about how many bytes may wait to be read; absent: as many as the client likes."""
        self.cluster = cluster
        self.places = set(starts)
        self.at_end: set[Place] = set()
        """Where there was nothing more to read."""
        self.ends: dict[Place, int] = {}
        """Behind which offset that was, a transaction's mark included."""
        settings: dict[str, Any] = {
            "group.id": "ghostfill-cli",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
        if ahead is not None:
            settings |= {"queued.max.messages.kbytes": ahead >> 10, "fetch.max.bytes": ahead}
        self._consumer = Consumer(cluster.confluent() | settings)
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in starts.items()])

    @property
    def is_at_end(self) -> bool:
        return self.at_end >= self.places

    def read(self, wait_s: float = LOOK_S, most: int = BATCH) -> list[Raw]:
        """What has come; waits a little where nothing has."""
        with raised_plainly(self.cluster):
            found = self._consumer.consume(most, wait_s)
        return [raw for raw in map(self._raw, found) if raw is not None]

    def _raw(self, message: Any) -> Raw | None:
        place = message.topic(), message.partition()
        error = message.error()
        if error is None:
            self.at_end.discard(place)
            at = message.offset(), message.timestamp()[1]
            return Raw(*place, *at, message.key(), message.value(), message.headers())
        if error.code() == KafkaError._PARTITION_EOF:
            self.at_end.add(place)
            self.ends[place] = message.offset()
        elif not error.retriable() and error.code() != KafkaError._ALL_BROKERS_DOWN:
            raise ClusterError(f"Kafka at {self.cluster.bootstrap}: {error.str()}")
        return None

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_spans(cluster: Cluster, spans: Mapping[Place, Span], ahead: int | None = None) -> Iterator[Raw]:
    """The records of these spans, as far as they are committed; `ahead` as a `Reader` has it."""
    open_ = {place: end for place, (start, end) in spans.items() if start < end}
    if not open_:
        return
    heard = time.monotonic()
    with Reader(cluster, {place: spans[place][0] for place in open_}, ahead) as reader:
        while open_:
            raws = reader.read()
            for raw in raws:
                end = open_.get((raw.topic, raw.partition), 0)
                if raw.offset < end:
                    yield raw
                if raw.offset >= end - 1:
                    open_.pop((raw.topic, raw.partition), None)
            for place in reader.at_end:
                open_.pop(place, None)
            heard = time.monotonic() if raws else heard
            if time.monotonic() - heard > ANSWER_S:
                raise ClusterError(
                    f"Kafka at {cluster.bootstrap} does not answer: {min(open_)[0]} is not read"
                )
