"""Asking for something over the API of a running demo: accounts, orders, positions."""

import json
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest

from tests.web.asking import PLAIN, holds, opened, order, problem, settled
from tests.web.stack import await_that


def has_status(stack, name, word):
    return stack.get(f"/api/accounts/{name}")["status"] == word


# Accounts


@pytest.mark.smoke
def test_an_account_is_opened_shown_changed_paused_and_resumed(stack):
    name = f"api-life-{uuid4().hex[:6]}"
    status, told = stack.send(
        "POST",
        "/api/accounts?wait=30",
        {
            "name": name,
            "preset": "vsr-slicer",
            "follow": ["nobody"],
            "settings": {"balance": 50_000, "max_positions": 2},
        },
    )
    assert (status, told["decision"]["decision"], told["meaning"]) == (200, "accepted", None)
    found = stack.get(f"/api/accounts/{name}")
    assert (found["equity"], found["cash"], found["status"], found["follow"]) == (
        "50000",
        "50000",
        "active",
        ["nobody"],
    )
    assert (found["settings"]["max_positions"], len(found["settings"]["slices"])) == (2, 4)
    assert name in [each["account"] for each in stack.all("/api/accounts")]

    status, told = stack.send(
        "PATCH", f"/api/accounts/{name}?wait=20", {"settings": {"max_positions": 4, "daily_loss": "2%"}}
    )
    assert (status, told["decision"]["decision"]) == (200, "accepted")
    await_that(lambda: stack.get(f"/api/accounts/{name}")["settings"]["max_positions"] == 4)
    assert stack.get(f"/api/accounts/{name}")["settings"]["daily_loss"] == "2%"

    for verb, status_word in (("pause", "paused"), ("resume", "active"), ("close", "closed")):
        status, told = stack.send("POST", f"/api/accounts/{name}/{verb}?wait=20")
        assert (status, told["decision"]["command_id"]) == (200, told["command_id"])
        await_that(partial(has_status, stack, name, status_word))
        assert name in [each["account"] for each in stack.all(f"/api/accounts?status={status_word}")]
    refused = problem(stack.ask("POST", f"/api/accounts/{name}/resume?wait=20", {}), 409)
    assert refused["detail"] == "refused: closed: the account is closed and cannot trade again"
    assert refused["decision"]["command_id"] == refused["command_id"]


def test_who_opened_an_account_may_ask_for_it_at_once(stack):
    for _ in range(3):
        name = opened(stack, f"api-now-{uuid4().hex[:6]}", follow=["nobody"])
        assert stack.get(f"/api/accounts/{name}")["account"] == name


def test_bad_settings_are_told_all_at_once(stack):
    body = {"name": "api-bad", "settings": {"balance": "-1", "max_positions": "x", "no_such": 1}}
    found = problem(stack.ask("POST", "/api/accounts?wait=5", body), 422)
    assert len(found["errors"]) == 4
    for word in ("balance", "max_positions", "no_such", "size missing"):
        assert word in found["detail"]
    found = problem(
        stack.ask("PATCH", "/api/accounts/auto-trader", {"settings": {"max_positions": 0, "nothing": 1}}), 422
    )
    assert len(found["errors"]) == 2
    found = problem(stack.ask("POST", "/api/accounts", {"preset": 5, "extra": 1}), 422)
    assert {each["where"] for each in found["errors"]} == {"body.name", "body.preset", "body.extra"}
    assert (
        "auto-trader"
        in problem(stack.ask("POST", "/api/accounts", {"name": "x", "preset": "nothing"}), 422)["detail"]
    )


def test_what_exists_already_is_refused_with_what_that_means(stack, mine):
    found = problem(stack.ask("POST", "/api/accounts?wait=20", {"name": mine, **PLAIN}), 409)
    assert found["detail"] == "refused: exists: there is an account of that name already"


def test_without_waiting_there_is_an_id_and_later_a_decision(stack, mine):
    status, told = stack.send("POST", f"/api/accounts/{mine}/resume")
    assert (status, told["decision"], told["account"]) == (202, None, mine)

    def decided():
        found = stack.get(f"/api/decisions?account={mine}")["items"]
        return any(each["command_id"] == told["command_id"] for each in found)

    await_that(decided)


