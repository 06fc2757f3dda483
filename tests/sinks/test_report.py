"""The report in a real browser: it shows what the questions answer, asks no network and draws every chart."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from schemas.catalog import catalog
from sinks.asking import questions
from sinks.asking.accounts import UnknownAccountError
from sinks.database.prepare import prepare
from sinks.report import texts
from sinks.report.page import FILLS, SYMBOLS, TRADES, Wish, page
from streams.accounts import account_with, parse_instruments
from streams.engine.model.units import DAY, MINUTE
from streams.engine.simulate import simulate
from streams.feeds.market_day import SYMBOLS as SYMBOLS_YAML
from streams.feeds.market_day import simulated_day
from tests.sinks.filling import fill
from tests.sinks.opened import DESK, DRAWN, FAINT, OUTSIDE, PHONE, Opened
from tests.sinks.server import READER_PASSWORD

DAYS = 3
SLICER, ALL_AT_ONCE, HOSTILE, QUIET = "vsr-slicer", "auto-trader", '"><img src=x onerror=alert(1)>', "quiet"
SCRIPT = "<script>alert(1)</script>"
REASON = "</script><b>x</b>"
BARRED, TICKED = "AURA", "BOLT"
WRITTEN = datetime(2026, 1, 8, 12, tzinfo=UTC)


# A world to report of ----------------------------------------------------------------------------


def days():
    """Made-up days, one behind the other: markets and signals."""
    for number in range(DAYS):
        day, later = simulated_day(number + 5), number * DAY
        for columns in day.batches():
            columns.ts[:] += later
            yield columns, []
        yield (
            None,
            [
                msgspec.structs.replace(each, ts=each.ts + later, signal_id=f"{each.signal_id}-{number}")
                for each in day.signals
            ],
        )


def store_market(client, market):
    """One symbol's bars of a minute, and another's ticks."""
    bars, ticks = [], []
    for columns in market:
        minutes, prices = columns.ts // MINUTE, columns.price
        of = np.flatnonzero(columns.symbol == columns.names.index(BARRED))
        for part in np.split(of, np.flatnonzero(np.diff(minutes[of])) + 1):
            price = prices[part]
            known = (price[0], price.max(), price.min(), price[-1])
            bars.append((BARRED, _time(minutes[part[0]] * MINUTE), *map(_price, known), "bars"))
        of = np.flatnonzero(columns.symbol == columns.names.index(TICKED))
        ticks += [(TICKED, _time(columns.ts[each]), _price(prices[each]), "ticks") for each in of]
    client.insert("bars", bars, column_names=["symbol", "ts", "open", "high", "low", "close", "k_topic"])
    client.command("ALTER TABLE ticks REMOVE TTL")  # these are older than a month
    client.insert("ticks", ticks, column_names=["symbol", "ts", "price", "k_topic"])


def _time(micros):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def _price(units):
    return Decimal(int(units)).scaleb(-8)


def hostile(outputs):
    """The same trades with names that a page must not believe."""
    for each in outputs:
        if each.account == SLICER:
            changed = {"account": HOSTILE}
            if getattr(each, "symbol", None) == BARRED:
                changed["symbol"] = SCRIPT
            for name in ("exit_reason", "purpose"):
                if getattr(each, name, None) == "take_profit":
                    changed[name] = REASON
            yield msgspec.structs.replace(each, **changed)


@pytest.fixture(scope="module")
def client(server):
    admin = server.client()
    admin.command("DROP DATABASE IF EXISTS report")
    admin.command("CREATE DATABASE report ENGINE = Atomic")
    client = server.client(database="report")
    prepare(client, catalog())
    passed = list(days())
    market = [columns for columns, _ in passed if columns is not None]
    signals = [each for _, found in passed for each in found]
    accounts = [account_with(SLICER, {}), account_with(ALL_AT_ONCE, {})]
    outputs = [
        each
        for told in simulate(accounts, market, signals, parse_instruments(SYMBOLS_YAML, "symbols.yaml"))
        for each in told
    ]
    refused = next(
        each for each in outputs if each.account == SLICER and getattr(each, "reason", "") == "vsr"
    )
    fill(client, [*outputs, *hostile(outputs), msgspec.structs.replace(refused, account=QUIET)])
    store_market(client, market)
    yield client
    client.close()
    admin.command("DROP DATABASE report")


@pytest.fixture(scope="module")
def ask(client):
    return partial(questions.ask, client)


@pytest.fixture(scope="module")
def files(ask, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    written = {}
    for number, account in enumerate((SLICER, ALL_AT_ONCE, HOSTILE, QUIET)):
        written[account] = folder / f"{number}.html"
        written[account].write_text(page(ask, Wish(account), WRITTEN), "utf-8")
    return written


@pytest.fixture
def open_page(browser, files):
    opened = []

    def open_it(account, viewport=DESK):
        opened.append(Opened(browser, files[account], viewport))
        return opened[-1]

    yield open_it
    for each in opened:
        each.page.close()
        assert each.complaints == []


# What is seen ------------------------------------------------------------------------------------

LINE = "document.querySelector('[data-chart=equity] .js-line')?.style.stroke"


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(
    "account", [SLICER, ALL_AT_ONCE, HOSTILE, QUIET], ids=["slicer", "at-once", "hostile", "quiet"]
)
def test_it_fits_is_drawn_and_can_be_read(open_page, account, viewport):
    opened = open_page(account, viewport)
    shown = opened.page
    assert shown.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert shown.evaluate(OUTSIDE) == []
    drawn = dict(shown.eval_on_selector_all("[data-chart]", DRAWN))
    assert all(drawn.values()), drawn
    if account == QUIET:
        assert drawn == {}
    else:
        assert {"equity", "exits", "prices-0", f"prices-{SYMBOLS - 1}"} <= set(drawn)
        assert ("slices-cost" in drawn) == (account != ALL_AT_ONCE)
    assert shown.evaluate(FAINT) == []
    light = shown.evaluate(LINE)
    shown.emulate_media(color_scheme="dark")
    if drawn:
        opened.wait(f"{LINE} !== '{light}'")
    assert shown.evaluate(FAINT) == []


def test_for_who_cannot_see_it(open_page):
    shown = open_page(SLICER).page
    levels = shown.eval_on_selector_all("h1, h2, h3", "all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert (
        shown.eval_on_selector_all("thead th", "all => all.filter(each => each.scope !== 'col').length") == 0
    )
    labels = shown.eval_on_selector_all("[data-chart]", "all => all.map(each => each.ariaLabel)")
    assert all(label.endswith(".") for label in labels)


# What is told ------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [SLICER, ALL_AT_ONCE])
def test_its_numbers_are_the_questions_answers(open_page, ask, account):
    shown = open_page(account)
    performance = ask("performance", account=account).dicts()[0]
    held = ask("open-positions", account=account).dicts()
    tiles = shown.tiles()
    assert tiles.pop("unrealised") == texts.raw(sum((row["unrealised"] for row in held), Decimal(0)))
    assert tiles == {name: texts.raw(performance[name]) for name in tiles}

    def told(name, *columns, **more):
        return [
            [texts.raw(row[column]) for column in columns]
            for row in ask(name, account=account, **more).dicts()
        ]

    def seen(name, *places):
        return [[row[place] for place in places] for row in shown.table(name)]

    assert seen("best", 0, 1, 2) == told("best-trades", "symbol", "pnl", "pnl_pct", limit=TRADES)
    assert seen("worst", 0, 1, 2) == told("worst-trades", "symbol", "pnl", "pnl_pct", limit=TRADES)
    assert seen("fills", 0, 2, 3) == told("markers", "symbol", "quantity", "price", limit=FILLS)[::-1]
    assert seen("exits", 1, 2, 3) == told("pnl-by-exit-reason", "trades", "win_rate", "pnl")
    assert sorted(seen("symbols", 0, 1, 3)) == sorted(told("pnl-by-symbol", "symbol", "trades", "pnl"))
    assert seen("rejected", 0, 2) == told("rejected", "decision", "times")
    if held:
        assert seen("positions", 0, 1, 3) == told("open-positions", "symbol", "unrealised", "quantity")
    if account == SLICER:
        assert seen("slices", 0, 1, 2, 3, 4) == told(
            "slice-effectiveness", "number", "fills", "cost_bps", "pnl", "skipped"
        )
        missed = sum(
            row["would_have_made"] or 0
            for row in ask("skipped-slices", account=account, limit=10_000).dicts()
        )
        assert sum(Decimal(row[5]) for row in shown.table("slices") if row[5]) == missed
    calendar = shown.page.eval_on_selector_all(
        "[data-day]", "all => all.map(each => [each.dataset.day, each.dataset.value])"
    )
    assert calendar == told("daily-ledger", "day", "pnl")


def test_the_first_sentence(open_page, ask):
    said = open_page(SLICER).page.text_content("#lead")
    performance = ask("performance", account=SLICER).dicts()[0]
    worst = ask("worst-trades", account=SLICER, limit=1).dicts()[0]
    assert said.startswith(f"{SLICER} made +{100 * performance['total_return']:.2f} % in {DAYS - 1} days: ")
    assert f"{performance['trades']} trades, {performance['wins']} won" in said
    assert f"the worst lost {-worst['pnl']:,.2f} in {worst['symbol']}" in said


def test_where_a_price_is_from(open_page):
    shown = open_page(SLICER).page
    notes = dict(
        shown.eval_on_selector_all(
            "#markers ~ .several figcaption",
            "all => all.map(each => [each.children[0], each.children[1]].map(e => e.textContent))",
        )
    )
    assert {name: note.split(" · ")[1] for name, note in notes.items()} == {
        name: {BARRED: "price from bars", TICKED: "price from ticks"}.get(name, "line through the fills")
        for name in notes
    }
    assert len(notes) == SYMBOLS


def test_names_are_text(open_page):
    shown = open_page(HOSTILE).page
    assert shown.title().startswith(HOSTILE) and shown.text_content("h1") == HOSTILE
    assert SCRIPT in [
        row[0]
        for row in shown.eval_on_selector_all(
            "[data-table=symbols] tbody tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
        )
    ]
    assert shown.eval_on_selector_all("img", "all => all.length") == 0
    reasons = shown.eval_on_selector_all(
        "[data-chart=exits] .ytick", "all => all.map(each => each.textContent)"
    )
    assert REASON in reasons
    label = f"document.querySelector('[aria-label^=\"{SCRIPT.replace('/', chr(92) + '/')}\"]') !== null"
    assert shown.evaluate(label)


def test_an_account_that_has_done_nothing(open_page):
    shown = open_page(QUIET)
    assert shown.page.text_content("#lead") == "quiet has no closed trade yet."
    assert shown.tiles()["trades"] == "0"
    said = shown.page.eval_on_selector_all("main .empty", "all => all.map(each => each.textContent)")
    assert "No open position." in said and "No entry was sliced in this period." in said
    assert [row[:2] for row in shown.table("rejected")] == [["refused", "vsr"]]


def test_only_a_part_of_the_time(ask, browser, tmp_path):
    since = datetime(2026, 1, 6, tzinfo=UTC)
    file = tmp_path / "part.html"
    file.write_text(page(ask, Wish(SLICER, since, since + timedelta(days=1)), WRITTEN), "utf-8")
    shown = Opened(browser, file, DESK)
    expected = ask("performance", account=SLICER, since=since, until=since + timedelta(days=1)).dicts()[0]
    assert shown.tiles()["trades"] == str(expected["trades"])
    shown.page.close()
    assert shown.complaints == []


def test_an_account_that_is_not_there(ask):
    with pytest.raises(UnknownAccountError, match=f"the account nobody: there are .*{ALL_AT_ONCE}.*{QUIET}"):
        page(ask, Wish("nobody"), WRITTEN)


# The command -------------------------------------------------------------------------------------


@pytest.fixture
def environment(server, client):
    """What names the database to a command."""
    return {
        **os.environ,
        "CLICKHOUSE_URL": f"{server.url}report",
        "CLICKHOUSE_USER": "reader" if server.embedded else server.user,
        "CLICKHOUSE_PASSWORD": READER_PASSWORD if server.embedded else server.password,
    }


def test_the_page_loads_itself_again(browser, environment, tmp_path):
    file = tmp_path / "dashboard.html"
    command = [sys.executable, "-m", "streams.cli", "report", QUIET, "--out", str(file), "--refresh", "2"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None and running.stdout.readline() == f"{file}\n"
            shown = Opened(browser, file, PHONE)
            assert shown.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            first = shown.page.text_content("#written")
            # By itself; on a busy machine what it loads may still be the one before.
            another = "first => ![undefined, first].includes(document.querySelector('#written')?.textContent)"
            shown.page.wait_for_function(another, arg=first)
            with shown.page.expect_navigation():
                shown.page.click("#refresh")
            shown.page.close()
            assert shown.complaints == []
        finally:
            running.send_signal(signal.SIGINT)
            try:
                assert running.wait(30) == 0
            finally:
                running.kill()
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_the_command_and_its_error(environment, tmp_path):
    def run(account):
        command = [sys.executable, "-m", "streams.cli", "report", account, "--out", "report.html"]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    done, failed = run(SLICER), run("nobody")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'report.html'}\n", "")
    assert (tmp_path / "report.html").stat().st_size > 1_000_000
    assert (
        failed.returncode,
        failed.stderr.startswith("Error: no results are stored for the account nobody"),
    ) == (1, True)
