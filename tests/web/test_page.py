"""The dashboard in a real browser: what is seen is what is so, what is asked for is done, and nothing that comes in is run."""

import os
import signal
from datetime import datetime, time
from decimal import Decimal
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.web.axe import axe
from tests.web.looking import DESK, PAGES, PHONE, ROWS, TILES, Look
from tests.web.stack import await_that

SLICER = "/accounts/vsr-slicer"


@pytest.fixture
def market_is_open(stack):
    """With two hours to go."""

    def is_open():
        now = datetime.fromisoformat(stack.get("/api/accounts/auto-trader")["as_of"])
        return time(14, 40) <= now.time() <= time(19)

    await_that(is_open, 240)


@pytest.fixture
def account(stack):
    """Opens accounts of a test's own, that follow nobody else, and closes them."""
    opened = []

    def open_it(follow=None, **settings):
        name = f"mine-{uuid4().hex[:6]}"
        given = {"balance": 50_000, "size": {"fixed_notional": 10_000}, **settings}
        status, told = stack.send(
            "POST", "/api/accounts?wait=30", {"name": name, "follow": follow or [name], "settings": given}
        )
        assert status == 200, told
        opened.append(name)
        return await_that(lambda: stack.get(f"/api/accounts/{name}"))["account"]

    yield open_it
    for name in opened:
        stack.send("POST", f"/api/accounts/{name}/close")


def buy(stack, account, symbol, quantity=10, **order):
    wanted = {"account": account, "symbol": symbol, "side": "buy", "quantity": str(quantity), **order}
    status, told = stack.send("POST", "/api/orders?wait=30", wanted)
    assert status == 200, told


def held(stack, account):
    return {each["symbol"] for each in stack.get(f"/api/positions?account={account}")}


def number(text):
    """As it is written on a page."""
    return Decimal(text.replace(",", "").replace("−", "-").removeprefix("+").removesuffix(" %"))


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
    slicer.until(lambda: len(slicer.page.query_selector_all(".plot-container")) == 2)
    figures = slicer.until(lambda: slicer.tiles("performance"))
    opened = min(each["ts"] for each in stack.get("/api/decisions?account=vsr-slicer&limit=500")["items"])
    newest = stack.get("/api/decisions?account=vsr-slicer&limit=1")["items"][0]
    assert opened < newest["ts"] <= stack.get("/api/accounts/vsr-slicer")["as_of"], (
        "all is of the market's time"
    )
    for name in ("Win rate", "Profit factor", "A trade makes", "Best trade", "Worst trade"):
        slicer.until(lambda name=name: slicer.tiles("performance")[name] != "–")
    assert "Sharpe" in figures
    slicer.until(lambda: slicer.page.query_selector_all("#slice-effectiveness tbody tr"))
    slicer.until(lambda: slicer.page.query_selector_all("#attribution meter"))
    assert slicer.page.query_selector_all("#symbol option")
    signals.until(lambda: len(signals.rows("signals")) > 12)
    for name in ("workers", "groups", "markets", "shards", "rates", "letters"):
        system.until(lambda name=name: system.rows(name))
    system.until(lambda: any("expected" in row[2] for row in system.rows("letters")))


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
        {"at": "30m", "fraction": "25%", "if": ["price_holds 50%"]},
        {"at": "45m", "fraction": "25%", "if": ["price_holds 50%"]},
    ],
    "time_limit": "75m",
}
SLICES_UNTIL_CANCELLED = {"slices": [{"at": "0m", "fraction": "50%"}, {"at": "300m", "fraction": "50%"}]}


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
    page.until(lambda: page.tiles("performance").get("Trades") == "2")
    page.until(lambda: len(page.page.query_selector_all("#slice-effectiveness tbody tr")) == 3)


# What a person asks for ------------------------------------------------------------------------


