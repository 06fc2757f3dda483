"""Keys that a machine left behind come closer, a little at a time: nobody else waits for more than that.

Rules of this file: of all shards of a process one has its turn at a time, so that between two turns whatever
else has come is done first. What goes through many hands waits for as many turns: so they are short while
anything else happens.
"""

import asyncio
import time
from collections.abc import Callable

from streams.transport.contract.machine import Machine, Record

SHORT, LONG = 0.001, 0.008
"""Seconds of a turn."""
MUCH = 1000
"""Records of those that were left behind are worth a barrier of their own."""
NOTHING = 0.0003
"""Seconds that a process takes between two turns in which nothing else happens."""


class Turns:
    """Of all shards of a process."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._length = SHORT

    async def take(self, machine: Machine, keep: Callable[[Record], None]) -> int:
        """How many records that gave."""
        kept = 0
        async with self._lock:
            began = time.perf_counter()
            while machine.is_behind and time.perf_counter() - began < self._length:
                for record in machine.catch_up():
                    keep(record)
                    kept += 1
            ended = time.perf_counter()
            await asyncio.sleep(0)
            is_alone = time.perf_counter() - ended < NOTHING
            self._length = min(2 * self._length, LONG) if is_alone else SHORT
        return kept


class CatchingUp:
    """Of one shard."""

    def __init__(self, turns: Turns, keep: Callable[[Record], None], tell: Callable[[], None]) -> None:
        """`tell`: that much was kept, or all."""
        self._turns, self._keep, self._tell = turns, keep, tell
        self._left_behind = asyncio.Event()

    def look(self, machine: Machine) -> None:
        """Somebody may have been left behind."""
        if machine.is_behind:
            self._left_behind.set()

    async def run(self, machine: Machine) -> None:
        while True:
            await self._left_behind.wait()
            self._left_behind.clear()
            kept = 0
            while machine.is_behind:
                kept += await self._turns.take(machine, self._keep)
                if kept >= MUCH or not machine.is_behind:
                    self._tell()
                    kept = 0
