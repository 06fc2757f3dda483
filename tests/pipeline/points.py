"""Where a worker's life can be cut short: between any two steps that the protocol tells apart.

Rules of this file: the worker's own code is not changed; its steps are wrapped in the child that runs it. At a
point a die is cast: the process kills itself, stands still until somebody wakes it, or only dawdles (`once`: the first time, for a second).
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streams.transport.contract.fence import FENCE
from streams.transport.kafka.producing import FencedProducer
from streams.transport.process.fleet import Fleet
from streams.transport.shard import store
from streams.transport.shard.handover import takeover
from streams.transport.shard.owner import Owner
from streams.transport.shard.store import Store
from streams.transport.standby import standby

POINTS = "GHOSTFILL_CHAOS_POINTS"
"""point=chance,…: the chance of each passing. point=chance:act says what happens then."""
CALM = "GHOSTFILL_CHAOS_CALM"
"""A file: once it is there, nothing happens any more."""
FENCE_OFF = "GHOSTFILL_CHAOS_NO_FENCE"
"""Set: a process that stood still goes on as if nothing was; the protocol alone must hold."""

ACTS = {"kill": 5, "stop": 2, "dawdle": 3}


def say(words: str) -> None:
    """In the child's log."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


class Fate:
    """Casts the dice of one process."""

    def __init__(self, spec: str, calm: Path) -> None:
        self.fates: dict[str, tuple[float, str]] = {}
        for each in spec.split(","):
            point, _, fate = each.partition("=")
            chance, _, act = fate.partition(":")
            self.fates[point] = float(chance), act
        self.calm = calm
        self.dice = random.Random()

    async def at(self, point: str) -> None:
        chance, act = self.fates.get(point, (0.0, ""))
        if self.dice.random() >= chance or self.calm.exists():
            return
        match act or self.dice.choices(list(ACTS), list(ACTS.values()))[0]:
            case "kill":
                say(f"killed at {point}")
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                say(f"stopped at {point}")
                os.kill(os.getpid(), signal.SIGSTOP)
            case "once":
                self.fates.pop(point)
                await asyncio.sleep(1.0)
            case _:
                await asyncio.sleep(self.dice.uniform(0.02, 0.6))


def install() -> None:
    """As the environment says."""
    if os.environ.get(FENCE_OFF):
        FENCE.stall_seconds = float("inf")
    if spec := os.environ.get(POINTS):
        fate = Fate(spec, Path(os.environ[CALM]))
        _wrap(takeover, "announce", fate, after="announced")
        _wrap(standby, "announce", fate, after="announced")
        _wrap(Store, "open", fate, after="opened")
        _wrap(Store, "load", fate, after="loaded")
        _wrap(takeover, "read_history", fate, after="walking")
        _wrap(Fleet, "put", fate, before="arriving")
        _wrap(Owner, "_begin", fate, before="walked", after="begun")
        _wrap(Owner, "_bar", fate, before="barrier", after="barred")
        _wrap(Owner, "_let_go", fate, before="readback", after="emitted")
        _wrap(Owner, "_checkpoint", fate, before="checkpoint", after="committed")
        _wrap(store, "hand_over", fate, after="rows")
        _wrap(FencedProducer, "commit_transaction", fate, before="commit", after="ended")
        _wrap(Owner, "_finish", fate, before="finish", after="finished")


def _wrap(where: Any, name: str, fate: Fate, before: str = "", after: str = "") -> None:
    step: Callable[..., Any] = getattr(where, name)

    async def wrapped(*args: Any, **keywords: Any) -> Any:
        if before:
            await fate.at(before)
        result = await step(*args, **keywords)
        if after:
            await fate.at(after)
        return result

    setattr(where, name, wrapped)