@pytest.mark.parametrize(
    ("method", "path", "where"),
    [
        ("GET", "/api/accounts/no-such", "GET /api/accounts"),
        ("POST", "/api/accounts/no-such/pause?wait=20", "GET /api/accounts"),
        ("PATCH", "/api/accounts/no-such?wait=20", "GET /api/accounts"),
        ("POST", "/api/positions/no-such/close", "GET /api/positions"),
        ("DELETE", "/api/orders/no-such", "GET /api/orders/open"),
        ("DELETE", "/api/plans/no-such", "GET /api/plans"),
        ("GET", "/api/positions?account=no-such", "GET /api/accounts"),
        ("GET", "/api/orders/open?account=no-such", "GET /api/accounts"),
        ("GET", "/api/plans?account=no-such", "GET /api/accounts"),
        ("GET", "/api/slices/pending?account=no-such", "GET /api/accounts"),
        ("GET", "/api/performance?account=no-such", "GET /api/accounts"),
        ("POST", "/api/kill", "GET /api/accounts"),
        ("GET", "/api/queries/no-such", "GET /api/queries"),
        ("GET", "/api/signals/no-such", "GET /api/signals"),
        ("GET", "/api/no-such", "/docs"),
    ],
)
def test_what_is_unknown_is_told_where_to_look(stack, method, path, where):
    body = {
        "PATCH": {"settings": {"max_positions": 3}},
        "POST": {"accounts": ["no-such"]} if "kill" in path else {},
    }
    found = problem(stack.ask(method, path, body.get(method, {}) if method != "GET" else None), 404)
    assert where in found["detail"] and found["instance"] == path.partition("?")[0]


def test_a_method_that_is_none_of_a_path(stack):
    found = stack.ask("PUT", "/api/accounts", {})
    assert "PUT is not for /api/accounts" in problem(found, 405)["detail"]
    assert found.headers["allow"]


# Orders and positions


def price_of(stack, symbol):
    return Decimal(await_that(lambda: stack.get("/api/prices")["ticks"].get(symbol)))


def test_each_type_of_order_rests_and_is_cancelled(stack, mine):
    price = price_of(stack, "AURA")
    low, high = str((price / 2).quantize(Decimal("0.01"))), str((price * 2).quantize(Decimal("0.01")))
    types = {
        "limit": {"limit_price": low},
        "stop": {"stop_price": high},
        "stop_limit": {"stop_price": high, "limit_price": high},
        "trailing": {"trail": low},
    }
    for type_, levels in types.items():
        status, told = order(stack, mine, type=type_, **levels)
        assert (status, told["decision"]["decision"]) == (200, "accepted"), told
    open_ = await_that(
        lambda: found if len(found := stack.all(f"/api/orders/open?account={mine}")) == len(types) else None
    )
    by_type = {each["order_type"]: each for each in open_}
    assert set(by_type) == set(types)
    assert (by_type["limit"]["limit_price"], by_type["limit"]["quantity"], by_type["limit"]["side"]) == (
        low.rstrip("0").rstrip("."),
        "10",
        "buy",
    )
    assert by_type["stop"]["stop_price"] == high.rstrip("0").rstrip(".")
    assert {each["order_id"] for each in stack.all("/api/orders/open")} >= {
        each["order_id"] for each in open_
    }
    for each in open_:
        status, told = stack.send("DELETE", f"/api/orders/{each['order_id']}?wait=20")
        assert (status, told["decision"]["decision"]) == (200, "accepted")
    await_that(lambda: not stack.all(f"/api/orders/open?account={mine}"))

    def listed():
        found = stack.get(f"/api/orders?account={mine}")["items"]
        states = {each["order_id"]: each["state"] for each in found}
        return all(states.get(each["order_id"]) == "cancelled" for each in open_)

    await_that(listed)


@pytest.mark.smoke
def test_a_market_order_is_filled_held_and_closed(stack):
    name = opened(stack, f"api-hand-{uuid4().hex[:6]}", follow=["nobody"])
    status, told = order(stack, name, note="by hand", stop_loss="1", take_profit="100000")
    assert (status, told["decision"]["decision"]) == (200, "accepted")
    (held,) = await_that(lambda: stack.all(f"/api/positions?account={name}&symbol=AURA"))
    assert stack.all(f"/api/positions?account={name}&symbol=BOLT") == []
    assert (held["side"], held["quantity"], held["stop"], held["target"]) == ("long", "10", "1", "100000")
    (bought,) = stack.get(f"/api/fills?account={name}")["items"]
    assert Decimal(held["average_price"]) == Decimal(bought["price"])
    assert Decimal(held["cost"]) == 10 * Decimal(bought["price"])
    assert Decimal(stack.get(f"/api/accounts/{name}")["cash"]) == 100_000 - Decimal(held["cost"]) - 1

    status, told = stack.send("POST", f"/api/positions/{held['position_id']}/close?wait=20")
    assert (status, told["account"], told["decision"]["decision"]) == (200, name, "accepted")
    account = settled(stack, name)
    (trade,) = await_that(lambda: stack.get(f"/api/trades?account={name}")["items"])
    sold = next(each for each in stack.get(f"/api/fills?account={name}")["items"] if each["side"] == "sell")
    pnl = 10 * (Decimal(sold["price"]) - Decimal(bought["price"])) - 2
    assert (Decimal(trade["pnl"]), trade["fees"], trade["exit_reason"]) == (pnl, "2", "manual")
    assert Decimal(account["cash"]) == Decimal(account["equity"]) == 100_000 + pnl
    assert (account["unrealised"], account["exposure"], account["open_risk"]) == ("0", "0", "0")

    (last,) = stack.get(f"/api/equity?account={name}&limit=1")["items"]
    assert (last["equity"], last["cash"], last["exposure"]) == (account["equity"], account["cash"], "0")

    def stored():
        rows = stack.get(f"/api/performance?account={name}")
        whole = [row for row in rows if row["trades"] == 1 and row["end_equity"] == account["equity"]]
        return whole[0] if whole else None

    row = await_that(stored)
    (said,) = json.loads(stack.run("stats", name, "--json"))
    same = [
        key
        for key in row
        if key in said and key not in ("days", "exposure_time", "cagr", "sharpe", "sortino", "total_return")
    ]
    assert {"trades", "net_pnl", "fees", "end_equity"} <= set(same)
    assert {key: said[key] for key in same} == {key: row[key] for key in same}
    for key in ("equity", "cash", "realised", "unrealised"):
        assert Decimal(said[key]) == Decimal(account[key])


