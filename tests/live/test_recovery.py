"""A desk with a thousand accounts and an hour behind it is killed and started again: when does it trade?"""

import random
import time

import msgspec
import pytest

from schemas.messages import Decision
from streams.accounts import presets
from streams.engine.market.record_checks import take
from streams.engine.model.units import HOUR, MINUTE, SECOND
from streams.feeds.market_day import OPEN, simulated_day
from tests.live.instance import SHARDS, Instance, Part, Reports, an_instance, wall
from tests.live.load import TURNS, Load
from tests.live.pacing import Pace, publish, records
from tests.live.worlds import Stretch, Wanted, create, random_signals

pytestmark = pytest.mark.live

ACCOUNTS = 1000
OTHERS = [f"source-{number}" for number in range(100)]
LOAD = "load"
SIGNALS = 3000
SPEED = 60.0
"""Of the history; a lag of a second is a minute of it, less than what a signal lives."""
PROMISED = 10.0


def accounts(dice: random.Random) -> list[Wanted]:
    """Presets; each follows a few sources, and one of eight the live load."""
    found = []
    for number in range(ACCOUNTS):
        follow = [OTHERS[number % 100], dice.choice(OTHERS)] + [LOAD] * (number % 8 == 0)
        keys: dict[str, object] = {"preset": dice.choice(presets()), "follow": sorted(set(follow))}
        found.append(Wanted(f"account-{number}", keys))
    return found


def an_hour(end: int, dice: random.Random) -> Stretch:
    """Six symbols, a hundred sources; each signal reaches about twenty accounts."""
    day = simulated_day()
    begin = OPEN + 40 * MINUTE
    market = take(day.market, (day.market.ts >= begin) & (day.market.ts < begin + HOUR))
    signals = random_signals(market, HOUR // SIGNALS, 5)
    spread = [msgspec.structs.replace(each, source=dice.choice(OTHERS)) for each in signals]
    return Stretch(market, sorted(spread, key=lambda each: each.ts)).moved(end - HOUR)


def test_killed_with_a_thousand_accounts(tmp_path, capsys):
    dice = random.Random(11)
    told: list[str] = []
    with an_instance(tmp_path, heap="1g") as instance:
        _, desk = instance.run("--instance", "the-desk")  # as `ghostfill up` starts it
        create(instance, accounts(dice), wall() - HOUR - MINUTE)
        instance.await_drained(desk)
        history = an_hour(wall() + int(HOUR / SPEED), dice)
        publish(instance, records(history.market, history.signals), Pace(history.start, wall(), SPEED))
        instance.await_drained(desk, 300)
        told.append(
            f"{len(history.market)} ticks, {len(history.signals)} signals, {_outputs(instance)} outputs"
        )
        with Reports(instance.cluster, from_now=True) as reports, Load(instance, signals=5):
            time.sleep(3)
            for pause in (0.2, 12.0):
                told += _kill_and_start(instance, desk, reports, pause)
        desk.end()
    with capsys.disabled():
        print("", *told, sep="\n  ")  # noqa: T201
    assert not any("TOO LATE" in line for line in told)


def _outputs(instance: Instance) -> int:
    return sum(
        end
        for topic in ("orders", "fills", "trades", "equity", "decisions")
        for end in instance.ends(topic).values()
    )


def _kill_and_start(instance: Instance, desk: Part, reports: Reports, pause: float) -> list[str]:
    """And wait until every shard has answered a signal that was sent after the start."""
    desk.kill()
    time.sleep(pause)
    ends = instance.ends("decisions")
    began = wall()
    desk.start()
    answered: dict[int, int] = {}

    def have_all_answered() -> bool:
        reports.look()
        for read in instance.read("decisions", since=ends):
            message = read.message()
            assert isinstance(message, Decision)
            is_of_load = message.source == LOAD and message.decision in TURNS
            if is_of_load and _sent(message) > began:
                answered.setdefault(read.partition, read.stamp * 1000)
        return len(answered) == SHARDS

    desk.until(have_all_answered, "does not trade")
    seconds = sorted((stamp - began) / SECOND for stamp in answered.values())
    return [
        f"killed, started after {pause:g} s: trading {seconds[0]:.1f} s after the start, all shards after "
        f"{seconds[-1]:.1f} s" + (" TOO LATE" if seconds[-1] > PROMISED else ""),
        "  " + reports.timeline(desk, began),
    ]


def _sent(decision: Decision) -> int:
    """The load's ids tell when."""
    return int((decision.signal_id or "").partition("-")[2] or 0)
