"""A market's log: read and decoded once for every shard of the process.

Rules of this file: the log is shared from `base` on, where the slowest live shard stands. A shard that is
further back, because it has just been taken over, reads by itself until it comes to `base`.
"""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice

from streams.transport.contract.machine import MarketRecords, Raw
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Ends, Log

Decode = Callable[[str, Sequence[Raw]], MarketRecords]

RUN = 40_000
"""Records of a run at most."""
READ_AHEAD = 400_000
"""Rows that are read ahead of the slowest shard: a record may hold one or thousands."""
LAST = 100
"""Records at the log's end that are looked at for its time: some may be faulty."""
END_SECONDS = 1.0
"""Between two looks at the log's end."""


def cut(raws: Sequence[Raw]) -> Iterator[Sequence[Raw]]:
    return (raws[start : start + RUN] for start in range(0, len(raws), RUN))


class MarketLog:
    """One market, and the shards that follow it."""

    def __init__(self, cluster: Cluster, topic: str, decode: Decode) -> None:
        self.topic = topic
        self.cluster = cluster
        self.decode = decode
        self.base: int | None = None
        """The first offset that is held; None before the first shard is live."""
        self.end = 0
        """The offset after the last record that was read."""
        self.newest = 0
        """The greatest event time that was read."""
        self.grown = asyncio.Event()
        """Set, and made anew, whenever records have come."""
        self._runs: deque[MarketRecords] = deque()
        self._ends: list[int] = []
        self._rows = 0
        """Of all the runs that are held."""
        self._live: set[Cursor] = set()
        self._moved = asyncio.Event()
        self._looking = asyncio.Lock()
        self._looked_at = -END_SECONDS
        self._far_end = 0
        """The log's end as it was looked at last."""
        self._far_newest = 0
        """The event time there."""

    async def run(self) -> None:
        """Read for as long as the process lives."""
        while self.base is None:
            await self._wait_for_move()
        log = await Log(self.cluster, self.topic, 0).open(self.base)
        try:
            while True:
                for raws in cut(await log.read()):
                    self._add(self.decode(self.topic, raws))
                    await asyncio.sleep(0)
                while self._is_far_ahead():
                    await self._wait_for_move()
        finally:
            await log.close()

    async def look_ahead(self, ends: Ends) -> None:
        """See of what time the log's end is, where what lies before it is still to be read."""
        async with self._looking:
            if time.monotonic() - self._looked_at < END_SECONDS:
                return
            end = await ends.of_one(self.topic, 0)
            newest = await self._time_at_end() if end > self.end else 0
            if newest:
                self._far_newest, self._far_end = max(self._far_newest, newest), end
            self._looked_at = time.monotonic()

    async def _time_at_end(self) -> int:
        """0 where its last records are all faulty. Waits for Kafka: who is refused as ahead stays refused."""
        log = Log(self.cluster, self.topic, 0)
        try:
            raws = await log.last(LAST)
        finally:
            await log.close()
        return self.decode(self.topic, raws).newest if raws else 0

    def newest_beyond(self, offset: int) -> int:
        """The newest event time that is known of what lies at and behind an offset; 0 where nothing does."""
        return max(self.newest, self._far_newest) if offset < max(self.end, self._far_end) else 0

    def _add(self, run: MarketRecords) -> None:
        self._runs.append(run)
        self._ends.append(run.end)
        self._rows += run.rows
        self.end = run.end
        self.newest = max(self.newest, run.newest)
        grown, self.grown = self.grown, asyncio.Event()
        grown.set()

    def _is_far_ahead(self) -> bool:
        self._forget()
        return self.base is None or self._rows > READ_AHEAD

    def _forget(self) -> None:
        """What every live shard has passed."""
        if not self._live:
            return
        slowest = min(cursor.position for cursor in self._live)
        passed = bisect_right(self._ends, slowest)
        for _ in range(passed):
            self._rows -= self._runs.popleft().rows
        del self._ends[:passed]
        self.base = slowest

    async def _wait_for_move(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    # For cursors -------------------------------------------------------------------------------

    def holds(self, offset: int) -> bool:
        """Whether the shared log has not forgotten what is at that offset."""
        return self.base is not None and offset >= self.base

    def at(self, offset: int) -> MarketRecords | None:
        """The held records from an offset on, to the end of their run; None when none has come."""
        place = bisect_right(self._ends, offset)
        if place == len(self._runs):
            return None
        run = next(islice(self._runs, place, None))
        return run.since(offset) if run.first < offset else run

    def follow(self, cursor: "Cursor") -> None:
        self._live.add(cursor)
        if self.base is None:
            self.base = self.end = cursor.position
        self.moved()

    def leave(self, cursor: "Cursor") -> None:
        self._live.discard(cursor)
        self.moved()

    def moved(self) -> None:
        self._moved.set()


class Cursor:
    """One shard's place in a market."""

    def __init__(self, market: MarketLog, position: int) -> None:
        self.market = market
        self.position = position
        self._follows = False
        self._own: Log | None = None
        self._rest: MarketRecords | None = None

    async def close(self) -> None:
        self.market.leave(self)
        await self._close_own()

    async def follow(self) -> None:
        """Share the log from now on, or as soon as this shard has caught up with it."""
        if self.market.base is None or self.market.holds(self.position):
            self._follows = True
            self.market.follow(self)
            await self._close_own()

    async def runs(self, end: int) -> AsyncIterator[MarketRecords]:
        """The records before `end`, as they come."""
        while self.position < end:
            run = await self._next()
            if run.end > end:
                run = run.until(end)
            if run.first < end:
                yield run
            self.position = run.end if run.first < end else end
            self.market.moved()

    async def _next(self) -> MarketRecords:
        """Records from the shard's place on; waits until there are some."""
        if not self._follows and self.market.holds(self.position):
            await self.follow()
        if not self._follows:
            return await self._read_alone()
        while (run := self.market.at(self.position)) is None:
            await self.market.grown.wait()
        return run

    async def _read_alone(self) -> MarketRecords:
        if self._rest is not None and self._rest.end > self.position:
            return self._rest.since(self.position)
        if self._own is None:
            self._own = await Log(self.market.cluster, self.market.topic, 0).open(self.position)
        while not (raws := await self._own.read()):
            pass
        self._rest = self.market.decode(self.market.topic, raws)
        return self._rest

    async def _close_own(self) -> None:
        self._rest = None
        if self._own is not None:
            await self._own.close()
            self._own = None
