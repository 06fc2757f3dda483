"""Those who were left behind come closer in turns, and what they tell stays in order."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from streams.transport.contract.machine import Machine, Record
from streams.transport.shard.catching_up import CatchingUp
from streams.transport.shard.fold import Fold
from streams.transport.shard.intake import MUCH, Intake
from streams.transport.shard.reading.inbox import Queue
from streams.transport.shard.turns import Turns


class Behind:
    """A machine with so many records to come, one at a time."""

    def __init__(self, count: int) -> None:
        self.left = list(range(count, 0, -1))

    @property
    def is_behind(self) -> bool:
        return bool(self.left)

    def catch_up(self) -> list[Record]:
        return [Record("out", b"key", b"%d" % self.left.pop())]


def behind(count: int) -> Machine:
    return cast(Machine, Behind(count))


def an_intake() -> Intake:
    setup: Any = SimpleNamespace(names=SimpleNamespace(compacted=()))
    return Intake(setup, 0, Queue(0), lambda: False, lambda: asyncio.sleep(0))


def test_a_checkpoint_and_the_turns_keep_one_order() -> None:
    machine, intake = behind(5_000), an_intake()

    async def both() -> None:
        catching_up = CatchingUp(Turns(), intake, lambda: None)
        catching_up.look(machine)
        running = asyncio.create_task(catching_up.run(machine))
        await intake.catch_up(Fold(machine))
        running.cancel()

    asyncio.run(both())
    assert [int(record.value) for record in intake.outputs] == list(range(1, 5_001))


def test_it_tells_when_much_was_kept_and_when_nobody_is_behind() -> None:
    machine, intake = behind(2 * MUCH + 1), an_intake()
    kept: list[Record] = []
    told: list[int] = []

    def tell() -> None:
        kept.extend(intake.take_outputs())
        told.append(len(kept))

    async def run() -> None:
        catching_up = CatchingUp(Turns(), intake, tell)
        catching_up.look(machine)
        running = asyncio.create_task(catching_up.run(machine))
        while machine.is_behind:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(run())
    assert told[-1] == len(kept) == 2 * MUCH + 1
    assert all(later - earlier >= MUCH for earlier, later in pairwise(told[:-1]))
