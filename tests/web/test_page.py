"""The dashboard in a real browser: what is seen is what is so, it is live, and nothing that comes in is run."""

import os
import signal
from decimal import Decimal
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.web.asking import buy, held
from tests.web.looking import OUTSIDE, PAGES, PHONE, ROWS, SLICER, TILES, Look, number
from tests.web.stack import await_that

# It is full, and right -------------------------------------------------------------------------


@pytest.mark.smoke
def test_the_demo_fills_every_section(look, stack):
    bootstrap = stack.get("/api/status")["condition"]["endpoints"]["bootstrap"]
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce("signals", value=b'{"symbol": "AURA", "side": "upwards"}')
    assert producer.flush(30) == 0
    overview, slicer, signals, system = (look(path) for path in PAGES)
    for name in ("accounts", "signals", "happened"):
        overview.until(lambda name=name: overview.rows(name))
    assert len(overview.rows("accounts")) >= 6
    overview.until(lambda: any("accepted" in row[-1] for row in overview.rows("signals")))
    for name in ("positions", "slices", "decisions", "trades"):
        slicer.until(lambda name=name: slicer.rows(name), 150)
    slicer.until(lambda: len(slicer.page.query_selector_all(".chart:has(canvas)")) == 2)
    written = slicer.page.evaluate(
        "[percent(-0.004), percent(-0.5), percent(-12.34), money(-0.001), money(-1234.5)]"
    )
    assert written == ["0.00 %", "−0.50 %", "−12.3 %", "0", "−1,234.5"]
    figures = slicer.until(lambda: slicer.tiles("performance"))
    opened = min(each["ts"] for each in stack.get("/api/decisions?account=vsr-slicer&limit=500")["items"])
    newest = stack.get("/api/decisions?account=vsr-slicer&limit=1")["items"][0]
    assert opened < newest["ts"] <= stack.get("/api/accounts/vsr-slicer")["as_of"], (
        "all is of the market's time"
    )
    for name in ("Win rate", "Profit factor", "Average trade", "Best trade", "Worst trade"):
        slicer.until(lambda name=name: slicer.tiles("performance")[name] != "–")
    assert "Sharpe" in figures
    slicer.until(lambda: slicer.page.query_selector_all("#slice-effectiveness tbody tr"))
    slicer.until(lambda: slicer.page.query_selector_all("#attribution meter"))
    assert slicer.page.query_selector_all("#symbol option")
    signals.until(lambda: len(signals.rows("signals")) > 12)
    for name in ("workers", "groups", "markets", "shards", "rates", "letters"):
        system.until(lambda name=name: system.rows(name))
    system.until(lambda: any("expected" in row[2] for row in system.rows("letters")))


AT_ONCE = """() => {
    const text = name => document.getElementById(name).innerText;
    const sums = [...document.querySelectorAll('#attribution .bars')].slice(0, 2).map(table =>
        [...table.rows].reduce((sum, row) => sum + parseInt(row.cells[3].innerText.replace(',', '')), 0));
    const trades = [...document.querySelectorAll('#performance dt')].find(each => each.textContent === 'Trades');
    return { trades: trades ? parseInt(trades.nextElementSibling.textContent.replace(',', '')) : null, sums,
        times: ['performance', 'slice-effectiveness', 'attribution'].map(each => text('as-of-' + each)) };
}"""


def test_all_that_is_stored_is_of_one_moment(look, market_is_open):
    page = look(SLICER)
    page.until(lambda: page.page.evaluate(AT_ONCE)["trades"])
    times = set()
    for _ in range(40):
        seen = page.page.evaluate(AT_ONCE)
        assert seen["sums"] == [seen["trades"]] * 2 and len(set(seen["times"])) == 1, seen
        times.add(seen["times"][0])
        page.page.wait_for_timeout(500)
    assert len(times) > 1 and all(each.startswith("as of ") for each in times)
    page.until(lambda: len(page.page.query_selector_all("section:has(canvas) .as-of")) == 2)
    page.until(lambda: all(page.page.eval_on_selector_all("section:has(canvas) .as-of", TEXTS)))


TEXTS = "all => all.map(each => each.textContent.startsWith('as of'))"


def test_the_total_is_the_sum_of_the_accounts(look):
    page = look()
    page.until(page.is_live)
    rows, tiles = page.page.evaluate(f"() => [({ROWS})('accounts'), ({TILES})('totals')]")
    assert abs(sum(number(row[2]) for row in rows) - number(tiles["Equity"])) <= 1
    assert sum(number(row[1]) for row in rows) == number(tiles["Day P&L"])
    assert sum(number(row[5]) for row in rows) == number(tiles["Open P&L"])
    assert sum(int(row[9]) for row in rows) == int(tiles["Slices waiting"])


