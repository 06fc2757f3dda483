"""A signal as a tree: one query, and what `ghostfill trace` makes of its rows."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from schemas.messages import Decision
from schemas.text.numbers import time as micros
from sinks.asking.questions import ask, questions
from streams.accounts import account_with, parse_instruments
from streams.cli.commands.ask.trace import tree
from streams.clients.traces import lines, with_waiting
from streams.engine.model.state import AccountState
from streams.engine.simulate import simulate
from streams.feeds.market_day import SYMBOLS, simulated_day
from streams.transport.contract.machine import Awaited
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.world import at, bought, decision, position, signal, sold, trade, units, world

S1 = """\
2026-01-05 10:00:00  signal s1 of tracker: long X, confidence 0.8, vsr 3.5
  a
    10:00:00  accepted X, plan a-p1
      10:00:00  slice 1 of 4: armed → released, buy 1, mark 100
        10:00:00  order a-o1: filled, market buy 1, average 100, fees 0.10
          10:00:00  fill a-o1.1: buy 1 at 100, fees 0.10
      10:01:00  slice 2 of 4: armed → released, buy 1, mark 102
        10:01:00  order a-o2: filled, market buy 1, average 102, fees 0.10
          10:01:00  fill a-o2.1: buy 1 at 102, fees 0.10
      10:02:00  slice 3 of 4: armed → skipped, buy 1, mark 99: price holds (was 99, limit 100)
      11:00:00  slice 4 of 4: armed → cancelled, buy 1: position closed
      11:00:00  trade a-t1: long 2, 101 → 110, take profit, win +17.70, fees 0.30
        11:00:00  order a-o3: accepted → filled, limit sell 2, average 110, fees 0.10
          11:00:00  fill a-o3.1: sell 2 at 110, fees 0.10
  b
    10:00:00  refused X: max positions (was 6, limit 5)"""

S7 = """\
2026-01-07 08:00:00  signal s7 of tracker: long X
  a
    08:00:00  accepted X, plan a-p4
      08:00:00  slice 1 of 1: armed → released, buy 1, mark 100
        08:00:00  order a-o11: filled, market buy 1, average 100, fees 0.10
          08:00:00  fill a-o11.1: buy 1 at 100, fees 0.10
      09:00:00  open a-l5: long 1 at 100, mark 101, +1.00, fees 0.10"""

S4 = """\
2026-01-06 10:00:00  signal s4 of other: long Y
2026-01-06 10:00:00  signal s4 of other: long Y
  a
    10:00:01  accepted Y, plan a-p3
      10:00:01  slice 1 of 1: armed → released, buy 1, mark 50
        10:00:01  order a-o9: filled, market buy 1, average 50, fees 0.05
          10:00:01  fill a-o9.1: buy 1 at 50, fees 0.05
      12:00:00  trade a-t4: long 1, 50 → 55, take profit, win +4.90, fees 0.10
        12:00:00  order a-o10: accepted → filled, limit sell 1, average 55, fees 0.05
          12:00:00  fill a-o10.1: sell 1 at 55, fees 0.05
  b
    10:00:01  refused Y: no atr
    10:00:01  duplicate Y: duplicate"""


KINDS = {
    "slice": ("SliceTimer", "slice_id"),
    "order": ("Order", "order_id"),
    "fill": ("Fill", "fill_id"),
    "trade": ("Trade", "trade_id"),
}


@pytest.fixture(scope="module")
def client(server):
    with database(server, "traced") as client:
        fill(client, [*world(), *closed_by_a_signal()])
        yield client


def closed_by_a_signal():
    """Two sources use the id s9; one closes what account `c` held, the other is refused."""
    held = at("08:00", 8)
    return [
        signal(9, at("09:00", 8), "X", "flat"),
        signal(9, at("09:00", 8), "X", "flat", "other"),
        decision("c", 1, at("09:00:01", 8), "accepted", "X", signal_id="s9", source="tracker"),
        decision(
            "c", 2, at("09:30", 8), "refused", "X", signal_id="s9", source="other", reason="no_position"
        ),
        *bought("c", 1, held, "X", "buy", 1, 10, 0, 1),
        *sold("c", 2, at("09:00:01", 8), "X", "sell", 1, 9, 0, 1, "flat_signal"),
        trade("c", 1, "X", "long", 1, 10, 9, held, at("09:00:01", 8), -1, 0, "flat_signal", 10),
        position("c", 1, "X", "long", 0, 10, 9, at("09:00:01", 8), fees=units(0)),
    ]


def rows(client, signal_id, **more):
    return ask(client, "trace", signal_id=signal_id, **more).dicts()


@pytest.mark.parametrize(("signal_id", "expected"), [("s1", S1), ("s7", S7), ("s4", S4)])
def test_a_signal_is_a_tree(client, signal_id, expected):
    assert "\n".join(lines(rows(client, signal_id))) == expected


def test_a_signal_that_closed_a_position_has_its_trade(client):
    assert "\n".join(lines(rows(client, "s9", source="tracker"))) == (
        "2026-01-08 09:00:00  signal s9 of tracker: flat X\n"
        "  c\n"
        "    09:00:01  accepted X\n"
        "      09:00:01  trade c-t1: long 1, 10 → 9, flat signal, loss -1.00\n"
        "        09:00:01  order c-o2: accepted → filled, limit sell 1, average 9\n"
        "          09:00:01  fill c-o2.1: sell 1 at 9"
    )


def test_sources_and_accounts_can_be_told_apart(client):
    assert {row["path"][0] for row in rows(client, "s9")} == {"tracker", "other"}
    assert [row["kind"] for row in rows(client, "s9", source="other")] == ["signal", "decision"]
    assert {row["account"] for row in rows(client, "s1", account="b")} == {"", "b"}
    assert rows(client, "s99") == []


def test_it_is_one_query():
    assert ";" not in questions()["trace"].statement


def test_programs_get_the_same_tree(client):
    [root] = tree(rows(client, "s1"))
    first, second = root["below"]
    assert (root["kind"], first["account"], second["reason"]) == ("signal", "a", "max_positions")
    kinds = [(each["kind"], [deeper["kind"] for deeper in each.get("below", [])]) for each in first["below"]]
    assert kinds == [("slice", ["order"])] * 2 + [("slice", [])] * 2 + [("trade", ["order"])]
    assert first["below"][4]["pnl"] == Decimal("17.7")


def test_everything_that_an_account_did_hangs_on_a_signal(server):
    """A simulated day: each slice, order, fill and trade of the account is in the tree of exactly one signal."""
    day = simulated_day()
    account = account_with("vsr-slicer", {})
    outputs = [
        each
        for told in simulate(
            [account], day.batches(), day.signals, parse_instruments(SYMBOLS, "symbols.yaml")
        )
        for each in told
    ]
    with database(server, "traced_day") as client:
        fill(client, [*outputs, *day.signals], datetime(2026, 1, 5, tzinfo=UTC))
        accepted = {
            each.signal_id for each in outputs if isinstance(each, Decision) and each.decision == "accepted"
        }
        found = [row for signal_id in accepted for row in rows(client, signal_id)]
    for kind, (name, key) in KINDS.items():
        told = {getattr(each, key) for each in outputs if type(each).__name__ == name}
        assert sorted(row["id"] for row in found if row["kind"] == kind) == sorted(told) != []


def test_an_account_that_is_yet_to_decide_says_what_it_waits_for(client):
    found = rows(client, "s1")
    waiting = {"ticks/X": Awaited("ticks/X", "X's next tick in market ticks", 3, 0)}
    settings: dict[str, dict[str, str]] = {
        "a": {},
        "c": {"follow": "[tracker, z]"},
        "d": {"follow": "[z]"},
        "e": {"market": "ticks.other"},
    }
    accounts = {name: AccountState(0, [account_with("auto-trader", each)]) for name, each in settings.items()}
    told = with_waiting(found, accounts, waiting)
    assert "\n".join(lines(told)) == f"{S1}\n  c\n    10:00:00  waiting for X's next tick in market ticks"
    (root,) = tree(told)
    assert {**root["below"][-1], "ts": None} == {
        "ts": None, "kind": "waiting", "account": "c", "detail": "waiting for X's next tick in market ticks"
    }  # fmt: skip
    assert with_waiting(found, accounts, {}) == found
    later = {"ticks/X": waiting["ticks/X"]._replace(since=micros("ts", "2026-01-05T10:00:00.000001Z"))}
    assert with_waiting(found, accounts, later) == found
