"""What a page costs while a hundred accounts trade: the browser's own work, and the server's for it."""

import time

import pytest

from streams.feeds.producers import FOLLOWED
from tests.processes import cpu_s
from tests.web.looking import Look
from tests.web.stack import await_that, started

pytestmark = pytest.mark.bench

ACCOUNTS = 100
SPEED = "60x"
LOOKS_S = 20
MOST_MS = 50
"""Of a second, on one core."""
WORK = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
FILLED_S = 300


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with started(tmp_path_factory.mktemp("stack"), SPEED) as found:
        already = len(stack_accounts(found))
        presets = list(FOLLOWED.items())
        for number in range(already, ACCOUNTS):
            preset, source = presets[number % len(presets)]
            wanted = {"name": f"account-{number}", "preset": preset, "follow": [source]}
            status, told = found.send("POST", "/api/accounts?wait=60", wanted)
            assert status == 200, told
        await_that(lambda: len(stack_accounts(found)) == ACCOUNTS)
        await_that(
            lambda: sum(each["positions"] > 0 for each in stack_accounts(found)) > 0.8 * ACCOUNTS, FILLED_S
        )
        yield found


def stack_accounts(stack):
    return stack.all("/api/accounts")


def measured(session):
    """Seconds of the page's main thread, not of the clock on the wall."""
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


@pytest.mark.parametrize("path", ["/", "/accounts/vsr-slicer", "/signals", "/system"])
def test_a_page_works_little(browser, stack, path, capsys):
    pid = stack.pid("web")
    idle, began = cpu_s(pid), time.monotonic()
    time.sleep(LOOKS_S / 2)
    idle = (cpu_s(pid) - idle) / (time.monotonic() - began)
    page = Look(browser, stack, path)
    page.until(page.is_live)
    page.page.wait_for_timeout(5_000)
    session = page.context.new_cdp_session(page.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, used, began = measured(session), cpu_s(pid), time.monotonic()
    page.page.wait_for_timeout(LOOKS_S * 1_000)
    after, seconds = measured(session), time.monotonic() - began
    used = (cpu_s(pid) - used) / seconds - idle
    page.close()
    work = {name: 1_000 * (after[name] - before[name]) / seconds for name in WORK}
    told = ", ".join(f"{name.removesuffix('Duration').lower()} {ms:.1f}" for name, ms in work.items())
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{path}: {told} ms a second in the browser; {1_000 * used:.0f} ms a second of the server's CPU, {1_000 * idle:.0f} without it"
        )
    assert work["TaskDuration"] < MOST_MS