def test_an_accounts_numbers_are_those_of_the_api(look, stack, account, market_is_open):
    name = account()
    buy(stack, name, "AURA")
    await_that(lambda: held(stack, name))
    stack.send("POST", f"/api/accounts/{name}/close-all?wait=30")
    await_that(lambda: not held(stack, name))
    stack.send("POST", f"/api/accounts/{name}/pause?wait=30")
    await_that(lambda: stack.get(f"/api/accounts/{name}")["status"] == "paused")
    found = stack.get(f"/api/accounts/{name}")
    assert Decimal(found["realised"])
    page = look(f"/accounts/{name}")
    tiles = page.until(lambda: page.is_live() and page.tiles("tiles"))
    assert number(tiles["Equity"]) == round(Decimal(found["equity"]), 2)
    assert number(tiles["Closed P&L"]) == number(tiles["Day P&L"]) == round(Decimal(found["realised"]), 2)
    assert number(tiles["Open P&L"]) == number(tiles["Open risk"]) == 0
    (trade,) = page.until(lambda: page.rows("trades"))
    assert number(trade[3]) == round(Decimal(stack.get(f"/api/trades?account={name}")["items"][0]["pnl"]), 2)
    page.go("/")
    row = page.until(lambda: next(iter(each for each in page.rows("accounts") if each[0] == name), None))
    assert number(row[2]) == round(Decimal(found["equity"]), 2) and "paused" in row[3]


# It is live ------------------------------------------------------------------------------------

FOCUS = (
    "selector => { window.here = true; window.focused = document.querySelector(selector); focused.focus(); }"
)
KEEPS = "() => window.here === true && document.activeElement === window.focused && focused.isConnected"


def test_rows_change_without_a_reload_and_the_focus_stays(look, stack, account, market_is_open):
    name = account(position_mode="per_signal")
    for symbol in ("AURA", "BOLT"):
        buy(stack, name, symbol)
    overview, mine = look(), look(f"/accounts/{name}")
    mine.until(lambda: len(mine.rows("positions")) == 2)
    overview.page.evaluate(FOCUS, "#accounts tr[data-key=vsr-slicer] a")
    mine.page.evaluate(FOCUS, "#positions tr:last-child button")
    seen: dict[Look, set[str]] = {overview: set(), mine: set()}
    for moment in range(20):
        for page, table in ((overview, "accounts"), (mine, "positions")):
            page.page.wait_for_timeout(250)
            seen[page].add(str(page.rows(table)))
            assert page.page.evaluate(KEEPS), f"after {moment / 2} s"
    assert all(len(rows) > 3 for rows in seen.values())
    buy(stack, name, "CIRQ")
    mine.until(lambda: len(mine.rows("positions")) == 3)
    assert mine.page.evaluate(KEEPS)


def test_rows_far_out_of_sight_change_too(look, market_is_open):
    page = look(size={"width": 1440, "height": 100})
    page.until(page.is_live)
    assert page.page.evaluate("document.querySelector('#accounts').getBoundingClientRect().top > 150")
    before = page.rows("accounts")
    page.until(lambda: page.rows("accounts") != before, 15)
    page.page.locator("#accounts").scroll_into_view_if_needed()
    page.page.wait_for_timeout(200)
    seen = set()
    for _ in range(10):
        seen.add(str(page.rows("accounts")))
        page.page.wait_for_timeout(500)
    assert len(seen) > 3, "what is seen changes all the time"


PATIENT = {
    "slices": [
        {"at": "0m", "fraction": "50%"},
        {"at": "55m", "fraction": "25%", "if": ["price_holds 50%"]},
        {"at": "80m", "fraction": "25%", "if": ["price_holds 50%"]},
    ],
    "time_limit": "110m",
}


@pytest.mark.smoke
def test_a_signal_becomes_slices_fills_and_a_trade(look, stack, account, market_is_open):
    name = account(**PATIENT)
    page, signals = look(f"/accounts/{name}"), look("/signals")
    signals.button("Send a signal").click()
    dialog = signals.page.locator("#send-signal")
    dialog.get_by_label("Symbol").fill("AURA")
    dialog.get_by_label("Source").fill(name)
    dialog.get_by_role("button", name="Send").click()
    sent = {"symbol": "BOLT", "side": "short", "source": name, "signal_id": f"{name}-1"}
    stack.send("POST", "/api/signals", sent)
    page.until(lambda: len(page.rows("slices")) == 4)
    assert {(row[1], row[2], row[3]) for row in page.rows("slices")} == {
        (symbol, side, f"{slice} of 3")
        for symbol, side in (("AURA", "▲ buy"), ("BOLT", "▼ sell"))
        for slice in (2, 3)
    }
    assert all(row[4] == "price holds 0.5" for row in page.rows("slices"))
    first = page.rows("slices")[0][0]
    page.until(lambda: page.rows("slices")[0][0] < first)
    assert f"{name} accepted" in signals.told()
    signals.go(f"/signals?find={name}")  # on a slow machine later ones push them off the list
    signals.until(lambda: [row[-1] for row in signals.rows("signals")].count(f"{name} accepted") == 2)
    for side, symbol in (("▲ long", "AURA"), ("▼ short", "BOLT")):
        assert [symbol, side] in [row[:2] for row in page.rows("positions")]
        assert [symbol, "accepted"] in [[row[2], row[1]] for row in page.rows("decisions")]
    half = {row[0]: number(row[4]) for row in page.rows("positions")}
    page.until(lambda: all(number(row[4]) >= 2 * half[row[0]] - 1 for row in page.rows("positions")))
    assert not page.rows("slices") and page.text("#no-slices") == "No slice is waiting."
    page.until(lambda: len(page.rows("trades")) == 2)
    assert {(row[1], row[5]) for row in page.rows("trades")} == {
        ("AURA", "time limit"),
        ("BOLT", "time limit"),
    }
    page.until(lambda: not page.rows("positions"))
    page.until(lambda: page.tiles("performance").get("Trades") == "2", 150)
    page.until(lambda: len(page.page.query_selector_all("#slice-effectiveness tbody tr")) == 3)


