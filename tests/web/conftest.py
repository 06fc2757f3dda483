"""Tests that need the running demo ask for `stack`; `make test-web` runs them, all in one process."""

from collections.abc import Iterator
from datetime import datetime, time
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from tests.web.asking import opened
from tests.web.looking import Opens, browsing, looking
from tests.web.stack import PATIENCE_S, Stack, await_that, stack

__all__ = ["stack"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture
def look(browser: Browser, stack: Stack) -> Iterator[Opens]:
    with looking(browser, stack) as opens:
        yield opens


@pytest.fixture(scope="module")
def mine(stack):
    """An account that nobody sends signals to but who knows its source."""
    name = f"api-{uuid4().hex[:6]}"
    return opened(stack, name, follow=[name])


@pytest.fixture
def account(stack):
    """Opens accounts of a test's own, that follow nobody else, and closes them."""
    names = []

    def open_it(follow=None, **settings):
        name = f"mine-{uuid4().hex[:6]}"
        given = {"balance": 50_000, "size": {"fixed_notional": 10_000}, **settings}
        opened(stack, name, follow=follow or [name], settings=given)
        names.append(name)
        return await_that(lambda: stack.get(f"/api/accounts/{name}"))["account"]

    yield open_it
    for name in names:
        stack.send("POST", f"/api/accounts/{name}/close")


@pytest.fixture
def market_is_open(stack):
    """With two hours to go."""

    def is_open():
        now = datetime.fromisoformat(stack.get("/api/accounts/auto-trader")["as_of"])
        return time(14, 40) <= now.time() <= time(19)

    await_that(is_open, 240)


@pytest.fixture(scope="module")
def busiest(stack):
    """The account of the demo that has traded most."""

    def found():
        rows = stack.get("/api/performance")
        most = max(rows, key=lambda row: row["trades"])
        return most["account"] if most["trades"] > 30 else None

    return await_that(found, 2 * PATIENCE_S)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.web)
