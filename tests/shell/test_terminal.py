"""How accounts stand, in the terminal: tables for people, JSON for programs, a live screen, the log of a Kafka."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from typing import Any

import click
import pytest

from schemas.catalog import catalog
from schemas.messages import Fill, Signal, SliceTimer, Trade
from sinks.database.prepare import prepare
from streams.cli.commands.look import watch
from streams.cli.main import command
from tests.shell.conftest import run
from tests.shell.test_help import EVERY
from tests.shell.test_tail import NOON, sent
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.server import READER_PASSWORD, embedded
from tests.sinks.world import ONE, at, decision, units, world

GHOSTFILL = [sys.executable, "-m", "streams.cli"]
PATIENCE = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as running, database(running, "terminal") as client:
        fill(client, [*world(), *_waiting()])
        yield running


def _waiting():
    """Of p4 two slices wait when the account has come to 09:00: due at 09:01:30 and at 12:00."""
    told: dict[str, Any] = {
        "account": "a", "plan_id": "a-p4", "symbol": "X", "side": "buy", "of": 3, "state": "armed", "arrival": 100 * ONE,
        "ts": at("08:00:00.25", 7), "quantity": units(1.5), "signal_id": "s7",
    }  # fmt: skip
    yield SliceTimer(slice_id="a-p4.3", number=3, due=at("12:00", 7), condition="", **told)
    yield SliceTimer(slice_id="a-p4.2", number=2, due=at("09:01:30", 7), condition="price_holds", **told)


@pytest.fixture
def results(server, monkeypatch, tmp_path):
    """The world's, as somebody who only reads finds them."""
    monkeypatch.setenv("CLICKHOUSE_URL", f"{server.url}terminal")
    monkeypatch.setenv("CLICKHOUSE_USER", "reader")
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", READER_PASSWORD)
    monkeypatch.setenv("GHOSTFILL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")


def said(capsys, line):
    assert run(line) == 0
    return capsys.readouterr().out


# stats, positions, history, plans --------------------------------------------------------------


def test_stats_of_all_accounts(results, capsys):
    heads, a, b = said(capsys, "stats").splitlines()
    assert re.split("  +", heads) == [
        "account", "equity", "cash", "realised before fees", "unrealised", "day P&L", "open", "trades", "win rate",
        "profit factor", "expectancy", "net P&L", "Sharpe", "max drawdown", "best", "worst",
    ]  # fmt: skip
    assert a.split() == [
        "a", "1,016.20", "915.20", "+16.00", "+1.00", "+0.90", "1", "4", "50.00%", "3.10", "+3.82", "+15.30", "–",
        "0.72%", "+17.70", "-7.30",
    ]  # fmt: skip
    assert b.split() == [
        "b", "5,026.25", "5,026.25", "+26.25", "0.00", "-3.75", "0", "4", "75.00%", "6.25", "+6.56", "+26.25", "–",
        "0.10%", "+20.00", "-5.00",
    ]  # fmt: skip


def test_one_account_lies_on_its_side_and_so_do_few_that_are_too_wide(results, capsys, monkeypatch):
    lines = said(capsys, "stats a").splitlines()
    assert [each.split() for each in lines[:3]] == [
        ["account", "a"],
        ["equity", "1,016.20"],
        ["cash", "915.20"],
    ]
    monkeypatch.setenv("COLUMNS", "80")
    lines = said(capsys, "stats").splitlines()
    assert lines[1].split() == ["equity", "1,016.20", "5,026.25"]


def test_stats_of_a_span_stand_as_they_are_now(results, capsys):
    """On the 6th and after, account a made 0 and 4.9."""
    (a,) = json.loads(said(capsys, "stats a --since 2026-01-06 --json"))
    assert (a["trades"], a["net_pnl"], a["best_trade"], a["win_rate"]) == (2, "4.9", "4.9", 0.5)
    assert (a["equity"], a["cash"], a["realised"]) == ("1016.2", "915.2", "16")
    assert (a["open_positions"], a["pending_slices"], a["sharpe"]) == (1, 2, None)


