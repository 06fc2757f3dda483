"""A process that stood still may have lost its partitions to another: it must not send what it had in hand.

Rules of this file: the event loop ticks; who finds that it has not ticked for too long ends the process.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from streams.transport.contract.crash import die

STALL_SECONDS = 2.0
TICK_SECONDS = 0.2

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def awake_clock() -> float:
    """Seconds that also pass while the computer sleeps."""
    return time.clock_gettime(_CLOCK)


class Fence:
    """Knows when the event loop last ticked."""

    def __init__(
        self, stall_seconds: float = STALL_SECONDS, clock: Callable[[], float] = awake_clock
    ) -> None:
        self.stall_seconds = stall_seconds
        self._clock = clock
        self.at = ""
        """What was begun last, for whoever has to find out why it stood still."""
        self._ticked: float | None = None

    def check(self) -> None:
        """End the process if it stood still; without a ticking loop nothing is known and nothing happens."""
        if self._ticked is None:
            return
        stood = self._clock() - self._ticked
        if stood > self.stall_seconds:
            at = f" at {self.at}" if self.at else ""
            die(f"it stood still for {stood:.1f} s{at}, and another worker may have its partitions")

    @contextlib.asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """Watch the running event loop."""
        self._ticked = self._clock()
        ticker = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticker.cancel()
            self._ticked = None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.check()
            self._ticked = self._clock()


FENCE = Fence()
"""The process's own: every producer asks it before every request."""
