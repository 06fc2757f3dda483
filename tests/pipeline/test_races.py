"""Two workers that take a shard over at the same time, step by step."""

import asyncio
import gc

import pytest

from streams.transport.shard.barriers import TakenOverError
from streams.transport.shard.handover import takeover
from streams.transport.shard.owner import Owner
from streams.transport.shard.reports import Stage
from streams.transport.shard.store import Store
from tests.transport.toy_world import ToyTopics, World, a_process, until

PATIENCE = 15


@pytest.fixture
def toys(cluster):
    return ToyTopics.make(cluster)


def test_who_is_fenced_while_it_loads_finds_its_own_mark(cluster, toys, monkeypatch):
    """The next one's mark may come in the same read: the first must not wait for ever."""
    first, second = (Store(cluster, toys.fold.changelogs, 0, {}) for _ in range(2))
    write = first._write

    async def write_and_be_fenced(records):
        await write(records)
        await second.open()
        await second.load("second")

    monkeypatch.setattr(first, "_write", write_and_be_fenced)

    async def scene():
        await first.open()
        try:
            async with asyncio.timeout(PATIENCE):
                await first.load("first")
        finally:
            await first.close()
            await second.close()

    asyncio.run(scene())


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_who_announced_itself_before_another_owner_was_done_gives_way(cluster, toys, monkeypatch):
    """It stood still after its announcement; what is stored is of an owner that came and worked since.

    What it had opened is left open: its process ends.
    """
    announce = takeover.announce

    async def scene():
        async with a_process(cluster, toys) as setup:
            other = Owner(setup, 0)

            async def announce_and_sleep(setup, shard):
                nonce = await announce(setup, shard)
                monkeypatch.setattr(takeover, "announce", announce)
                working = asyncio.create_task(other.run())
                await until(lambda: other.stage is Stage.LIVE)
                await other.stop()
                await working
                return nonce

            World(cluster, toys.names, 1).publish(20, 60)
            monkeypatch.setattr(takeover, "announce", announce_and_sleep)
            with pytest.raises(TakenOverError, match="before this worker"):
                await takeover.take_over(setup, 0)

    asyncio.run(scene())
    gc.collect()  # here its clients may complain
