"""A part is killed while a browser watches: the page says so, comes back by itself, and its numbers are right.

Rules of this file: the supervisor is held until the page has said it, or the part would be there again before
there was anything to say; then the same part is killed once more, and nobody is held.
"""

import os
import signal
from contextlib import contextmanager
from decimal import Decimal
from functools import partial

import pytest

from tests.web.stack import await_that

pytestmark = pytest.mark.kill

SAYS = {
    "market": "No market data since",
    "sink": "No sink is running: statistics and charts are not updated.",
    "gate": "No gate is running: signals and commands wait in Kafka.",
    "desk": "No desk is running: signals and commands wait in Kafka.",
    "clickhouse": "ClickHouse does not answer: statistics and charts are not updated.",
    "kafka": "Kafka does not answer: you see the last known state.",
    "web": "Disconnected since",
}
SAYS_WITHIN_S, BACK_WITHIN_S, CAUGHT_UP_S = 15, 60, 90
NAME = "watched"


@pytest.fixture(scope="module")
def watched(stack):
    """An account that trades all the time."""
    wanted = {"name": NAME, "preset": "auto-trader", "follow": ["scanner", "scalper"]}
    status, told = stack.send("POST", "/api/accounts?wait=60", wanted)
    assert status == 200, told
    await_that(lambda: stack.get(f"/api/trades?account={NAME}")["items"], 240)
    return NAME


@contextmanager
def supervisor_held(stack):
    stack.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        stack.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("part", SAYS)
def test_a_killed_part_is_told_and_comes_back(look, stack, watched, part):
    pages = [look(f"/accounts/{watched}"), look()]
    for page in pages:
        page.until(partial(is_well, page), BACK_WITHIN_S)
        page.page.evaluate("window.here = true")
    with pages[0].disturbed(), pages[1].disturbed():
        with supervisor_held(stack):
            os.kill(stack.pid(part), signal.SIGKILL)
            for page in pages:
                page.until(lambda page=page: SAYS[part] in page.text(".troubles"), SAYS_WITHIN_S)
        for page in pages:
            page.until(partial(is_well, page), BACK_WITHIN_S)
        killed = stack.pid(part)
        os.kill(killed, signal.SIGKILL)
        await_that(lambda: stack.pid(part) != killed)
        for page in pages:
            page.page.wait_for_timeout(3_000)
            page.until(partial(is_well, page), BACK_WITHIN_S)
    for page in pages:
        assert page.page.evaluate("window.here"), "somebody had to load the page again"
    numbers_are_right(stack, *pages)


BROKEN = """all => all.filter(each => each.checkVisibility() && !each.matches('.calm[data-part=sink]'))
    .map(each => each.innerText)"""


def is_well(page):
    """Nothing is broken. That the sink is behind, after it stood still, is so; that it catches up is seen at the end."""
    return page.is_live() and not page.page.eval_on_selector_all(".troubles .trouble", BROKEN)


def numbers_are_right(stack, page, overview):
    """What the page says of an account that rests is what the API says, and what ClickHouse does when it has caught up."""
    for action in ("close-all", "pause"):
        await_that(partial(is_done, stack, action))
    await_that(lambda: rests(stack.get(f"/api/accounts/{NAME}")))
    found = stack.get(f"/api/accounts/{NAME}")
    known = [Decimal(found["realised"]), Decimal(found["equity"])]
    await_that(lambda: [Decimal(each) for each in stored(stack)[1:]] == known, CAUGHT_UP_S)
    trades, *_ = stored(stack)
    page.until(lambda: page.tiles("performance").get("Trades") == f"{int(trades):,}", CAUGHT_UP_S)
    tiles = page.tiles("tiles")
    assert seen(tiles["Equity"]) == round(Decimal(found["equity"]))
    assert seen(tiles["Closed P&L"]) == round(Decimal(found["realised"]), 2)
    newest = stack.get(f"/api/trades?account={NAME}&limit=12")["items"]
    assert [seen(row[3]) for row in page.rows("trades")] == [
        round(Decimal(each["pnl"]), 2) for each in newest
    ]
    (row,) = [each for each in overview.rows("accounts") if each[0] == NAME]
    assert seen(row[2]) == round(Decimal(found["equity"]), 2) and "paused" in row[3]
    assert is_done(stack, "resume")


def is_done(stack, action):
    return stack.send("POST", f"/api/accounts/{NAME}/{action}?wait=20")[0] == 200


def rests(account):
    return account["status"] == "paused" and account["positions"] == account["orders"] == 0


STORED = f"""SELECT (SELECT count() FROM trades WHERE account = '{NAME}'), (SELECT sum(pnl) FROM trades WHERE account = '{NAME}'),
    (SELECT argMax(equity, ts) FROM equity WHERE account = '{NAME}')"""


def stored(stack):
    status, told = stack.send("POST", "/api/sql", {"statement": STORED})
    assert status == 200, told
    return told["rows"][0]


def seen(text):
    return Decimal(text.replace(",", "").replace("−", "-").removeprefix("+"))
