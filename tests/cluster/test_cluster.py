"""Brokers of a cluster die, are cut off and are started again one after the other, and workers too: nothing is
lost, nothing comes twice, and what was published is what a fold of the logs says.

Rules of this file: a run prints how long the slowest shard stood still at each fault.
"""

import os
import signal
import time
from bisect import bisect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cluster.brokers import Brokers, Member, three_brokers
from tests.pipeline.case import read
from tests.pipeline.chaos import Director, Fault, Options
from tests.pipeline.desk_world import SHARDS, DeskLoad, DeskWorld

pytestmark = pytest.mark.cluster

DOWN_S = 6.0
"""Longer than a broker's session: the others notice."""
NOTICED_MS = 1000
"""A shard's last barrier before a fault is not much older."""
FAULTS = [
    *(Fault(3.0, "kill broker", number, DOWN_S) for number in range(3)),
    Fault(3.0, "kill controller", 0, DOWN_S),
    *(Fault(3.0, "cut off", number, 6.0) for number in range(3)),
    Fault(3.0, "freeze broker", 0, DOWN_S),
    Fault(3.0, "freeze controller", 0, DOWN_S),
    Fault(3.0, "kill", 0, 0),
    Fault(3.0, "kill both", 0, 0),
    Fault(3.0, "kill gate", 0, 0),
    *(Fault(3.0, "restart broker", number, 0) for number in range(3)),
    *(Fault(3.0, "term", number, 0) for number in range(2)),
    Fault(3.0, "kill broker and desk", 1, DOWN_S),
]
"""Each of the brokers in turn, clean and not."""


class Moment(NamedTuple):
    """When a fault was done, in milliseconds."""

    at: int
    what: str


class ClusterDirector(Director):
    """It has three brokers instead of one."""

    def __init__(self, world: DeskWorld, brokers: Brokers, folder: Path, options: Options) -> None:
        super().__init__(world, brokers, brokers.proxies[0], folder, options)  # type: ignore[arg-type]
        self.brokers = brokers
        self.moments: list[Moment] = []

    def _tell(self, what: str) -> None:
        super()._tell(what)
        self.moments.append(Moment(time.time_ns() // 1_000_000, what))

    def _kill_broker(self, fault: Fault) -> None:
        self._kill_member(self.brokers.members[fault.who], fault.seconds)

    def _kill_controller(self, fault: Fault) -> None:
        self._kill_member(self._controller(), fault.seconds)

    def _controller(self) -> Member:
        self._until(lambda: self.brokers.controller is not None, "a broker that leads the others")
        assert self.brokers.controller is not None
        return self.brokers.controller

    def _kill_member(self, member: Member, seconds: float) -> None:
        member.kill()
        self._pass(seconds)
        self._bring_back(member)

    def _bring_back(self, member: Member) -> None:
        member.spawn()
        self._until(self.brokers.are_in_sync, "three brokers that have everything")

    def _restart_broker(self, fault: Fault) -> None:
        """It hands its partitions over first."""
        member = self.brokers.members[fault.who]
        member.terminate()
        self._until(lambda: not member.is_running, "a broker that stops")
        self._bring_back(member)

    def _kill_broker_and_desk(self, fault: Fault) -> None:
        self.workers[0].signal(signal.SIGKILL)
        self._kill_broker(fault)

    def _freeze_broker(self, fault: Fault) -> None:
        self._freeze(self.brokers.members[fault.who], fault.seconds)

    def _freeze_controller(self, fault: Fault) -> None:
        self._freeze(self._controller(), fault.seconds)

    def _freeze(self, member: Member, seconds: float) -> None:
        """It wakes and takes itself for what it was."""
        assert member.pid is not None
        os.kill(member.pid, signal.SIGSTOP)
        self._pass(seconds)
        os.kill(member.pid, signal.SIGCONT)
        self._until(self.brokers.are_in_sync, "three brokers that have everything")

    def _cut_off(self, fault: Fault) -> None:
        """No client reaches it; the others do."""
        proxy = self.brokers.proxies[fault.who]
        proxy.shut()
        self._pass(fault.seconds)
        proxy.open()


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with three_brokers(tmp_path_factory.mktemp("brokers")) as started:
        yield started


def test_nothing_is_lost_whoever_dies(brokers: Brokers, tmp_path: Path, capsys: Any) -> None:
    world = DeskWorld(brokers.direct)
    brokers.await_that(brokers.are_in_sync)
    options = Options(session_seconds=6.0, fence_off=0.0, crashes="", breath_every=1)
    director = ClusterDirector(world, brokers, tmp_path / "run", options)
    story = director.play(FAULTS, DeskLoad(world, 1, 60, 4))
    verdict = world.judge()
    with capsys.disabled():
        print(f"\n  {story.seconds:.0f} s, {dict(story.ends)}\n  {verdict.numbers()}")  # noqa: T201
        for what, pause in pauses(world, director.moments):
            print(f"  {what:28}{pause:6.1f} s")  # noqa: T201
    assert not verdict.faults, verdict.faults
    assert not (differences := world.verify()), differences
    assert story.clean and not story.surprises, story.surprises


def pauses(world: DeskWorld, moments: list[Moment]) -> Iterator[tuple[str, float]]:
    """For each fault, the longest that a shard then said nothing, in seconds."""
    case = world.case()
    faults = [moment for moment in moments if not moment.what.startswith(("there were", "wake"))]
    longest = [0] * len(faults)
    for shard in range(SHARDS):
        for before, after in pairwise(raw.timestamp for raw in read(case, "barriers", shard)):
            number = bisect([fault.at for fault in faults], before + NOTICED_MS) - 1
            if number >= 0:
                longest[number] = max(longest[number], after - before)
    return ((fault.what, pause / 1000) for fault, pause in zip(faults, longest, strict=True))
