"""Looks on: who owns which shard, how often shards were taken over, and how far the fold has come."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.private import Takeover, decode_barrier
from streams.transport.shard.reports import ShardReport, decode_report

FRESH = 2.0


class Watched(NamedTuple):
    """Whom to watch."""

    shards: int
    reports: str
    barriers: str
    inbox: str
    markets: tuple[str, ...]
    sources: tuple[tuple[str, int], ...]
    """What the gate reads."""
    gate: str
    """The gate's group."""


@dataclass(frozen=True)
class Place:
    """What a worker last said of a shard."""

    heard: float
    pid: int
    report: ShardReport


class Watch:
    """Reads reports and barriers past the proxy as they come."""

    def __init__(self, settings: Mapping[str, Any], topics: Watched) -> None:
        self.barriers, self.shards = topics.barriers, topics.shards
        self.topics = topics
        self.takeovers: Counter[int] = Counter()
        self.owned: dict[int, tuple[float, frozenset[int]]] = {}
        """What each process last said that it owns."""
        self.places: dict[int, Place] = {}
        self._consumer = Consumer(
            {
                **settings,
                "group.id": "watch",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )
        places = [(topics.reports, 0), *((topics.barriers, shard) for shard in range(topics.shards))]
        self._consumer.assign([TopicPartition(*place, 0) for place in places])
        self._gate = Consumer({**settings, "group.id": topics.gate, "log_level": 0})

    def close(self) -> None:
        self._consumer.close()
        self._gate.close()

    def look(self) -> None:
        while found := self._consumer.consume(1000, 0.01):
            for message in found:
                if message.error():
                    continue
                if message.topic() == self.barriers:
                    if isinstance(decode_barrier(message.value()), Takeover):
                        self.takeovers[message.partition() or 0] += 1
                else:
                    self._hear(message.value() or b"")

    def _hear(self, value: bytes) -> None:
        report, now = decode_report(value), time.monotonic()
        live = [shard for shard in report.shards if shard.stage in ("live", "held")]
        self.owned[report.pid] = (now, frozenset(shard.shard for shard in live))
        for shard in live:
            place = self.places.get(shard.shard)
            if place is None or now - place.heard > FRESH or shard.number >= place.report.number:
                self.places[shard.shard] = Place(now, report.pid, shard)

    def numbers(self) -> dict[int, int]:
        """The last barrier of each shard that somebody lately said to be live."""
        now = time.monotonic()
        return {
            shard: place.report.number
            for shard, place in self.places.items()
            if now - place.heard < FRESH and place.report.stage == "live"
        }

    def is_drained(self) -> bool:
        """Whether the gate and every shard stand at the ends of their logs, and the broker says so."""
        try:
            return self._are_at_their_ends()
        except KafkaException:
            return False

    def _are_at_their_ends(self) -> bool:
        topics = self.topics
        sources = [TopicPartition(*place) for place in topics.sources]
        for place in self._gate.committed(sources, 20):
            if max(place.offset, 0) < self._end(place.topic, place.partition):
                return False
        markets = {topic: self._end(topic, 0) for topic in topics.markets}
        return all(
            self._is_at(shard, self._end(topics.inbox, shard), markets) for shard in range(self.shards)
        )

    def _end(self, topic: str, partition: int) -> int:
        _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
        return end

    def _is_at(self, shard: int, inbox: int, markets: Mapping[str, int]) -> bool:
        place = self.places.get(shard)
        if place is None or time.monotonic() - place.heard > FRESH or place.report.stage != "live":
            return False
        report = place.report
        return report.inbox >= inbox and all(
            report.market.get(topic, 0) >= end for topic, end in markets.items()
        )
