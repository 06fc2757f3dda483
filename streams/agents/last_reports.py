"""What the workers told last, looked at once for all who ask within a moment."""

import asyncio
import time

from streams.agents.times import TOLD_SECONDS
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Log
from streams.transport.shard.reports import WorkerReport, decode_report

LAST = 200
"""Reports that are looked at: those of some seconds, or the last ones of desks that have gone."""


class LastReports:
    """Of one topic."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = topic
        self._looked_at = -TOLD_SECONDS
        self._reports: list[WorkerReport] = []
        self._looking = asyncio.Lock()

    async def last(self) -> list[WorkerReport]:
        async with self._looking:
            if time.monotonic() - self._looked_at >= TOLD_SECONDS:
                self._reports = await self._read()
                self._looked_at = time.monotonic()
        return self._reports

    async def _read(self) -> list[WorkerReport]:
        log = Log(self._cluster, self._topic, 0)
        try:
            return [decode_report(raw.value or b"") for raw in await log.last(LAST)]
        finally:
            await log.close()
