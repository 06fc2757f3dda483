"""The shards of one process: started, held and stopped as its group assigns them.

Rules of this file: while the group moves shards, those that are ours stand still and none is let go. What
fails in a shard ends the process.
"""

import asyncio
import time
from collections.abc import Iterable

from streams.transport.barriers import TakenOverError
from streams.transport.batches import Batch
from streams.transport.crash import die
from streams.transport.owner import Owner, Stage
from streams.transport.reports import ShardReport
from streams.transport.setup import Setup


class Fleet:
    """Owners by shard."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.owners: dict[int, Owner] = {}
        self.pause = 0.0
        """Seconds for which the last rebalance held the shards."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._held_since: float | None = None

    # What the group says -----------------------------------------------------------------------

    def hold(self) -> None:
        """The group is about to move shards."""
        if self._held_since is None:
            self._held_since = time.monotonic()
        for owner in self.owners.values():
            owner.hold()

    async def assign(self, shards: Iterable[int]) -> None:
        """These are ours now, and no others."""
        wanted = set(shards)
        for shard in sorted(self.owners.keys() - wanted):
            await self._stop(shard)
        for owner in self.owners.values():
            owner.release()
        for shard in sorted(wanted - self.owners.keys()):
            self.start(Owner(self.setup, shard))
        if self._held_since is not None:
            self.pause = time.monotonic() - self._held_since
            self._held_since = None

    def start(self, owner: Owner) -> None:
        self.owners[owner.shard] = owner
        self._tasks[owner.shard] = asyncio.create_task(self._run(owner))

    async def stop(self) -> None:
        """Leave a checkpoint on every shard's last barrier."""
        for owner in self.owners.values():
            owner.release()
        await asyncio.gather(*(self._stop(shard) for shard in list(self.owners)))

    # What its agent brings ---------------------------------------------------------------------

    async def put(self, batch: Batch) -> None:
        """Entries of a shard's inbox."""
        owner = self.owners.get(batch.partition)
        if owner is not None:
            await owner.queue.put(batch)

    def committable(self, shard: int) -> int | None:
        """The inbox before this offset is never read again."""
        owner = self.owners.get(shard)
        return owner.committable if owner is not None else None

    # What it tells -----------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        return bool(self.owners) and all(owner.stage is Stage.LIVE for owner in self.owners.values())

    def reports(self) -> tuple[ShardReport, ...]:
        return tuple(self.owners[shard].report() for shard in sorted(self.owners))

    async def _run(self, owner: Owner) -> None:
        try:
            await owner.run()
        except TakenOverError as error:
            if not owner.is_held:
                die(f"{error}; this worker starts anew")
            del self.owners[owner.shard]
        except Exception as error:
            die(f"shard {owner.shard}: {type(error).__name__}: {error}")

    async def _stop(self, shard: int) -> None:
        owner, task = self.owners.get(shard), self._tasks.pop(shard, None)
        if owner is not None:
            await owner.stop()
            self.owners.pop(shard, None)
        if task is not None:
            await task
