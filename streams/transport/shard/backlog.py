"""How far a shard's inbox reached when market records had been read: what was sent before them is in there.

Rules of this file: the broker is asked, for what others have read says nothing. While records are folded, the
next question is under way.
"""

import asyncio
from typing import NamedTuple

from schemas.private import MarketPosition
from streams.transport.shard.setup import ShardSetup


class Reach(NamedTuple):
    """The records before `ends` had been read when the inbox ended at `inbox`."""

    ends: MarketPosition
    inbox: int


class Backlog:
    """One shard's questions."""

    def __init__(self, setup: ShardSetup, shard: int) -> None:
        self._setup = setup
        self._shard = shard
        self._known = Reach({}, 0)
        self._asking: asyncio.Task[Reach] | None = None

    async def reach(self, position: MarketPosition, ends: MarketPosition) -> Reach:
        """For some records of those from a position to these ends, at least one."""
        while not any(
            min(end, self._known.ends.get(topic, 0)) > position[topic] for topic, end in ends.items()
        ):
            self._known = await (self._asking or self._ask())
            self._asking = None
            if any(self._end(topic) > end for topic, end in self._known.ends.items()):
                self._asking = self._ask()
        known = self._known.ends
        return Reach(
            {topic: min(end, max(position[topic], known.get(topic, 0))) for topic, end in ends.items()},
            self._known.inbox,
        )

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    def _ask(self) -> asyncio.Task[Reach]:
        return asyncio.create_task(self._answer({topic: self._end(topic) for topic in self._setup.markets}))

    async def _answer(self, ends: MarketPosition) -> Reach:
        return Reach(ends, await self._setup.ends.of_one(self._setup.names.inbox, self._shard))

    def _end(self, topic: str) -> int:
        return self._setup.markets[topic].end
