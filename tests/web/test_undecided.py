"""What the list of signals says of those on which accounts are yet to decide."""

from types import SimpleNamespace

from schemas.messages import Signal
from streams.accounts import account_with
from streams.agents.names import DESK
from streams.clients.workers import wall
from streams.engine.model.units import MINUTE
from streams.transport.contract.machine import Awaited
from streams.transport.shard.reports import ShardReport, WorkerReport
from streams.web.pages.views import DECIDED_IN, Undecided


def here(*awaits, now=0, created=None):
    """An instance with two accounts that follow `s`, and what its desk tells."""
    moment = wall()
    shards = (ShardReport(0, "live", awaits=awaits),)
    desk = WorkerReport("w", "h", 1, "v", DESK, ts=moment, started=moment, shards=shards)
    settings = {name: account_with("auto-trader", {"follow": "[s]"}) for name in ("a", "b")}
    accounts = {
        name: SimpleNamespace(status="active", versions=[each], created=created) for name, each in settings.items()
    }  # fmt: skip
    live = SimpleNamespace(workers={"w": desk}, heard_until=moment, accounts=accounts, times={"ticks": now})
    return SimpleNamespace(live=live, commander=SimpleNamespace(is_followed=lambda source: source == "s"))


def said(instance, decided=(), source="s", **fields):
    signal = Signal(**{"signal_id": "1", "source": source, "symbol": "X", "side": "long", "ts": 0, **fields})
    return Undecided(instance, {source}).said(signal, decided)


def test_a_signal_that_waits_says_for_what():
    what = "X's first tick in market ticks"
    waiting = here(Awaited("ticks/X", what, 2, 0), now=2 * DECIDED_IN)
    assert said(waiting) == said(waiting, decided={"a"}) == f"waiting for {what}"
    assert said(waiting, decided={"a", "b"}) == ""
    assert said(waiting, symbol="AX") == said(waiting, side="flat") == "–"
    assert said(waiting, source="other") == "no account follows this source"
    ends = here(Awaited("ticks/X", what, 2, 60 * MINUTE))
    assert said(ends) == f"waiting for {what}; the first that waits expires after 1970-01-01T01:00:00Z"


def test_only_what_a_desk_says_waits_is_told_to_wait():
    """What was opened after a signal never decides on it; what is before the first that waits is gone."""
    what = "X's next tick in market ticks"
    waiting = Awaited("ticks/X", what, 1, 0, since=5 * MINUTE, now=9 * MINUTE)
    old = {"now": 2 * DECIDED_IN + 9 * MINUTE}
    assert said(here(waiting, **old), ts=5 * MINUTE) == f"waiting for {what}"
    assert said(here(waiting, **old), ts=5 * MINUTE - 1) == "–"
    opened_after = here(waiting, created=("c", 7 * MINUTE), **old)
    assert [said(opened_after, ts=ts * MINUTE) for ts in (6, 7)] == ["–", f"waiting for {what}"]
    opened_before_its_market = here(waiting, created=("c", wall()), **old)
    assert said(opened_before_its_market, ts=6 * MINUTE) == f"waiting for {what}"


def test_where_nothing_waits_it_says_what_it_knows():
    assert said(here()) == "not decided yet"
    assert said(here(now=2 * DECIDED_IN)) == "–"
    assert said(here(), decided={"a"}) == ""
