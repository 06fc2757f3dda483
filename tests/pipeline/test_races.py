"""Two workers that take a shard over at the same time, step by step."""

import asyncio

import pytest

from streams.transport.store import Store
from tests.transport.toy_world import ToyTopics

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