def test_stats_are_those_of_the_question(results, capsys):
    shown = json.loads(said(capsys, "stats --json"))
    asked = [json.loads(line) for line in said(capsys, "query performance --format json").splitlines()]
    for mine, theirs in zip(shown, asked, strict=True):
        assert {name: float(mine[name]) for name in theirs if _is_number(theirs[name])} == {
            name: pytest.approx(value, rel=1e-12) for name, value in theirs.items() if _is_number(value)
        }


def _is_number(value):
    return isinstance(value, int | float)


def test_positions(results, capsys):
    assert said(capsys, "positions") == (
        "account  symbol  side  opened               until  quantity  entry  mark    P&L       %  stop  target\n"
        "a        X       long  2026-01-07 08:00:00  –             1    100   101  +1.00  +1.00%    95     110\n"
    )
    assert said(capsys, "positions b") == "no open positions\n"
    (held,) = json.loads(said(capsys, "positions a --json"))
    assert (held["position_id"], held["unrealised"], held["stop"], held["trailing"]) == (
        "a-l5",
        "1",
        "95",
        None,
    )
    assert held["opened"] == "2026-01-07T08:00:00.250000Z"


def test_history(results, capsys):
    heads, first, second = said(capsys, "history --limit 2 --since 2026-01-06").splitlines()
    assert re.split("  +", heads) == [
        "entered", "left", "account", "symbol", "side", "why", "held", "quantity", "entry", "exit", "P&L", "%",
    ]  # fmt: skip
    assert re.split("  +", first) == [
        "2026-01-13 04:29:00", "2026-01-13 04:59:00", "b", "Z", "long", "manual", "30 min 0 s", "1", "200", "201.25",
        "+1.25", "+0.62%",
    ]  # fmt: skip
    assert second.split()[-2:] == ["-5.00", "-2.50%"]
    stopped = said(capsys, "history a").splitlines()[3]
    assert re.split("  +", stopped)[4:] == [
        "short", "stop loss", "29 min 58 s", "4", "50.25", "52", "-7.30", "-3.63%",
    ]  # fmt: skip
    assert said(capsys, "history --since 30min") == "no trades\n"
    assert said(capsys, "history --since 30min --json") == "[]\n"
    (last,) = json.loads(said(capsys, "history a --limit 1 --json"))
    assert (last["trade_id"], last["pnl"], last["held_seconds"]) == ("a-t4", "4.9", 7199)


def test_plans(results, capsys):
    """90 seconds from 09:00, and three hours."""
    assert said(capsys, "plans") == (
        "account  symbol  side  slice   due                  in          condition    quantity  arrival\n"
        "a        X       buy   2 of 3  2026-01-07 09:01:30  1 min 30 s  price holds      1.50      100\n"
        "a        X       buy   3 of 3  2026-01-07 12:00:00  3 h 0 min   –                1.50      100\n"
    )
    assert said(capsys, "plans b") == "no pending slices\n"
    first, second = json.loads(said(capsys, "plans --json"))
    assert (first["slice_id"], first["due_in_seconds"], first["condition"]) == ("a-p4.2", 90, "price_holds")
    assert (second["slice_id"], second["due"], second["as_of"]) == (
        "a-p4.3", "2026-01-07T12:00:00Z", "2026-01-07T09:00:00Z",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["stats", "positions", "history", "plans", "watch"])
def test_what_goes_wrong_is_told(results, capsys, monkeypatch, name):
    assert run(f"{name} nobody") == 1
    assert "no results are stored for the account nobody: there are a, b" in capsys.readouterr().err
    assert run(f"{name} --nothing") == 2
    monkeypatch.setenv("CLICKHOUSE_URL", "http://127.0.0.1:1/nowhere")
    assert run(name) == 1
    assert "Error: " in capsys.readouterr().err


