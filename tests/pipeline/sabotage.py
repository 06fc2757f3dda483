"""The protocol with one rule left out, in the child that runs it: the judge must find each of them out.

Rules of this file: a sabotage is what somebody might have written who did not know the rule. Nothing here is
known to the code that is sabotaged; what it replaces must be there, or the child does not start.
"""

import asyncio
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

from faust.transport.drivers import aiokafka as driver

from schemas.private import Barrier, Step, Takeover, decode_barrier, decode_entry
from streams.transport.contract.names import HEADER
from streams.transport.kafka.producing import RELIABLE, FencedProducer, hand_over
from streams.transport.process import fleet
from streams.transport.shard.barriers import History
from streams.transport.shard.handover import takeover
from streams.transport.shard.intake import Intake
from streams.transport.shard.owner import Owner
from streams.transport.shard.reading.inbox import Queue
from streams.transport.shard.store import Store
from streams.transport.standby import standby
from streams.transport.strict_faust.batches import InOrder
from streams.transport.strict_faust.driver import Consumer

LEFT_OUT = "GHOSTFILL_CHAOS_LEFT_OUT"
"""Which rule."""

SLOW = 0.3
"""Seconds between two requests on a slow wire."""

SABOTAGES: dict[str, Callable[[], None]] = {}


def install() -> None:
    """As the environment says."""
    if left_out := os.environ.get(LEFT_OUT):
        SABOTAGES[left_out]()


def settings() -> dict[str, Any]:
    """Of `Setup`."""
    return {"lag": math.inf} if os.environ.get(LEFT_OUT) == "10 backlog" else {}


