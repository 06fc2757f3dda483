"""A worker over chains, with points at which it may die: `python -m tests.pipeline.toy_worker JSON`."""

import asyncio
import json
import signal
import sys

from streams.transport.cluster import Cluster
from streams.transport.worker import Plan, Worker
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


async def live(plan: Plan) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell_where)
    await Worker(plan).run(lambda: points.say("ready"))


def tell_where() -> None:
    """For who asks why it does not stop."""
    for task in asyncio.all_tasks():
        task.print_stack(limit=3)


if __name__ == "__main__":
    main()
