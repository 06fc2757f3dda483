"""What an owner takes in: a moment's worth a turn of entries and market records, in the order that counts.

Rules of this file:
- Entries are admitted where the market really stands, and a step of the next barrier says where that was. It
  also says of what time the market's newest record was: who comes back after hours finds entries that are far
  ahead of where it stands, and not of the market.
- Behind the wall, what was sent before old records is admitted before them.
- A turn takes as much as is folded in a moment: a backlog must not keep the process from its other work, and
  what was folded of it is not lost with the process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from schemas.private import MarketPosition, Step
from streams.transport.contract.machine import Record
from streams.transport.shard.backlog import Backlog
from streams.transport.shard.fold import Fold
from streams.transport.shard.handover.takeover import Taken
from streams.transport.shard.reading.inbox import Queue
from streams.transport.shard.setup import ShardSetup

MOST_ADMITTED = 200
"""Entries, before others have their turn."""
FAR_AHEAD = 60_000_000
"""Microseconds: who is so far ahead of what was read of a market makes us look at its end."""
MOMENT = 0.05
"""Seconds: what a turn may take. All shards of a process have theirs before anything else has."""
MUCH = 500
"""Outputs of keys that were left behind: they tell much together."""
FIRST_STRIDE, LONGEST_STRIDE = 128, 1 << 20
"""Market records that a turn passes at most: fewer after one that took long, more after one that did not."""


class Intake:
    """Of one shard; what it folded waits here until a barrier tells of it."""

    def __init__(
        self,
        setup: ShardSetup,
        shard: int,
        queue: Queue,
        is_halted: Callable[[], bool],
        wait: Callable[[], Awaitable[None]],
    ) -> None:
        """`is_halted`: nothing more may be folded for now; `wait`: until something may have come."""
        self._setup = setup
        self._queue = queue
        self._is_halted = is_halted
        self._wait = wait
        self._backlog = Backlog(setup, shard)
        self._stride = FIRST_STRIDE
        self.steps: list[Step] = []
        self.outputs: list[Record] = []
        self.is_urgent = False
        """Whether any of it is of keys that were not left behind."""
        self._compacted: list[Record] = []

    @property
    def has_much(self) -> bool:
        """Whether it is worth a barrier though nobody waits for it."""
        return len(self.outputs) >= MUCH

    @property
    def has_taken_in(self) -> bool:
        return bool(self.steps or self.outputs or self._compacted)

    def take_steps(self) -> tuple[Step, ...]:
        steps, self.steps = tuple(self.steps), []
        return steps

    def take_compacted(self) -> list[Record]:
        compacted, self._compacted = self._compacted, []
        return compacted

    def close(self) -> None:
        self._backlog.close()

    async def advance(self, taken: Taken) -> bool:
        """Take in what has come; whether there was anything."""
        ends = {
            topic: min(self._setup.markets[topic].end, position + self._stride)
            for topic, position in taken.fold.market.items()
        }
        moves = any(end > taken.fold.market[topic] for topic, end in ends.items())
        if moves:
            ends = await self._read_backlog(taken, ends)
        admitted = await self._admit_queued(taken)
        if moves:
            await self._pass_markets(taken, ends)
        return moves or admitted

    async def catch_up(self, fold: Fold) -> None:
        """Nobody stays behind."""
        async for record in fold.catch_up():
            self.keep_behind(record)

    async def _read_backlog(self, taken: Taken, ends: MarketPosition) -> MarketPosition:
        """Behind the wall, what was sent before records is admitted before them; answers where these end."""
        if not self._is_behind(taken, ends):
            return ends
        ends, inbox = await self._backlog.reach(taken.fold.market, ends)
        while self._queue.received is None or self._queue.received < inbox:
            if self._is_halted():
                return taken.fold.market
            if not await self._admit_queued(taken):  # a full queue takes no more, so it is emptied meanwhile
                await self._wait()
        return ends

    def _is_behind(self, taken: Taken, ends: MarketPosition) -> bool:
        """Whether a market's next record is of long ago. What others have read of it already says nothing."""
        for topic, end in ends.items():
            position = taken.fold.market[topic]
            if position < end:
                market = self._setup.markets[topic]
                run = market.at(position) if market.holds(position) else None
                if run is None or self._setup.wall() - run.oldest > self._setup.lag:
                    return True
        return False

    async def _admit_queued(self, taken: Taken) -> bool:
        """What is queued now; whether there was anything."""
        admitted = False
        last = self._queue.received
        if len(self._queue):
            await self._look_ahead()
        while len(self._queue) and taken.fold.inbox < (last or 0):
            admitted |= self._admit(taken)
            await asyncio.sleep(0)
        return admitted

    async def _look_ahead(self) -> None:
        """Entries that are ahead of all that was read of a market may not be ahead of all that has come."""
        for market in self._setup.markets.values():
            if self._queue.latest - market.newest > FAR_AHEAD:
                await market.look_ahead(self._setup.ends)

    def _admit(self, taken: Taken) -> bool:
        entries = self._queue.take(MOST_ADMITTED)
        newest = self._newest(taken)
        for offset, entry in entries:
            for record in taken.fold.admit(offset, entry, newest):
                self.keep(record)
        if entries:
            step = Step(taken.fold.inbox, dict(taken.fold.market), newest)
            last = self.steps[-1] if self.steps else None
            if last is not None and (last.market, last.newest) == (step.market, newest):
                self.steps.pop()
            self.steps.append(step)
        return bool(entries)

    def _newest(self, taken: Taken) -> dict[str, int]:
        """Of the markets of which more has come than was passed."""
        markets = self._setup.markets
        found = {topic: markets[topic].newest_beyond(at) for topic, at in taken.fold.market.items()}
        return {topic: newest for topic, newest in found.items() if newest}

    async def _pass_markets(self, taken: Taken, ends: MarketPosition) -> None:
        spent = 0.0
        for topic, end in ends.items():
            async for run in taken.inputs.runs(topic, taken.fold.market[topic], end):
                began = time.perf_counter()
                for record in taken.fold.pass_market(topic, run):
                    self.keep(record)
                spent += time.perf_counter() - began
                await asyncio.sleep(0)
        if spent > MOMENT:
            self._stride = max(1, self._stride // 2)
        elif spent < MOMENT / 2:
            self._stride = min(2 * self._stride, LONGEST_STRIDE)

    def keep(self, record: Record) -> None:
        self.is_urgent = True
        self.keep_behind(record)

    def keep_behind(self, record: Record) -> None:
        """What a key told that had been left behind."""
        kept = self._compacted if record.topic in self._setup.names.compacted else self.outputs
        kept.append(record)

    def take_outputs(self) -> list[Record]:
        outputs, self.outputs, self.is_urgent = self.outputs, [], False
        return outputs
