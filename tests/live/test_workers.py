"""Workers that join, leave and are killed while the market moves: nothing is lost, and how long it takes."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streams.agents.desk import Desk
from streams.transport.process.verify import verify_shards
from streams.transport.shard.reports import WorkerReport
from tests.live.instance import SHARDS, Instance, Part, Reports, an_instance, wall
from tests.live.load import Load, account_in_each_shard, answers, standstill
from tests.live.worlds import create

pytestmark = pytest.mark.live

SETTLED = 3.0
"""Seconds of quiet load between two events."""


class Scene:
    """An instance under load, and what is said of it."""

    def __init__(self, instance: Instance, reports: Reports, told: list[str]) -> None:
        self.instance, self.reports, self.told = instance, reports, told
        self.began = wall() - 1_000_000

    def owners(self) -> dict[int, int]:
        """Who lately said to own each shard live, by its process."""
        self.reports.look()
        return {
            shard.shard: report.pid
            for report in self.reports.newest()
            for shard in report.shards
            if shard.stage == "live"
        }

    def await_owners(self, *parts: Part, patience: float = 60.0) -> None:
        """All shards are live, and each of these processes has some."""
        wanted = {part.pid for part in parts}

        def are_there() -> bool:
            owners = self.owners()
            return len(owners) == SHARDS and set(owners.values()) == wanted

        parts[0].until(are_there, "does not share the shards as it should", patience)

    def report_of(self, part: Part) -> WorkerReport:
        self.reports.look()
        return next(report for _, report in reversed(self.reports.heard) if report.pid == part.pid)

    def measure(self, what: str) -> float:
        """The longest standstill since the last time this was asked, in any shard."""
        time.sleep(SETTLED)
        reads = self.instance.read("decisions")
        found = standstill(reads, self.began)
        assert len(found) == SHARDS
        self.began = wall() - 1_000_000
        self.told.append(
            f"{what}: {max(found.values()):.2f} s at most, {sorted(found.values())[SHARDS // 2]:.2f} s usually"
        )
        return max(found.values())


@contextmanager
def a_scene(folder, capsys, *options: str) -> Iterator[tuple[Scene, Part]]:
    """One desk under load; at the end everything that was signalled must have been answered."""
    told: list[str] = []
    accounts = account_in_each_shard()
    with an_instance(folder) as instance:
        _, desk = instance.run(*options)
        create(instance, accounts, wall())
        with Reports(instance.cluster) as reports:
            with Load(instance) as load:
                time.sleep(SETTLED)
                scene = Scene(instance, reports, told)
                yield scene, desk
            instance.await_drained(instance.living[0])
        for part in instance.living:
            part.end()
        check(instance, load, [account.name for account in accounts])
    with capsys.disabled():
        print("", *told, sep="\n  ")  # noqa: T201


def check(instance: Instance, load: Load, accounts: list[str]) -> None:
    found = answers(instance.read("decisions"))
    for account in accounts:
        assert found[account].keys() == set(load.signals), account
    for verdict in asyncio.run(verify_shards(Desk().plan(instance.cluster), range(SHARDS))):
        assert verdict.is_equal, verdict.differences


def test_a_worker_joins_and_leaves(tmp_path, capsys):
    with a_scene(tmp_path, capsys) as (scene, desk):
        scene.measure("no event")
        second = scene.instance.part("desk-2").start().await_ready()
        scene.await_owners(desk, second)
        scene.measure("a second worker joined")
        joined = scene.report_of(desk).pause
        second.end()
        scene.await_owners(desk)
        scene.measure("it left")
        left = scene.report_of(desk).pause
        scene.told.append(f"the first reported pauses of {joined:.2f} s and {left:.2f} s")
        assert joined > 0 and left > 0


def test_a_standby_goes_on(tmp_path, capsys):
    """Both when its owner is killed and when it leaves."""
    with a_scene(tmp_path, capsys) as (scene, desk):
        standby = scene.instance.part("desk-standby", "--standby").start().await_ready()
        scene.measure("a standby came")
        desk.kill()
        scene.await_owners(standby)
        killed = scene.measure("the owner was killed")
        second = scene.instance.part("desk-standby-2", "--standby").start().await_ready()
        scene.measure("another standby came")
        standby.end()
        scene.await_owners(second)
        left = scene.measure("the owner left")
        scene.told.append(f"reported pause: {scene.report_of(second).pause:.2f} s")
        assert killed < 2 and left < 2


def test_killed_without_a_standby(tmp_path, capsys):
    """And started again at once, as `up` does."""
    with a_scene(tmp_path, capsys) as (scene, desk):
        desk.kill()
        began = wall()
        desk.start().await_ready()
        scene.await_owners(desk)
        scene.measure("killed and started again")
        scene.told.append(scene.reports.timeline(desk, began))
