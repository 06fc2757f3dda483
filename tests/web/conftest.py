"""Tests that need the running demo ask for `stack`; `make test-web` runs them, all in one process."""

import pytest

from tests.web.stack import stack

__all__ = ["stack"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.web)
