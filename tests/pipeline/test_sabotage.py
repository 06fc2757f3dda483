"""The harness itself is put to the test: a worker that leaves out one rule of the protocol is found out.

Rules of this file: a sabotage may show as anything that an honest run never shows: outputs or rows that are not
the fold's, processes that die for no reason that is expected, a fold that does not go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.pipeline.chaos import Director, Options, script
from tests.pipeline.sabotage import LEFT_OUT, SABOTAGES
from tests.pipeline.stage import a_stage
from tests.pipeline.toy_world import Load, ToyWorld

ATTEMPTS = 3
FAULTS = 10
RIVALS = {"rival": 3, "kill": 1}
KILLS = {"kill": 3, "kill both": 1}
NOBODY_IS_FENCED = 1.0


@dataclass(frozen=True)
class Cruelty:
    """What brings a sabotage to light."""

    faults: Mapping[str, int] = field(default_factory=lambda: KILLS)
    crashes: str = ""
    natural: bool = False
    patience: int = 1_000_000
    standby: float = 0.0


CRUELTIES = {
    "1 admission": Cruelty(),
    "3 nonce": Cruelty(
        RIVALS,
        "announced=0.5:dawdle,opened=0.5:dawdle,loaded=0.5:dawdle,walking=0.5:dawdle,checkpoint=0.2:dawdle",
    ),
    "4 epoch": Cruelty(RIVALS, "barrier=0.002:stop,barred=0.01:dawdle"),
    "5 outputs": Cruelty(RIVALS, "barrier=0.003:stop"),
    "6 transaction": Cruelty(KILLS, "ended=0.03:kill"),
    "6 plain": Cruelty(KILLS, "rows=0.01:kill"),
    "8 walk": Cruelty(KILLS, "readback=0.01:kill"),
    "8 end": Cruelty(RIVALS, "announced=0.5:dawdle,opened=0.5:dawdle,loaded=0.3:dawdle"),
    "8 sentinel": Cruelty(RIVALS, "announced=0.5:dawdle,opened=0.5:dawdle,commit=0.1:dawdle"),
    "10 backlog": Cruelty({"kill both": 1}, "arriving=1:once", natural=True, patience=500_000),
    "seek": Cruelty({"kill": 1, "term": 1}),
    "seek, unseen": Cruelty({"kill": 1, "term": 1}),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with a_stage(tmp_path_factory.mktemp("sabotage")) as made:
        yield made


def test_every_sabotage_is_tried():
    assert CRUELTIES.keys() == SABOTAGES.keys()


@pytest.mark.sabotage
@pytest.mark.parametrize("left_out", CRUELTIES)
def test_it_is_found_out(stage, left_out):
    for seed in range(1, ATTEMPTS + 1):
        found = attempt(stage, left_out, seed)
        if found:
            with (stage.folder / "found.txt").open("a", encoding="utf-8") as file:
                file.write(f"{left_out}, attempt {seed}: {'; '.join(found)}\n")
            return
    pytest.fail(f"{left_out} was left out {ATTEMPTS} times, and nobody noticed")


@pytest.mark.sabotage
@pytest.mark.parametrize("left_out", CRUELTIES)
def test_who_leaves_nothing_out_is_not_accused(stage, left_out):
    """The same cruelties, and every rule kept."""
    assert attempt(stage, left_out, 1, honest=True) == []


def attempt(stage, left_out: str, seed: int, *, honest: bool = False) -> list[str]:
    cruelty = CRUELTIES[left_out]
    world = ToyWorld.make(stage.direct, cruelty.patience, natural=cruelty.natural)
    options = Options(
        seed=seed,
        crashes=cruelty.crashes,
        fence_off=NOBODY_IS_FENCED,
        standby=cruelty.standby,
        environment={} if honest else {LEFT_OUT: left_out},
    )
    director = Director(world, stage.kafka, stage.proxy, stage.folder / world.name, options)
    load = Load(world, seed, ticks=300, signals=60)
    found = []
    try:
        story = director.play(script(seed, FAULTS, cruelty.faults), load)
        found += story.surprises
    except AssertionError as stuck:
        found.append(str(stuck))
    return [*found, *world.judge(finished=not found).faults]
