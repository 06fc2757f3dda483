"""Keys that a shard's machine left behind come closer, turn by turn."""

import asyncio
from collections.abc import Callable

from streams.transport.contract.machine import Machine
from streams.transport.shard.intake import Intake
from streams.transport.shard.turns import Turns


class CatchingUp:
    """Of one shard."""

    def __init__(self, turns: Turns, intake: Intake, tell: Callable[[], None]) -> None:
        """`tell`: that much was kept, or all."""
        self._turns, self._intake, self._tell = turns, intake, tell
        self._left_behind = asyncio.Event()

    def look(self, machine: Machine) -> None:
        """Somebody may have been left behind."""
        if machine.is_behind:
            self._left_behind.set()

    async def run(self, machine: Machine) -> None:
        while True:
            await self._left_behind.wait()
            self._left_behind.clear()
            while machine.is_behind:
                had_much = self._intake.has_much
                await self._turns.take(machine, self._intake.keep_behind)
                if self._intake.has_much > had_much or not machine.is_behind:
                    self._tell()
