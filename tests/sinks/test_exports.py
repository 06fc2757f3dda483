"""What is exported is what the account did, to the last digit."""

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from schemas.catalog import catalog
from schemas.messages import Fill, Order, Position, Trade
from sinks.asking import exports
from sinks.asking.exports import EXPORTS, Span
from sinks.asking.questions import ask
from sinks.database.prepare import prepare
from sinks.database.unread import PIECE
from streams.accounts import account_with, parse_instruments
from streams.engine.simulate import simulate
from streams.feeds.market_day import SYMBOLS, simulated_day
from tests.sinks.filling import fill
from tests.sinks.server import READER_PASSWORD

ACCOUNT, FORMULA = "vsr-slicer", '=HYPERLINK("http://x","y")'
MANY = 200_000
EVER = Span()


@pytest.fixture(scope="module")
def outputs():
    day = simulated_day()
    accounts = [account_with(ACCOUNT, {}), account_with("agent-graduation", {})]
    instruments = parse_instruments(SYMBOLS, "symbols.yaml")
    return [each for told in simulate(accounts, day.batches(), day.signals, instruments) for each in told]


@pytest.fixture(scope="module")
def client(server, outputs):
    admin = server.client()
    admin.command("DROP DATABASE IF EXISTS exports")
    admin.command("CREATE DATABASE exports ENGINE = Atomic")
    client = server.client(database="exports")
    prepare(client, catalog())
    fill(client, outputs)
    yield client
    client.close()
    admin.command("DROP DATABASE exports")


