"""A new version of the engine takes a shard over from an old one that leaves, and not from one that died."""

import asyncio
import time

import pytest

from streams.transport.shard.handover import leaving
from streams.transport.shard.handover.takeover import VersionError, take_over
from streams.transport.shard.owner import Owner
from streams.transport.shard.reports import Stage
from tests.transport.toy_world import ToyTopics, World, a_process, feed, until

OLD, NEW = "toy 1", "toy 2"


@pytest.fixture
def toys(cluster):
    return ToyTopics.make(cluster)


async def work(setup, toys, world):
    """An owner that has said something since its last checkpoint."""
    owner = Owner(setup, 0)
    tasks = [
        asyncio.create_task(owner.run()),
        asyncio.create_task(feed(owner, setup.cluster, toys.names["inbox"])),
    ]
    await until(lambda: owner.stage is Stage.LIVE)
    for _ in range(5):
        world.publish(20, 60)
        await asyncio.sleep(0.1)
    return owner, tasks


def run(cluster, toys, play, **changes):
    async def life():
        async with a_process(cluster, toys, **changes) as setup:
            return await play(setup)

    return asyncio.run(life())


def test_it_waits_for_an_owner_that_is_told_to_leave(cluster, toys):
    world = World(cluster, toys.names, seed=1)

    async def play(old):
        async with a_process(cluster, toys, engine=NEW) as new:
            owner, tasks = await work(old, toys, world)
            following = asyncio.create_task(take_over(new, 0))
            await asyncio.sleep(1.0)
            assert not following.done() and owner.stage is Stage.LIVE, "nobody has taken over yet"
            number = owner.taken.fold.number
            await owner.stop()
            taken = await asyncio.wait_for(following, 15)
            for task in tasks:
                task.cancel()
            assert taken.fold.number >= number and taken.walked == 0
            await close(taken)

    run(cluster, toys, play, engine=OLD, checkpoint_after=3600)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # its process would end: nothing is closed
def test_what_died_is_told_after_a_while_and_its_own_version_goes_on(cluster, toys, monkeypatch):
    world = World(cluster, toys.names, seed=2)
    monkeypatch.setattr(leaving, "LEAVE_SECONDS", 1.0)

    async def die(old):
        _, tasks = await work(old, toys, world)
        for task in tasks:
            task.cancel()

    run(cluster, toys, die, engine=OLD, checkpoint_after=3600)

    async def other(new):
        began = time.monotonic()
        with pytest.raises(VersionError, match=f"without a clean stop by version {OLD}, and this is {NEW}"):
            await take_over(new, 0)
        assert time.monotonic() - began > 1.0

    run(cluster, toys, other, engine=NEW)


def test_the_same_version_waits_for_nobody(cluster, toys, monkeypatch):
    world = World(cluster, toys.names, seed=3)
    monkeypatch.setattr(leaving, "_is_left", None)

    async def play(setup):
        assert await leaving._last_engine(setup, 0) == ""
        _, tasks = await work(setup, toys, world)
        assert await leaving._last_engine(setup, 0) == OLD
        await close(await take_over(setup, 0))
        for task in tasks:
            task.cancel()

    run(cluster, toys, play, engine=OLD)


async def close(taken):
    await taken.inputs.close()
    await taken.barriers.close()
    await taken.store.close()
