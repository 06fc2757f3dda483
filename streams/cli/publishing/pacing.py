"""When a recorded record is published: event time over wall time.

Rules of this file: whoever knows the same start (an event time and a wall time) and the same speed publishes
in step with the others. Time never falls: a record that is earlier than the one before it is due with it.
"""

import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from schemas.columns import Ints
from streams.engine.model.units import MILLISECOND, SECOND

LEAST_SLEEP = 2 * MILLISECOND
"""Records that are nearer than that go together."""
LEAST = -(1 << 62)


class Clock(Protocol):
    """The wall's."""

    def now(self) -> int:
        """Microseconds since 1970."""

    def sleep(self, microseconds: int) -> None: ...


class WallClock:
    def now(self) -> int:
        return time.time_ns() // 1000

    def sleep(self, microseconds: int) -> None:
        time.sleep(microseconds / SECOND)


class Pacer:
    """One publisher's pace."""

    def __init__(
        self, speed: float | None, start: int | None = None, at: int | None = None, clock: Clock | None = None
    ) -> None:
        self.speed = speed
        """Seconds of event time in one of the wall; None: as fast as it goes."""
        self.start = start
        """The event time at which the clock starts; None: the first record's."""
        self.at = at
        """The wall time at which it starts; None: when the first record is there."""
        self.clock = clock or WallClock()
        self.newest = LEAST

    def wait(self, event_time: int) -> None:
        """Returns when a record of that time is due."""
        for _ in self.runs(np.array([event_time], np.int64)):
            pass

    def runs(self, times: Ints) -> Iterator[slice]:
        """The records that are due, each run when its time has come."""
        if not len(times):
            return
        times = np.maximum(np.maximum.accumulate(times), self.newest)
        self.newest = int(times[-1])
        if self.speed is None:
            yield slice(0, len(times))
            return
        self._begin(int(times[0]))
        done = 0
        while done < len(times):
            due = int(times.searchsorted(self._event_time(), side="right"))
            if due > done:
                yield slice(done, due)
                done = due
            else:
                self.clock.sleep(max(LEAST_SLEEP, self._due(int(times[done])) - self.clock.now()))

    def _begin(self, first: int) -> None:
        self.start = first if self.start is None else self.start
        self.at = self.clock.now() if self.at is None else self.at

    def _due(self, event_time: int) -> int:
        """The wall time of an event time, not too early by a rounding."""
        assert self.start is not None and self.at is not None and self.speed is not None
        return self.at + int(-(-(event_time - self.start) // self.speed))

    def _event_time(self) -> int:
        assert self.start is not None and self.at is not None and self.speed is not None
        passed = self.clock.now() - self.at
        return self.start + int(passed * self.speed) if passed >= 0 else LEAST
