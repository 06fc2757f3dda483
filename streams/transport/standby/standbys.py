"""A standby's shards: followed while their owners speak, taken over when they fall silent.

Rules of this file: silence is a guess, and a wrong one costs a restart of the owner, nothing else: two owners
can never both publish.
"""

import asyncio
import time

from streams.transport.contract.crash import or_die
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Log
from streams.transport.shard.handover.takeover import Taken
from streams.transport.shard.reports import WorkerReport, decode_report
from streams.transport.shard.setup import ShardSetup
from streams.transport.standby.standby import ShardFollower

SILENT_SECONDS = 0.6
LOOK_SECONDS = 0.05


class Standbys:
    """Followers by shard."""

    def __init__(self, setup: ShardSetup, shards: int) -> None:
        self.setup = setup
        self._followers = {shard: ShardFollower(setup, shard) for shard in range(shards)}
        self._tasks = {
            shard: asyncio.create_task(or_die(follower.run(), f"standby of shard {shard}"))
            for shard, follower in self._followers.items()
        }

    @property
    def are_along(self) -> bool:
        return all(follower.is_along for follower in self._followers.values())

    async def take_over(self, setup: ShardSetup, shard: int) -> Taken:
        """In place of a takeover from what is stored."""
        return await self._followers.pop(shard).take_over(self._tasks.pop(shard))

    def follows(self, shard: int) -> bool:
        return shard in self._followers and self._followers[shard].is_along

    async def drop(self, shard: int) -> None:
        """Follow this shard no more."""
        follower, task = self._followers.pop(shard), self._tasks.pop(shard)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await follower.close()

    async def close(self) -> None:
        for shard in list(self._followers):
            await self.drop(shard)


class Silence:
    """Listens to the workers' reports until one that owns shards has gone."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._log = Log(cluster, topic, 0)
        self._heard: dict[str, tuple[float, WorkerReport]] = {}

    async def wait(self) -> WorkerReport:
        """The last report of a worker that said that it leaves, or says nothing any more."""
        await self._log.open()
        try:
            async for raw in self._log.read_to(await self._log.end()):
                del raw  # workers of the past
            while True:
                for raw in await self._log.read(int(LOOK_SECONDS * 1000)):
                    report = decode_report(raw.value or b"")
                    self._heard[report.worker] = (time.monotonic(), report)
                for heard, report in self._heard.values():
                    if report.shards and (report.leaving or time.monotonic() - heard > SILENT_SECONDS):
                        return report
        finally:
            await self._log.close()
