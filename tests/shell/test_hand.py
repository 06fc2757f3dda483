"""`account`, `order`, `plan`, `position` and `exit-all`: what they send, and what they make of an answer."""

import json
from functools import partial

import pytest

from streams.accounts import account_with
from streams.agents.settings_units import in_engine_units
from streams.clients import commands
from streams.clients.accounts import desk_table
from streams.engine.model.settings_check import read_settings
from streams.engine.model.units import HOUR, ONE, SECOND
from tests.shell.conftest import run

NOON = 1_767_355_200 * SECOND


def settings_of(command):
    return read_settings(in_engine_units(command).settings)


def test_an_account_is_created_from_a_preset(live, desk, capsys):
    words = "account create hand-1 --preset vsr-slicer --follow tracker --follow scan --set stop_loss=2%"
    assert run([*words.split(), "--set", "size={fixed_notional: 1000}"]) == 0
    assert capsys.readouterr().out == "create hand-1: accepted\n"
    (command,) = desk.commands
    assert json.loads(command.settings) == {
        "preset": "vsr-slicer", "name": "hand-1", "follow": ["tracker", "scan"], "stop_loss": "2%",
        "size": {"fixed_notional": "1000"},
    }  # fmt: skip
    overrides = {"follow": "[tracker, scan]", "stop_loss": "2%", "size": "{fixed_notional: 1000}"}
    assert settings_of(command) == account_with("vsr-slicer", overrides, "hand-1")


