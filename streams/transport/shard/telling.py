"""What a shard tells of itself: how far it has come, what waits in it, and since when it stands still."""

import time

from schemas.private import MarketPosition
from streams.transport.contract.machine import Awaited
from streams.transport.shard.handover.takeover import Taken
from streams.transport.shard.reading.inbox import Queue
from streams.transport.shard.reports import ShardReport, Stage
from streams.transport.shard.setup import ShardSetup

AWAITS_SECONDS = 1.0
"""How old what it tells of waiting entries may be: reports come several times a second."""


class Telling:
    """Of one shard, from when it was taken over."""

    def __init__(self, setup: ShardSetup, shard: int, queue: Queue, taken: Taken) -> None:
        self._markets, self._shard, self._queue, self._taken = setup.markets, shard, queue, taken
        self._taken_at = setup.wall()
        self._awaited: tuple[Awaited, ...] = ()
        self._awaits_at = -AWAITS_SECONDS
        self._seen: tuple[int, MarketPosition] = 0, {}
        """How far it had come when it was asked last."""
        self._moved = time.monotonic()
        """When it had come further, or had nothing before it."""

    def report(self, stage: Stage, published: int) -> ShardReport:
        fold = self._taken.fold
        return ShardReport(
            shard=self._shard,
            stage=stage,
            number=fold.number,
            inbox=fold.inbox,
            market=dict(fold.market),
            waiting=len(self._queue),
            late=fold.machine.late,
            published=published,
            taken_in=self._taken.seconds,
            still=self._still(),
            awaits=self._awaits(),
            taken_at=self._taken_at,
        )

    def _awaits(self) -> tuple[Awaited, ...]:
        if time.monotonic() - self._awaits_at >= AWAITS_SECONDS:
            self._awaited = tuple(self._taken.fold.machine.awaits())
            self._awaits_at = time.monotonic()
        return self._awaited

    def _still(self) -> float:
        """Seconds in which it has not moved, though something lies before it."""
        fold = self._taken.fold
        place = fold.inbox, dict(fold.market)
        has_more = len(self._queue) or any(self._markets[each].end > at for each, at in fold.market.items())
        if place != self._seen or not has_more:
            self._seen, self._moved = place, time.monotonic()
        return time.monotonic() - self._moved
