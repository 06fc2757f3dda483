"""What is wrong upstream, each reproduced. One that fails was mended there: see whether ours is still needed."""

import asyncio
from collections import defaultdict
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.transport.consumer import Consumer
from faust.transport.producer import ProducerBuffer
from faust.types import TP

from streams.transport.kafka.producing import Buffer
from streams.transport.strict_faust.batches import Progress
from tests.transport.copies import write

PLACE = TP("signals", 0)


def test_faust_commits_past_a_gap_that_nobody_acknowledged():
    consumer = SimpleNamespace(
        _acked=defaultdict(list, {PLACE: [11, 12]}),
        _acked_index=defaultdict(set, {PLACE: {11, 12}}),
        _gap=defaultdict(list),
        _committed_offset={PLACE: 10},
    )
    assert Consumer._new_offset(consumer, PLACE) == 13  # type: ignore[arg-type]  # 10 was never acknowledged


def test_ours_commits_the_acknowledged_prefix():
    batches = [SimpleNamespace(offset=offset, acked=offset != 10) for offset in (9, 10, 11, 12)]
    progress = Progress()
    assert progress.committable() is None
    for each in batches:
        progress.deliver(each)
    assert progress.committable() == 10
    batches[1].acked = True
    assert progress.committable() == 13


def buffer(kind):
    made = type("Started", (kind,), {"state": "running"})()
    made.app = SimpleNamespace(conf=SimpleNamespace(producer_threaded=False))
    made.put("a record")
    return made


def test_fausts_flush_returns_while_records_wait():
    async def run():
        waiting = buffer(ProducerBuffer)
        await waiting.flush()
        return waiting.size

    assert asyncio.run(run()) == 1


def test_ours_waits():
    async def run():
        await asyncio.wait_for(buffer(Buffer).flush(), 0.5)

    with pytest.raises(TimeoutError):
        asyncio.run(run())


@pytest.fixture
def read_consumer(cluster, topics):
    """Runs something with a consumer that has read ten records and committed nothing."""
    topic = topics({"signals": 1})["signals"]
    write(cluster, topic, [b"%d" % number for number in range(10)], partitions=1)

    def run(then, reads):
        async def work():
            settings = cluster.aiokafka() | {"auto_offset_reset": "earliest", "enable_auto_commit": False}
            async with AIOKafkaConsumer(topic, group_id=f"reads-{topic}", **settings) as consumer:
                for _ in range(10 if reads else 0):
                    await consumer.getone()
                return await then(consumer, TopicPartition(topic, 0))

        return asyncio.run(work())

    return run


def test_aiokafka_does_not_seek_where_nothing_was_committed(read_consumer):
    async def seek(consumer, place):
        await consumer.seek_to_committed()
        return await consumer.position(place)

    assert read_consumer(seek, reads=True) == 10


def test_aiokafka_takes_no_partition_for_all(read_consumer):
    async def read(consumer, place):
        return await consumer._fetcher.fetched_records(set(), timeout=5)

    assert read_consumer(read, reads=False)
