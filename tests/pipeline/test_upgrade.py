"""Workers of one version are replaced by those of the next, one after the other, while signals are traded.

Rules of this file: the next version of the engine decides the same, so that one judge can judge both; what is
new of it is its name, which takeovers and snapshots carry.
"""

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from schemas.private import Takeover, decode_barrier
from streams.agents.desk import Desk
from streams.transport.process.verify import verify_shards
from tests.pipeline.case import read
from tests.pipeline.chaos import Director, Fault, Options
from tests.pipeline.desk_world import SHARDS, DeskLoad, DeskWorld
from tests.pipeline.stage import a_stage

pytestmark = pytest.mark.kill
NEXT = "the next one"
FAULTS = [
    Fault(3.0, "term", 0, 0),
    Fault(1.0, "upgrade", 0, 0),
    Fault(3.0, "upgrade", 1, 0),
    Fault(3.0, "kill", 0, 0),
    Fault(3.0, "kill both", 0, 0),
    Fault(3.0, "downgrade", 1, 0),
    Fault(3.0, "upgrade", 1, 0),
]
"""A version that turned out badly is replaced by the one before in the same way."""


class Upgraded(DeskWorld):
    """Who is started gets the version of the moment."""

    version = Desk().engine

    def worker(self, bootstrap: str, group: str, **options: Any) -> list[str]:
        module, told, *arguments = super().worker(bootstrap, group, **options)
        return [module, json.dumps({**json.loads(told), "engine": self.version}), *arguments]

    def verify(self) -> list[str]:
        plan = dataclasses.replace(Desk().plan(self.direct), engine=NEXT)
        verdicts = asyncio.run(verify_shards(plan, range(SHARDS)))
        return [each for verdict in verdicts for each in verdict.differences]

    def versions(self) -> set[str]:
        """Of all who took a shard over."""
        records = [
            decode_barrier(raw.value)
            for shard in range(SHARDS)
            for raw in read(self.case(), "barriers", shard)
        ]
        return {record.engine for record in records if isinstance(record, Takeover)}


class Upgrading(Director):
    """A worker stops cleanly, and comes back as another version."""

    world: Upgraded

    def _upgrade(self, fault: Fault) -> None:
        self.world.version = NEXT
        self._term(fault)

    def _downgrade(self, fault: Fault) -> None:
        self.world.version = Desk().engine
        self._term(fault)


def test_a_rolling_upgrade_loses_nothing(tmp_path, capsys):
    with a_stage(tmp_path) as stage:
        world = Upgraded(stage.direct)
        options = Options(session_seconds=6.0, fence_off=0.0, crashes="", breath_every=1)
        director = Upgrading(world, stage.kafka, stage.proxy, tmp_path / "run", options)
        story = director.play(FAULTS, DeskLoad(world, 1, 60, 4))
        verdict = world.judge()
        with capsys.disabled():
            print(f"\n  {story.seconds:.0f} s, {dict(story.done)}, {dict(story.ends)}\n  {verdict.numbers()}")  # noqa: T201
        assert not verdict.faults, verdict.faults
        assert world.versions() == {Desk().engine, NEXT}
        assert not (differences := world.verify()), differences
        assert story.clean and not story.surprises, story.surprises
