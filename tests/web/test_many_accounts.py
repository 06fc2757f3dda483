"""Thousands of accounts: what is shown of them is found and put in order here, and the lists come in pages."""

import asyncio
from itertools import count, pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.errors import MessageError
from schemas.messages import Command, Signal, Tick
from streams.accounts import account_with
from streams.engine.model.units import ONE, SECOND
from streams.engine.shard.shard import Shard
from streams.web.lists import all_accounts
from streams.web.lists.all_accounts import AllAccounts, Glance, totals_of
from streams.web.lists.live_lists import ACCOUNTS, ORDERS, PLANS, POSITIONS, SLICES, open_page
from streams.web.pages import accounts_wish, views
from streams.web.pages.accounts_wish import COLUMNS, PAGE, AccountsWish, shown
from streams.web.pages.rendering import marked, page
from streams.web.state.account_now import Standing
from streams.web.state.live_state import LiveState, Price
from tests.engine.worlds import columns_of

START = 1_767_600_000 * SECOND


def glance(number, **more):
    given = {
        "status": "active", "follow": (), "equity": 0, "day_pnl": 0, "unrealised": 0, "risk": 0, "drawdown": 0.0,
        "positions": 0, "slices": 0, **more,
    }  # fmt: skip
    return Glance(name=f"a{number:04}", **given)


MANY = [
    glance(number, equity=number % 7, status="closed" if number % 10 == 0 else "active",
           follow=("tracker",) if number % 100 == 5 else ("other",))
    for number in range(1_000)
]  # fmt: skip


def asked(**given):
    return shown(MANY, AccountsWish.of(given))


# What is shown


def test_a_hundred_are_shown_the_open_ones_first():
    there = asked()
    assert there.names[:2] == ["a0001", "a0002"] and len(there.names) == PAGE == 100
    assert (there.found, there.pages, there.first) == (1_000, 10, 1)
    assert asked(page="10").names[-1] == "a0990", "closed ones are last"


def test_pages_have_everybody_once():
    pages = [asked(sort="equity", page=str(page)).names for page in range(1, 11)]
    assert len({name for page in pages for name in page}) == 1_000


@pytest.mark.parametrize(
    ("sort", "first"),
    [("equity", "a0006"), ("-equity", "a0000"), ("name", "a0000"), ("-name", "a0999"), ("status", "a0001")],
)
def test_they_are_put_in_order_by_a_column(sort, first):
    there = asked(sort=sort)
    assert there.names[0] == first
    values = [next(each for each in MANY if each.name == name) for name in there.names]
    field = sort.removeprefix("-")
    falls = all(getattr(a, field) >= getattr(b, field) for a, b in pairwise(values))
    rises = all(getattr(a, field) <= getattr(b, field) for a, b in pairwise(values))
    assert falls if sort in ("equity", "-name") else rises


def test_they_are_found_by_name_or_source():
    assert asked(find="A099").names == [f"a099{end}" for end in (*range(1, 10), 0)]
    assert asked(find="track").found == 10
    assert asked(find="nothing") == shown([], AccountsWish.of({"find": "nothing"}))


@pytest.mark.parametrize(
    "given",
    [{"sort": "__class__"}, {"sort": "-"}, {"page": "0"}, {"page": "-1"}, {"page": "²"}, {"page": "9" * 50}],
)
def test_what_is_no_wish_changes_nothing(given):
    assert AccountsWish.of(given) == AccountsWish()


def test_a_page_behind_the_last_is_the_last():
    assert asked(page="99").wish.page == 10


def test_a_link_asks_for_what_is_shown():
    wish = AccountsWish.of({"find": "a b&c", "sort": "-equity", "page": "3"})
    assert wish.link == "/?find=a+b%26c&sort=-equity&page=3"
    assert wish.on(1).link == "/?find=a+b%26c&sort=-equity" and AccountsWish().link == "/"
    assert wish.by("equity").given() == {"find": "a b&c", "sort": "equity"}, "once more turns it round"
    assert wish.by("risk").given() == {"find": "a b&c", "sort": "risk"}