def test_an_instance_without_accounts(server, results, monkeypatch, capsys):
    with database(server, "terminal_empty"):
        monkeypatch.setenv("CLICKHOUSE_URL", f"{server.url}terminal_empty")
        assert said(capsys, "stats") == "no account has done anything yet\n"
        assert said(capsys, "watch").count("nothing\n") == 5


# watch -----------------------------------------------------------------------------------------


def test_watch_into_a_pipe_is_one_picture(results, capsys):
    shown = said(capsys, "watch a")
    parts = {part.splitlines()[0]: part.splitlines()[1:] for part in shown.split("\n\n")}
    assert list(parts) == ["accounts", "open positions", "pending slices", "last fills", "last decisions"]
    assert parts["accounts"][1].split() == [
        "a", "2026-01-07", "1,016.20", "+0.90", "915.20", "+16.00", "+1.00", "0.15%", "1", "2",
    ]  # fmt: skip
    assert parts["last fills"][1].split() == ["2026-01-07", "08:00:00", "a", "X", "buy", "entry", "1", "100"]
    assert any(line.endswith("skipped   price holds (was 99, limit 100)") for line in parts["last decisions"])
    assert "\x1b" not in shown
    document = json.loads(said(capsys, "watch --json"))
    assert [len(rows) for rows in document.values()] == [2, 1, 2, 19, 11]


