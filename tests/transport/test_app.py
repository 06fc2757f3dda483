"""An app that says itself what may be committed, and what a producer does with many records."""

import asyncio
import ssl
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faust.auth import SASLCredentials, SSLCredentials

from streams.transport.contract.fence import Fence
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.producing import RELIABLE, send_batch, start_batch
from streams.transport.strict_faust.app import App, app_settings
from streams.transport.strict_faust.running import running
from tests.transport.copies import PARTITIONS, committed, stored, write


def test_what_the_app_says_is_committed_and_nothing_grows(cluster, topics):
    topic = topics({"inbox": PARTITIONS})["inbox"]
    write(cluster, topic, [b"%d" % number for number in range(4000)])
    covered: dict[int, int] = {}
    read: list[int] = []

    async def run():
        app = App(**app_settings(cluster, f"app-{topic}", commit_seconds=0.2))
        app.committable[topic] = lambda place: covered.get(place.partition)

        async def take(batch):
            read.extend(raw.offset for raw in batch)

        app.on_batches(topic, handle=take)
        async with running(app):
            while len(read) < 4000:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
            nothing = committed(cluster, f"app-{topic}", topic)
            covered.update({0: 7, 1: 500})
            await asyncio.sleep(0.5)
            consumer: Any = app.consumer
            return nothing, consumer._progress, consumer._acked, consumer._acked_index

    assert asyncio.run(run()) == ([0] * PARTITIONS, {}, {}, {})
    assert committed(cluster, f"app-{topic}", topic) == [7, 500, 0, 0]


def test_a_batch_is_cut_where_it_must_be_and_keeps_its_order(cluster, topics):
    topic = topics({"inbox": 2})["inbox"]
    values = [b"%d" % number + b"-" * (number % 300) for number in range(2000)] + [b"x" * 60_000, b"last"]

    async def run():
        async with AIOKafkaProducer(**cluster.aiokafka(), **RELIABLE, max_batch_size=20_000) as producer:
            await send_batch(producer, topic, 1, [(b"key", value) for value in values])
            await send_batch(producer, topic, 1, [])

    asyncio.run(run())
    assert [each.value for each in stored(cluster, topic, 2)] == values


def test_what_waits_to_be_sent_takes_in_what_comes_meanwhile(cluster, topics):
    topic = topics({"inbox": 2})["inbox"]
    runs = [[b"%d-%d-" % (run, number) + b"x" * 100 for number in range(3)] for run in range(400)]

    async def run():
        async with AIOKafkaProducer(**cluster.aiokafka(), **RELIABLE, max_batch_size=20_000) as producer:
            acks = []
            for values in runs:
                acks += await start_batch(producer, topic, 1, [(None, value) for value in values])
            return await asyncio.gather(*acks)

    arrived = asyncio.run(run())
    assert [each.value for each in stored(cluster, topic, 2)] == [
        value for values in runs for value in values
    ]
    batches = {each.offset for each in arrived}
    assert 7 <= len(batches) < 100, "a hundred and fifty kilobytes in batches of twenty"
    assert len(arrived) >= len(runs)


def test_a_fence_knows_only_a_loop_that_ticks():
    now = [0.0]
    fence = Fence(stall_seconds=2, clock=lambda: now[0])
    now[0] = 100.0
    fence.check()

    async def run():
        async with fence.ticking():
            now[0] += 1.9
            fence.check()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("cluster_", "kind"),
    [
        (Cluster("a:1,b:2"), type(None)),
        (Cluster("a:1", "SASL_PLAINTEXT", "SCRAM-SHA-256", "me", "secret"), SASLCredentials),
        (Cluster("a:1", "SASL_SSL", "PLAIN", "me", "secret"), SASLCredentials),
        (Cluster("a:1", "SSL"), SSLCredentials),
    ],
)
def test_faust_is_told_the_cluster_s_security(cluster_, kind):
    settings = app_settings(cluster_, "an-app")
    found = settings["broker_credentials"]
    assert type(found) is kind
    assert settings["broker"] == f"ghostfill://{cluster_.bootstrap}"
    if found is not None:
        assert found.protocol.value == cluster_.protocol
    if isinstance(found, SASLCredentials):
        assert (found.username, found.password) == ("me", "secret")
        assert found.mechanism.value == cluster_.mechanism
        assert isinstance(found.ssl_context, ssl.SSLContext) is cluster_.uses_tls
