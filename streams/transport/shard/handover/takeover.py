"""How a worker becomes a shard's owner.

Rules of this file: an owner of another version may leave first. Then comes the takeover record, then the
fence, then the stored rows, then the barriers up to an end that was asked for after the fence. What the
records say was done is done again, and its outputs are sent again: the same bytes.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

from schemas.private import Barrier, InboxEntry, Takeover, decode_barrier, encode_barrier
from streams.transport.contract.machine import MarketRecords, Record, Row
from streams.transport.kafka.logs import Log
from streams.transport.shard.barriers import History, TakenOverError
from streams.transport.shard.fold import Fold
from streams.transport.shard.handover.leaving import let_leave
from streams.transport.shard.reading.inbox import InboxReader
from streams.transport.shard.reading.markets import Cursor
from streams.transport.shard.setup import ShardSetup
from streams.transport.shard.store import Header, Store, Tables, ranges_of


class VersionError(Exception):
    """The shard was left by another version of the engine in a state that only that version can read."""


class ShardInputs:
    """One shard's logs from outside."""

    def __init__(self, setup: ShardSetup, shard: int) -> None:
        self.setup = setup
        self.shard = shard
        self.inbox: InboxReader | None = None
        self.cursors: dict[str, Cursor] = {}

    async def open(self, inbox: int) -> "ShardInputs":
        reader = InboxReader(self.setup.cluster, self.setup.names.inbox, self.shard)
        self.inbox = await reader.open(inbox)
        return self

    async def close_inbox(self) -> None:
        if self.inbox is not None:
            await self.inbox.close()
            self.inbox = None

    async def close(self) -> None:
        await self.close_inbox()
        for cursor in self.cursors.values():
            await cursor.close()

    async def entries(self, start: int, end: int) -> AsyncIterator[tuple[int, InboxEntry]]:
        assert self.inbox is not None
        async for each in self.inbox.entries(start, end):
            yield each

    async def runs(self, topic: str, start: int, end: int) -> AsyncIterator[MarketRecords]:
        async for run in self.cursor(topic, start).runs(end):
            yield run

    def cursor(self, topic: str, start: int) -> Cursor:
        if topic not in self.cursors:
            if topic not in self.setup.markets:
                raise MarketError(
                    f"shard {self.shard} follows the market {topic}, which this worker was not given; "
                    f"name it: --market {topic}"
                )
            self.cursors[topic] = Cursor(self.setup.markets[topic], start)
        return self.cursors[topic]


class MarketError(Exception):
    """A shard's accounts trade in a market that this worker does not read."""


@dataclass(slots=True)
class Taken:
    """A shard at its last valid barrier, and everything an owner needs to go on."""

    fold: Fold
    inputs: ShardInputs
    store: Store
    history: History
    barriers: Log
    """Read up to the end that the takeover saw."""
    epoch: int
    told: list[Record]
    """Outputs since the stored checkpoint: they may have been sent, or not."""
    rows: list[Row]
    """Rows that may not be stored, besides those that the machine will tell as changed."""
    walked: int
    """Barriers since the stored checkpoint."""
    seconds: float
    """How long it took."""


async def take_over(setup: ShardSetup, shard: int) -> Taken:
    began = time.monotonic()
    await let_leave(setup, shard)
    nonce = await announce(setup, shard)
    store = Store(setup.cluster, setup.names.changelogs, shard, setup.tables)
    await store.open()
    await store.load(nonce)
    header = store.header
    barriers = Log(setup.cluster, setup.names.barriers, shard)
    await barriers.open(None if header is None else header.barrier + 1)
    history = History() if header is None else History(header.epoch, header.number, header.engine)
    epoch, recorded = await read_history(setup, shard, barriers, history, nonce)
    fold = Fold(setup.make(shard))
    inputs = await restore(setup, shard, fold, store, recorded)
    told: list[Record] = []
    for barrier in recorded:
        told += await fold.walk(barrier, inputs)
    return Taken(
        fold=fold,
        inputs=inputs,
        store=store,
        history=history,
        barriers=barriers,
        epoch=epoch,
        told=told,
        rows=[],
        walked=len(recorded),
        seconds=time.monotonic() - began,
    )


async def announce(setup: ShardSetup, shard: int) -> str:
    """Append the takeover record; it is known by its nonce."""
    nonce = uuid4().hex
    record = encode_barrier(Takeover(nonce, setup.engine))
    await asyncio.gather(*await setup.publisher.send(setup.names.barriers, shard, [(None, record)]))
    return nonce


async def read_history(
    setup: ShardSetup, shard: int, barriers: Log, history: History, nonce: str
) -> tuple[int, list[Barrier]]:
    """My epoch, and the barriers to walk."""
    epoch: int | None = None
    recorded: list[Barrier] = []
    end = await setup.ends.of_one(setup.names.barriers, shard)
    async for raw in barriers.read_to(end):
        record = decode_barrier(raw.value)
        if isinstance(record, Takeover):
            if epoch is not None:
                raise TakenOverError(f"shard {shard} was taken over again at offset {raw.offset}")
            if record.nonce == nonce:
                epoch = raw.offset
        barrier = history.take(raw.offset, record)
        if barrier is not None:
            check_version(setup, shard, history)
            recorded.append(barrier)
    if epoch is None:  # it lies before the last checkpoint's barrier
        raise TakenOverError(f"shard {shard} was taken over before this worker came to read its barriers")
    return epoch, recorded


def check_version(setup: ShardSetup, shard: int, history: History) -> None:
    if history.engine != setup.engine:
        raise VersionError(
            f"shard {shard} was left without a clean stop by version {history.engine}, and this is "
            f"{setup.engine}: start version {history.engine} once, stop it with Ctrl-C, and start this one "
            "again"
        )


async def restore(
    setup: ShardSetup, shard: int, fold: Fold, store: Store, recorded: list[Barrier]
) -> ShardInputs:
    """The fold as of the stored checkpoint; without one, where the shard began or where the inbox begins."""
    header = store.header
    if header is None and recorded:
        return await ShardInputs(setup, shard).open(recorded[0].steps[0].inbox)
    if header is None:
        fold.inbox = await first_of_inbox(setup, shard)
        return await ShardInputs(setup, shard).open(fold.inbox)
    inputs = ShardInputs(setup, shard)
    await resume(fold, header, store.tables, inputs)
    return inputs


async def resume(fold: Fold, header: Header, tables: Tables, inputs: ShardInputs) -> None:
    """Put a new fold where a checkpoint was taken."""
    fold.number, fold.inbox = header.number, header.inbox
    fold.market, fold.sources = dict(header.market), dict(header.sources)
    await inputs.open(header.needed)
    assert inputs.inbox is not None
    fold.machine.restore(header.machine, tables, await inputs.inbox.pending(header.pending))


async def first_of_inbox(setup: ShardSetup, shard: int) -> int:
    log = await Log(setup.cluster, setup.names.inbox, shard).open()
    try:
        return await log.position()
    finally:
        await log.close()


def header_of(fold: Fold, epoch: int, engine: str) -> Header:
    return Header(
        number=fold.number,
        epoch=epoch,
        engine=engine,
        inbox=fold.inbox,
        market=dict(fold.market),
        sources=dict(fold.sources),
        pending=ranges_of(fold.machine.pending()),
        machine=fold.machine.header(),
    )
