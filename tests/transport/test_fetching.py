"""The whole-batch reader against the records that were written, in every shape that Kafka stores them in."""

import asyncio
import gc
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition as ConfluentPartition

from streams.transport.contract.machine import Raw
from streams.transport.kafka import fetching
from streams.transport.kafka.fetching import FastConsumer


@asynccontextmanager
async def reader(cluster, topic, offset=0, partitions=1, **settings):
    consumer = FastConsumer(**cluster.aiokafka(), **settings)
    places = [TopicPartition(topic, number) for number in range(partitions)]
    consumer.assign(places)
    await consumer.start()
    try:
        for place in places:
            consumer.seek(place, offset)
        yield consumer
    finally:
        await consumer.stop()


async def read(consumer, number):
    """The first `number` records of partition 0, or what came in a second."""
    found: list[Raw] = []
    while len(found) < number:
        came = await consumer.batches(1000)
        if not came:
            break
        found += next(iter(came.values()))
    return found


async def read_plainly(cluster, topic, **settings):
    """What aiokafka itself gives."""
    consumer = AIOKafkaConsumer(topic, **cluster.aiokafka(), auto_offset_reset="earliest", **settings)
    await consumer.start()
    found = []
    try:
        while came := await consumer.getmany(timeout_ms=300):
            found += [
                Raw(each.offset, each.timestamp, each.key, each.value) for each in next(iter(came.values()))
            ]
    finally:
        await consumer.stop()
    return found


async def write(cluster, topic, values, **settings):
    async with AIOKafkaProducer(**cluster.aiokafka(), **settings) as producer:
        for value in values:
            await producer.send(topic, value, key=b"k", partition=0)


@pytest.mark.parametrize("compression", [None, "gzip", "snappy", "lz4", "zstd"])
def test_every_compression(cluster, topics, compression):
    topic = topics({"ticks": 1})["ticks"]
    values = [b"tick %d" % number for number in range(3000)]

    async def run():
        await write(cluster, topic, values, compression_type=compression)
        async with reader(cluster, topic) as consumer:
            return await read(consumer, len(values)), await read_plainly(cluster, topic)

    found, plain = asyncio.run(run())
    assert [each.value for each in found] == values
    assert [each.offset for each in found] == list(range(len(values)))
    assert found == plain
    assert all(type(each) is Raw for each in found)


def test_the_brokers_time_where_the_topic_says_so(cluster, topics):
    topic = topics({"ticks": 1}, message_timestamp_type="LogAppendTime")["ticks"]

    async def run():
        async with AIOKafkaProducer(**cluster.aiokafka()) as producer:
            await producer.send_and_wait(topic, b"old", partition=0, timestamp_ms=1)
        async with reader(cluster, topic) as consumer:
            return await read(consumer, 1), await read_plainly(cluster, topic)

    found, plain = asyncio.run(run())
    assert found == plain
    assert found[0].timestamp > 1_600_000_000_000


def test_no_key_and_no_value(cluster, topics):
    topic = topics({"ticks": 1})["ticks"]

    async def run():
        async with AIOKafkaProducer(**cluster.aiokafka()) as producer:
            await producer.send_and_wait(topic, None, key=b"gone", partition=0)
            await producer.send_and_wait(topic, b"", partition=0)
        async with reader(cluster, topic) as consumer:
            return await read(consumer, 2)

    assert [(each.key, each.value) for each in asyncio.run(run())] == [(b"gone", None), (None, b"")]


@pytest.mark.parametrize("isolation", ["read_committed", "read_uncommitted"])
def test_transactions(cluster, topics, isolation):
    topic = topics({"ticks": 1})["ticks"]

    async def run():
        for number, does_commit in enumerate([True, False, True, False, False, True]):
            async with AIOKafkaProducer(**cluster.aiokafka(), transactional_id=topic) as producer:
                await producer.begin_transaction()
                for place in range(50):
                    await producer.send(topic, b"%d-%d" % (number, place), partition=0)
                await (producer.commit_transaction() if does_commit else producer.abort_transaction())
        await write(cluster, topic, [b"last"])
        async with reader(cluster, topic, isolation_level=isolation) as consumer:
            found = await read(consumer, 500)
            end = await consumer.position(TopicPartition(topic, 0))
        return found, end, await read_plainly(cluster, topic, isolation_level=isolation)

    found, end, plain = asyncio.run(run())
    assert found == plain
    assert len(found) == (151 if isolation == "read_committed" else 301)
    assert found[-1].offset < end <= 307  # the last commit's marker may come behind the last record


def test_a_seek_into_the_middle_of_a_batch(cluster, topics):
    topic = topics({"ticks": 1})["ticks"]

    async def run():
        await write(cluster, topic, [b"%d" % number for number in range(1000)], linger_ms=50)
        async with reader(cluster, topic, offset=777) as consumer:
            first = await read(consumer, 223)
            consumer.seek(TopicPartition(topic, 0), 995)
            return first, await read(consumer, 5)

    first, second = asyncio.run(run())
    assert [each.offset for each in first] == list(range(777, 1000))
    assert [each.offset for each in second] == list(range(995, 1000))


def test_nothing_new_waits_and_says_so(cluster, topics):
    topic = topics({"ticks": 1})["ticks"]

    async def run():
        async with reader(cluster, topic) as consumer:
            assert await consumer.batches(100) == {}
            waiting = asyncio.create_task(consumer.batches(10_000))
            await write(cluster, topic, [b"now"])
            return await waiting

    assert [each.value for each in asyncio.run(run())[TopicPartition(topic, 0)]] == [b"now"]


def test_a_corrupt_batch_is_told_and_read_again(cluster, topics, monkeypatch):
    topic = topics({"ticks": 1})["ticks"]
    is_first = iter([True])
    choose = fetching._data_batches

    def broken(fetched):
        if next(is_first, False):
            raise CorruptRecordException("a flipped bit")
        return choose(fetched)

    async def run():
        await write(cluster, topic, [b"whole"])
        monkeypatch.setattr(fetching, "_data_batches", broken)
        async with reader(cluster, topic) as consumer:
            with pytest.raises(CorruptRecordException):
                await read(consumer, 1)
            return await read(consumer, 1)

    assert [each.value for each in asyncio.run(run())] == [b"whole"]


def test_what_retention_deleted_is_an_error(cluster, topics):
    topic = topics({"ticks": 1})["ticks"]

    async def run():
        await write(cluster, topic, [b"%d" % number for number in range(10)])
        admin = AdminClient(cluster.confluent())
        for deleted in admin.delete_records([ConfluentPartition(topic, 0, 5)]).values():
            deleted.result(10)
        async with reader(cluster, topic) as consumer:
            with pytest.raises(OffsetOutOfRangeError):
                await read(consumer, 1)
            consumer.seek(TopicPartition(topic, 0), 5)
            return await read(consumer, 5)

    assert [each.offset for each in asyncio.run(run())] == [5, 6, 7, 8, 9]


def test_what_was_read_is_freed_at_once(cluster, topics):
    """The collector comes rarely where batches come and go; a fetch that waits for it is a megabyte each."""
    topic = topics({"ticks": 1})["ticks"]

    async def run():
        await write(cluster, topic, [b"%d" % number for number in range(100)])
        async with reader(cluster, topic) as consumer:
            gc.collect()
            gc.disable()
            try:
                await read(consumer, 100)
                return [each for each in gc.get_objects() if isinstance(each, PartitionRecords)]
            finally:
                gc.enable()

    assert asyncio.run(run()) == []