def exported(client, name, account=ACCOUNT, span=EVER):
    text = b"".join(exports.csv(client, name, account, span)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def told(outputs, kind, account=ACCOUNT):
    return [each for each in outputs if isinstance(each, kind) and each.account == account]


def same(row, message):
    """Whether a row's fields are the message's."""
    for name, text in row.items():
        value = getattr(message, name)
        if value is None:
            assert text == "", name
        elif name in ("ts", "created", "entry_ts", "exit_ts", "opened", "time_limit"):
            moment = datetime.fromisoformat(text)
            assert text.endswith("Z") and moment.tzinfo == UTC
            assert round(moment.timestamp() * 1_000_000) == value, name
        elif isinstance(value, bool):
            assert text == str(value).lower(), name
        elif name in ("slice_number", "slices"):
            assert int(text) == value, name
        elif isinstance(value, int):
            assert Decimal(text).scaleb(8) == value, name
        elif isinstance(value, float):
            assert float(text) == value, name
        elif isinstance(value, str):
            assert text == value, name
    assert set(row) == set(message.__struct_fields__)


@pytest.mark.parametrize(("name", "kind", "key"), [("fills", Fill, "fill_id"), ("trades", Trade, "trade_id")])
@pytest.mark.parametrize("account", [ACCOUNT, "agent-graduation"])
def test_every_fill_and_trade(client, outputs, name, kind, key, account):
    messages = {getattr(each, key): each for each in told(outputs, kind, account)}
    rows = exported(client, name, account)
    assert len(rows) == len(messages) > 0
    for row in rows:
        same(row, messages[row[key]])


def test_orders_in_their_last_state(client, outputs):
    ended = told(outputs, Order, "agent-graduation")
    begun = [msgspec.structs.replace(each, state="accepted", filled=0, average_price=None) for each in ended]
    fill(client, begun)
    last = {each.order_id: each for each in ended}
    rows = exported(client, "orders", "agent-graduation")
    assert len(rows) == len(last) > 0
    for row in rows:
        same(row, last[row["order_id"]])
    assert [row["created"] for row in rows] == sorted(row["created"] for row in rows)


def test_positions_that_are_open(client, outputs):
    for account in (ACCOUNT, "agent-graduation"):
        last = {each.position_id: each for each in told(outputs, Position, account)}
        held = {name: each for name, each in last.items() if each.quantity}
        rows = exported(client, "positions", account)
        assert {row["position_id"] for row in rows} == set(held)
        for row in rows:
            same(row, held[row["position_id"]])


def test_the_daily_ledger(client):
    expected = ask(client, "daily-ledger", account=ACCOUNT).dicts()
    rows = exported(client, "daily")
    shared = ("equity", "cash", "pnl", "drawdown")
    assert [[row["day"], *(Decimal(row[name]) for name in shared)] for row in rows] == [
        [row["day"], *(row[name] for name in shared)] for row in expected
    ]


def test_a_part_of_the_time(client, outputs):
    trades = sorted(told(outputs, Trade), key=lambda each: each.exit_ts)
    since, until = trades[3].exit_ts, trades[9].exit_ts
    rows = exported(client, "trades", span=Span(since, until))
    assert {row["trade_id"] for row in rows} == {
        each.trade_id for each in trades if since <= each.exit_ts < until
    }


def test_nothing_of_nobody(client):
    for name in EXPORTS:
        assert exported(client, name, "nobody") == []


def test_no_text_becomes_a_formula(client, outputs):
    trade = next(each for each in told(outputs, Trade) if each.pnl < 0)
    for number, symbol in enumerate(
        (FORMULA, "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "plain=1")
    ):
        fill(client, [msgspec.structs.replace(trade, account=f"formula {number}", symbol=symbol)])
        (row,) = exported(client, "trades", f"formula {number}")
        assert row["symbol"] == (symbol if symbol.startswith("plain") else f"'{symbol}")
        assert Decimal(row["pnl"]).scaleb(8) == trade.pnl


def test_a_long_export_comes_in_pieces(client):
    client.command(
        "INSERT INTO fills (fill_id, order_id, account, symbol, side, quantity, price, ts, k_topic) "
        f"SELECT toString(number), 'o', 'busy', 'AURA', 'buy', 1, 42.5, now64(6), 'fills' FROM numbers({MANY})"
    )
    sizes = [len(piece) for piece in exports.csv(client, "fills", "busy", EVER)]
    assert sum(sizes) > 10 * PIECE
    assert max(sizes) <= PIECE
    assert len(exported(client, "fills", "busy")) == MANY


# The command -------------------------------------------------------------------------------------


@pytest.fixture
def run(server, client, tmp_path):
    environment = {
        **os.environ,
        "CLICKHOUSE_URL": f"{server.url}exports",
        "CLICKHOUSE_USER": "reader" if server.embedded else server.user,
        "CLICKHOUSE_PASSWORD": READER_PASSWORD if server.embedded else server.password,
    }

    def run(*arguments):
        command = [sys.executable, "-m", "streams.cli", "export", *arguments]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def test_one_file_and_all_of_them(run, client, tmp_path):
    done = run("trades", "--account", ACCOUNT, "--out", "trades.csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "trades.csv\n", "")
    text = (tmp_path / "trades.csv").read_bytes()
    assert text == b"".join(exports.csv(client, "trades", ACCOUNT, EVER))
    done = run("--all", "--account", ACCOUNT, "--out", "folder")
    assert done.returncode == 0
    assert {each.name for each in (tmp_path / "folder").iterdir()} == {f"{name}.csv" for name in EXPORTS}
    assert (tmp_path / "folder" / "trades.csv").read_bytes() == text


def test_since_when_may_be_how_long_ago(run, tmp_path):
    assert run("trades", "--account", ACCOUNT, "--out", "trades.csv", "--since", "30min").returncode == 0
    assert (tmp_path / "trades.csv").read_text().count("\n") == 1  # the names of the columns


def test_what_is_wrong_is_one_sentence(run, tmp_path):
    done = run("trades", "--account", "nobody", "--out", "trades.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: no results are stored for the account nobody: there are ")
    assert done.stderr.count("\n") == 1 and ACCOUNT in done.stderr
    assert run("trades", "--all", "--account", ACCOUNT, "--out", "x").returncode == 2
    assert run("--account", ACCOUNT, "--out", "x").returncode == 2
    assert list(tmp_path.iterdir()) == []
