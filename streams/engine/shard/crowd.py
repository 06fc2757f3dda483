"""Accounts that follow behind the others, because too many of them had something to do at once.

Why. One signal that ten thousand accounts follow is seconds of work, and nobody else's should wait for it. As
accounts know nothing of each other, a crowd can be folded behind what the others have folded long since: it
gets the same entries and batches, in the same order, a few accounts at a time.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from schemas.messages import Output
from streams.engine.shard.lane import Lane


class Crowd:
    """A lane, and what it has to do before it stands where the others do."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._ahead: deque[Iterator[Iterable[Output]]] = deque()

    def follow(self, work: Iterator[Iterable[Output]]) -> None:
        """Nothing of this is done before its turn comes."""
        self._ahead.append(work)

    @property
    def is_behind(self) -> bool:
        return bool(self._ahead)

    def advance(self) -> list[Output]:
        """A few accounts do something; what they told."""
        done = next(self._ahead[0], None)
        if done is None:
            self._ahead.popleft()
        return list(done or ())