# As it is written


def rendered(live, monkeypatch, **asked):
    monkeypatch.setattr(accounts_wish, "PAGE", 10)
    health = SimpleNamespace(sink_lag=0, troubles=list)
    here: Any = SimpleNamespace(live=live, everybody=AllAccounts(live), health=health)
    wish = AccountsWish.of(asked)

    async def make():
        return await views.overview(wish)(here)

    view = asyncio.run(make())
    pieces = {name: marked(text) for name, text in view.pieces.items()}
    facts = {"here": "/", "csrf": "", "version": "1", "presets": (), "wish": wish, "columns": COLUMNS}
    return page("overview.html.jinja", view=view, pieces=pieces, **facts)


def test_a_page_of_accounts_leads_to_the_others(live, monkeypatch):
    found = rendered(live, monkeypatch, sort="equity", page="2")
    assert found.count('<tr data-key="n') == 10 and "11–20 of 30" in found
    assert '<a href="/?sort=equity" rel="prev">' in found
    assert '<a href="/?sort=equity&amp;page=3" rel="next">' in found
    assert 'aria-sort="descending"><a href="/?sort=-equity">Equity</a>' in found
    assert '<a href="/?sort=day_pnl">Day P&amp;L</a>' in found


def test_few_accounts_need_no_search(live, monkeypatch):
    live.accounts = {name: live.accounts[name] for name in ("n1", "n2")}
    assert 'role="search"' not in rendered(live, monkeypatch)


def test_what_is_sought_is_text(live, monkeypatch):
    found = rendered(live, monkeypatch, find="<b>x")
    assert "No account has &lt;b&gt;x in its name" in found and "<b>" not in found


# All of them


def traded(count):
    """Accounts, each with two positions, a resting order, and two plans of which two slices each wait."""
    like = {
        "size": "quantity", "stop_loss": "9%", "position_mode": "per_signal", "balance": "10000",
        "slices": "[{at: 0s, fraction: 50%}, {at: 1h, fraction: 25%}, {at: 2h, fraction: 25%}]",
    }  # fmt: skip
    names = [f"n{number}" for number in range(count)]
    accounts = [account_with("auto-trader", like, name=name) for name in names]
    shard = Shard(accounts, at_any_time=True)
    shard.pass_market(columns_of([Tick("X", START, 100 * ONE, ONE)]))
    for number, ts in enumerate((START + SECOND, START + 2 * SECOND)):
        shard.admit(
            Signal(signal_id=str(number), source="s", symbol="X", side="long", ts=ts, quantity=4 * ONE),
            number,
        )
    for number, name in enumerate(names):
        shard.admit(
            Command(command_id=name, account=name, kind="place", ts=START + 2 * SECOND, symbol="X", side="buy",
                    order_type="limit", quantity=ONE, limit_price=40 * ONE), 2 + number,
        )  # fmt: skip
    shard.pass_market(columns_of([Tick("X", START + 3 * SECOND, 100 * ONE, ONE)]))
    live = LiveState(accounts={each.name: each.state for each in shard.accounts})
    live.prices = {"ticks": {"X": Price(101 * ONE, START + 4 * SECOND)}}
    live.times = {"ticks": START + 4 * SECOND}
    return live


@pytest.fixture
def live():
    return traded(30)


def glances(everybody):
    return asyncio.run(everybody.glances())


def test_a_glance_is_how_an_account_stands(live):
    found = {each.name: each for each in glances(AllAccounts(live))}
    standing = Standing(live, "n7")
    assert found["n7"].equity == standing.equity and found["n7"].unrealised == standing.unrealised > 0
    assert found["n7"].positions == 2 and found["n7"].slices == 4
    assert totals_of(list(found.values())).positions == 60
    assert totals_of(list(found.values())).equity == 30 * standing.equity


