"""`ghostfill replay --report`: the report of a replay is what its files say, and nothing else stays of it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.catalog import catalog
from sinks.database.database import DatabaseError
from sinks.database.prepare import prepare
from sinks.loading.filling import Filling
from sinks.report import texts
from streams.cli.main import main
from streams.feeds.market_day import SYMBOLS, simulated_day
from streams.files.writing.recording import write_signals, write_ticks
from streams.local.clickhouse.passing_clickhouse import passing_clickhouse
from streams.local.parts.child import command_line
from tests.sinks.filling import EPOCH
from tests.sinks.opened import DESK, DRAWN, FAINT, OUTSIDE, PHONE, Opened

PATIENCE_S = 60
FIRST, SECOND = "vsr-slicer", "auto-trader"
HOSTILE = "<b onclick=alert(1)>s1</b>"

TICKS = """\
ts,symbol,price,size
2026-01-02T12:00:00Z,X,100,1000
2026-01-02T12:01:00Z,X,100,1000
2026-01-02T12:02:00Z,X,98.5,1000
2026-01-02T12:03:00Z,X,102,1000
2026-01-02T12:05:00Z,X,100,1000
2026-01-02T12:05:00Z,Y,50,1000
2026-01-02T12:06:00Z,Y,50,1000
2026-01-02T12:07:00Z,X,102,1000
2026-01-02T12:08:00Z,Y,51,1000
2026-01-02T12:08:00Z,Z,51,1000
"""
SIGNALS = """\
ts,symbol,side,signal_id,source
2026-01-02T12:00:30Z,X,long,<b onclick=alert(1)>s1</b>,test
2026-01-02T12:04:30Z,X,long,s2,test
2026-01-02T12:05:30Z,Y,long,s3,test
"""
WIDE = "balance: 10_000\nsize: {fixed_notional: 1_000}\nlimit_fill: touch\ntake_profit: 2%\nstop_loss: 5%\n"
TIGHT = WIDE.replace("5%", "1%") + "max_positions: 1\n"


def run(*words: str) -> int:
    """The exit code of a command."""
    try:
        main([*words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def rows_of(file: Path, account: str) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return [row for row in csv.DictReader(text) if row["account"] == account]


def number(value):
    """As a page has it."""
    return texts.raw(Decimal(value) if isinstance(value, str) else value)


def plain(cell: str) -> str:
    """Without zeros that say nothing."""
    return f"{Decimal(cell).normalize():f}" if re.fullmatch(r"-?\d+\.\d+", cell) else cell


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Where what is there for the moment is."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def day(tmp_path_factory, temporary):
    """A made-up day, two accounts on it, and their report."""
    folder = tmp_path_factory.mktemp("day")
    made = simulated_day()
    write_ticks(folder / "t.csv.gz", made.market)
    write_signals(folder / "s.csv", made.signals)
    (folder / "symbols.yaml").write_text(SYMBOLS)
    files = {"--ticks": "t.csv.gz", "--signals": "s.csv", "--symbols": "symbols.yaml", "--out": "out"}
    words = [word for option, name in files.items() for word in (option, str(folder / name))]
    report = folder / "new" / "r.html"
    assert run("replay", *words, "--account", FIRST, SECOND, "--report", str(report)) == 0
    assert [*temporary.iterdir()] == []
    return report, folder / "out"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Nine records, three signals, and two accounts whose difference a person can compute."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TICKS)
    Path("s.csv").write_text(SIGNALS)
    Path("wide.yaml").write_text(WIDE)
    Path("tight.yaml").write_text(TIGHT)
    return tmp_path


# What it shows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_each_view_fits_is_drawn_and_can_be_read(browser, day, viewport):
    report, _ = day
    opened = Opened(browser, report, viewport)
    shown = opened.page
    names = shown.eval_on_selector_all("nav a", "all => all.map(each => each.textContent)")
    assert names == ["Comparison", FIRST, SECOND]
    for place, name in enumerate(names):
        shown.evaluate(f"location.hash = document.querySelectorAll('nav a')[{place}].hash")
        opened.wait(f"document.querySelector('nav [aria-current=page]').textContent === '{name}'")
        opened.wait_until_drawn()
        seen = "[...document.querySelectorAll('.view')].filter(each => each.clientWidth > 0)"
        assert shown.evaluate(f"{seen}.map(each => each.ariaLabel)") == [name]
        assert shown.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert shown.evaluate(OUTSIDE) == []
        drawn = dict(shown.eval_on_selector_all(".view:target [data-chart]", DRAWN))
        assert all(drawn.values()) and bool(drawn) == (place > 0), drawn
        for light in ("light", "dark"):
            shown.emulate_media(color_scheme=light)
            opened.wait(f"({FAINT})().length === 0")  # charts take a moment to change their colours
    shown.close()
    assert opened.complaints == []


def test_its_numbers_are_those_of_the_files(browser, day):
    report, folder = day
    opened = Opened(browser, report, DESK)
    accounts = json.loads((folder / "summary.json").read_text())["accounts"]
    figures = {row[0]: row[1:] for row in opened.table("figures")}
    for title, name in (
        ("Trades", "trades"),
        ("Win rate", "win_rate"),
        ("Net P&L of trades", "net_pnl"),
        ("Return", "total_return"),
        ("Profit factor", "profit_factor"),
        ("Average trade", "expectancy"),
        ("Max drawdown", "max_drawdown"),
        ("Sharpe", "sharpe"),
        ("Time with a position", "exposure_time"),
        ("Fees", "fees"),
    ):
        assert figures[title][:2] == [number(accounts[each][name]) for each in (FIRST, SECOND)]
    for place, account in enumerate((FIRST, SECOND), 2):
        tiles = dict(
            opened.page.eval_on_selector_all(
                f"#view-{place} [data-tile]",
                "all => all.map(each => [each.dataset.tile, each.dataset.value])",
            )
        )
        del tiles["unrealised"]
        for name, value in tiles.items():
            expected = accounts[account][name]
            if isinstance(expected, float):
                assert float(value) == pytest.approx(expected, rel=1e-12), name
            elif isinstance(expected, str):
                assert Decimal(value) == Decimal(expected), name
            else:
                assert value == number(expected), name
        trades = rows_of(folder / "trades.csv", account)
        best = opened.page.eval_on_selector_all(
            f"#view-{place} [data-table=best] tbody tr",
            "all => all.map(row => [row.dataset.row, row.cells[1].dataset.value])",
        )
        by_id = {row["trade_id"]: Decimal(row["pnl"]) for row in trades}
        assert [by_id[name] for name, _ in best] == sorted(by_id.values())[: -len(best) - 1 : -1]
        assert [Decimal(pnl) for _, pnl in best] == [by_id[name] for name, _ in best]
        notes = opened.page.text_content(f"#view-{place}-markers ~ .several")
        assert notes.count("price from ticks") == len({row["symbol"] for row in trades}) > 0
    opened.page.close()


def test_a_comparison_computed_by_hand(browser, small, capsys):
    words = "replay --ticks t.csv --signals s.csv --account wide.yaml tight.yaml --out out --report r.html"
    assert run(*words.split()) == 0
    said = capsys.readouterr()
    assert said.out.endswith("\nResults are in out\nThe report is r.html\n") and said.err == ""
    opened = Opened(browser, small / "r.html", DESK)
    figures = {row[0]: row[1:] for row in opened.table("figures")}
    assert figures.pop("Profit factor") == ["", str(20 / 15), ""] and figures.pop("Sharpe") == ["", "", ""]
    del figures["Time with a position"]
    assert {name: [float(each) for each in row] for name, row in figures.items()} == {
        "Trades": [3, 2, -1],
        "Win rate": [1, 0.5, -0.5],
        "Net P&L of trades": [60, 5, -55],
        "Return": pytest.approx([0.006, 0.0005, -0.0055]),
        "Average trade": [20, 2.5, -17.5],
        "Max drawdown": [0.0015, 0.0015, 0],
        "Fees": [0, 0, 0],
    }
    day = "2026-01-02"
    assert [[*map(plain, row)] for row in opened.table("differences")] == [
        [f"X{HOSTILE}", "wide", "20", "", "100", "102", "take profit", f"{day} 12:01:00", f"{day} 12:03:00"],
        ["tight", "-15", "-35", "100", "98.5", "stop loss", f"{day} 12:01:00", f"{day} 12:02:00"],
        ["Ys3", "wide", "20", "", "50", "51", "take profit", f"{day} 12:06:00", f"{day} 12:08:00"],
        ["tight", "–", "-20", "not traded, refused: max positions"],
    ]
    assert opened.page.text_content("#view-1-lead") == (
        "wide did best with +0.60 %, against +0.05 % of tight; 2 signals were not traded the same."
    )
    opened.page.close()
    assert opened.complaints == []


def test_a_replay_without_a_trade(small, capsys):
    assert run(*"replay --ticks t.csv --account wide.yaml --out out --report r.html --json".split()) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["accounts"]["wide"]["trades"] == 0
    assert said.err == "The report is r.html\n"
    text = Path("r.html").read_text()
    assert ">wide has no closed trade yet.</p>" in text and "The whole replay; times in UTC" in text
    assert 'data-tile="end_equity" data-value="10000"' in text and 'data-tile="trades" data-value="0"' in text
    assert "<nav" not in text


# What stays of it --------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, 143)])
def test_nothing_stays_of_one_that_is_stopped(small, number, code):
    temporary = small / "temporary"
    temporary.mkdir()
    words = "replay --ticks t.csv --signals s.csv --account wide.yaml --out out --report r.html".split()
    command, environment = (
        [sys.executable, "-m", "streams.cli", *words],
        {**os.environ, "TMPDIR": str(temporary)},
    )
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
        try:
            server = pid_of_server(temporary)
            running.send_signal(number)
            assert running.wait(PATIENCE_S) == code
        finally:
            running.kill()
    assert [*temporary.iterdir()] == [] and str(temporary) not in command_line(server)
    assert not Path("r.html").exists()


def pid_of_server(temporary: Path) -> int:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for file in temporary.glob("*/ready"):
            if found := file.read_text().split():
                return int(found[0])
        time.sleep(0.01)
    raise AssertionError("no server came up")


def test_nothing_stays_of_one_that_fails(small, capsys, temporary):
    """The market's file turns out to be none when it is read; the report that was there stays."""
    Path("r.html").write_text("before")
    assert run(*"replay --ticks s.csv --account wide.yaml --out out --report r.html".split()) == 1
    assert capsys.readouterr().err.startswith("Error: s.csv: no column price")
    assert [*temporary.iterdir()] == [] and Path("r.html").read_text() == "before"


def test_a_server_that_dies_is_told(temporary):
    message, *_ = simulated_day().signals

    def die():
        with passing_clickhouse() as database:
            client = database.client()
            prepare(client, catalog())
            filling = Filling(client, EPOCH)
            filling.add([message])
            filling.finish()
            os.kill(pid_of_server(temporary), signal.SIGKILL)
            filling.add([message])
            filling.finish()

    with pytest.raises(DatabaseError, match=r"the embedded ClickHouse ended by signal 9"):
        die()
    assert [*temporary.iterdir()] == []


def test_without_it_nothing_more_is_imported(small):
    words = "replay --ticks t.csv --signals s.csv --account wide.yaml --out out"
    program = (
        f"import sys; from streams.cli.main import main; main({words.split()}); "
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert {"streams", "click"} <= loaded
    assert not loaded & {"chdb", "clickhouse_connect", "jinja2", "pandas", "plotly", "aiohttp"}
    assert (
        "sinks.loading.filling" not in done.stderr
        and "streams.local.clickhouse.passing_clickhouse" not in done.stderr
    )
