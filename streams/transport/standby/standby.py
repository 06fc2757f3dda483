"""A shard folded along by a worker that does not own it, so that it can go on at once.

Rules of this file: a standby walks barriers as they are read and never decides. It keeps what the owner may
not have published yet: everything since the last checkpoint that is known to be stored. That one is known
from the next checkpoint's barrier, for an owner takes one checkpoint after another.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from schemas.private import Barrier, Takeover, decode_barrier
from streams.transport.contract.machine import Raw, Record, Row
from streams.transport.kafka.logs import Log
from streams.transport.shard.barriers import History
from streams.transport.shard.fold import Fold
from streams.transport.shard.handover.takeover import Taken, announce, check_version, read_history, restore
from streams.transport.shard.setup import ShardSetup
from streams.transport.shard.store import Store


@dataclass(slots=True)
class Unsure:
    """What may not be published or stored yet."""

    outputs: list[Record] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


class ShardFollower:
    """One shard."""

    def __init__(self, setup: ShardSetup, shard: int) -> None:
        self.setup = setup
        self.shard = shard
        self.fold = Fold(setup.make(shard))
        self.store = Store(setup.cluster, setup.names.changelogs, shard, setup.tables)
        self.history = History()
        self.barriers = Log(setup.cluster, setup.names.barriers, shard)
        self.walked = 0
        self._older = Unsure()
        """Up to the last checkpoint's barrier."""
        self._newer = Unsure()
        self._checkpoint_of: int | None = None
        """The epoch of the last checkpoint's barrier."""
        self.is_along = False
        """Whether it has come to where the owner is, or nearly."""
        self._raws: deque[Raw] = deque()
        self._walking = asyncio.Lock()

    async def run(self) -> None:
        """Follow until cancelled."""
        await self.store.load_along()
        header = self.store.header
        if header is not None:
            self.history = History(header.epoch, header.number, header.engine)
        await self.barriers.open(None if header is None else header.barrier + 1)
        self.inputs = await restore(self.setup, self.shard, self.fold, self.store, [])
        self.is_along = True
        while True:
            if not self._raws:
                self._raws.extend(await self.barriers.read())
            async with self._walking:
                if self._raws:
                    raw = self._raws.popleft()
                    await self._take(raw.offset, decode_barrier(raw.value))

    async def _take(self, offset: int, record: Takeover | Barrier) -> None:
        barrier = self.history.take(offset, record)
        if barrier is not None:
            check_version(self.setup, self.shard, self.history)
            self._newer.outputs += await self.fold.walk(barrier, self.inputs)
            self.walked += 1
            if barrier.checkpoint:
                self._turn_over(barrier.epoch)

    def _turn_over(self, epoch: int) -> None:
        """The checkpoint before this one is stored, if the same owner took it."""
        self._newer.rows = self.fold.machine.changed()
        self.store.keep_rows(self._newer.rows)
        if epoch == self._checkpoint_of:
            self._older = self._newer
        else:
            self._older.outputs += self._newer.outputs
            self._older.rows += self._newer.rows
        self._newer, self._checkpoint_of = Unsure(), epoch

    async def close(self) -> None:
        await self.barriers.close()
        if self.is_along:
            await self.inputs.close()

    async def take_over(self, following: asyncio.Task[None]) -> Taken:
        """Become the shard's owner."""
        began = time.monotonic()
        async with self._walking:
            following.cancel()
        self.barriers.give_back(self._raws)
        nonce = await announce(self.setup, self.shard)
        await self.store.open()
        epoch, recorded = await read_history(self.setup, self.shard, self.barriers, self.history, nonce)
        for barrier in recorded:
            self._newer.outputs += await self.fold.walk(barrier, self.inputs)
        return Taken(
            fold=self.fold,
            inputs=self.inputs,
            store=self.store,
            history=self.history,
            barriers=self.barriers,
            epoch=epoch,
            told=self._older.outputs + self._newer.outputs,
            rows=self._older.rows + self._newer.rows,
            walked=self.walked + len(recorded),
            seconds=time.monotonic() - began,
        )
