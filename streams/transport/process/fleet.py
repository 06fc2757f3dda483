"""The shards of one process: started, held and stopped as its group assigns them.

Rules of this file: while the group moves shards, those that are ours stand still and none is let go. What
fails in a shard ends the process.
"""

import asyncio
import time
from collections.abc import Iterable

from streams.transport.contract.crash import die, must_end_within, or_die
from streams.transport.kafka.logs import Log
from streams.transport.shard.barriers import TakenOverError
from streams.transport.shard.handover.takeover import take_over
from streams.transport.shard.owner import Owner
from streams.transport.shard.reports import ShardReport, Stage
from streams.transport.shard.setup import ShardSetup
from streams.transport.standby.standbys import Standbys
from streams.transport.strict_faust.batches import RecordBatch

FEED_SECONDS = 0.002
STOP_SECONDS = 60.0
"""For a takeover that is under way, and the last checkpoint: longer than a client waits for Kafka."""


class Fleet:
    """Owners by shard."""

    def __init__(self, setup: ShardSetup, standbys: Standbys | None = None) -> None:
        self.setup = setup
        self.standbys = standbys
        self.owners: dict[int, Owner] = {}
        self.pause = 0.0
        """Seconds from the last move of shards, until all that are ours now went on."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._feeding: list[asyncio.Task[None]] = []
        self._moved_at: float | None = None
        self._timing: asyncio.Task[None] | None = None
        self._leaving = False

    # What the group says -----------------------------------------------------------------------

    def hold(self) -> None:
        """The group is about to move shards."""
        self._begin_move()
        for owner in self.owners.values():
            owner.hold()

    async def assign(self, shards: Iterable[int]) -> None:
        """These are ours now, and no others."""
        self._begin_move()
        wanted = set(shards)
        for shard in sorted(self.owners.keys() - wanted):
            await self._stop(shard)
        for owner in self.owners.values():
            owner.release()
        if not self._leaving:  # the group may give a shard to a worker that is about to leave
            for shard in sorted(wanted - self.owners.keys()):
                self._start(shard)
        await self._stop_feeding()
        self._end_move()

    def take_over(self, shards: Iterable[int]) -> None:
        """Go on with shards that the group has not assigned to anybody who lives."""
        self._begin_move()
        for shard in shards:
            self._start(shard)
            feeding = or_die(self._feed(self.owners[shard]), f"the inbox of shard {shard}")
            self._feeding.append(asyncio.create_task(feeding))
        self._end_move()

    def _begin_move(self) -> None:
        if self._moved_at is None:
            self._moved_at = time.monotonic()

    def _end_move(self) -> None:
        if self._timing is None or self._timing.done():
            self._timing = asyncio.create_task(self._time_pause())

    async def _time_pause(self) -> None:
        while not all(owner.stage is Stage.LIVE for owner in self.owners.values()):
            await asyncio.sleep(FEED_SECONDS)
        if self._moved_at is not None:
            self.pause, self._moved_at = time.monotonic() - self._moved_at, None

    def _start(self, shard: int) -> None:
        is_followed = self.standbys is not None and self.standbys.follows(shard)
        take = self.standbys.take_over if self.standbys is not None and is_followed else take_over
        owner = self.owners[shard] = Owner(self.setup, shard, take)
        self._tasks[shard] = asyncio.create_task(or_die(self._run(owner), f"shard {shard}"))

    async def stop(self) -> None:
        """Leave a checkpoint on every shard's last barrier."""
        self._leaving = True
        await self._stop_feeding()
        if self._timing is not None:
            self._timing.cancel()
        for owner in self.owners.values():
            owner.release()
        await asyncio.gather(*(self._stop(shard) for shard in list(self.owners)))

    # What its agent brings ---------------------------------------------------------------------

    async def put(self, batch: RecordBatch) -> None:
        """Entries of a shard's inbox."""
        owner = self.owners.get(batch.partition)
        if owner is not None:
            await owner.queue.put(batch)

    def committable(self, shard: int) -> int | None:
        """The inbox before this offset is never read again."""
        owner = self.owners.get(shard)
        return owner.committable if owner is not None else None

    async def _feed(self, owner: Owner) -> None:
        """In place of the agent, until the group has made up its mind."""
        while owner.stage is Stage.TAKING_OVER:
            await asyncio.sleep(FEED_SECONDS)
        assert owner.taken is not None
        log = Log(self.setup.cluster, self.setup.names.inbox, owner.shard)
        await log.open(owner.taken.fold.inbox)
        try:
            while True:
                await owner.queue.put(await log.read())
        finally:
            await log.close()

    async def _stop_feeding(self) -> None:
        for task in self._feeding:
            task.cancel()
        await asyncio.gather(*self._feeding, return_exceptions=True)
        self._feeding.clear()

    # What it tells -----------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        return bool(self.owners) and all(owner.stage is Stage.LIVE for owner in self.owners.values())

    @property
    def is_along(self) -> bool:
        """Whether it stands by with every shard."""
        return self.standbys is not None and not self.owners and self.standbys.are_along

    def reports(self) -> tuple[ShardReport, ...]:
        return tuple(self.owners[shard].report() for shard in sorted(self.owners))

    async def _run(self, owner: Owner) -> None:
        try:
            await owner.run()
        except TakenOverError as error:
            if not owner.is_held:
                die(f"{error}; this worker restarts")
            del self.owners[owner.shard]

    async def _stop(self, shard: int) -> None:
        owner, task = self.owners.get(shard), self._tasks.pop(shard, None)
        if owner is not None:
            deadline = must_end_within(STOP_SECONDS, f"shard {shard}")
            try:
                await owner.stop()
            finally:
                deadline.cancel()
            self.owners.pop(shard, None)
        if task is not None:
            await task
