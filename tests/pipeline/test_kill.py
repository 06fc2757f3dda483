"""Whatever is killed, frozen, cut off or slowed down: what was published is what a fold of the logs says.

Rules of this file: a failed run leaves its broker's folder and the logs of its processes in pytest's temporary
folder, and its seed is in its name.
"""

import pytest

from tests.pipeline.chaos import Director, Fault, Options, Story, script
from tests.pipeline.stage import Stage, a_stage
from tests.pipeline.toy_world import Load, ToyWorld


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with a_stage(tmp_path_factory.mktemp("kill")) as made:
        yield made


def test_a_few_kills(stage):
    """Each kind of death once or more, the broker's too."""
    faults = [
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
    ]
    story = play(stage, Options(seed=1, crashes="", breath_every=20, fence_off=1.0), faults)
    assert story.kills >= 6 and story.zombies >= 1


@pytest.mark.kill
@pytest.mark.parametrize("seed", range(1, 4))
def test_many_kills(stage, seed):
    """Also between any two steps of the protocol."""
    faults = script(seed, 60, broker_every=20)
    story = play(stage, Options(seed=seed), faults)
    assert sum(story.done.values()) + story.kills >= 70 and story.zombies >= 1


def play(stage: Stage, options: Options, faults: list[Fault]) -> Story:
    world = ToyWorld.make(stage.direct)
    folder = stage.folder / world.name
    director = Director(world, stage.kafka, stage.proxy, folder, options)
    story = director.play(faults, Load(world, options.seed, ticks=300, signals=60))
    verdict = world.judge()
    (folder / "story.txt").write_text(f"{story}\n{verdict.numbers()}\n", "utf-8")
    assert not verdict.faults, verdict.faults
    assert story.clean and not story.surprises, story.surprises
    return story
