"""Signals over the API of a running demo: sent, followed to their trades, refused."""

import json
import time
from decimal import Decimal
from urllib.parse import quote
from uuid import uuid4

import pytest

from schemas.text.numbers import time as micros
from schemas.text.numbers import time_text
from tests.web.asking import opened, problem, settled, walk
from tests.web.stack import await_that

SLICED = {
    "balance": "100000",
    "size": {"percent_of_equity": "10%"},
    "slices": [
        {"at": "0m", "fraction": "50%"},
        {"at": "2m", "fraction": "25%"},
        {"at": "600m", "fraction": "25%", "if": ["price_holds"]},
    ],
}


def test_a_signal_is_followed_to_its_trade(stack):
    source = f"api-src-{uuid4().hex[:6]}"
    names = [opened(stack, f"{source}-{number}", follow=[source], settings=SLICED) for number in (1, 2)]
    body = {
        "source": source,
        "symbol": "FLUX",
        "side": "long",
        "confidence": 0.9,
        "features": {"vsr": 4},
        "mood": "fine",
    }
    status, told = stack.send("POST", "/api/signals?wait=30", body)
    everybody = {each["account"] for each in stack.all("/api/accounts") if not each["follow"]}
    assert (status, told["source"]) == (200, source)
    assert set(told["followers"]) - everybody == set(names)
    accepted = {each["account"] for each in told["decisions"] if each["decision"] == "accepted"}
    assert accepted >= set(names)
    signal_id = told["signal_id"]
    at_once = stack.get(f"/api/signals/{signal_id}")
    assert {each["account"] for each in at_once["decisions"]} >= set(names)
    assert [each["source"] for each in at_once["signals"]] == [source]

    def waits():
        found = stack.all(f"/api/slices/pending?account={names[0]}")
        return found if [each["number"] for each in found] == [3] else None

    (waiting,) = await_that(waits)
    assert (waiting["condition"], waiting["of"], waiting["signal_id"]) == ("price_holds", 3, signal_id)
    assert waiting["due_in_seconds"] > 0
    (plan,) = stack.all(f"/api/plans?account={names[0]}")
    assert (plan["plan_id"], [each["number"] for each in plan["slices"]]) == (waiting["plan_id"], [3])

    def said():
        found = json.loads(stack.run("plans", names[0], "--json"))
        return [each for each in found if each["number"] == 3]

    (row,) = await_that(said)
    same = (
        "plan_id",
        "symbol",
        "side",
        "number",
        "of",
        "quantity",
        "arrival",
        "condition",
        "due",
        "signal_id",
    )
    assert {key: row[key] for key in same} == {key: waiting[key] for key in same}

    status, told = stack.send("DELETE", f"/api/plans/{plan['plan_id']}?wait=20")
    assert (status, told["decision"]["decision"]) == (200, "accepted")
    status, told = stack.send("POST", "/api/signals?wait=30", body | {"side": "flat"})
    assert status == 200
    for name in names:
        settled(stack, name)

    def whole():
        found = stack.get(f"/api/signals/{signal_id}")
        ended = [each for each in found["slices"] if each["account"] in names and each["state"] != "armed"]
        return (
            found
            if len([each for each in found["trades"] if each["account"] in names]) == 2 and len(ended) == 6
            else None
        )

    found = await_that(whole)
    assert [each["extra"] for each in found["signals"]] == [{"mood": '"fine"'}]
    assert {each["account"] for each in found["decisions"]} >= set(names)
    mine = [each for each in found["slices"] if each["account"] == names[0]]
    assert {each["number"]: each["state"] for each in mine} == {1: "released", 2: "released", 3: "cancelled"}
    entries = [each for each in found["fills"] if each["account"] == names[0] and each["purpose"] == "entry"]
    assert [each["slice_number"] for each in sorted(entries, key=lambda each: each["ts"])] == [1, 2]
    (trade,) = [each for each in found["trades"] if each["account"] == names[0]]
    assert (trade["slices"], trade["source"], trade["confidence"]) == (2, source, 0.9)
    assert Decimal(trade["quantity"]) == sum(Decimal(each["quantity"]) for each in entries)
    assert {
        each["plan_id"]
        for each in found["orders"]
        if each["account"] == names[0] and each["purpose"] == "entry"
    } == {plan["plan_id"]}

    def strategy():
        (found,) = [each for each in stack.get("/api/strategies") if each["source"] == source]
        assert set(found["followers"]) - everybody == set(names)
        return {each["account"]: each["trades"] for each in found["results"] if each["account"] in names}

    await_that(lambda: strategy() == dict.fromkeys(names, 1))


def test_a_signal_sent_twice_is_a_duplicate(stack, mine):
    body = {"source": mine, "symbol": "AURA", "side": "long", "quantity": "1", "signal_id": f"twice-{mine}"}
    assert stack.send("POST", "/api/signals?wait=30", body)[0] == 200
    status, told = stack.send("POST", "/api/signals?wait=30", body)
    assert (status, told["signal_id"]) == (200, body["signal_id"])
    assert "duplicate" in {each["decision"] for each in told["decisions"] if each["account"] == mine}
    stack.send("POST", f"/api/accounts/{mine}/close-all?wait=20")


def test_a_signal_for_nobody_is_taken_without_waiting(stack):
    source = f"nobody-{uuid4().hex}"
    began = time.monotonic()
    status, told = stack.send(
        "POST", "/api/signals?wait=30", {"source": source, "symbol": "AURA", "side": "flat"}
    )
    if told["followers"]:
        pytest.skip("an account of this instance follows every source")
    assert (status, told["decisions"]) == (202, [])
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"symbol": "", "side": "long"}, "symbol: found '', expected 1 to 100 characters"),
        ({"symbol": "AURA"}, "body.side: Field required"),
        ({"symbol": "AURA", "side": "long", "price": "-1"}, "price: found -1, expected more than 0"),
        ({"symbol": "AURA", "side": "long", "ts": "soon"}, "ts: found 'soon', expected an ISO time"),
        ({"symbol": "AURA", "side": "long", "note": "x" * 950_000}, "message: found 9"),
    ],
)
def test_a_signal_that_is_none_is_told_why(stack, given, word):
    assert problem(stack.ask("POST", "/api/signals", given), 422)["detail"].startswith(word)


def test_two_sources_may_number_their_signals_alike(stack):
    """Also where they speak at the same time."""
    sources, odd = [f"api-{side}-{uuid4().hex[:6]}" for side in "ab"], f"same\\id '{uuid4().hex}"
    ts = stack.all("/api/accounts")[0]["as_of"]
    for source in sources:
        stack.send(
            "POST",
            "/api/signals",
            {"source": source, "symbol": "AURA", "side": "flat", "signal_id": odd, "ts": ts},
        )

    def listed():
        found = stack.get(f"/api/signals?signal_id={quote(odd)}&limit=10")
        return found if {each["source"] for each in found["items"]} >= set(sources) else None

    found = await_that(listed)
    walked = walk(stack, f"/api/signals?since={ts}&until={time_text(micros('ts', ts) + 1)}", 1)
    assert [each for each in walked if each["signal_id"] == odd] == found["items"]
