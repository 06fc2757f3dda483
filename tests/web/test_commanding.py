"""The time that a command bears."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.errors import MessageError
from streams.clients.workers import wall
from streams.engine.model.units import HOUR, SECOND
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import ShardReport, WorkerReport
from streams.web.api.signals import time_for
from streams.web.state.commanding import Commander
from streams.web.state.live_state import LiveState

NOON = 1_767_355_200 * SECOND


def desk(name, time, age=0):
    """A worker that told `age` seconds ago how far it has read the market."""
    now = wall() - age * SECOND
    shards = (ShardReport(0, "live"),)
    return WorkerReport(
        name, "here", 1, "1.2", "ghostfill-desk", now, now, shards, {"ticks": time} if time else {}
    )


@pytest.fixture
def sent(monkeypatch):
    """The time of a command, where a market's newest and its desks' are these."""

    def sent(newest, desks, kind="pause", **fields):
        live, found = LiveState(heard_until=wall()), []
        if newest:
            live.take_prices("ticks", newest, {})
        live.take((), desks, [], {})
        commander = Commander(Cluster("nowhere:1"), live)

        async def send(messages):
            found.extend(messages)

        monkeypatch.setattr(commander, "_send", send)
        asyncio.run(commander.command("a", kind, 0, **fields))
        commander.close()
        return found[0].ts

    return sent


@pytest.mark.parametrize(
    ("newest", "desks", "expected"),
    [
        (NOON + HOUR, [("one", NOON)], NOON),
        (NOON + HOUR, [("one", NOON), ("two", NOON - 1)], NOON - 1),
        (NOON + HOUR, [("one", NOON, 60)], NOON + HOUR),
        (NOON + HOUR, [("one", 0)], NOON + HOUR),
        (NOON, [], NOON),
        (0, [], 0),
    ],
    ids=[
        "the desk's",
        "the slowest's",
        "not of one that is gone",
        "it has read nothing",
        "nobody tells",
        "no market",
    ],
)
def test_in_a_recorded_market_it_is_that_of_who_decides(sent, newest, desks, expected):
    """A market runs through a night in seconds, and what is an hour ahead of the desk is refused."""
    assert sent(newest, [desk(*each) for each in desks]) == expected


def test_in_a_live_market_it_is_the_wall_s(sent):
    now = wall()
    assert now <= sent(now, [desk("one", now - SECOND)]) <= wall()


def test_before_any_record_only_an_opening_has_one(sent):
    now = wall()
    assert now <= sent(0, [], "create", settings="{}") <= wall()


def test_a_signal_for_recorded_markets_of_different_times_has_to_name_its_own():
    def time_of(**times):
        accounts: dict[str, Any] = {
            f"in {market}": SimpleNamespace(versions=[SimpleNamespace(market=market)]) for market in times
        }
        live = LiveState(accounts=accounts, times=times)
        here: Any = SimpleNamespace(live=live, commander=SimpleNamespace(followers=lambda source: accounts))
        return time_for(here, "s")

    assert time_of(ticks=NOON, other=NOON + HOUR) == NOON + HOUR
    assert time_of(ticks=NOON, empty=0) == NOON
    with pytest.raises(MessageError, match="ts: found nothing, expected a time"):
        time_of(ticks=NOON, other=NOON + 2 * HOUR)
    assert wall() - SECOND <= time_of(ticks=NOON, other=wall()) <= wall()
