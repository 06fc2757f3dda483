"""A shard whose market and inbox have run ahead of it while nobody owned it."""

import asyncio
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.transport.kafka.logs import Log
from streams.transport.shard.backlog import Backlog
from streams.transport.shard.owner import Owner
from streams.transport.shard.reading import inbox
from streams.transport.shard.reading.markets import MarketLog
from streams.transport.shard.reports import Stage
from tests.transport.toy import NUMBER, Toy
from tests.transport.toy_world import ToyTopics, World, a_process, until, valid_barriers

FEW = 20


@pytest.fixture
def toys(cluster):
    return ToyTopics.make(cluster)


async def feed_by_and_by(owner: Owner, topic: str, after: float = 0.0) -> None:
    """In place of an agent, whose batches are smaller than a log's reads."""
    await asyncio.sleep(after)
    log = await Log(owner.setup.cluster, topic, owner.shard).open(0)
    try:
        while True:
            raws = await log.read()
            for start in range(0, len(raws), FEW):
                await owner.queue.put(raws[start : start + FEW])
                await asyncio.sleep(0.01)
    finally:
        await log.close()


async def cancel(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def test_a_backlog_longer_than_the_queue_is_taken_in(cluster, toys, monkeypatch):
    monkeypatch.setattr(inbox, "MOST_QUEUED", 2 * FEW)

    async def scene():
        World(cluster, toys.names, 1).publish(50 * FEW, 100)
        await asyncio.sleep(0.2)
        async with a_process(cluster, toys) as setup:
            owner = Owner(setup, 0)
            tasks = [
                asyncio.create_task(owner.run()),
                asyncio.create_task(feed_by_and_by(owner, toys.names["inbox"])),
            ]
            end = await setup.ends.of_one(toys.names["inbox"], 0)
            await until(lambda: owner.taken is not None and owner.taken.fold.inbox == end, 60)
            await owner.stop()
            await cancel(*tasks)

    asyncio.run(scene())


class Slowly:
    """A market that is read on while the broker answers where the inbox ends."""

    def __init__(self) -> None:
        self.names = SimpleNamespace(inbox="inbox")
        self.market = SimpleNamespace(end=10)
        self.markets = {"ticks": self.market}
        self.ends = self
        self.asked = 0

    async def of_one(self, topic: str, partition: int) -> int:
        self.asked += 1
        inbox = 100 * self.asked
        await asyncio.sleep(0)
        self.market.end += 10
        return inbox


def test_an_answer_holds_for_what_was_read_before_the_question():
    async def scene():
        setup = Slowly()
        backlog = Backlog(cast(Any, setup), 0)
        first = await backlog.reach({"ticks": 0}, {"ticks": 20})
        again = await backlog.reach({"ticks": 4}, {"ticks": 9})
        asked = setup.asked
        next_one = await backlog.reach({"ticks": 10}, {"ticks": 30})
        backlog.close()
        return first, again, asked, next_one

    first, again, asked, next_one = asyncio.run(scene())
    assert first == ({"ticks": 10}, 100)
    assert (again, asked) == (({"ticks": 9}, 100), 1)
    assert next_one == ({"ticks": 20}, 200)


def test_entries_are_not_late_because_another_shard_has_read_the_market(cluster, toys, monkeypatch):
    monkeypatch.setattr(Toy, "latency", 500_000)

    async def scene() -> int:
        world = World(cluster, toys.names, 1)
        async with a_process(cluster, toys) as setup:
            owners = [Owner(setup, 0), Owner(setup, 1)]
            tasks = [
                asyncio.create_task(owners[0].run()),
                asyncio.create_task(feed_by_and_by(owners[0], toys.names["inbox"])),
            ]
            await until(lambda: owners[0].stage is Stage.LIVE)
            for round in range(60):
                world.publish(2, 5)
                await asyncio.sleep(0.03)
                if round == 40:
                    tasks.append(asyncio.create_task(owners[1].run()))
                    tasks.append(asyncio.create_task(feed_by_and_by(owners[1], toys.names["inbox"], 1)))
            end = await setup.ends.of_one(toys.names["inbox"], 1)
            taken = owners[1].taken
            assert taken is not None
            await until(lambda: taken.fold.inbox == end)
            late = taken.fold.machine.late
            await cancel(*tasks)
            return late

    assert asyncio.run(scene()) == 0


def test_an_entry_is_measured_against_the_end_of_a_market_that_is_still_to_be_read(
    cluster, toys, monkeypatch
):
    """After an outage of hours a shard stands where it was: what was sent meanwhile was refused as far ahead."""
    hours = [time.time_ns() // 1000 - hour * 3_600_000_000 for hour in (5, 4, 3, 2, 1, 0)]
    world = World(cluster, toys.names, 1)
    told: list[dict[str, int]] = []
    admit = Toy.admit

    def remember(self, offset, entry, newest):
        told.append(dict(newest))
        return admit(self, offset, entry, newest)

    def record(ts):
        world.producer.produce(toys.names["ticks"], NUMBER.pack(ts, 1), partition=0)
        world.producer.flush()

    async def live(entries):
        async with a_process(cluster, toys) as setup:
            owner = Owner(setup, 0)
            feeding = feed_by_and_by(owner, toys.names["inbox"])
            tasks = [asyncio.create_task(owner.run()), asyncio.create_task(feeding)]
            await until(lambda: owner.taken is not None and owner.taken.fold.inbox == entries, 30)
            await owner.stop()
            await cancel(*tasks)

    record(hours[0])
    world._entry(hours[0])
    world.producer.flush()
    entries = asyncio.run(_end(cluster, toys))
    asyncio.run(live(entries))
    for hour in hours[1:]:
        record(hour)
        world._entry(hour)
    world.producer.flush()
    monkeypatch.setattr(Toy, "admit", remember)
    monkeypatch.setattr(MarketLog, "run", _never)
    entries = asyncio.run(_end(cluster, toys))
    asyncio.run(live(entries))
    assert told and all(each == {toys.names["ticks"]: hours[-1]} for each in told)
    steps = [step for each in valid_barriers(cluster, toys.names["barriers"], 0) for step in each.steps]
    assert steps[-1].newest == {toys.names["ticks"]: hours[-1]}


async def _never(self):
    await asyncio.Event().wait()


async def _end(cluster, toys):
    async with a_process(cluster, toys) as setup:
        return await setup.ends.of_one(toys.names["inbox"], 0)
