"""A shard's inbox: the part that a walk reads again, and the queue that its agent fills."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence

from schemas.private import InboxEntry, decode_entry
from streams.transport.contract.machine import Pending, Raw
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Log

MOST_QUEUED = 50_000


class InboxReader:
    """The recorded inbox, from an offset on, in rising order."""

    def __init__(self, cluster: Cluster, topic: str, shard: int) -> None:
        self._log = Log(cluster, topic, shard)
        self._ahead: deque[Raw] = deque()

    async def open(self, offset: int) -> "InboxReader":
        await self._log.open(offset)
        return self

    async def close(self) -> None:
        await self._log.close()

    async def entries(self, start: int, end: int) -> AsyncIterator[tuple[int, InboxEntry]]:
        """Those in [start, end)."""
        while start < end:
            while self._ahead and self._ahead[0].offset < start:
                self._ahead.popleft()
            if not self._ahead:
                self._ahead.extend(await self._log.read())
            elif self._ahead[0].offset >= end:
                return
            else:
                raw = self._ahead.popleft()
                start = raw.offset + 1
                yield raw.offset, decode_entry(raw.value)

    async def pending(self, ranges: Iterable[tuple[int, int]]) -> list[Pending]:
        """The entries at these offsets, ranges with both ends."""
        return [
            Pending(offset, entry)
            for first, last in ranges
            async for offset, entry in self.entries(first, last + 1)
        ]


class GapError(Exception):
    """The agent was given a batch that does not follow the one before."""


class Queue:
    """What the agent received and the fold has not taken."""

    def __init__(self, shard: int) -> None:
        self.shard = shard
        self.received: int | None = None
        """The next offset; None before the first batch."""
        self.latest = 0
        """The greatest time of what came since the queue was empty."""
        self._entries: deque[tuple[int, InboxEntry]] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    async def put(self, raws: Sequence[Raw]) -> None:
        """A batch from the agent; what it repeats is left out. Waits while too much is queued."""
        for raw in raws:
            if self.received is not None and raw.offset < self.received:
                continue
            if self.received is not None and raw.offset > self.received:
                raise GapError(
                    f"the inbox of shard {self.shard} went on at {raw.offset}; expected {self.received}"
                )
            entry = decode_entry(raw.value)
            self.latest = max(self.latest, entry.ts)
            self._entries.append((raw.offset, entry))
            self.received = raw.offset + 1
        self._notify()
        while len(self._entries) > MOST_QUEUED and not self._closed:
            await self.change()

    def close(self) -> None:
        """Nobody takes entries any more."""
        self._closed = True
        self._notify()

    def begin_at(self, offset: int) -> None:
        """Everything before is folded; what comes must follow it."""
        while self._entries and self._entries[0][0] < offset:
            self._entries.popleft()
        if self._entries and self._entries[0][0] > offset:
            raise GapError(
                f"the inbox of shard {self.shard} began at {self._entries[0][0]}; expected {offset}"
            )
        self.received = max(offset, self.received or 0)

    def take(self, most: int | None = None) -> list[tuple[int, InboxEntry]]:
        """The first so many; None: everything."""
        count = len(self._entries) if most is None else min(most, len(self._entries))
        taken = [self._entries.popleft() for _ in range(count)]
        if taken:
            self._notify()
        if not self._entries:
            self.latest = 0
        return taken

    def __len__(self) -> int:
        return len(self._entries)

    async def change(self) -> None:
        await self._changed.wait()

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
