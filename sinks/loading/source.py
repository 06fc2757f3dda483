"""Reads the topics, from where the tables end.

Rules of this file:
- Kafka says which partitions are this process's; the tables say where each goes on. The group's own offsets
  only tell others how far it came. Sinks of one database are a group: another database needs everything too.
- Where a table knows more of a partition than there is, it is another partition: nothing is read.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from sinks.blocks.records import Partition, RecordRun
from sinks.blocks.tables import MARKETS, TABLES
from sinks.loading.bounds import PASSING, bounds

GROUPS = "ghostfill-sink-"
"""What the groups of all databases begin with."""
MOST = 5_000
_MORE_MARKETS = r"^ticks\..+$"


class SourceError(Exception):
    """Kafka cannot be read; says what to do."""


class Holder(Protocol):
    """Who takes in what is read. Called in the thread that reads, while the group moves partitions."""

    def starts(self, places: Iterable[Partition]) -> Mapping[Partition, int]:
        """Where to go on. May wait for ClickHouse; raises where the tables know of other partitions."""

    def give_up(self, places: Iterable[Partition]) -> None:
        """Somebody else reads these from now on, from what the tables say.

        May wait a few seconds for what has begun; what is not written by then the other one writes.
        """


class Source:
    """This process's part of the topics."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        group: str,
        holder: Holder,
        tell: Callable[[str], None],
        *,
        instance: str | None = None,
    ) -> None:
        self._settings = settings
        self._holder = holder
        self._tell = tell
        self._is_paused = False
        self._passed: dict[Partition, int] = {}
        self.is_assigned = False
        own = {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": 10_000,
            "queued.max.messages.kbytes": 32 << 10,
            "fetch.queue.backoff.ms": 10,  # a full queue would be looked at again after a second
            "topic.metadata.refresh.interval.ms": 10_000,  # how soon a new market is seen
            "log_level": 0,
        }
        if instance is not None:
            own["group.instance.id"] = instance
        self._consumer = Consumer({**settings, **own})
        self._consumer.subscribe(
            [*TABLES, *MARKETS, _MORE_MARKETS],
            on_assign=self._take, on_revoke=self._give_up, on_lost=self._give_up,
        )  # fmt: skip

    def read(self, wait_s: float) -> list[RecordRun]:
        """What has come; while it is paused nothing comes."""
        messages: list[Any] = self._consumer.consume(MOST, wait_s)
        if any([message.error() for message in messages]):  # noqa: C419  # twice as fast as without a list
            messages = [message for message in messages if self._is_record(message)]
        return _runs(messages) if messages else []

    def _is_record(self, message: Any) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            self._passed[Partition(message.topic(), message.partition())] = message.offset()
        elif not error.retriable() and error.code() not in PASSING:
            raise SourceError(f"Kafka: {error.str()}")
        return False

    def passed(self) -> dict[Partition, int]:
        """Ends that were reached since the last time: behind the last record Kafka may have marks."""
        found, self._passed = self._passed, {}
        return found

    def pause(self) -> None:
        if not self._is_paused:
            self._consumer.pause(self._consumer.assignment())
            self._is_paused = True

    def resume(self) -> None:
        if self._is_paused:
            self._consumer.resume(self._consumer.assignment())
            self._is_paused = False

    def commit(self, ends: Mapping[Partition, int]) -> None:
        """Tells the group: everything before these offsets is in the tables."""
        if ends:
            self._consumer.commit(offsets=_partitions(ends), asynchronous=True)

    def close(self) -> None:
        self._consumer.close()

    def _take(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        starts = self._holder.starts([Partition(each.topic, each.partition) for each in given])
        for place, (first, end) in self._bounds(starts).items():
            self._check(place, starts[place], first, end)
        consumer.incremental_assign(_partitions(starts))
        if self._is_paused:
            consumer.pause(_partitions(starts))
        self.is_assigned = True

    def _bounds(self, places: Iterable[Partition]) -> Mapping[Partition, tuple[int, int]]:
        """A group remembers a topic that was deleted: that has none."""
        try:
            return bounds(self._settings, places)
        except KafkaException as error:
            raise SourceError(f"Kafka: {error.args[0].str()}") from error

    def _check(self, place: Partition, start: int, first: int, end: int) -> None:
        if start > end:
            raise SourceError(
                f"{place.topic}, partition {place.partition}, ends at {end}, and the database is at "
                f"{start}: it belongs to another Kafka; name another database"
            )
        if 0 < start < first:
            self._tell(
                f"{place.topic}, partition {place.partition}: {first - start} records were deleted before "
                f"they were read; continuing at {first}"
            )

    def _give_up(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        self._holder.give_up([Partition(each.topic, each.partition) for each in taken])


def _runs(messages: list[Any]) -> list[RecordRun]:
    """Field by field: a call for each message would take as long as everything else."""
    places = [(message.topic(), message.partition()) for message in messages]
    offsets = [message.offset() for message in messages]
    times = [message.timestamp()[1] for message in messages]
    keys = [message.key() for message in messages]
    values = [message.value() for message in messages]
    found, start = [], 0
    for place, same in groupby(places):
        end = start + len([*same])
        at = slice(start, end)
        found.append(RecordRun(Partition(*place), offsets[at], times[at], keys[at], values[at]))
        start = end
    return found


def _partitions(ends: Mapping[Partition, int]) -> list[TopicPartition]:
    return [TopicPartition(*place, offset) for place, offset in ends.items()]