def test_what_an_order_lacks_is_told(stack, mine):
    for given, word in (
        ({"type": "limit"}, "refused: no_limit_price: an order of this type needs limit_price"),
        ({"type": "stop"}, "refused: no_stop_price: an order of this type needs stop_price"),
        (
            {"type": "trailing"},
            "refused: no_trail: an order of this type needs trail, the distance of its stop",
        ),
        ({"time_in_force": "GTD"}, "refused: no_expires_at: a GTD order needs expires_at"),
        ({"symbol": "NOPE"}, "refused: no_market: the symbol has had no price since the account was opened"),
        ({"quantity": "100000000"}, "refused: buying_power: it costs more than the account may still spend"),
    ):
        status, told = order(stack, mine, **given)
        assert (status, told["detail"]) == (409, word)
    for given, word in (
        ({"quantity": "0"}, "quantity: found 0, expected more than 0"),
        (
            {"quantity": "1.123456789"},
            "quantity: found '1.123456789', expected a decimal of at most 8 places",
        ),
        ({"expires_at": "soon"}, "expires_at: found 'soon', expected an ISO time"),
        ({"side": "up"}, "body.side: Input should be 'buy' or 'sell'"),
        ({"typo": "1"}, "body.typo: Extra inputs are not permitted"),
    ):
        status, told = order(stack, mine, **given)
        assert (status, told["detail"][: len(word)]) == (422, word)


def test_close_all_and_the_kill_switch_close_everything(stack):
    names = [opened(stack, f"api-kill-{uuid4().hex[:6]}", follow=["nobody"]) for _ in range(2)]
    for name in names:
        order(stack, name)
        order(stack, name, symbol="BOLT", side="sell", quantity="3")
        await_that(partial(holds, stack, name, 2))
    short = next(each for each in stack.all(f"/api/positions?account={names[0]}") if each["symbol"] == "BOLT")
    assert (short["side"], short["quantity"]) == ("short", "3")

    status, told = stack.send("POST", f"/api/accounts/{names[0]}/close-all?wait=20")
    assert (status, told["decision"]["decision"]) == (200, "accepted")
    assert settled(stack, names[0])["status"] == "active"
    assert len(stack.all(f"/api/positions?account={names[1]}")) == 2

    status, told = stack.send("POST", "/api/kill?wait=20", {"accounts": names})
    assert status == 200
    assert [(each["account"], each["decision"]["decision"]) for each in told["commands"]] == [
        (name, "accepted") for name in names
    ]
    await_that(lambda: [settled(stack, name)["status"] for name in names] == ["paused", "paused"])
    refused = order(stack, names[0])[1]
    assert refused["detail"].startswith(
        "refused: paused: the account is paused: POST /api/accounts/NAME/resume"
    )
    assert stack.send("POST", "/api/kill", {"accounts": names})[0] == 202


def test_equity_is_cash_and_what_is_held_at_the_newest_prices(stack, busiest):
    def now():
        """Read together, as far as nothing came in between."""
        before = stack.get(f"/api/accounts/{busiest}")
        held = stack.all(f"/api/positions?account={busiest}")
        return (before, held) if held and stack.get(f"/api/accounts/{busiest}") == before | {} else None

    account, held = await_that(now)
    signs = [1 if each["side"] == "long" else -1 for each in held]
    values = [Decimal(each["value"]) for each in held]
    for each, sign, value in zip(held, signs, values, strict=True):
        assert value == (Decimal(each["quantity"]) * Decimal(each["mark"])).quantize(Decimal("1e-8"))
        assert Decimal(each["unrealised"]) == sign * (value - Decimal(each["cost"]))
    assert Decimal(account["equity"]) == Decimal(account["cash"]) + sum(
        sign * value for sign, value in zip(signs, values, strict=True)
    )
    assert Decimal(account["unrealised"]) == sum(Decimal(each["unrealised"]) for each in held)
    assert Decimal(account["exposure"]) == sum(values)
    assert Decimal(account["open_risk"]) == sum(Decimal(each["risk"]) for each in held)
    assert account["positions"] == len(held)
    marks = stack.get("/api/prices")["ticks"]
    assert set(marks) >= {each["symbol"] for each in held}
