"""`ghostfill.testing`, as a user's test uses it: on a real Kafka, gate and desk."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ghostfill.testing import Ghostfill, GhostfillTestError, NothingCameError, NotReadError
from tests.broker import skip_without_kafka

BRACKET: dict[str, Any] = {
    "balance": 10_000,
    "size": {"fixed_notional": 1000},
    "take_profit": "2%",
    "stop_loss": "1%",
}


@pytest.fixture(scope="session", autouse=True)
def kafka_can_be_had():
    skip_without_kafka()


def test_a_signal_fills_at_the_next_tick_and_its_target_closes_it(ghostfill: Ghostfill):
    ghostfill.account(**BRACKET)
    ghostfill.tick("AURA", 100)
    signal = ghostfill.publish_signal("AURA", "long", confidence=0.9, features={"momentum": 1.5})
    ghostfill.tick("AURA", "100.5")
    fill = ghostfill.wait_for_fill()
    assert (fill.side, fill.quantity, fill.price) == ("buy", Decimal("9.95024875"), Decimal("100.5"))
    assert (fill.signal_id, fill.ts) == (signal, datetime(2026, 1, 5, 14, 30, 3, tzinfo=UTC))
    ghostfill.tick("AURA", 103)
    assert ghostfill.wait_for_trade().exit_reason == "take_profit"
    assert [each.side for each in ghostfill.fills()] == ["buy", "sell"]
    assert ghostfill.positions() == []


@pytest.mark.parametrize("time", range(2))
def test_another_test_sees_nothing_of_it(ghostfill: Ghostfill, time: int):
    """The same names and times, and the market far away from where the last test left it."""
    ghostfill.account(preset="auto-trader")
    ghostfill.tick("AURA", 5)
    assert (ghostfill.fills(), ghostfill.decisions()) == ([], [])
    ghostfill.publish_signal("AURA", "short", signal_id="mine")
    ghostfill.tick("AURA", 5)
    assert ghostfill.wait_for_fill().price == 5


def test_what_did_not_happen_can_be_asserted_at_once(ghostfill: Ghostfill):
    ghostfill.account(preset="auto-trader-conservative")
    ghostfill.tick("AURA", 100)
    ghostfill.publish_signal("AURA", "long", confidence=0.3)
    ghostfill.tick("AURA", 100)
    (decision,) = ghostfill.decisions()
    assert (decision.decision, decision.reason, decision.measured, decision.limit) == (
        "refused", "min_confidence", 0.3, 0.65,
    )  # fmt: skip
    assert ghostfill.fills() == []


def test_who_waits_in_vain_is_told_what_came_instead(ghostfill: Ghostfill):
    ghostfill.account(preset="auto-trader-conservative")
    with pytest.raises(NothingCameError, match="has the symbol had a record since"):
        ghostfill.wait_for_fill(seconds=0.1)
    ghostfill.publish_signal("AURA", "long", confidence=0.3)
    ghostfill.tick("AURA", 100)
    with pytest.raises(NothingCameError, match=r"no fill side=buy of account-.* AURA refused min_confidence"):
        ghostfill.wait_for_fill(side="buy", seconds=0.1)


def test_a_signal_that_nobody_can_read_is_told_at_once(ghostfill: Ghostfill):
    with pytest.raises(NotReadError, match="side: found 'up', expected one of long, short, flat"):
        ghostfill.publish_signal("AURA", "up")


def test_a_producers_own_bytes(ghostfill: Ghostfill):
    ghostfill.account(preset="auto-trader", follow=["scanner"])
    signal = {"source": "scanner", "symbol": "AURA", "side": "buy", "ts": "2026-01-05T14:30:05Z"}
    ghostfill.publish("signals", "AURA", json.dumps(signal).encode())
    ghostfill.tick("AURA", 100, at="2026-01-05T14:30:06Z")
    assert ghostfill.wait_for_fill().side == "buy"


def test_bars(ghostfill: Ghostfill):
    ghostfill.account(**BRACKET)
    ghostfill.bars("AURA", [(100, 101, 99, 100)])
    ghostfill.publish_signal("AURA", "long")
    ghostfill.bars("AURA", [(100, 101, 99, 100, 500), {"open": 101, "high": 105, "low": 101, "close": 104}])
    bought, sold = ghostfill.fills()
    assert (bought.price, bought.ts) == (101, datetime(2026, 1, 5, 14, 32, tzinfo=UTC))
    assert (sold.price, sold.purpose) == (Decimal("103.02"), "take_profit")


def test_time_passes_as_the_test_says(ghostfill: Ghostfill):
    ghostfill.account(balance=10_000, size="quantity", time_limit="15m")
    ghostfill.tick("AURA", 100)
    ghostfill.publish_signal("AURA", "long", quantity=1)
    ghostfill.tick("AURA", 100)
    ghostfill.advance("14m")
    assert ghostfill.positions()
    ghostfill.advance(timedelta(minutes=1))
    ghostfill.tick("AURA", 101)
    assert ghostfill.wait_for_trade().exit_reason == "time_limit"


def test_slices_orders_and_commands(ghostfill: Ghostfill):
    slices = [{"at": "0m", "fraction": "50%"}, {"at": "5m", "fraction": "50%", "if": ["price_holds"]}]
    mine = ghostfill.account("sliced", balance=10_000, size={"fixed_notional": 1000}, slices=slices)
    ghostfill.tick("AURA", 100)
    ghostfill.publish_signal("AURA", "long")
    ghostfill.tick("AURA", 100)
    ghostfill.advance("5m")
    ghostfill.tick("AURA", 99)
    assert [(each.number, each.state) for each in ghostfill.slices()] == [(1, "released"), (2, "skipped")]
    assert ghostfill.command("close_all").decision == "accepted"
    ghostfill.tick("AURA", 99)
    assert ghostfill.wait_for_trade(mine).pnl == -5
    assert {each.state for each in ghostfill.orders()} == {"filled"}


def test_two_accounts_have_to_be_named(ghostfill: Ghostfill):
    one, other = (ghostfill.account(name, preset="auto-trader") for name in ("one", "other"))
    with pytest.raises(GhostfillTestError, match=f"name an account: this test has {one}, {other}"):
        ghostfill.fills()
    assert ghostfill.fills(one) == []


def test_sql_has_all_that_the_test_has_seen(ghostfill: Ghostfill):
    mine = ghostfill.account(preset="auto-trader")
    ghostfill.tick("AURA", 100)
    ghostfill.publish_signal("AURA", "long")
    ghostfill.tick("AURA", 100)
    asked = "SELECT side, quantity * price AS cost FROM fills FINAL WHERE account = {name:String}"
    assert ghostfill.sql(asked, name=mine) == [{"side": "buy", "cost": Decimal(1000)}]
    with pytest.raises(GhostfillTestError, match="UNKNOWN_TABLE"):
        ghostfill.sql("SELECT 1 FROM nowhere")


def test_verify_and_the_command(ghostfill: Ghostfill):
    mine = ghostfill.account(preset="auto-trader")
    ghostfill.tick("AURA", 100)
    ghostfill.publish_signal("AURA", "long")
    ghostfill.tick("AURA", 100)
    ghostfill.verify()
    assert json.loads(ghostfill.run("account", "show", mine, "--json"))["positions"]
    with pytest.raises(GhostfillTestError, match="there is no account nobody"):
        ghostfill.run("account", "show", "nobody")