def test_few_are_looked_at_each_time(live):
    everybody = AllAccounts(live)
    before = totals_of(glances(everybody)).unrealised
    live.prices["ticks"]["X"] = Price(105 * ONE, START + 5 * SECOND)
    assert totals_of(glances(everybody)).unrealised > before


def test_many_are_looked_at_seldom_and_nobody_waits_long(live, monkeypatch):
    monkeypatch.setattr(all_accounts, "FEW", 10)
    monkeypatch.setattr(all_accounts, "GIVE_WAY_S", 0.0)
    moments = count(step=0.002)  # each look at the clock is two milliseconds later
    monkeypatch.setattr(all_accounts, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    everybody = AllAccounts(live)

    async def look():
        turns = 0

        async def others():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        had_turns = asyncio.create_task(others())
        first = await everybody.glances()
        had_turns.cancel()
        live.prices["ticks"]["X"] = Price(105 * ONE, START + 5 * SECOND)
        again = await everybody.glances()
        while (later := await everybody.glances()) is first:
            await asyncio.sleep(0)
        return first, again, later, turns

    first, again, later, turns = asyncio.run(look())
    assert again is first, "a tenth of the time"
    assert totals_of(later).unrealised > totals_of(first).unrealised
    assert turns >= 30, "others have a turn after each account"


def test_one_that_changed_is_looked_at_anew(live):
    everybody = AllAccounts(live)
    state = live.accounts["n1"]
    state.lots.clear()
    assert {each.name: each for each in glances(everybody)}["n1"].positions == 0
    changed = type(state)(**{name: getattr(state, name) for name in state.__struct_fields__})
    changed.cash += ONE
    live.accounts["n1"] = changed
    before = {each.name: each.equity for each in glances(everybody)}["n1"]
    assert before == changed.cash
    del live.accounts["n1"]
    assert "n1" not in {each.name for each in glances(everybody)}


# Lists


def walk(live, listed, limit, names=None):
    found, cursor = [], None
    while True:
        here = open_page(live, listed, names or live.accounts, limit, cursor)
        assert here.next is None or len(here.items) == limit
        found += here.items
        cursor = here.next
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("listed", "id_", "count"),
    [(ACCOUNTS, "account", 30), (POSITIONS, "position_id", 60), (ORDERS, "order_id", 30),
     (PLANS, "plan_id", 90), (SLICES, None, 120)],
    ids=["accounts", "positions", "orders", "plans", "slices"],
)  # fmt: skip
def test_pages_have_everything_once(live, listed, id_, count):
    whole = walk(live, listed, 500)
    assert len(whole) == count
    for limit in (1, 7, 60):
        assert walk(live, listed, limit) == whole
    assert len({str(each[id_]) if id_ else (each["plan_id"], each["number"]) for each in whole}) == count
    mine = walk(live, listed, 3, ["n4"])
    assert mine == [each for each in whole if each["account"] == "n4"] != []


def test_what_closes_meanwhile_moves_nothing(live):
    first = open_page(live, POSITIONS, live.accounts, 10, None)
    live.accounts[first.items[-1]["account"]].lots.clear()
    live.accounts[first.items[0]["account"]].lots.clear()
    rest = open_page(live, POSITIONS, live.accounts, 500, first.next)
    assert len(rest.items) == 50
    assert not {each["position_id"] for each in first.items} & {each["position_id"] for each in rest.items}


def test_slices_come_in_the_order_in_which_they_are_due(live):
    due = [each["due"] for each in walk(live, SLICES, 11)]
    assert due == sorted(due) and len(set(due)) > 1


def test_a_cursor_of_another_list_is_refused(live):
    cursor = open_page(live, SLICES, live.accounts, 1, None).next
    with pytest.raises(MessageError, match="expected the `next` of the previous page"):
        open_page(live, POSITIONS, live.accounts, 1, cursor)
