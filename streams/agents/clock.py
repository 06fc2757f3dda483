"""Time for a quiet market: where no feed says that time passes, we do.

Rules of this file: a market is live if its newest record is of now; only there a clock of now is true. A
recording that is played, or a market that nobody has fed yet, gets none. Once we have begun we go on, also
after a restart, until a record of another time comes.
"""

import asyncio
import time

from schemas.codec import decode, encode
from schemas.errors import MessageError
from schemas.kinds import key_of
from schemas.messages import Clock
from streams.agents.times import LIVE
from streams.transport.kafka.logs import Log
from streams.transport.process.fleet import Fleet
from streams.transport.shard.reading.markets import MarketLog
from streams.transport.shard.setup import ShardSetup

FEED = "ghostfill"
QUIET_SECONDS = 1.0


async def keep_clocks(fleet: Fleet) -> None:
    """One worker does it: the one that owns the first shard."""
    setup = fleet.setup
    keepers = [Keeper(setup, market) for market in setup.markets.values()]
    while True:
        await asyncio.sleep(QUIET_SECONDS / 2)
        if 0 in fleet.owners:
            for keeper in keepers:
                await keeper.look()


class Keeper:
    """Watches one market."""

    def __init__(self, setup: ShardSetup, market: MarketLog) -> None:
        self.setup = setup
        self.market = market
        self._end = -1
        self._grown = time.monotonic()
        self._ours: bool | None = None
        """Whether the log ended with our clock when this process began; None before it was looked at."""

    async def look(self) -> None:
        if self.market.end != self._end:
            self._end, self._grown = self.market.end, time.monotonic()
        elif time.monotonic() - self._grown >= QUIET_SECONDS and await self._is_live():
            await self._tell()

    async def _is_live(self) -> bool:
        if self._ours is None:
            self._ours = await self._ends_with_ours()
        is_new = abs(self.setup.wall() - self.market.newest) < LIVE
        return is_new or (self._ours and self.market.newest == 0)

    async def _ends_with_ours(self) -> bool:
        log = Log(self.setup.cluster, self.market.topic, 0)
        try:
            raws = await log.last(1)
        finally:
            await log.close()
        try:
            last = decode(self.market.topic, raws[-1].key, raws[-1].value) if raws else None
        except MessageError:
            return False
        return isinstance(last, Clock) and last.feed == FEED

    async def _tell(self) -> None:
        clock = Clock(feed=FEED, ts=self.setup.wall())
        await self.setup.publisher.send(self.market.topic, 0, [(key_of(clock), encode(clock))])
