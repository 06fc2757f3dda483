"""The dashboard in a real browser: on a phone, with keys alone, without colours, and as axe sees it."""

import pytest

from tests.web.asking import buy
from tests.web.axe import axe
from tests.web.looking import DESK, FITS, OUTSIDE, PAGES, PHONE, SLICER

SLICES = [
    {"at": "0m", "fraction": "50%"},
    {"at": "300m", "fraction": "50%", "if": ["momentum >= 75", "price_holds 50%"]},
]


@pytest.mark.smoke
def test_on_a_phone(look):
    pages = {path: look(path, size=PHONE) for path in (*PAGES, "/docs")}
    pages["/docs"].page.get_by_text("/api/prices").wait_for()
    pages[SLICER].until(lambda: pages[SLICER].page.query_selector_all(".chart canvas"))
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


def test_on_a_phone_a_position_has_two_lines(look, stack, account, market_is_open):
    name = account(stop_loss="20%", take_profit="30%")
    buy(stack, name, "AURA")
    page = look(f"/accounts/{name}", size=PHONE)
    row = page.until(lambda: page.rows("positions"))[0]
    assert row[0].splitlines()[0] == "AURA ▲ long" and " at " in row[0].splitlines()[1]
    assert "stop " in row[2].splitlines()[1] and "target " in row[2].splitlines()[1]
    assert page.page.evaluate(FITS, "positions")
    height = page.page.evaluate("document.querySelector('#positions tr').getBoundingClientRect().height")
    assert height < 60, "two lines"


def test_what_can_be_ended_is_in_reach_of_a_thumb(look, stack, account, market_is_open):
    name = account(slices=SLICES)
    stack.send("POST", "/api/signals?wait=30", {"symbol": "AURA", "side": "long", "source": name})
    buy(stack, name, "BOLT", type="limit", limit_price="1")
    page = look(f"/accounts/{name}", size=PHONE)
    for table in ("positions", "slices", "orders", "decisions"):
        page.until(lambda table=table: page.rows(table))
        assert page.page.evaluate(FITS, table), table


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