def test_open_an_account(look, stack):
    page, name = look(), f"by-hand-{uuid4().hex[:6]}"
    for does_it in (False, True):
        page.button("Open an account").click()
        dialog = page.page.locator("#open-account")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_label("Preset").select_option("vsr-slicer")
        dialog.get_by_label("Follows").fill("nobody, none")
        dialog.get_by_role("button", name="Open" if does_it else "Cancel").click()
        if not does_it:
            page.page.wait_for_timeout(300)
            assert page.asked == []
    assert "accepted" in page.told()
    row = page.until(lambda: next((each for each in page.rows("accounts") if each[0] == name), None))
    assert number(row[2]) == 1_000_000 and row[3] == "● active"
    assert stack.get(f"/api/accounts/{name}")["follow"] == ["nobody", "none"]
    page.page.get_by_role("link", name=name).first.click()
    page.until(lambda: "follows nobody, none" in page.text("#account-state"))
    stack.send("POST", f"/api/accounts/{name}/close")
    page.until(lambda: "closed" in page.text("#account-state"))
    assert page.text("#account-actions").strip() == ""


@pytest.mark.smoke
def test_pause_and_resume(look, account):
    page = look(f"/accounts/{account()}")
    page.until(page.is_live)
    assert "accepted" in page.act(page.button("Pause"))
    page.until(lambda: "paused" in page.text("#account-state"))
    assert page.button("Pause").count() == 0
    assert "accepted" in page.act(page.button("Resume"))
    page.until(lambda: "active" in page.text("#account-state"))


def test_close_positions_cancel_orders_and_plans(look, stack, account, market_is_open):
    name = account(**SLICES_UNTIL_CANCELLED)
    page = look(f"/accounts/{name}")
    for symbol in ("AURA", "BOLT", "CIRQ"):
        buy(stack, name, symbol)
    buy(stack, name, "DUNE", type="limit", limit_price="1")
    stack.send("POST", "/api/signals?wait=30", {"symbol": "EMBR", "side": "long", "source": name})

    page.until(lambda: [row[0] for row in page.rows("orders")] == ["DUNE"])
    (order,) = page.rows("orders")
    assert order[:3] == ["DUNE", "▲ buy", "limit"] and order[4] == "1" and "accepted" in order[5]
    assert "accepted" in page.act(page.button("Cancel", "#orders"))
    page.until(lambda: page.text("#no-orders") == "No order is open.")

    page.until(lambda: page.rows("slices"))
    assert "accepted" in page.act(page.button("Cancel plan", "#slices"))
    page.until(lambda: page.text("#no-slices") == "No slice is waiting.")
    assert held(stack, name) == {"AURA", "BOLT", "CIRQ", "EMBR"}

    page.until(lambda: len(page.rows("positions")) == 4)
    assert "accepted" in page.act(page.button("Close", "#positions tr:has-text('BOLT')"))
    page.until(lambda: {row[0] for row in page.rows("positions")} == {"AURA", "CIRQ", "EMBR"})
    page.until(lambda: [row[5] for row in page.rows("trades")] == ["manual"])

    assert "accepted" in page.act(page.button("Close all"))
    page.until(lambda: page.text("#no-positions") == "Nothing is held.")
    page.until(lambda: len(page.rows("trades")) == 4)
    assert "active" in page.text("#account-state") and not held(stack, name)


def test_change_limits(look, stack, account):
    name = account(max_positions=5, stop_loss="2%")
    page = look(f"/accounts/{name}")
    page.until(page.is_live)
    dialog = page.page.locator("#limits")

    def change(positions, button):
        page.button("Change limits").click()
        dialog.get_by_label("Positions at once").fill(positions)
        dialog.get_by_role("button", name=button).click()

    def now():
        return stack.get(f"/api/accounts/{name}")["settings"]["max_positions"]

    change("3", "Cancel")
    change("5", "Change")
    assert "nothing was changed" in page.told() and page.asked == []
    with page.disturbed():
        change("many", "Change")
        assert "many" in page.told() and now() == 5
    page.button("Change limits").click()
    assert dialog.get_by_label("Positions at once").input_value() == "many"
    dialog.get_by_label("Positions at once").fill("3")
    dialog.get_by_role("button", name="Change").click()
    page.until(lambda: "accepted" in page.text("#said"))
    await_that(lambda: now() == 3)
    stack.send("PATCH", f"/api/accounts/{name}?wait=30", {"settings": {"stop_loss": "4%"}})
    await_that(lambda: stack.get(f"/api/accounts/{name}")["settings"]["stop_loss"]["value"] == 4_000_000)
    page.button("Change limits").click()
    dialog.get_by_label("Stop", exact=True).wait_for()
    assert dialog.get_by_label("Stop", exact=True).input_value() == "4%"
    assert dialog.get_by_label("Positions at once").input_value() == "3"


