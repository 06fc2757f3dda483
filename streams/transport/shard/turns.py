"""A little time for keys that machines left behind: nobody else waits for more than that.

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
NOTHING = 0.0003
"""Seconds that a process takes between two turns in which nothing else happens."""


class Turns:
    """Of all shards of a process."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._length = SHORT

    async def take(self, machine: Machine, keep: Callable[[Record], None]) -> None:
        async with self._lock:
            began = time.perf_counter()
            while machine.is_behind and time.perf_counter() - began < self._length:
                for record in machine.catch_up():
                    keep(record)
            ended = time.perf_counter()
            await asyncio.sleep(0)
            is_alone = time.perf_counter() - ended < NOTHING
            self._length = min(2 * self._length, LONG) if is_alone else SHORT
