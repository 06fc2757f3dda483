"""Tests that need the running demo ask for `stack`; `make test-web` runs them, all in one process."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.web.looking import Opens, browsing, looking
from tests.web.stack import Stack, stack

__all__ = ["stack"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture
def look(browser: Browser, stack: Stack) -> Iterator[Opens]:
    with looking(browser, stack) as opens:
        yield opens


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.web)
