"""What pages weigh, and how they say things; without a browser."""

import re
from importlib import resources
from types import SimpleNamespace

import pytest

from sinks.asking.questions import ask
from streams.engine.model.units import DAY, ONE, SECOND
from streams.web.pages import routes
from streams.web.pages.rendering import countdown, piece
from streams.web.pages.views import NOW, View, put_stored
from streams.web.state.stored import QUESTIONS, Stored
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.server import embedded
from tests.sinks.world import at, world

TEMPLATES = resources.files("streams.web.pages").joinpath("templates")
ACCOUNT = TEMPLATES.joinpath("account.html.jinja").read_text("utf-8")
MOST_OF_A_PAGE = 300_000


def test_no_page_carries_much():
    """With plotly an account's page took seconds before its numbers lived."""
    layout = TEMPLATES.joinpath("layout.html.jinja").read_text("utf-8")
    for page in ("account", "overview", "signals", "system", "trace"):
        text = layout + TEMPLATES.joinpath(f"{page}.html.jinja").read_text("utf-8")
        files = set(re.findall(r"/assets/([\w.]+)", text))
        assert sum(len(routes._content(name)) for name in files) < MOST_OF_A_PAGE, page


def test_every_panel_of_an_account_says_as_of_when_it_is():
    cards = re.findall(r'<section class="card.*?</section>', ACCOUNT, re.DOTALL)
    assert len(cards) == ACCOUNT.count("<section")
    assert [card for card in cards if "as-of" not in card] == []


def test_every_panel_of_an_account_has_its_place_and_its_piece():
    places = set(re.findall(r'live_(?:piece|table)\(view, "([\w-]+)"', ACCOUNT))
    view = View("mine")
    put_stored(view, Stored(0, 0.0, {name: [] for name in QUESTIONS}), 0)
    assert view.pieces.keys() <= places
    times = {f"as-of-{panel}" for panel in NOW} | {name for name in view.pieces if name.startswith("as-of-")}
    assert {name for name in places if name.startswith("as-of-")} == times
    assert {name.removeprefix("as-of-") for name in times} <= places


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    """What is stored of an account of the small world, as its page shows it."""
    with (
        embedded(tmp_path_factory.mktemp("clickhouse")) as server,
        database(server, "panels") as client,
    ):
        fill(client, world())
        answers = {name: ask(client, name, account="a", **more).dicts() for name, more in QUESTIONS.items()}
    view = View("a")
    put_stored(view, Stored(at("12:00", 7), 0.0, answers), at("12:00", 7))
    return view.pieces


SAYS = {
    "performance": "Trades 4 Win rate 50.0",
    "slice-effectiveness": "Slice Filled Skipped Cost P&amp;L 1 4 0",
    "attribution": "By symbol X +17.70 2 trades Y −2.40 2 trades By theory",
}


def test_what_the_panels_say_of_the_small_world(panels):
    assert {name for name in panels if not name.startswith("as-of-")} == set(SAYS)
    for panel, says in SAYS.items():
        assert says in re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", panels[panel]))


def test_what_is_behind_says_by_how_much():
    at = (14 * 3600 + 31 * 60 + 5) * SECOND
    assert piece("as_of", at, at) == "as of 14:31:05"
    assert piece("as_of", at, at + SECOND, 40.0) == "as of 14:31:05, 40 s behind"
    assert piece("as_of", at, at + DAY) == "as of 01-01 14:31:05", "another day's time is no time of today"


def test_what_is_due_is_now():
    assert (countdown(0, "in "), countdown(61, "in "), countdown(3_700)) == ("now", "in 01:01", "1:01:40")


@pytest.mark.parametrize(
    ("reason", "measured", "limit", "says"),
    [
        ("no_position", 1.0, 0.0, "no position it already holds one"),
        ("no_position", None, None, "no position"),
        ("vsr", 1.5, 3.0, "vsr was 1.5, limit 3"),
        ("late", 7.5, 0.0, "late by 7.5 s"),
    ],
)
def test_a_reason_is_said_in_words(reason, measured, limit, says):
    found = piece("reason", SimpleNamespace(reason=reason, measured=measured, limit=limit))
    assert re.sub(r"\s+", " ", re.sub("<[^>]+>", "", found)).strip() == says


def test_on_a_phone_a_position_says_all_that_matters():
    lot = SimpleNamespace(
        symbol="AURA", side=1, quantity=120 * ONE, cost=ONE, target=105 * ONE, entry_exact=101 * 120 * ONE * ONE,
        bought=120 * ONE, deadline=None, queued=None,
    )  # fmt: skip
    position = SimpleNamespace(lot=lot, unrealised=-ONE // 1000, mark=100 * ONE, stop=99 * ONE)
    markup = piece("position_row", "a-l1", (SimpleNamespace(), position))
    narrow = re.sub(r'<td class="[^"]*wide-only[^"]*">.*?</td>', "", markup, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", narrow))
    for what in ("AURA", "▲ long", "120 at 101", "stop 99, target 105"):
        assert what in text
