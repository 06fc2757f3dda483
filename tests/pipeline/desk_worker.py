"""`ghostfill worker` with points at which it may die: `python -m tests.pipeline.desk_worker JSON ARGUMENTS…`."""

import dataclasses
import json
import os
import sys
from functools import partial
from typing import Any

from streams.agents.desk import Desk
from streams.cli import main
from streams.cli.commands.run import worker
from streams.transport.kafka.cluster import BOOTSTRAP
from streams.transport.process.worker import WorkerPlan
from tests.pipeline import points, sabotage


def live() -> None:
    told = json.loads(sys.argv[1])
    os.environ[BOOTSTRAP] = told["bootstrap"]
    sabotage.install()
    points.install()
    _give_name(told["group"], told.get("checkpoint_after", 1.0), told.get("engine"))
    main(sys.argv[2:])


def _give_name(group: str, checkpoint_after: float, engine: str | None) -> None:
    """Another name is another consumer group: a rival of the desks, a gate that begins at the beginning.

    Another `engine` is another version, which decides the same.
    """
    plan = Desk.plan

    def renamed(self: Desk, *args: Any, **options: Any) -> WorkerPlan:
        settings = {"checkpoint_after": checkpoint_after, **sabotage.settings()}
        found = plan(self, *args, **options)
        return dataclasses.replace(found, name=group, settings=settings, engine=engine or found.engine)

    Desk.plan = renamed  # type: ignore[method-assign]
    command: Any = worker
    command.gate_app = partial(command.gate_app, name=group)


if __name__ == "__main__":
    live()
