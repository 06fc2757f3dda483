"""What a walk reads: parts of the inbox and of the markets, by offset."""

from collections.abc import AsyncIterator
from typing import Protocol

from schemas.private import InboxEntry
from streams.transport.contract.machine import MarketRecords


class Inputs(Protocol):
    """The logs of one shard that come from outside.

    Both wait until the records are there: a barrier names only what was in the log when it was written. Both
    raise where a record is gone, for a fold over a hole is wrong.
    """

    def entries(self, start: int, end: int) -> AsyncIterator[tuple[int, InboxEntry]]:
        """The inbox's entries in [start, end); asked for in rising order."""

    def runs(self, topic: str, start: int, end: int) -> AsyncIterator[MarketRecords]:
        """A market's records in [start, end); asked for in rising order."""
