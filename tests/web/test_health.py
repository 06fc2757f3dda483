"""Kafka goes in the middle of a question: that is said at once, and the answer that never came is asked for again."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.agents.desk import NAME as DESK
from streams.clients.workers import wall
from streams.transport.cluster import Cluster, ClusterError
from streams.transport.reports import ShardReport, WorkerReport
from streams.web import health
from streams.web.health import PROBE_S, Health


class Broker:
    """Answers, or leaves a question hanging and lets nobody in."""

    def __init__(self):
        self.is_away = False
        self.hangs = threading.Event()
        self.asked = 0

    def list_topics(self, **_):
        if self.is_away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    def condition(self, *_):
        self.asked += 1
        if self.asked == 2:
            self.is_away = True
            assert self.hangs.wait(30)
            raise ClusterError("Kafka does not answer")
        return {"groups": [], "asked": self.asked}


@pytest.fixture
def broker(monkeypatch):
    found = Broker()
    monkeypatch.setattr(health, "admin", lambda _: found)
    monkeypatch.setattr(health, "condition", found.condition)
    return found


def test_a_shard_that_does_not_work_makes_the_instance_not_ready():
    async def look(stage: str, still: float) -> list[tuple[str, str]]:
        shards = [ShardReport(shard, "live", waiting=1) for shard in range(7)]
        shards.append(ShardReport(7, stage, waiting=1, still=still))
        worker = WorkerReport(
            worker="one",
            host="here",
            pid=1,
            version="1",
            part=DESK,
            ts=wall(),
            started=0,
            shards=tuple(shards),
        )
        live: Any = SimpleNamespace(counts={}, workers={"one": worker}, troubles={})
        found = Health(Cluster("nowhere:9092"), live, cast(Any, SimpleNamespace(trouble="", now=nothing)))
        troubles = [(each.part, each.text) for each in found.troubles()]
        found.close()
        return troubles

    assert asyncio.run(look("live", 9)) == []
    for stage, still, fault in ("stopped", 0, "stopped"), ("live", 11, "standing still"):
        said = f"Shard 7 is {fault}: its accounts do not trade."
        assert asyncio.run(look(stage, still)) == [("desk", said)]


async def nothing(_):
    """What ClickHouse says to a look."""


def test_a_question_that_hangs_hides_nothing(broker):
    async def look() -> None:
        live: Any = SimpleNamespace(counts={}, workers={}, troubles={})
        results: Any = SimpleNamespace(trouble="", now=nothing)
        found = Health(Cluster("nowhere:9092"), live, results)

        def asked() -> Any:
            return found.condition and found.condition["asked"]

        await found.look()
        assert (found.kafka_trouble, asked()) == ("", 1)
        began = time.monotonic()
        for _ in range(2):
            await found.look()
        assert time.monotonic() - began < 2 * PROBE_S
        assert found.troubles()[0].part == "kafka"
        assert asked() == 1, "what was known stays"
        broker.is_away = False
        broker.hangs.set()
        for _ in range(2):
            await found.look()
        assert found.kafka_trouble == "" and asked() >= 3
        found.close()

    asyncio.run(look())
