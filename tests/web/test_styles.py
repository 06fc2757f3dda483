"""No style stands in a page: nothing that was sent can dress it, and our own pages need none."""

from typing import Any

import pytest

from streams.local.machine.home import Home
from streams.web.app import application
from streams.web.guard.guard import Guard
from streams.web.guard.policy import policy_for
from tests.browser import HOW, found, started
from tests.web.serving import served

BLOCKED = """() => {
    const [styled, sheet] = [document.createElement("p"), document.createElement("style")];
    styled.innerHTML = "<b style='position: fixed'>x</b>";
    sheet.textContent = "body { position: fixed }";
    document.body.append(styled, sheet);
    return [styled.firstChild, document.body].map((each) => getComputedStyle(each).position);
}"""


def unstarted() -> Any:
    raise AssertionError


@pytest.fixture
def browser():
    path = found()
    if path is None:
        pytest.skip(HOW)
    with started(path) as browser:
        yield browser


def test_pages_are_shown_without_a_style_of_their_own(browser, tmp_path):
    """Those of a running instance are looked at in the same way by `make test-web`."""

    def make(port):
        policy = policy_for(Home(tmp_path), "127.0.0.1", port)
        return Guard(application(unstarted, policy), policy), policy

    with served(make) as port:
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda each: complaints.append(each.text) if each.type == "error" else None)
        page.goto(f"http://localhost:{port}/docs")
        page.get_by_text("/api/accounts/{account}/pause").click()
        page.get_by_text("Try it out").click()
        assert complaints == []
        assert page.evaluate(BLOCKED) == ["static", "static"]
        assert len(complaints) == 2 and all("style-src 'self'" in each for each in complaints)
