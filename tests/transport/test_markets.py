"""A market that is read once for every shard of a process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from confluent_kafka import Producer

from streams.transport import markets
from streams.transport.markets import Cursor, Market
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
    monkeypatch.setattr(markets, "AHEAD", 20_000)
    producer = Producer(cluster.confluent())

    def publish(count: int) -> None:
        for number in range(count):
            producer.produce(topic, NUMBER.pack(number, number), partition=0)
        producer.flush()

    def thousands(topic, raws):
        plain = decode(topic, raws)
        return Thousands(plain.first, plain.numbers)

    async def scene():
        market = Market(cluster, topic, thousands)
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