def test_an_account_is_created_from_a_file(live, desk, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("preset: auto-trader\naggressive: true\nbalance: 250_000\n")
    assert live.run("account", "create", "hand-2", "--file", str(file), "--set", "min_confidence=0.7") == 0
    settings = settings_of(desk.commands[0])
    assert (settings.name, settings.balance, settings.min_confidence) == ("hand-2", 250_000 * ONE, 0.7)


def test_a_change_names_its_keys_only(live, desk):
    assert live.run("account", "change", "hand-3", "--set", "take_profit=3%", "--plan", "hand-3-p1") == 0
    (command,) = desk.commands
    assert json.loads(command.settings) == {"take_profit": "3%"} and command.plans == ("hand-3-p1",)


def test_a_refusal_is_told_with_its_reason_and_ends_with_1(live, desk, capsys):
    desk.answer = lambda command: [
        {"decision": "late", "reason": "late", "measured": 3.0, "limit": 0.0},
        {"decision": "refused", "reason": "max_positions", "measured": 6.0, "limit": 5.0},
    ]
    assert live.run("order", "hand-4", "X", "buy", "10") == 1
    assert capsys.readouterr().out == "place hand-4 X: refused: max_positions (6, limit 5)\n"


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("order h X buy 10", {"kind": "place", "side": "buy", "order_type": "market", "quantity": 10 * ONE}),
        (
            "order h X sell 0.5 --type limit --limit 99.5 --tif DAY --take-profit 90 --stop-loss 101",
            {
                "order_type": "limit", "limit_price": 995 * ONE // 10, "time_in_force": "DAY",
                "take_profit": 90 * ONE, "stop_loss": 101 * ONE,
            },
        ),
        (
            "order place h X buy 1 --type stop_limit --limit 2 --stop 1 --expires 2026-01-02T12:00:00Z",
            {"limit_price": 2 * ONE, "stop_price": ONE, "time_in_force": "GTD", "expires_at": NOON},
        ),
        ("order h X buy 1 --type trailing --trail 0.1", {"order_type": "trailing", "trail": ONE // 10}),
        ("order cancel my-o-o7", {"kind": "cancel", "account": "my-o", "order_id": "my-o-o7"}),
        ("plan cancel h-p3", {"kind": "cancel_plan", "account": "h", "plan_id": "h-p3"}),
        ("position close h X", {"kind": "close_position", "symbol": "X"}),
        ("position close h --lot h-l2", {"kind": "close_position", "lot_id": "h-l2"}),
        ("account pause h", {"kind": "pause"}),
        ("account resume h", {"kind": "resume"}),
        ("account close h", {"kind": "close"}),
        ("exit-all h --yes", {"kind": "close_all"}),
        ("exit-all h --yes --kill", {"kind": "kill_switch"}),
    ],
)  # fmt: skip
def test_what_is_sent(live, words, fields):
    (command,) = live.published("commands", lambda: run([*words.split(), "--wait", "0"]))
    assert {name: getattr(command, name) for name in fields} == fields
    assert command.command_id.startswith("cli-")


def test_several_accounts_exit_at_once(live, desk, capsys):
    assert run("exit-all hand-5 hand-6 --yes") == 0
    assert capsys.readouterr().out.splitlines() == [
        "close_all hand-5: accepted",
        "close_all hand-6: accepted",
    ]


def test_without_an_answer_it_says_the_likely_cause(live, monkeypatch, capsys):
    monkeypatch.setattr(commands, "desks", lambda told: [])
    assert run("account pause hand-7 --wait 0.3") == 1
    assert "no decision within 0.3 s: no desk is running: start `ghostfill up`" in capsys.readouterr().err
    monkeypatch.setattr(commands, "desks", lambda told: ["one"])
    monkeypatch.setattr(commands, "has_gate", lambda cluster: False)
    assert run("account pause hand-7 --wait 0.3") == 1
    assert "no gate is running" in capsys.readouterr().err
    monkeypatch.setattr(commands, "has_gate", lambda cluster: True)
    assert run("account pause hand-7 --wait 0.3") == 1
    assert "waits for the next record of the account's market" in capsys.readouterr().err


def test_a_command_bears_the_time_of_a_recorded_market(live, monkeypatch):
    monkeypatch.setattr(commands, "reports", lambda cluster: [])
    live.send(("ticks", b"X", json.dumps({"ts": NOON, "price": 1}).encode()))
    (command,) = live.published("commands", lambda: run("order h X buy 1 --wait 0"))
    assert command.ts == NOON
    monkeypatch.setattr(commands, "wall", lambda: NOON + 5 * SECOND)
    (command,) = live.published("commands", lambda: run("order h X buy 1 --wait 0"))
    assert command.ts == NOON + 5 * SECOND
    monkeypatch.setattr(commands, "reached", lambda told, market: {"ticks": NOON - HOUR}[market])
    (command,) = live.published("commands", lambda: run("order h X buy 1 --wait 0"))
    assert command.ts == NOON - HOUR, "where it is decided"
    assert desk_table.accounts(live.cluster, ["nobody"]) == []


def test_before_the_first_record_a_command_bears_no_time(live, monkeypatch):
    """With the wall's, everything behind it would wait until a recorded market comes to that time: never."""
    monkeypatch.setattr(commands, "reports", lambda cluster: [])
    monkeypatch.setattr(commands, "newest_time", lambda cluster, topic: 0)
    monkeypatch.setattr(commands, "wall", lambda: NOON)
    words = ("account change h --set take_profit=1%", "account create h --preset auto-trader")
    times = []
    for line in words:
        (command,) = live.published("commands", partial(run, [*line.split(), "--wait", "0"]))
        times.append(command.ts)
    assert times == [0, NOON]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("account create a --preset auto-trade", 1, "did you mean auto-trader?"),
        ("account create a --preset auto-trader --set stop_los=2%", 1, "did you mean stop_loss?"),
        ("account create a --preset auto-trader --set stop_loss=2", 1, "expected a level"),
        ("account create a --preset auto-trader --set stop_loss", 2, "expected KEY=VALUE"),
        ("account create a/b --preset auto-trader", 1, "expected a name"),
        ("account create a", 1, "balance and size missing"),
        ("account create a --file no.yaml", 1, "no such account file"),
        ("account create a --file no.yaml --preset auto-trader", 2, "an account file names its own preset"),
        ("account change a --set balance=x", 1, "--set, balance"),
        ("account show nobody", 1, "there is no account nobody"),
        ("order a X hold 1", 2, "is not one of 'buy', 'sell'"),
        ("order a X buy -1", 2, "No such option"),
        ("order a X buy 0", 2, "expected an amount above 0"),
        ("order a X buy 1 --type limit", 2, "--type limit needs --limit"),
        ("order a X buy 1 --limit 3", 2, "--limit is not for --type market"),
        ("order a X buy 1 --tif GTD", 2, "--tif GTD needs --expires"),
        ("order cancel seven", 2, "is not an order id; expected something like mine-o7"),
        ("plan cancel a-o7", 2, "is not a plan id"),
        ("position close a", 2, "give a SYMBOL or a --lot"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(live, capsys, words, code, said):
    assert run(words) == code
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
