"""The fold on a real Kafka, with a machine that knows no trading."""

import asyncio
from contextlib import suppress

import msgspec
import pytest

from streams.transport.shard.barriers import TakenOverError
from streams.transport.shard.owner import Owner
from streams.transport.shard.reports import Stage
from tests.transport.toy import Toy
from tests.transport.toy_world import ToyTopics, World, a_process, feed, read, refold, until


@pytest.fixture
def toys(cluster):
    return ToyTopics.make(cluster)


def check(cluster, toys, shard: int) -> int:
    """Every output once or in identical repeats, none missing; the stored rows are the refolded ones."""
    names = toys.names
    machine, told = refold(cluster, toys, shard)
    expected = {record.key: record.value for record in told if record.topic == names["out"]}
    found: dict[bytes, bytes] = {}
    for raw in read(cluster, names["out"], shard):
        assert found.setdefault(raw.key, raw.value) == raw.value
    assert found == expected
    rows = {raw.key: raw.value for raw in read(cluster, names["counters-changelog"], shard)}
    assert {key: row for key, row in rows.items() if not key.startswith(b"\0")} == {
        key.encode(): msgspec.msgpack.encode(counter) for key, counter in machine.counters.items()
    }
    state = {raw.key: raw.value for raw in read(cluster, names["state"], shard)}
    assert state == {record.key: record.value for record in told if record.topic == names["state"]}
    return len(expected)


async def run_for(cluster, toys, shard: int, world: World, *, clean: bool) -> None:
    async with a_process(cluster, toys) as setup:
        owner = Owner(setup, shard)
        tasks = [
            asyncio.create_task(owner.run()),
            asyncio.create_task(feed(owner, cluster, toys.names["inbox"])),
        ]
        await until(lambda: owner.stage is Stage.LIVE or tasks[0].done())
        for _ in range(5):
            world.publish(20, 60)
            await asyncio.sleep(0.1)
        if clean:
            await asyncio.sleep(0.5)
            await owner.stop()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def test_kills_and_a_clean_stop(cluster, toys):
    async def scene():
        world = World(cluster, toys.names, 1)
        for _ in range(4):
            await run_for(cluster, toys, 0, world, clean=False)
        await run_for(cluster, toys, 0, world, clean=True)

    asyncio.run(scene())
    assert check(cluster, toys, 0) > 300


def test_an_owner_that_was_taken_over_stops(cluster, toys):
    async def scene():
        world = World(cluster, toys.names, 2)
        async with a_process(cluster, toys) as setup:
            first = Owner(setup, 0)
            old = asyncio.create_task(first.run())
            fed = asyncio.create_task(feed(first, cluster, toys.names["inbox"]))
            await until(lambda: first.stage is Stage.LIVE)
            world.publish(20, 60)
            await run_for(cluster, toys, 0, world, clean=True)
            with pytest.raises(TakenOverError):
                await old
            fed.cancel()

    asyncio.run(scene())
    assert check(cluster, toys, 0) > 50


def test_a_waiting_entry_survives_a_restart(cluster, toys, monkeypatch):
    monkeypatch.setattr(Toy, "latency", 1_000_000)
    test_kills_and_a_clean_stop(cluster, toys)
