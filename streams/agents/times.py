"""What time it is in the markets, as the desks tell it: for wishes that name no time.

Rules of this file:
- Nobody waits for a desk. Where none has told anything, or a market is live, a wish is of when Kafka had it.
- Recorded markets of different times have no time in common: most accounts would refuse a wish of the newest.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Mapping

from schemas.errors import NOTHING, MessageError
from schemas.messages import Command, Signal
from schemas.text.numbers import time_text
from streams.agents.clock import LIVE
from streams.agents.machine import MAX_AHEAD
from streams.engine.model.units import SECOND
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Log
from streams.transport.shard.reports import WorkerReport, decode_report

LAST = 200
"""Reports that are looked at: those of some seconds, or the last ones of desks that have gone."""
TOLD_SECONDS = 0.2
"""How old what the desks told may be."""
TOGETHER = 3 * SECOND
"""What was told so long before the newest report of a market counts no more."""


class Times:
    """Looks for all who ask within a moment."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = topic
        self._looked_at = -TOLD_SECONDS
        self._reports: list[WorkerReport] = []
        self._looking = asyncio.Lock()

    async def reports(self) -> list[WorkerReport]:
        """The newest ones."""
        async with self._looking:
            if time.monotonic() - self._looked_at >= TOLD_SECONDS:
                self._reports = await self._last()
                self._looked_at = time.monotonic()
        return self._reports

    async def _last(self) -> list[WorkerReport]:
        log = Log(self._cluster, self._topic, 0)
        try:
            return [decode_report(raw.value or b"") for raw in await log.last(LAST)]
        finally:
            await log.close()


def time_of(wish: Signal | Command, reports: Collection[WorkerReport]) -> int:
    """What is meant by one that names no time, and bears that at which Kafka had it.

    A command that waits for the first record of all is of any time: a recorded market never comes to now.
    """
    found = now_by(reports, wish.ts)
    if found is None:
        return 0 if isinstance(wish, Command) and wish.kind != "create" else wish.ts
    return found


def now_by(reports: Collection[WorkerReport], wall: int) -> int | None:
    """The time of the recorded markets; the wall's where one is live; None where nothing is told."""
    told: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for report in reports:
        for market, newest in report.market_time.items():
            if newest:
                told[market].append((report.ts, newest))
    times = {market: _time_in(pairs) for market, pairs in told.items()}
    if any(abs(told_at - newest) < LIVE for told_at, newest in times.values()):
        return wall
    return newest_of({market: newest for market, (_, newest) in times.items()}) if times else None


def newest_of(times: Mapping[str, int]) -> int:
    """The time that is meant in recorded markets; MessageError where it would be too far ahead of one."""
    first, last = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
    if times[last] - times[first] > MAX_AHEAD:
        told = ", ".join(f"{each} of {time_text(times[each])}" for each in (first, last))
        raise MessageError("ts", NOTHING, f"a time, for recorded markets are of different times: {told}")
    return times[last]


def _time_in(told: Collection[tuple[int, int]]) -> tuple[int, int]:
    """When a market was told of last, and the newest time that was told of it then."""
    last = max(told_at for told_at, _ in told)
    return last, max(newest for told_at, newest in told if last - told_at < TOGETHER)
