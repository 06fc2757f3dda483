"""A shard's owner: folds what comes, says how far it came, and publishes what it decided.

Who calls. `process.fleet` makes an owner when the group assigns a shard, runs it as one task, and tells it to
hold, release or stop; its agent fills `queue`. Everything runs in one event loop, so whatever stands between
two `await`s happens at once.

What must hold. Whatever leaves can be derived again from the logs alone, by anybody, at any time: after a
kill, by another worker, by a standby, by `verify`. Therefore, in this order:

1. Fold ahead (`intake`): entries where the market really stands, then the market, a moment's worth a turn.
   Nothing is sent yet, for another owner may have taken over without our knowing.
2. Append a barrier (`_bar`): how far the fold has come. One follows when the one before was read back, so
   under load each covers more.
3. Read it back (`_follow_barriers`). It counts if no takeover stands before it in the log. Only now do its
   outputs leave. A takeover that we read instead ends us: what was folded since is another's to decide.
4. Checkpoint, at a barrier whose outputs are all acknowledged (`_checkpoint`): the rows as they were when it
   was appended. Were it earlier, a restore would begin behind outputs that nobody has.

Who fails closes nothing: its process ends, for what is broken may never close. Who is stopped or taken over
has a time in which to close.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

import msgspec

from schemas.private import Barrier, MarketPosition, Step, Takeover, decode_barrier, encode_barrier
from streams.transport.contract.crash import in_words, must_end_within, unless_unasked
from streams.transport.contract.machine import Record, Row
from streams.transport.kafka.producing import Ack, Pair
from streams.transport.shard import snapshots
from streams.transport.shard.barriers import TakenOverError
from streams.transport.shard.catching_up import CatchingUp
from streams.transport.shard.handover.takeover import Taken, header_of, take_over
from streams.transport.shard.intake import Intake
from streams.transport.shard.reading.inbox import Queue
from streams.transport.shard.reports import ShardReport, Stage
from streams.transport.shard.setup import ShardSetup
from streams.transport.shard.store import Header
from streams.transport.shard.telling import Telling

MOST_STEPS = 200
"""Of one barrier."""
PATIENCE = 0.5
"""Seconds after which an idle owner looks whether a checkpoint is due."""
CLOSE_SECONDS = 10.0
"""How long what belongs to a shard may take to end, once one part of it has failed or was told to."""
CROWD_SECONDS = 30.0
"""How long a checkpoint waits for those who are behind, so that others need not."""
_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")

TakeOver = Callable[[ShardSetup, int], Awaitable[Taken]]


@dataclass(slots=True)
class Snapshot:
    """What a checkpoint will store, as it was at its barrier."""

    header: Header
    rows: list[Row]
    records: list[Record]


@dataclass(slots=True)
class HeldBack:
    """What a barrier lets go once it was read back."""

    number: int
    outputs: list[Record]
    snapshot: Snapshot | None


class Owner:
    """One shard, from its takeover until it is stopped or taken over."""

    def __init__(self, setup: ShardSetup, shard: int, take: TakeOver = take_over) -> None:
        self.setup = setup
        self.shard = shard
        self._take_over = take
        self.queue = Queue(shard)
        self._intake = Intake(setup, shard, self.queue, self._is_halted, self._sleep)
        self.stage = Stage.TAKING_OVER
        self.committable: int | None = None
        """The inbox before this offset is covered by a checkpoint."""
        self.taken: Taken | None = None
        self._telling: Telling | None = None
        self.published = 0
        self._held = False
        self._stopping = False
        self._wake = asyncio.Event()
        self._catching_up = CatchingUp(setup.turns, self._intake, self._wake.set)
        self._last: MarketPosition = {}
        """Where the last barrier left the market."""
        self._waiting: deque[HeldBack] = deque()
        self._read_back = asyncio.Event()
        self._acks: deque[Ack] = deque()
        self._last_checkpoint = 0.0
        self._checkpoint_pending = False
        self._happened = False
        """Whether a restore from the last checkpoint would have something to walk."""
        self._done = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        """Ends the process; set while it ends."""

    # What its process tells it -----------------------------------------------------------------

    async def run(self) -> None:
        """Returns after `stop`; raises TakenOverError when the shard was taken over."""
        closes = True
        try:
            await self._take_over_and_live()
        except TakenOverError:
            raise
        except Exception:
            closes = False
            raise
        finally:
            self.stage = Stage.STOPPED
            if closes:
                await self._end()

    async def _take_over_and_live(self) -> None:
        try:
            self.taken = await self._take_over(self.setup, self.shard)
            self._telling = Telling(self.setup, self.shard, self.queue, self.taken)
            await self._go_live(self.taken)
        except BaseExceptionGroup as group:
            raise _first(group) from group

    @property
    def is_held(self) -> bool:
        return self._held

    def hold(self) -> None:
        """Fold nothing for now: the group is moving shards."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self._wake.set()

    def _is_halted(self) -> bool:
        return self._stopping or self._held

    async def stop(self) -> None:
        """Leave a checkpoint on the last barrier, and end."""
        self._stopping = True
        self._wake.set()
        await self._done.wait()

    def report(self) -> ShardReport:
        if self._telling is None:
            return ShardReport(self.shard, self.stage)
        return self._telling.report(self.stage, self.published)

    # Life --------------------------------------------------------------------------------------

    async def _go_live(self, taken: Taken) -> None:
        fold = taken.fold
        await taken.inputs.close_inbox()
        self._last = dict(fold.market)
        self._happened = taken.walked > 0
        for record in taken.told:
            self._intake.keep(record)
        await self._emit(self._intake.take_outputs())
        await self._begin(taken)
        self.queue.begin_at(fold.inbox)
        self.committable = taken.store.header.needed if taken.store.header else None
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(self._watched(self._follow_barriers, taken, group))]
            readers += [group.create_task(self._wake_on_market(topic)) for topic in fold.market]
            readers.append(group.create_task(self._wake_on_inbox()))
            readers.append(group.create_task(self._watched(self._catching_up.run, fold.machine)))
            await self._watched(self._live, taken)
            for reader in readers:
                reader.cancel()

    async def _begin(self, taken: Taken) -> None:
        """Say where the shard begins in what it has not followed yet."""
        fold = taken.fold
        new = sorted(self.setup.markets.keys() - fold.market.keys())
        fold.market |= await self.setup.ends.beginnings(new)
        for topic, position in fold.market.items():
            await taken.inputs.cursor(topic, position).follow()
        if fold.number < 0:
            self._intake.steps.append(Step(fold.inbox, dict(fold.market)))
        if new or fold.number < 0:
            await self._bar(taken, checkpoint=True)

    async def _live(self, taken: Taken) -> None:
        self.stage = Stage.LIVE
        while not self._stopping:
            if self._held:
                self.stage = Stage.HELD
            else:
                self.stage = Stage.LIVE
                if await self._advance(taken):
                    await asyncio.sleep(0)
                    continue
            await self._sleep()
        await self._finish(taken)

    async def _advance(self, taken: Taken) -> bool:
        """Take in what has come; whether there was anything."""
        moved = await self._intake.advance(taken)
        checkpoint = self._is_checkpoint_due(taken)
        is_long = len(self._intake.steps) >= MOST_STEPS
        self._catching_up.look(taken.fold.machine)
        if checkpoint or is_long or (self._has_enough(taken) and not self._waiting):
            await self._bar(taken, checkpoint=checkpoint)
        return moved

    def _has_enough(self, taken: Taken) -> bool:
        """Whether what it has to tell is worth a barrier."""
        intake = self._intake
        at_once = intake.is_urgent or not taken.fold.machine.is_behind
        return bool(intake.outputs) if at_once else intake.has_much

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._wake.wait()
        self._wake.clear()

    async def _wake_on_market(self, topic: str) -> None:
        while True:
            await self.setup.markets[topic].grown.wait()
            self._wake.set()

    async def _wake_on_inbox(self) -> None:
        while True:
            await self.queue.change()
            self._wake.set()

    # Barriers ----------------------------------------------------------------------------------

    async def _bar(self, taken: Taken, *, checkpoint: bool) -> None:
        """Say how far the fold has come; a checkpoint is of all keys at the same place."""
        fold = taken.fold
        if checkpoint:
            await self._intake.catch_up(fold)
        fold.number += 1
        barrier = Barrier(taken.epoch, fold.number, self._intake.take_steps(), dict(fold.market), checkpoint)
        snapshot = self._snapshot(taken) if checkpoint else None
        self._happened = not checkpoint
        self._last = barrier.market
        self._waiting.append(HeldBack(fold.number, self._intake.take_outputs(), snapshot))
        await self.setup.publisher.send(
            self.setup.names.barriers, self.shard, [(None, encode_barrier(barrier))]
        )
        while len(self._waiting) > self.setup.most_waiting:
            self._read_back.clear()
            await self._read_back.wait()

    async def _follow_barriers(self, taken: Taken, tasks: asyncio.TaskGroup) -> None:
        """Read back; let go what has become valid."""
        while True:
            let_go: list[HeldBack] = []
            for raw in await taken.barriers.read():
                record = decode_barrier(raw.value)
                if isinstance(record, Takeover):
                    raise TakenOverError(f"shard {self.shard} was taken over at offset {raw.offset}")
                if record.epoch != taken.epoch:
                    continue
                if taken.history.take(raw.offset, record) is None:
                    raise TakenOverError(f"shard {self.shard}: barrier {record.number} does not count")
                waiting = self._waiting.popleft()
                assert waiting.number == record.number
                let_go.append(waiting)
                if waiting.snapshot is not None:
                    await self._let_go(let_go)
                    let_go = []
                    arguments = (taken, raw.offset, waiting.snapshot, list(self._acks))
                    tasks.create_task(self._watched(self._checkpoint, *arguments))
            await self._let_go(let_go)

    async def _let_go(self, barriers: Sequence[HeldBack]) -> None:
        await self._emit([record for waiting in barriers for record in waiting.outputs])
        self._read_back.set()
        if self._intake.outputs:
            self._wake.set()

    async def _emit(self, records: Sequence[Record]) -> None:
        if not records:
            return
        by_topic: dict[str, list[Pair]] = {}
        for topic, key, value in records:
            by_topic.setdefault(topic, []).append((key, value))
        publisher = self.setup.publisher
        sent = await asyncio.gather(
            *(publisher.send(topic, self.shard, pairs) for topic, pairs in by_topic.items())
        )
        self._acks.extend(ack for acks in sent for ack in acks)
        while self._acks and self._acks[0].done():
            self._acks.popleft()
        self.published += len(records)

    # Checkpoints -------------------------------------------------------------------------------

    def _is_checkpoint_due(self, taken: Taken) -> bool:
        if self._checkpoint_pending:
            return False
        passed = asyncio.get_running_loop().time() - self._last_checkpoint
        if taken.fold.machine.is_behind and passed < CROWD_SECONDS:
            return False
        if self._has_happened():
            return passed > self.setup.checkpoint_after
        return taken.fold.market != self._last and passed > self.setup.quiet_checkpoint_after

    def _has_happened(self) -> bool:
        return self._happened or self._intake.has_taken_in

    def _snapshot(self, taken: Taken) -> Snapshot:
        self._checkpoint_pending = True
        self._last_checkpoint = asyncio.get_running_loop().time()
        fold = taken.fold
        header = header_of(fold, taken.epoch, self.setup.engine)
        rows, taken.rows = [*taken.rows, *fold.machine.changed()], []
        return Snapshot(header, rows, self._intake.take_compacted())

    async def _checkpoint(self, taken: Taken, offset: int, snapshot: Snapshot, acks: list[Ack]) -> None:
        await asyncio.gather(*acks)
        day_and_engine = (self.setup.wall() // snapshots.DAY, self.setup.engine)
        header = msgspec.structs.replace(snapshot.header, barrier=offset, snapshot=day_and_engine)
        records = snapshot.records
        if taken.store.header is None or taken.store.header.snapshot != day_and_engine:
            tables = snapshots.with_rows(taken.store.tables, snapshot.rows)
            records = [*records, *snapshots.records_of(self.setup.names.snapshots, header, tables)]
        await taken.store.write(header, snapshot.rows, records)
        self.committable = header.needed
        self._checkpoint_pending = False
        self._wake.set()

    async def _finish(self, taken: Taken) -> None:
        """A checkpoint on the last barrier: whoever comes next, of whatever version, has nothing to walk."""
        await self._wait_for_checkpoint()
        if self._has_happened() or taken.fold.market != self._last:
            await self._bar(taken, checkpoint=True)
        await self._wait_for_checkpoint()

    async def _wait_for_checkpoint(self) -> None:
        while self._checkpoint_pending:
            await self._sleep()

    # Its end -----------------------------------------------------------------------------------

    async def _watched(
        self, work: Callable[[*_Arguments], Awaitable[_Result]], *arguments: *_Arguments
    ) -> _Result:
        """A part of it. When one fails the others have to end too, and a broken client may never do so.

        It is called in here, so that nothing is left unawaited when the part is cancelled before it began.
        """
        try:
            return await unless_unasked(work(*arguments))
        except Exception as error:
            self._must_end(f"where {in_words(error)}")
            raise

    def _must_end(self, why: str) -> None:
        if self._deadline is None:
            self._deadline = must_end_within(CLOSE_SECONDS, f"shard {self.shard}, {why},")

    async def _end(self) -> None:
        self._must_end("which has ended")
        await self._close()
        if self._deadline is not None:
            self._deadline.cancel()
        self._done.set()

    async def _close(self) -> None:
        self.queue.close()
        self._intake.close()
        if self.taken is not None:
            await self.taken.inputs.close()
            await self.taken.barriers.close()
            await self.taken.store.close()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong first; that another took over explains everything else."""
    found = list(_leaves(group))
    return next((each for each in found if isinstance(each, TakenOverError)), found[0])


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each
