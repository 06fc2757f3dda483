"""What is read again for those who come back late: pieces in memory, so many at once whoever asks.

Rules of this file: who takes what it was given keeps its piece. Who stopped taking, or is slow, gives it back
once somebody else waits for room, and reads it again from where it is.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from streams.web.state.live_state import Event

PIECES = 6
STALLED_S = 2.0
SLOW_S = 10.0
"""A piece is taken in no time by who reads at all; so long it is kept from others."""
LOOK_S = 0.2


class Piece:
    """Events that one of them is being sent."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._filled: float | None = None
        self._taken = 0.0
        self.was_given_back = False

    def fill(self, events: Iterable[Event]) -> None:
        self._events.extend(events)
        self._filled = self._taken = time.monotonic()

    def next(self) -> Event | None:
        self._taken = time.monotonic()
        return self._events.popleft() if self._events else None

    def holds_others_up(self, now: float) -> bool:
        if self._filled is None:
            return False
        return now - self._taken > STALLED_S or now - self._filled > SLOW_S

    def give_back(self) -> None:
        self._events.clear()
        self.was_given_back = True


class Replays:
    """The room for pieces."""

    def __init__(self, most: int = PIECES) -> None:
        self._most = most
        self._held: dict[Piece, None] = {}
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def begin(self) -> Piece:
        """An empty one, once there is room."""
        found = Piece()
        async with self._turn:
            await self._make_room()
            self._held[found] = None
        return found

    def end(self, piece: Piece) -> None:
        self._held.pop(piece, None)
        self._freed.set()

    async def _make_room(self) -> None:
        while len(self._held) >= self._most:
            now = time.monotonic()
            slow = next((each for each in self._held if each.holds_others_up(now)), None)
            if slow is not None:
                del self._held[slow]
                slow.give_back()
                return
            self._freed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), LOOK_S)
