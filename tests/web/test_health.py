"""What is told of how it runs: only what is so. Kafka goes in the middle of a question: that is said at once, and the answer that never came is asked for again."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.agents.names import DESK
from streams.engine.model.units import SECOND
from streams.transport.kafka.cluster import Cluster, ClusterError
from streams.transport.shard.reports import ShardReport, WorkerReport
from streams.web.state import health
from streams.web.state.health import PROBE_S, Health
from streams.web.state.live_state import LiveState


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


SHARDS = tuple(ShardReport(shard, "live") for shard in range(8))


def told(ts, *, shards=SHARDS, leaving=False):
    return WorkerReport("w", "h", 1, "1", DESK, ts, 0, shards=shards, leaving=leaving)


@pytest.fixture
def health_of():
    """How an instance is whose desk told this last, as far as this process has read."""
    made = []

    def make(report, heard_until, *, members=0, is_whole=True):
        live = LiveState(workers={"w": report} if report else {}, heard_until=heard_until)
        live.unread = set() if is_whole else {"events"}
        results: Any = SimpleNamespace(trouble="")
        found = Health(Cluster("nowhere:9092"), live, results)
        found.condition = {"groups": [{"group": DESK, "members": members, "lag": 0}]}
        made.append(found)
        return [each.text for each in found.troubles() if each.part == "desk"]

    yield make
    for each in made:
        each.close()


AT = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    ("report", "heard_until", "members", "is_whole", "says"),
    [
        pytest.param(told(AT), AT + SECOND, 0, True, "", id="it runs"),
        pytest.param(told(AT), AT, 0, True, "", id="this process reads far behind: nothing newer is known"),
        pytest.param(None, AT, 0, False, "", id="nothing has been read yet"),
        pytest.param(
            told(AT, shards=()), AT, 1, True, "A desk is running, but has no shard yet", id="it begins"
        ),
        pytest.param(
            told(AT),
            AT + 5 * SECOND,
            1,
            True,
            "The desk has not reported since 22:13:20 UTC",
            id="it is busy",
        ),
        pytest.param(told(AT), AT + 20 * SECOND, 1, True, "No desk is running", id="silent for long"),
        pytest.param(told(AT), AT + 5 * SECOND, 0, True, "No desk is running", id="its group has nobody"),
        pytest.param(told(AT, leaving=True), AT, 0, True, "No desk is running", id="it left"),
        pytest.param(None, AT, 0, True, "No desk is running", id="there never was one"),
    ],
)
def test_no_desk_is_said_only_where_none_runs(health_of, report, heard_until, members, is_whole, says):
    found = health_of(report, heard_until, members=members, is_whole=is_whole)
    assert [text.partition(": signals and")[0] for text in found] == ([says] if says else [])


@pytest.mark.parametrize(
    ("stage", "still", "fault"),
    [("live", 9, ""), ("stopped", 0, "stopped"), ("live", 11, "standing still")],
)
def test_a_shard_that_does_not_work_makes_the_instance_not_ready(health_of, stage, still, fault):
    shards = [ShardReport(shard, "live", waiting=1) for shard in range(7)]
    shards.append(ShardReport(7, stage, waiting=1, still=still))
    said = [f"Shard 7 is {fault}: its accounts do not trade."] if fault else []
    assert health_of(told(AT, shards=tuple(shards)), AT + SECOND) == said


async def nothing(_):
    """What ClickHouse says to a look."""


def test_a_question_that_hangs_hides_nothing(broker):
    async def look() -> None:
        live = LiveState()
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
