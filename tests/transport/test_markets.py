"""A market that is read once for every shard of a process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import pytest
from confluent_kafka import Producer

from schemas.private import InboxEntry, encode_entry
from streams.transport.contract.machine import Raw
from streams.transport.kafka.logs import Ends, Log
from streams.transport.shard.reading import markets
from streams.transport.shard.reading.inbox import Queue
from streams.transport.shard.reading.markets import Cursor, MarketLog
from tests.transport.copies import write
from tests.transport.toy import NUMBER, Numbers, decode
from tests.transport.toy_world import until


@dataclass(frozen=True)
class Thousands(Numbers):
    """Each record holds a thousand rows."""

    @property
    def rows(self) -> int:
        return 1000 * len(self.numbers)


def test_rows_bound_what_is_read_ahead(cluster, topics, monkeypatch):
    topic = topics({"ticks": 1})["ticks"]
    monkeypatch.setattr(markets, "READ_AHEAD", 20_000)
    producer = Producer(cluster.confluent())

    def publish(count: int) -> None:
        for number in range(count):
            producer.produce(topic, NUMBER.pack(number, number), partition=0)
        producer.flush()

    def thousands(topic, raws):
        plain = decode(topic, raws)
        return Thousands(plain.first, plain.numbers)

    async def scene():
        market = MarketLog(cluster, topic, thousands)
        reading = asyncio.create_task(market.run())
        cursor = Cursor(market, 0)
        await cursor.follow()
        publish(30)
        await until(lambda: market.end == 30)
        publish(10)
        await asyncio.sleep(0.5)
        assert market.end == 30
        passed = [run async for run in cursor.runs(30)]
        await until(lambda: market.end == 40)
        assert sum(run.rows for run in passed) == 30_000
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading

    asyncio.run(scene())


@pytest.mark.parametrize("times", [[7, 5], [7, 0, 0]], ids=["slow", "its last records are faulty"])
def test_the_time_at_a_log_s_end_is_known_though_kafka_is_slow(cluster, topics, monkeypatch, times):
    """Just after an outage: what was refused as ahead of a market then is refused for ever."""
    topic = topics({"ticks": 1})["ticks"]
    write(cluster, topic, [NUMBER.pack(time, 1) for time in times], 1)
    nothing_yet, read = iter([(), ()]), Log.read

    async def slow_read(log, *given):
        found = next(nothing_yet, None)
        return await read(log, *given) if found is None else found

    monkeypatch.setattr(Log, "read", slow_read)

    async def scene():
        market, ends = MarketLog(cluster, topic, decode), await Ends(cluster).open()
        await market.look_ahead(ends)
        await ends.close()
        assert market.newest_beyond(0) == 7
        assert market.newest_beyond(len(times)) == 0

    asyncio.run(scene())


def test_a_time_far_ahead_counts_as_long_as_its_entry_waits():
    """Each entry behind it had the log's end looked at, until the shard moved."""

    async def scene():
        queue = Queue(0)
        for offset, time in enumerate([1 << 60, 5]):
            entry = InboxEntry(
                ts=time, kind="signal", topic="t", partition=0, offset=offset, payload=msgspec.Raw(b"\xc0")
            )
            await queue.put([Raw(offset, 0, None, encode_entry(entry))])
        assert queue.latest == 1 << 60
        assert len(queue.take()) == 2
        assert queue.latest == 0

    asyncio.run(scene())