# Nothing that comes in is run ------------------------------------------------------------------

HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "'-alert(1)-'",
    "{{ 7 * 7 }}{% raw %}",
    "${window.hacked = 1}",
    "</td></tr></table><h1>mine</h1>",
    "&lt;b&gt;&amp;",
    "x" * 100,
    "مرحبا بالعالم",
    "😀👩👧👦",
)
FOLLOWED = HOSTILE[:-1]


@pytest.mark.smoke
def test_what_a_signal_carries_is_text(look, stack, account):
    follows = account(follow=list(FOLLOWED))
    pages = [
        look("/signals"),
        look("/"),
        look(f"/accounts/{follows}"),
        look(f"/accounts/{follows}", size=PHONE),
    ]
    for text in HOSTILE:
        status, told = stack.send("POST", "/api/signals", {
            "symbol": text, "side": "long", "source": text, "signal_id": f"{text}{uuid4().hex}", "tags": [text], "note": text,
            "features": {text: 1.0}, "extra": {text: text},
        })  # fmt: skip
        assert status < 300, told
    shown = {text[:20] for text in HOSTILE}
    signals, _, mine, _ = pages
    signals.until(lambda: shown <= {row[1][:20] for row in signals.rows("signals")})
    assert shown <= {row[3][:20] for row in signals.rows("signals")}
    mine.until(lambda: shown & {row[2][:20] for row in mine.rows("decisions")})
    mine.until(lambda: all(text[:20] in mine.text("#account-state") for text in FOLLOWED))
    for page in pages:
        assert page.page.evaluate("window.hacked") is None
        assert page.page.query_selector_all("main script, main img, td h1, main b") == []
        assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.page.evaluate(OUTSIDE) == []


# Away, and back --------------------------------------------------------------------------------


@pytest.mark.smoke
def test_a_server_that_is_killed(look, stack):
    page, other = look(), look(SLICER)
    for each in (page, other):
        each.until(each.is_live)
        each.page.evaluate("window.here = true")
    other.page.evaluate("document.querySelector('meta[name=version]').content = 'older'")
    with page.disturbed(), other.disturbed(), other.page.expect_navigation(timeout=90_000):
        os.kill(stack.pid("web"), signal.SIGKILL)
        page.until(lambda: page.text("#link") == "disconnected", 15)
        assert "reconnects by itself" in page.text("#away")
        assert page.page.title().startswith("▲ disconnected")
        assert page.page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
        page.until(page.is_live, 60)
    other.until(other.is_live)
    assert other.page.evaluate("window.here") is None
    assert page.page.evaluate("window.here") and not page.page.locator("#away").is_visible()
    assert not page.page.title().startswith("▲")
    page.until(
        lambda: (
            {row[0] for row in page.rows("accounts")}
            == {each["account"] for each in stack.all("/api/accounts")}
        )
    )


@pytest.mark.long
def test_a_server_that_hangs(look, stack):
    page = look()
    page.until(page.is_live)
    pid = stack.pid("web")
    os.kill(pid, signal.SIGSTOP)
    try:
        with page.disturbed():
            page.until(lambda: page.text("#link") == "stale", 15)
            assert "No update since" in page.text("#away")
            page.until(lambda: page.text("#link") == "disconnected", 25)
            os.kill(pid, signal.SIGCONT)
            page.until(page.is_live, 30)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.long
def test_without_a_network(look, stack, account):
    page = look(f"/accounts/{account()}")
    page.until(page.is_live)
    with page.disturbed():
        page.context.set_offline(True)
        os.kill(stack.pid("web"), signal.SIGKILL)
        page.until(lambda: page.text("#link") == "disconnected", 20)
        assert "did not answer" in page.act(page.button("Pause"))
        await_that(lambda: stack.all("/api/accounts"))
        page.page.wait_for_timeout(4_000)
        assert page.text("#link") == "disconnected"
        page.context.set_offline(False)
        page.until(page.is_live, 60)
    assert "active" in page.text("#account-state")
