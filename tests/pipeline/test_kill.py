"""Whatever is killed, frozen, cut off or slowed down: what was published is what a fold of the logs says.

Rules of this file: a run prints what was done and what was counted; one that fails leaves the logs of
its processes and its broker's folder in pytest's temporary folder.
"""

from typing import Any

import pytest

from tests.pipeline.chaos import Director, Fault, Options, Story, World, script
from tests.pipeline.desk_world import DeskLoad, DeskWorld
from tests.pipeline.pace import Pace
from tests.pipeline.stage import Stage, a_stage
from tests.pipeline.toy_world import Load, ToyWorld

SOME = [
    Fault(0.5, "zombie", 1, 5.5),
    Fault(0.5, "kill gate", 0, 0),
    Fault(0.0, "second gate", 0, 2.0),
    Fault(4.5, "kill", 0, 0),
    Fault(1.5, "kill both", 0, 0),
    Fault(2.0, "rival", 0, 1.0),
    Fault(3.0, "kill broker", 0, 0.5),
    Fault(1.0, "cut", 0, 0),
    Fault(0.0, "slow", 0, 0.5),
    Fault(1.0, "kill", 1, 0),
    Fault(0.3, "kill gate", 0, 0),
    Fault(1.0, "term", 0, 0),
    Fault(0.2, "kill", 1, 0),
    Fault(1.0, "kill", 0, 0),
]
NO_BREATH = 1000


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with a_stage(tmp_path_factory.mktemp("kill")) as made:
        yield made


@pytest.fixture(scope="module")
def desk_stage(tmp_path_factory):
    with a_stage(tmp_path_factory.mktemp("desk")) as made:
        yield made


def test_a_few_kills(stage, capsys):
    """Each kind of death, the broker's too; nobody notices that it stood still."""
    options = Options(seed=1, crashes="", breath_every=NO_BREATH, fence_off=1.0)
    story = play_chains(stage, options, SOME, capsys)
    assert story.kills >= 6 and story.zombies >= 1


@pytest.mark.kill
@pytest.mark.parametrize("seed", range(1, 4))
def test_many_kills(stage, seed, capsys):
    """Also between any two steps of the protocol, and of standbys."""
    story = play_chains(stage, Options(seed=seed, standby=0.3), script(seed, 60, broker_every=20), capsys)
    assert sum(story.done.values()) + story.kills >= 70 and story.zombies >= 1


@pytest.mark.kill
def test_many_kills_of_the_desk(desk_stage, capsys):
    """`ghostfill worker`, trading; a crowd of two thousand follows one source."""
    world = DeskWorld(desk_stage.direct, crowd=250)
    options = Options(seed=1, standby=0.3)
    story = play(
        desk_stage, world, options, script(1, 60, broker_every=20), DeskLoad(world, 1, 100, 10), capsys
    )
    assert sum(story.done.values()) + story.kills >= 70 and story.zombies >= 1


def play_chains(stage: Stage, options: Options, faults: list[Fault], capsys: Any) -> Story:
    world = ToyWorld.make(stage.direct)
    return play(stage, world, options, faults, Load(world, options.seed, ticks=300, signals=60), capsys)


def play(stage: Stage, world: World, options: Options, faults: list[Fault], load: Pace, capsys: Any) -> Story:
    folder = stage.folder / f"seed{options.seed}-{len(faults)}"
    story = Director(world, stage.kafka, stage.proxy, folder, options).play(faults, load)
    verdict = world.judge()
    numbers = {what: number for what, number in verdict.numbers().items() if number}
    with capsys.disabled():
        print(f"\n  {story.seconds:.0f} s, {sum(story.done.values())} faults, {story.kills} kills, ", end="")  # noqa: T201
        print(f"{story.zombies} zombies behind a takeover, {dict(story.done)}\n  {numbers}")  # noqa: T201
    assert not verdict.faults, verdict.faults
    assert not (differences := world.verify()), differences
    assert story.clean and not story.surprises, story.surprises
    return story