@contextmanager
def terminal(*words, size=(40, 160)):
    """A command on a terminal of its own; gives its process and the terminal's other side."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [*GHOSTFILL, *words],
        stdin=its,
        stdout=its,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # so that Ctrl-C is a signal
    ) as process:
        try:
            yield process, ours, its
        finally:
            if process.poll() is None:
                process.kill()
            os.close(ours)
            os.close(its)


def until(ours, text, seen=""):
    """What comes up to this text."""
    end = time.monotonic() + PATIENCE
    while text not in seen:
        assert time.monotonic() < end, f"{text!r} does not come: {seen[-2000:]}"
        if select.select([ours], [], [], 0.1)[0]:
            seen += os.read(ours, 65536).decode(errors="ignore")
    return seen


@pytest.mark.parametrize("end", ["q", "\x03", signal.SIGTERM])
def test_watch_on_a_terminal(server, results, end):
    with terminal("watch", "--every", "0.2") as (process, ours, its):
        before = termios.tcgetattr(its)
        seen = until(ours, "5,026.25")
        assert seen.startswith(watch.ENTER) and "pending slices" in until(ours, "last decisions", seen)
        assert not termios.tcgetattr(its)[3] & termios.ICANON
        if isinstance(end, str):
            os.write(ours, end.encode())
        else:
            process.send_signal(end)
        until(ours, watch.LEAVE)
        assert process.wait(PATIENCE) == (0 if isinstance(end, str) else 128 + end)
        assert termios.tcgetattr(its) == before


def test_watch_shows_what_is_new_and_fits_the_terminal(server, results, monkeypatch):
    with database(server, "terminal_live") as client:
        monkeypatch.setenv("CLICKHOUSE_URL", f"{server.url}terminal_live")
        with terminal("watch", "--every", "0.1") as (process, ours, its):
            until(ours, "nothing")
            fill(client, [decision("new", 1, at("10:00"), "refused", "Q", reason="no_atr")])
            until(ours, "no atr")
            fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
            time.sleep(0.5)
            os.write(ours, b"q")
            narrow = until(ours, watch.LEAVE)
            drawn = narrow.split(watch.HOME)[-1].split(watch.LEAVE)[0]
            plain = click.unstyle(drawn.replace(watch.REST_OF_LINE, "").replace(watch.REST_OF_SCREEN, ""))
            assert process.wait(PATIENCE) == 0
    assert len(plain.splitlines()) <= 10 and max(map(len, plain.splitlines())) <= 40


@pytest.mark.live
def test_watch_goes_on_when_clickhouse_goes(monkeypatch, tmp_path):
    monkeypatch.setenv("CLICKHOUSE_USER", "reader")
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", READER_PASSWORD)
    with embedded(tmp_path) as running:
        client = running.client()
        client.command("CREATE DATABASE away")
        client.database = "away"
        prepare(client, catalog())
        fill(client, world())
        monkeypatch.setenv("CLICKHOUSE_URL", f"{running.url}away")
        with terminal("watch", "--every", "0.1") as (process, ours, _):
            until(ours, "5,026.25")
            os.kill(running.pid, signal.SIGSTOP)
            until(ours, "no answer")
            os.kill(running.pid, signal.SIGCONT)
            fill(client, [decision("new", 1, at("10:00", 14), "refused", "Q", reason="no_atr")])
            until(ours, "Q       refused")
            os.kill(running.pid, signal.SIGTERM)
            seen = until(ours, "NOTHING NEW")
            assert "5,026.25" in until(ours, "last decisions", seen.split("NOTHING NEW")[-1])
            os.write(ours, b"q")
            until(ours, watch.LEAVE)
            assert process.wait(PATIENCE) == 0


def test_a_screen_is_shared_fairly():
    assert watch.shares([1, 9, 3], 100) == [1, 9, 3]
    assert watch.shares([1, 9, 3], 8) == [1, 4, 3]
    assert watch.shares([5, 5], 0) == [0, 0]
    assert watch.shares([5, 5], -3) == [0, 0]


# log -------------------------------------------------------------------------------------------


def signal_(number, **more):
    return Signal(signal_id=f"log-{number}", source="s", symbol="X", side="long", ts=NOON, **more)


def entry(account, number, **more):
    return Fill(
        fill_id=f"{account}-o{number}.1", order_id=f"{account}-o{number}", account=account, symbol="X", side="sell",
        quantity=3 * ONE, price=units(7.25), fee=0, ts=NOON + number * 1_000_000, **more,
    )  # fmt: skip


def exit_(account, number):
    return Trade(
        trade_id=f"{account}-t{number}", account=account, symbol="X", side="short", quantity=3 * ONE, entry_price=units(7.25),
        exit_price=7 * ONE, entry_ts=NOON, exit_ts=NOON + 60_000_000, pnl=units(0.75), pnl_pct=units(3.44827586), fees=0,
        exit_reason="take_profit", outcome="win", signal_id="log-1", gross_pnl=units(0.75), confidence=0.8,
    )  # fmt: skip


def test_log(live, capsys):
    sent(live, signal_(1, confidence=0.8), signal_(2), topic="signals")
    first, manual = entry("log-a", 1, signal_id="log-1", slice_number=2), entry("log-a", 2)
    left = entry("log-a", 3, signal_id="log-1", purpose="take_profit")
    sent(live, first, manual, left, entry("log-b", 1, signal_id="log-2"), topic="fills")
    sent(live, exit_("log-a", 1), topic="trades")
    assert live.run("log", "--from-start", "--account", "log-a", "--timeout", "0.5") == 0
    shown = capsys.readouterr().out.splitlines()
    assert sorted(shown) == [
        "2026-01-02 12:00:01  log-a         entry  X         short  3 at 7.25, signal log-1, confidence 0.8, slice 2",
        "2026-01-02 12:00:02  log-a         entry  X         short  3 at 7.25, by hand",
        "2026-01-02 12:01:00  log-a         exit   X         short  3 at 7, +0.75, +3.45%, take profit",
    ]
    assert live.run("log", "--from-start", "--account", "log-a", "--max", "3", "--json") == 0
    documents = {each.pop("event"): each for each in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (documents["exit"]["pnl"], documents["exit"]["confidence"]) == ("0.75", 0.8)
    assert documents["entry"]["price"] == "7.25"


def test_log_follows_what_comes(live):
    line = [*GHOSTFILL, "log", "--account", "log-c", "--max", "2", "--timeout", "60"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        number = 0
        while process.poll() is None and number < 100:  # it begins with what comes once it is there
            number += 1
            sent(live, signal_(100 + number, confidence=0.5), topic="signals")
            sent(live, entry("log-c", number, signal_id=f"log-{100 + number}"), topic="fills")
            time.sleep(0.3)
        shown = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert len(shown) == 2 and all("confidence 0.5" in each for each in shown)


def test_log_ends_when_nothing_comes(live, capsys):
    assert live.run("log", "--account", "log-nobody", "--timeout", "0.2") == 1
    assert "no entry or exit for 0.2 s" in capsys.readouterr().err


# help and completion ---------------------------------------------------------------------------


LEAVES = {path: each for path, each in EVERY.items() if not isinstance(each, click.Group)}


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_example_of_every_command_is_of_that_command(path):
    """And it has the options that it uses."""
    each = LEAVES[path]
    assert each.epilog and "Example:" in each.epilog
    said = path[:1] if path == ("order", "place") else path
    assert f"ghostfill {' '.join(said)}" in each.epilog


WITHOUT_JSON = {
    "schemas show",  # it prints JSON anyway
    "up", "worker", "sink", "publish ticks", "publish bars", "publish signals", "publish commands", "simulate",
    "account create", "account change", "account pause", "account resume", "account close", "order place",
    "order cancel", "position close", "plan cancel", "exit-all", "report", "export", "demo",
    "sample", "init", "account open", "web", "token create", "token revoke",
    "connect", "backup", "restore",
}  # fmt: skip
"""They do something, write files, or print what another program reads in its own form."""


@pytest.mark.parametrize(
    "path", [path for path in LEAVES if " ".join(path) not in WITHOUT_JSON], ids=" ".join
)
def test_what_prints_data_has_json(path):
    assert "--json" in {option for param in LEAVES[path].params for option in param.opts}


def test_json_of_questions_and_presets(results, capsys):
    assert said(capsys, "query sharpe --json") == said(capsys, "query sharpe --format json")
    presets = json.loads(said(capsys, "presets --json"))
    assert "vsr-slicer" in {each["preset"] for each in presets}
    (one,) = json.loads(said(capsys, "presets vsr-slicer --json"))
    assert one["text"] == said(capsys, "presets vsr-slicer")


def test_json_of_topics(live, capsys):
    assert live.run("topics", "plan", "--market", "crypto", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["missing"], planned["wrong"]) == ([], [])
    assert "fills" in {each["name"] for each in planned["wanted"]}


class Ending:
    """A command that ends with a code of its own, as `verify` does at a difference."""

    def load(self, name):
        return click.Command(name, callback=lambda: click.get_current_context().exit(1))


def test_a_command_s_own_exit_code_is_the_program_s(monkeypatch):
    monkeypatch.setitem(command._lazy, "differs", Ending())
    assert run("differs") == 1
    assert run("stats --help") == 0


def completed(line):
    environment = {
        **os.environ, "_GHOSTFILL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")),
    }  # fmt: skip
    done = subprocess.run(GHOSTFILL, env=environment, capture_output=True, text=True, check=True)
    return [each.removeprefix("plain,") for each in done.stdout.split()]


def test_completion():
    source = {**os.environ, "_GHOSTFILL_COMPLETE": "bash_source"}
    script = subprocess.run(GHOSTFILL, env=source, capture_output=True, text=True, check=True).stdout
    assert "_GHOSTFILL_COMPLETE=bash_complete" in script and "ghostfill" in script
    assert sorted(completed("ghostfill po")) == ["position", "positions"]
    assert completed("ghostfill account c") == ["create", "change", "close"]
    assert completed("ghostfill history --li") == ["--limit"]
    assert set(completed("ghostfill ")) == set(command.list_commands(click.Context(command)))
