"""Every page's pieces and rows, rendered from what an engine really did; without a browser, a broker or ClickHouse."""

import asyncio
import re
from types import SimpleNamespace

import pytest

from schemas.kinds import topic_of
from schemas.messages import Command, Signal, Tick
from streams.accounts import account_with
from streams.engine.model.units import ONE, SECOND
from streams.engine.shard.shard import Shard
from streams.web.lists.all_accounts import AllAccounts
from streams.web.pages import views
from streams.web.state.live_state import Event, LiveState, Place, Price
from tests.engine.worlds import START, columns_of

SLICES = "[{at: 0m, fraction: 50%}, {at: 5m, fraction: 50%, if: [price_holds 1%]}]"
LIKE = {
    "slices": SLICES,
    "min_confidence": "none",
    "stop_loss": "9%",
    "follow": "none",
    "size": "{percent_of_equity: 20%}",
}


def tick(after, symbol, price):
    return Tick(symbol=symbol, ts=START + after * SECOND, price=price * ONE, size=ONE)


@pytest.fixture(scope="module")
def here():
    """An instance whose accounts hold, wait, have orders, and are blocked."""
    accounts = [
        account_with("auto-trader", LIKE, name="holds"),
        account_with("auto-trader", {**LIKE, "daily_loss": "0.1%"}, name="blocked"),
    ]
    shard = Shard(accounts, at_any_time=True)
    told = shard.pass_market(columns_of([tick(0, "X", 100), tick(1, "Y", 50)]))
    signal = Signal(signal_id="1", source="s", symbol="X", side="long", ts=START + 2 * SECOND, confidence=0.9)
    resting = Command(
        command_id="c", account="holds", kind="place", ts=START + 2 * SECOND, symbol="Y", side="buy",
        order_type="limit", quantity=ONE, limit_price=40 * ONE,
    )  # fmt: skip
    told += shard.admit(signal, 1) + shard.admit(resting, 2)
    told += shard.pass_market(columns_of([tick(3, "X", 100), tick(4, "X", 96), tick(5, "Y", 50)]))
    live = LiveState(accounts={each.name: each.state for each in shard.accounts})
    live.prices = {
        "ticks": {"X": Price(96 * ONE, START + 4 * SECOND), "Y": Price(50 * ONE, START + 5 * SECOND)}
    }
    live.times = {"ticks": START + 5 * SECOND}
    messages = [signal, *told]
    events = [Event(Place(topic_of(each), 0, number), number, each) for number, each in enumerate(messages)]
    live.take([], [], events, {})
    health = SimpleNamespace(sink_lag=0, troubles=list)
    return SimpleNamespace(
        live=live,
        everybody=AllAccounts(live),
        health=health,
        commander=SimpleNamespace(is_followed=lambda source: True),
    )


def made(here, make, monkeypatch):
    async def nothing(*_):
        """ClickHouse is away."""

    monkeypatch.setattr(views, "_stored", nothing)
    return asyncio.run(make(here))


def test_an_account_that_holds_and_waits(here, monkeypatch):
    page = made(here, views.account("holds"), monkeypatch)
    assert [len(page.lists[name]) for name in ("positions", "slices", "orders")] == [1, 1, 1]
    assert "price holds 0.01" in next(iter(page.lists["slices"].values()))
    assert len(page.lists["decisions"]) >= 2 and "Pause" in page.pieces["account-actions"]


def test_an_account_that_is_blocked(here, monkeypatch):
    page = made(here, views.account("blocked"), monkeypatch)
    assert "daily loss" in page.pieces["account-state"] and "Resume" in page.pieces["account-actions"]
    assert page.lists["alerts"] and not page.lists["slices"]


def test_all_accounts(here, monkeypatch):
    page = made(here, views.overview(), monkeypatch)
    assert set(page.lists["accounts"]) == {"holds", "blocked"}
    assert page.lists["signals"] and page.lists["happened"]
    assert re.search(r"Slices waiting</dt>\s*<dd[^>]*>1</dd>", page.pieces["totals"])