def _sabotage(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(install: Callable[[], None]) -> Callable[[], None]:
        SABOTAGES[name] = install
        return install

    return register


@_sabotage("1 admission")
def _admission() -> None:
    """A step says where the last barrier left the market, not where the owner stands."""

    begin, bar = Owner._begin, Owner._bar

    async def begin_there(self: Any, taken: Any) -> None:
        self._intake.barred = dict(self._last)
        await begin(self, taken)

    async def bar_there(self: Any, taken: Any, *, checkpoint: bool) -> None:
        await bar(self, taken, checkpoint=checkpoint)
        self._intake.barred = dict(self._last)

    def admit(self: Any, taken: Any) -> bool:
        entries = self._queue.take()
        for offset, entry in entries:
            for record in taken.fold.admit(offset, entry, {}):
                self.keep(record)
        if entries:
            self.steps.append(Step(taken.fold.inbox, dict(self.barred)))
        return bool(entries)

    _replace(Owner, "_begin", begin_there)
    _replace(Owner, "_bar", bar_there)
    _replace(Intake, "_admit", admit)


@_sabotage("3 nonce")
def _nonce() -> None:
    """Whoever takes over believes that the newest takeover record is its own."""

    async def read_history(
        setup: Any, shard: int, barriers: Any, history: History, nonce: str
    ) -> tuple[int, list[Barrier]]:
        end = await setup.ends.of_one(setup.names.barriers, shard)
        recorded = []
        async for raw in barriers.read_to(end):
            barrier = history.take(raw.offset, decode_barrier(raw.value))
            if barrier is not None:
                recorded.append(barrier)
        return history.epoch, recorded

    _replace(takeover, "read_history", read_history)
    _replace(standby, "read_history", read_history)


@_sabotage("4 epoch")
def _epoch() -> None:
    """A barrier counts when its number comes next, whoever wrote it."""

    def take(self: History, offset: int, record: Takeover | Barrier) -> Barrier | None:
        if isinstance(record, Takeover):
            self.epoch, self.engine = offset, record.engine
            return None
        if record.number != self.number + 1:
            return None
        self.number = record.number
        return record

    _replace(History, "take", take)


@_sabotage("5 outputs")
def _outputs() -> None:
    """Outputs leave when their barrier was handed over, not when it was read back."""
    bar = Owner._bar

    async def hasty(self: Any, taken: Any, *, checkpoint: bool) -> None:
        outputs = list(self._intake.outputs)
        await bar(self, taken, checkpoint=checkpoint)
        await self._emit(outputs)

    _replace(Owner, "_bar", hasty)


@_sabotage("6 transaction")
def _transaction() -> None:
    """A checkpoint's rows and its header are two transactions."""
    write = Store._write

    async def in_two(self: Store, records: Iterable[tuple[str, bytes, bytes | None]]) -> None:
        every = list(records)
        headers = [each for each in every if each[1] == HEADER]
        rows = [each for each in every if each[1] != HEADER]
        for part in (rows, headers):
            if part:
                await write(self, part)

    _replace(Store, "_write", in_two)


@_sabotage("6 plain")
def _plain() -> None:
    """Checkpoints are plain records, rows before their header; nobody is fenced."""

    async def plainly(self: Any, records: Iterable[tuple[str, bytes, bytes | None]]) -> None:
        for topic, key, value in records:
            await asyncio.gather(*await hand_over(self._plain, topic, self.shard, [(key, value)]))

    async def open_plainly(self: Any) -> None:
        self._plain = FencedProducer(**self.cluster.aiokafka(), **RELIABLE)
        await self._plain.start()

    async def close(self: Any) -> None:
        for copy in self.copies.values():
            copy.forget(self.shard)
        await self._plain.stop()

    _replace(Store, "_write", plainly)
    _replace(Store, "open", open_plainly)
    _replace(Store, "close", close)


@_sabotage("8 walk")
def _walk() -> None:
    """What the recorded barriers told is taken for published."""
    take_over = takeover.take_over

    async def forgetful(setup: Any, shard: int) -> Any:
        taken = await take_over(setup, shard)
        taken.told.clear()
        return taken

    _replace(takeover, "take_over", forgetful)
    _replace(fleet, "take_over", forgetful)


@_sabotage("8 end")
def _end() -> None:
    """How far the barriers are read is asked before the takeover is announced and others are fenced."""
    announce = takeover.announce
    ends: dict[str, int] = {}

    async def announce_early(setup: Any, shard: int) -> str:
        end = await setup.ends.of_one(setup.names.barriers, shard)
        nonce = await announce(setup, shard)
        ends[nonce] = end
        return nonce

    async def read_early(
        setup: Any, shard: int, barriers: Any, history: History, nonce: str
    ) -> tuple[int, list[Barrier]]:
        recorded, epoch = [], None
        async for raw in barriers.read_to(ends[nonce]):
            barrier = history.take(raw.offset, decode_barrier(raw.value))
            if barrier is not None:
                recorded.append(barrier)
        while epoch is None:
            raws = await barriers.read()
            for at, raw in enumerate(raws):
                record = decode_barrier(raw.value)
                if isinstance(record, Takeover) and record.nonce == nonce:
                    epoch = raw.offset
                    history.take(raw.offset, record)
                    barriers.give_back(raws[at + 1 :])
                    break
        return epoch, recorded

    _replace(takeover, "announce", announce_early)
    _replace(takeover, "read_history", read_early)


@_sabotage("8 sentinel")
def _sentinel() -> None:
    """What is stored is read to ends that were asked for while the former owner still wrote."""
    announce = takeover.announce
    found: dict[str, dict[str, int]] = {}

    async def announce_late(setup: Any, shard: int) -> str:
        ends = {}
        for table, topic in setup.names.changelogs.items():
            ends[table] = await setup.ends.of_one(topic, shard)
            await asyncio.sleep(SLOW)
        nonce = await announce(setup, shard)
        found[nonce] = ends
        return nonce

    async def load(self: Any, nonce: str) -> None:
        for table, end in found[nonce].items():
            async with self._log(table) as log:
                async for raw in log.read_to(end):
                    self._take(table, raw)

    _replace(takeover, "announce", announce_late)
    _replace(Store, "load", load)


@_sabotage("10 backlog")
def _backlog() -> None:
    """See `settings`."""


@_sabotage("seek")
def _seek() -> None:
    """Faust's own consumer: it reads on between an assignment and the end of the seek (issue 596)."""

    async def perform_seek(self: Any) -> None:
        self._progress.clear()
        await driver.Consumer.perform_seek(self)

    _replace(Consumer, "perform_seek", perform_seek)
    _replace(Consumer, "_may_read", lambda self, tp: True)
    _replace(Consumer, "_stop_batches", lambda self: None)


@_sabotage("seek, unseen")
def _seek_unseen() -> None:
    """The same, and nobody counts what comes."""
    _seek()

    async def put(self: Any, raws: Any) -> None:
        for raw in raws:
            if self.received is None or raw.offset >= self.received:
                self._entries.append((raw.offset, decode_entry(raw.value)))
                self.received = raw.offset + 1
        self._notify()

    def begin_at(self: Any, offset: int) -> None:
        while self._entries and self._entries[0][0] < offset:
            self._entries.popleft()
        self.received = max(offset, self.received or 0)

    _replace(Queue, "put", put)
    _replace(Queue, "begin_at", begin_at)
    _replace(InOrder, "check", lambda self, batch: None)


def _replace(where: Any, name: str, by: Callable[..., Any]) -> None:
    assert hasattr(where, name), f"{where} has no {name} any more"
    setattr(where, name, by)
