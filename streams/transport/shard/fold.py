"""Where a shard's fold stands, and its one way forward.

Rules of this file: owner, standby and `verify` all move by these calls; what they add is where the records
come from and where the outputs go.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

from schemas.private import Barrier, InboxEntry, MarketPosition
from streams.transport.contract.machine import Machine, MarketRecords, Record
from streams.transport.shard.reading.inputs import Inputs

A_FEW = 100
"""Entries, before others have their turn."""


class Fold:
    """A machine, and how much of each log it has taken in."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.number = -1
        """Of the last barrier."""
        self.inbox = 0
        """The next offset of the inbox."""
        self.market: MarketPosition = {}
        """The next offset of each market."""
        self.sources: dict[str, int] = {}
        """The last offset seen of each source partition: what repeats it is dropped."""
        self.repeats = 0

    def admit(self, offset: int, entry: InboxEntry, newest: Mapping[str, int]) -> list[Record]:
        """The next entry of the inbox arrives where the market stands."""
        self.inbox = offset + 1
        source = f"{entry.topic}/{entry.partition}"
        if entry.offset <= self.sources.get(source, -1):
            self.repeats += 1
            return []
        self.sources[source] = entry.offset
        return self.machine.admit(offset, entry, newest)

    def pass_market(self, topic: str, run: MarketRecords) -> list[Record]:
        """The next records of a market."""
        self.market[topic] = run.end
        return self.machine.pass_market(topic, run)

    async def walk(self, barrier: Barrier, inputs: Inputs) -> list[Record]:
        """Do again what a recorded barrier says was done."""
        told: list[Record] = []
        for step in barrier.steps:
            told += await self._pass_to(step.market, inputs)
            if self.number < 0:
                self.inbox = step.inbox
            async for offset, entry in inputs.entries(self.inbox, step.inbox):
                told += self.admit(offset, entry, step.newest)
                if offset % A_FEW == 0:
                    await asyncio.sleep(0)
            self.inbox = step.inbox
        told += await self._pass_to(barrier.market, inputs)
        told += [record async for record in self.catch_up()]
        self.number = barrier.number
        return told

    async def catch_up(self) -> AsyncIterator[Record]:
        """Nobody stays behind. What is told comes at once: between two turns others may catch up as well."""
        while self.machine.is_behind:
            for record in self.machine.catch_up():
                yield record
            await asyncio.sleep(0)

    async def _pass_to(self, position: MarketPosition, inputs: Inputs) -> list[Record]:
        told: list[Record] = []
        for topic, end in position.items():
            start = self.market.setdefault(topic, end)
            async for run in inputs.runs(topic, start, end):
                told += self.pass_market(topic, run)
                await asyncio.sleep(0)
            self.market[topic] = end
        return told
