"""Kafka goes in the middle of a question: that is said at once, and the answer that never came is asked for again."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.transport.cluster import Cluster, ClusterError
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
