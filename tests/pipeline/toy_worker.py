"""A worker over chains, with points at which it may die: `python -m tests.pipeline.toy_worker JSON`."""

import asyncio
import gc
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.transport.kafka.cluster import Cluster
from streams.transport.process.worker import Worker, WorkerPlan
from tests.pipeline import points, sabotage
from tests.pipeline.toy_world import ToyWorld


def main() -> None:
    told = json.loads(sys.argv[1])
    sabotage.install()
    points.install()
    world = ToyWorld(Cluster(told["bootstrap"]), told["name"], told["patience"], told["natural"])
    plan = world.plan(
        told["group"],
        standby=told["standby"],
        session_seconds=told["session_seconds"],
        settings={"checkpoint_after": told["checkpoint_after"], **sabotage.settings()},
    )
    asyncio.run(live(plan))


async def live(plan: WorkerPlan) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell_where)
    await Worker(plan).run(lambda: points.say("ready"))


def tell_where() -> None:
    """For who asks why it does not go on: where every task of every loop waits."""
    loops = [each for each in gc.get_objects() if isinstance(each, asyncio.AbstractEventLoop)]
    for task in (task for loop in loops for task in asyncio.all_tasks(loop)):
        points.say(f"{task.get_name()[:60]}: {' > '.join(_frames(task.get_coro()))}")


def _frames(waits: Any) -> Iterator[str]:
    while waits is not None:
        frame = getattr(waits, "cr_frame", None) or getattr(waits, "ag_frame", None)
        if frame is not None:
            code = frame.f_code
            yield f"{code.co_qualname} ({Path(code.co_filename).name}:{frame.f_lineno})"
        waits = getattr(waits, "cr_await", None) or getattr(waits, "ag_await", None)


if __name__ == "__main__":
    main()
