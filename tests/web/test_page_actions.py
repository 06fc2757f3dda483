"""The dashboard in a real browser: what a person asks for is done, and seen."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from tests.web.asking import buy, held
from tests.web.looking import number
from tests.web.stack import await_that

SLICES_UNTIL_CANCELLED = {"slices": [{"at": "0m", "fraction": "50%"}, {"at": "300m", "fraction": "50%"}]}


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
    page.until(lambda: page.text("#no-orders") == "No open order.")

    page.until(lambda: page.rows("slices"))
    assert "accepted" in page.act(page.button("Cancel plan", "#slices"))
    page.until(lambda: page.text("#no-slices") == "No slice is waiting.")
    page.until(lambda: len(page.rows("positions")) == 4)
    assert held(stack, name) == {"AURA", "BOLT", "CIRQ", "EMBR"}

    assert "accepted" in page.act(page.button("Close", "#positions tr:has-text('BOLT')"))
    page.until(lambda: {row[0] for row in page.rows("positions")} == {"AURA", "CIRQ", "EMBR"})
    page.until(lambda: [row[5] for row in page.rows("trades")] == ["manual"])

    assert "accepted" in page.act(page.button("Close all"))
    page.until(lambda: page.text("#no-positions") == "No open position.")
    page.until(lambda: len(page.rows("trades")) == 4)
    assert "active" in page.text("#account-state") and not held(stack, name)


def test_change_limits(look, stack, account):
    name = account(max_positions=5, stop_loss="2%")
    page = look(f"/accounts/{name}")
    page.until(page.is_live)
    dialog = page.page.locator("#limits")

    def change(positions, button):
        page.button("Change settings").click()
        dialog.get_by_label("Positions at once").fill(positions)
        dialog.get_by_role("button", name=button).click()

    def now():
        return stack.get(f"/api/accounts/{name}")["settings"]["max_positions"]

    change("3", "Cancel")
    change("5", "Change")
    page.until(lambda: "nothing was changed" in page.text("#said"))
    assert page.asked == []
    with page.disturbed():
        change("many", "Change")
        page.until(lambda: dialog.locator(".fault").count())
        assert dialog.is_visible() and now() == 5
    field = dialog.locator("[name=max_positions]")
    assert dialog.locator(".fault").all_inner_texts() == [
        'Positions at once: found "many"; expected a whole number, 1 or more'
    ]
    assert field.get_attribute("aria-invalid") and field.input_value() == "many"
    field.fill("3")
    dialog.locator("[name=slices]").fill(
        "[{at: 0m, fraction: 40%}, {at: 5m, fraction: 60%, if: [price_holds]}]"
    )
    dialog.get_by_role("button", name="Change").click()
    page.until(lambda: "accepted" in page.text("#said") and not dialog.is_visible())
    await_that(lambda: len(stack.get(f"/api/accounts/{name}")["settings"]["slices"]) == 2)
    await_that(lambda: now() == 3)
    stack.send("PATCH", f"/api/accounts/{name}?wait=30", {"settings": {"stop_loss": "4%"}})
    await_that(lambda: stack.get(f"/api/accounts/{name}")["settings"]["stop_loss"] == "4%")
    page.button("Change settings").click()
    dialog.get_by_label("Stop", exact=True).wait_for()
    assert dialog.get_by_label("Stop", exact=True).input_value() == "4%"
    assert dialog.get_by_label("Positions at once").input_value() == "3"


def test_send_a_signal_and_find_its_trace(look, stack, account, market_is_open):
    name = account(min_confidence="50%", filters="momentum >= 75")
    page = look("/signals")
    page.button("Send a signal").click()
    dialog = page.page.locator("#send-signal")
    told = {
        "Symbol": "AURA",
        "Source": name,
        "Confidence": "lots",
        "Stop": "1",
        "Target": "1000",
        "Features": "momentum 80",
    }
    for label, text in told.items():
        dialog.get_by_label(label, exact=True).fill(text)
    with page.disturbed():
        dialog.get_by_role("button", name="Send").click()
        page.until(lambda: dialog.locator(".fault").count())
    assert dialog.locator(".fault").inner_text().startswith("Confidence: ")
    dialog.get_by_label("Confidence").fill("0.9")
    dialog.get_by_role("button", name="Send").click()
    page.until(lambda: not dialog.is_visible())
    assert f"{name} accepted" in page.told()

    search = page.page.get_by_role("searchbox")
    search.fill(name)
    search.press("Enter")
    page.until(lambda: [row[3] for row in page.rows("signals")] == [name])
    page.page.locator("#signals a", has_text="AURA").first.click()
    page.page.wait_for_url("**/trace?*")
    (signal_id,) = parse_qs(urlsplit(page.page.url).query)["signal_id"]
    (sent,) = stack.get(f"/api/signals/{signal_id}")["signals"]
    assert (sent["confidence"], sent["stop_loss"], sent["take_profit"]) == (0.9, "1", "1000")
    assert sent["features"] == {"momentum": 80.0}
    page.until(lambda: "momentum 80" in page.text("#steps"))
    stack.send("POST", f"/api/accounts/{name}/close-all?wait=30")  # what is open has another mark each second
    page.until(lambda: any(row[1].startswith("trade") for row in page.rows("steps")))

    def is_as_in_the_terminal():
        on_page = " ".join(text for row in page.rows("steps") for text in row)
        return on_page.split() == stack.run("trace", signal_id).split()

    page.until(is_as_in_the_terminal)


def test_the_kill_switch_of_one_account(look, stack, account, market_is_open):
    name = account()
    buy(stack, name, "AURA")
    page = look(f"/accounts/{name}")
    page.until(lambda: page.rows("positions"))
    assert "decided for 1 account" in page.act(page.button("Kill switch"))
    page.until(lambda: "paused" in page.text("#account-state"))
    page.until(lambda: page.text("#no-positions") == "No open position.")
    assert not held(stack, name)
    assert stack.get("/api/accounts/auto-trader")["status"] == "active"


@pytest.mark.long
def test_the_kill_switch_of_all(look, stack, market_is_open):
    page = look()
    page.until(lambda: any("active" in row[3] for row in page.rows("accounts")))
    active = [each["account"] for each in stack.all("/api/accounts?status=active")]
    try:
        assert "decided for" in page.act(page.button("Kill switch"))
        page.until(lambda: all("paused" in row[3] for row in page.rows("accounts") if row[0] in active))
        page.until(lambda: all(row[8] == "0" for row in page.rows("accounts")))
        assert stack.all("/api/positions") == []
    finally:
        for name in active:
            stack.send("POST", f"/api/accounts/{name}/resume?wait=10")
    page.until(lambda: all("paused" not in row[3] for row in page.rows("accounts") if row[0] in active))