def test_the_kill_switch_of_one_account(look, stack, account, market_is_open):
    name = account()
    buy(stack, name, "AURA")
    page = look(f"/accounts/{name}")
    page.until(lambda: page.rows("positions"))
    assert "1 account, asked and decided" in page.act(page.button("Kill switch"))
    page.until(lambda: "paused" in page.text("#account-state"))
    page.until(lambda: page.text("#no-positions") == "Nothing is held.")
    assert not held(stack, name)
    assert stack.get("/api/accounts/auto-trader")["status"] == "active"


@pytest.mark.long
def test_the_kill_switch_of_all(look, stack, market_is_open):
    page = look()
    page.until(lambda: any("active" in row[3] for row in page.rows("accounts")))
    active = [each["account"] for each in stack.get("/api/accounts?status=active")]
    try:
        assert "asked and decided" in page.act(page.button("Kill switch"))
        page.until(lambda: all("paused" in row[3] for row in page.rows("accounts") if row[0] in active))
        page.until(lambda: all(row[8] == "0" for row in page.rows("accounts")))
        assert stack.get("/api/positions") == []
    finally:
        for name in active:
            stack.send("POST", f"/api/accounts/{name}/resume?wait=10")
    page.until(lambda: all("paused" not in row[3] for row in page.rows("accounts") if row[0] in active))


# Nothing that comes in is run ------------------------------------------------------------------

HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "'-alert(1)-'",
    "{{ 7 * 7 }}{% raw %}",
    "${window.hacked = 1}",
    "</td></tr></table><h1>mine</h1>",
    "&lt;b&gt;&amp;",
    "x" * 500,
    "\u202eevil\u2066",
    "مرحبا بالعالم",
    "😀👩‍👩‍👧‍👦",
)
FOLLOWED = HOSTILE[:-1]
OUTSIDE = """() => [...document.querySelectorAll('main *')].filter(each => !each.closest('.wide, .chart, .unseen')
    && each.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(each => each.outerHTML.slice(0, 120))"""


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
        assert "comes back by itself" in page.text("#away")
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
            == {each["account"] for each in stack.get("/api/accounts")}
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
            assert "Nothing has come since" in page.text("#away")
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
        assert "does not answer" in page.act(page.button("Pause"))
        await_that(lambda: stack.get("/api/accounts"))
        page.page.wait_for_timeout(4_000)
        assert page.text("#link") == "disconnected"
        page.context.set_offline(False)
        page.until(page.is_live, 60)
    assert "active" in page.text("#account-state")


# For everybody ---------------------------------------------------------------------------------


@pytest.mark.smoke
def test_on_a_phone(look):
    pages = {path: look(path, size=PHONE) for path in (*PAGES, "/docs")}
    pages["/docs"].page.get_by_text("/api/prices").wait_for()
    pages[SLICER].until(lambda: pages[SLICER].page.query_selector_all(".plot-container"))
    for path, page in pages.items():
        assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.page.evaluate("visualViewport.width") == PHONE["width"], path
        assert page.page.evaluate(OUTSIDE) == []
    for page in (pages["/"], pages[SLICER]):
        assert page.page.evaluate(CLIPPED) == []
        assert page.page.evaluate(
            "document.querySelector('.tiles').getBoundingClientRect().bottom < innerHeight"
        )
    overview = pages["/"]
    assert overview.page.evaluate(FITS, "accounts")
    name, pnl, equity = (row := overview.rows("accounts")[0])[:3]
    assert "active" in name and "down" in pnl and "at risk" in equity, row


