"""What time is meant by a wish that names none."""

import pytest

from schemas.errors import MessageError
from schemas.messages import Command, Signal
from streams.agents.times import MAX_AHEAD, now_by, time_of
from streams.engine.model.units import MINUTE, SECOND
from streams.transport.shard.reports import WorkerReport

WALL = 1_795_000_000 * SECOND
LONG_AGO = WALL - 300 * 24 * 60 * MINUTE


def report(market_time, ts=WALL, worker="w"):
    return WorkerReport(worker, "h", 1, "v", "desk", ts=ts, started=ts, market_time=market_time)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], None),
        ([report({})], None),
        ([report({"ticks": 0})], None),
        ([report({"ticks": LONG_AGO})], LONG_AGO),
        ([report({"ticks": WALL - 59 * SECOND})], WALL),
        ([report({"ticks": WALL + 59 * SECOND})], WALL),
        ([report({"ticks": WALL - 61 * SECOND})], WALL - 61 * SECOND),
        ([report({"ticks": LONG_AGO, "ticks.x": WALL})], WALL),
        ([report({"ticks": LONG_AGO, "ticks.x": LONG_AGO + 1})], LONG_AGO + 1),
        ([report({"ticks": LONG_AGO + 9}), report({"ticks": LONG_AGO}, worker="slow")], LONG_AGO + 9),
        ([report({"ticks": LONG_AGO + 9}, WALL - 4 * SECOND), report({"ticks": LONG_AGO})], LONG_AGO),
        ([report({"ticks": LONG_AGO}, WALL - MINUTE), report({}, worker="new")], LONG_AGO),
    ],
)
def test_now_is_what_the_desks_told(told, expected):
    assert now_by(told, WALL) == expected


def test_recorded_markets_of_different_times_have_no_now():
    """The time of the newer one was given, and every account of the older refused it as ahead of it."""
    told = [report({"ticks": LONG_AGO, "ticks.x": LONG_AGO + MAX_AHEAD + SECOND})]
    with pytest.raises(
        MessageError, match=r"ts: found nothing, expected a time, .*: ticks of .*, ticks.x of "
    ):
        now_by(told, WALL)
    for kind in ("create", "pause"):
        with pytest.raises(MessageError):
            time_of(Command(command_id="c", account="a", kind=kind, ts=WALL), told)
    near = [report({"ticks": LONG_AGO, "ticks.x": LONG_AGO + MAX_AHEAD})]
    assert now_by(near, WALL) == LONG_AGO + MAX_AHEAD
    assert now_by([*told, report({"ticks.live": WALL})], WALL) == WALL


def test_a_market_that_was_live_when_it_was_told_of_is_live():
    """The gate may come late to what was sent an hour ago: that is no wish of now."""
    then = WALL - 60 * MINUTE
    assert now_by([report({"ticks": WALL - SECOND})], then) == then
    assert now_by([report({"ticks": then - SECOND}, then)], WALL) == WALL


def test_where_nothing_is_told_a_command_is_of_any_time():
    signal = Signal(signal_id="s", source="s", symbol="A", side="long", ts=WALL)
    create, pause = (Command(command_id="c", account="a", kind=kind, ts=WALL) for kind in ("create", "pause"))
    assert [time_of(each, []) for each in (signal, create, pause)] == [WALL, WALL, 0]
    told = [report({"ticks": LONG_AGO})]
    assert [time_of(each, told) for each in (signal, create, pause)] == [LONG_AGO] * 3
