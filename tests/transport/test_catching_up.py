"""Those who were left behind come closer in turns, and what they tell stays in order."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace

from streams.transport.contract.machine import Record
from streams.transport.shard.catching_up import MUCH, CatchingUp, Turns
from streams.transport.shard.intake import Intake
from streams.transport.shard.reading.inbox import Queue


class Behind:
    """A machine with so many records to come, each of which takes a while."""

    def __init__(self, count: int) -> None:
        self.left = list(range(count, 0, -1))

    @property
    def is_behind(self) -> bool:
        return bool(self.left)

    def catch_up(self) -> list[Record]:
        return [Record("out", b"key", b"%d" % self.left.pop())]


async def _wait() -> None:
    await asyncio.sleep(0)


def an_intake() -> Intake:
    setup = SimpleNamespace(names=SimpleNamespace(compacted=()))
    return Intake(setup, 0, Queue(0), lambda: False, _wait)  # type: ignore[arg-type]


async def _both(machine: Behind, intake: Intake) -> None:
    told = asyncio.Event()
    catching_up = CatchingUp(Turns(), intake.keep_behind, told.set)
    catching_up.look(machine)  # type: ignore[arg-type]
    running = asyncio.create_task(catching_up.run(machine))  # type: ignore[arg-type]
    taken = SimpleNamespace(fold=SimpleNamespace(machine=machine))
    await intake.catch_up(taken)  # type: ignore[arg-type]
    running.cancel()


def test_a_checkpoint_and_the_turns_keep_one_order() -> None:
    machine, intake = Behind(5_000), an_intake()
    asyncio.run(_both(machine, intake))
    assert [int(record.value) for record in intake.outputs] == list(range(1, 5_001))


def test_it_tells_when_much_was_kept_and_when_nobody_is_behind() -> None:
    machine = Behind(2 * MUCH + 1)
    kept: list[Record] = []
    told: list[int] = []

    async def run() -> None:
        catching_up = CatchingUp(Turns(), kept.append, lambda: told.append(len(kept)))
        catching_up.look(machine)  # type: ignore[arg-type]
        running = asyncio.create_task(catching_up.run(machine))  # type: ignore[arg-type]
        while machine.is_behind:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(run())
    assert told[-1] == len(kept) == 2 * MUCH + 1
    assert all(later - earlier >= MUCH for earlier, later in pairwise(told[:-1]))