@pytest.mark.smoke
def test_with_keys_alone(look, account):
    name = account()
    page = look(f"/accounts/{name}")
    page.until(page.is_live)
    keys = page.page.keyboard
    keys.press("Tab")
    assert page.page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "main"
    keys.press("Tab")
    assert page.page.evaluate("document.activeElement.textContent") == "Pause"
    assert page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    confirm = page.page.locator("#confirm")
    for key in ("Escape", "Enter", "Tab"):
        keys.press("Enter")
        page.until(confirm.is_visible)
        assert page.page.evaluate("document.activeElement.textContent") == "Go back"
        keys.press(key)
        if key == "Tab":
            assert page.page.evaluate("document.activeElement.id") == "yes"
            keys.press("Enter")
        page.until(lambda: not confirm.is_visible())
        assert page.page.evaluate("document.activeElement.textContent") == "Pause"
    page.until(lambda: "paused" in page.text("#account-state"))
    assert page.asked == [f"POST /api/accounts/{name}/pause"]
    page.until(lambda: page.page.evaluate("document.activeElement.textContent") == "Resume")
    keys.press("Tab")
    keys.press("Enter")
    page.until(page.page.locator("#limits").is_visible)
    keys.press("Escape")
    page.until(lambda: not page.page.locator("#limits").is_visible())


CLIPPED = """() => [...document.querySelectorAll('.tile dd:not(.note)')]
    .filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"""
FITS = """name => { const room = document.getElementById(name).closest('.wide'); return room.scrollWidth <= room.clientWidth; }"""
UNSIGNED = """() => [...document.querySelectorAll('.gain, .loss')]
    .filter(each => !each.closest('[aria-hidden=true]') && !/^[+−▲▼]/.test(each.textContent.trim()))
    .map(each => each.outerHTML.slice(0, 120))"""


def test_no_meaning_is_in_a_colour_alone(look):
    for page in [look(path) for path in PAGES]:
        page.until(page.is_live)
        assert page.page.evaluate(UNSIGNED) == []
        sides = page.page.eval_on_selector_all(
            ".side, .state", "all => all.map(each => each.textContent.trim())"
        )
        assert all(side[0] in "▲▼–●■❚" for side in sides)


def test_the_api_is_described(look):
    page = look("/docs")
    page.page.get_by_text("/api/prices").click()
    page.page.get_by_role("button", name="Try it out").click()
    page.page.get_by_role("button", name="Execute").click()
    page.until(lambda: "AURA" in page.text(".responses-inner"))


@pytest.fixture(scope="module")
def axe_source(request, tmp_path_factory):
    cache = getattr(request.config, "cache", None)
    return axe(cache.mkdir("axe") if cache is not None else tmp_path_factory.mktemp("axe"))


FAULTS = """async () => (await axe.run()).violations.filter(each => ['serious', 'critical'].includes(each.impact))
    .map(each => [each.id, each.nodes.slice(0, 3).map(node => [node.html.slice(0, 200), node.failureSummary])])"""
DIALOGS = {"/": "#open-account", SLICER: "#limits", "/signals": "#send-signal"}


@pytest.mark.parametrize(
    ("size", "light"),
    [
        pytest.param(DESK, "light", id="desk-light"),
        pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.long),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.long),
        pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.long),
    ],
)
def test_axe_finds_no_serious_fault(look, axe_source, size, light):
    for path in (*PAGES, "/accounts/nobody", "/docs"):
        page = look(path, size=size, light=light)
        if path == "/docs":
            page.page.get_by_text("/api/prices").wait_for()
        else:
            page.until(page.is_live)
        page.page.evaluate(axe_source)
        assert page.page.evaluate(FAULTS) == [], path
        if path in DIALOGS:
            page.page.locator(f"[data-dialog={DIALOGS[path][1:]}]").click()
            page.page.locator(DIALOGS[path]).wait_for()
            assert page.page.evaluate(FAULTS) == [], DIALOGS[path]
