"""An owner of another version is let leave: only what it left cleanly can a new version go on with.

While a group moves shards from workers of one version to those of the next, the new owner is told of a shard
when the old one is told to leave it. To take over at once would keep the old one from its last checkpoint.
"""

import asyncio
import time

import msgspec

from schemas.private import Takeover, decode_barrier
from streams.transport.contract.machine import Raw
from streams.transport.contract.names import HEADER
from streams.transport.kafka.logs import Log
from streams.transport.shard.barriers import History
from streams.transport.shard.setup import ShardSetup
from streams.transport.shard.store import Header

LOOK_SECONDS = 0.2
LEAVE_SECONDS = 20.0
"""Longer than a last checkpoint takes. Who has died leaves nothing to wait for."""


async def let_leave(setup: ShardSetup, shard: int) -> None:
    """Returns when the shard can be taken over, or will hardly be left cleanly any more."""
    if await _last_engine(setup, shard) in ("", setup.engine):
        return
    end = time.monotonic() + LEAVE_SECONDS
    while not await _is_left(setup, shard) and time.monotonic() < end:
        await asyncio.sleep(LOOK_SECONDS)


async def _last_engine(setup: ShardSetup, shard: int) -> str:
    """The version of who took the shard over last; empty where nobody did."""
    last = await _read_last(Log(setup.cluster, setup.names.barriers, shard))
    if last is None:
        return ""
    record = decode_barrier(last.value)
    if isinstance(record, Takeover):
        return record.engine
    log = await Log(setup.cluster, setup.names.barriers, shard).open(record.epoch)
    try:
        async for raw in log.read_to(record.epoch + 1):
            takeover = decode_barrier(raw.value)
            return takeover.engine if isinstance(takeover, Takeover) else ""
    finally:
        await log.close()
    return ""


async def _read_last(log: Log) -> Raw | None:
    try:
        return next(reversed(await log.last(1)), None)
    finally:
        await log.close()


async def _is_left(setup: ShardSetup, shard: int) -> bool:
    """Whether no barrier of another version counts behind the last checkpoint."""
    header = await _header(setup, shard)
    history = History() if header is None else History(header.epoch, header.number, header.engine)
    log = await Log(setup.cluster, setup.names.barriers, shard).open(header.barrier + 1 if header else None)
    try:
        async for raw in log.read_to(await log.end()):
            if history.take(raw.offset, decode_barrier(raw.value)) and history.engine != setup.engine:
                return False
    finally:
        await log.close()
    return True


async def _header(setup: ShardSetup, shard: int) -> Header | None:
    """The last checkpoint's."""
    changelog = next(iter(setup.names.changelogs.values()))
    log = await Log(setup.cluster, changelog, shard, committed=True).open()
    found = None
    try:
        async for raw in log.read_to(await log.end()):
            found = raw.value if raw.key == HEADER else found
    finally:
        await log.close()
    return None if found is None else msgspec.msgpack.decode(found, type=Header)
