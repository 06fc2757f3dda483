"""A page as a person sees it in a real browser, and everything that the browser complained about.

Rules of this file: conditions are asked from outside, because the page lets nobody compile a text in it. What
a test breaks on purpose may be complained about meanwhile; nothing else may.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Request

from tests.browser import HOW, found, started
from tests.web.stack import PATIENCE_S, Stack

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SLICER = "/accounts/vsr-slicer"
PAGES = ("/", SLICER, "/signals", "/system")

ROWS = """name => [...document.getElementById(name).rows].map(
    row => [...row.cells].map(cell => cell.innerText.trim()))"""
TILES = """name => Object.fromEntries([...document.querySelectorAll(`#${name} dt`)].map(
    each => [each.textContent, each.nextElementSibling.textContent]))"""
FITS = """name => { const room = document.getElementById(name).closest('.wide'); return room.scrollWidth <= room.clientWidth; }"""
OUTSIDE = """() => [...document.querySelectorAll('main *')].filter(each => !each.closest('.wide, .chart, .unseen')
    && each.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(each => each.outerHTML.slice(0, 120))"""


def number(text: str) -> Decimal:
    """As it is written on a page."""
    return Decimal(text.replace(",", "").replace("−", "-").removeprefix("+").removesuffix(" %"))


class Look:
    """A page in a browser."""

    def __init__(
        self, browser: Browser, stack: Stack, path: str = "/", size: Any = DESK, light: Any = "light"
    ) -> None:
        self.stack = stack
        self.complaints: list[str] = []
        self.asked: list[str] = []
        """Every action that the page sent."""
        self._heard = 0
        self._is_disturbed = False
        is_phone = size is PHONE
        self.context = browser.new_context(
            viewport=size, color_scheme=light, is_mobile=is_phone, has_touch=is_phone
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._spoke)
        self.page.on("request", self._request)
        self.go(path)

    def go(self, path: str) -> "Look":
        self.page.goto(self.stack.url + path, wait_until="domcontentloaded")
        return self

    def close(self) -> None:
        self.context.close()
        assert not self.complaints, self.complaints

    def _said(self, message: ConsoleMessage) -> None:
        is_forgiven = self._is_disturbed and message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not is_forgiven:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _spoke(self, dialog: Dialog) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and f"http://{address.netloc}" != self.stack.url:
            self.complaints.append(f"asked another host: {request.url}")
        if request.method != "GET":
            self.asked.append(f"{request.method} {address.path}")

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """While a part is away, the browser may say that it got no answer."""
        self._is_disturbed = True
        yield
        self.page.wait_for_timeout(500)
        self._is_disturbed = False

    # What is seen

    def until(self, condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """What it answers when that is true; the browser goes on meanwhile."""
        end = time.monotonic() + patience_s
        while not (found := condition()):
            assert time.monotonic() < end, f"it did not come; the page says: {self.text('body')[:2_000]}"
            self.page.wait_for_timeout(100)
        return found

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.inner_text())

    def rows(self, name: str) -> list[list[str]]:
        """A table's cells, as they are seen."""
        found: list[list[str]] = self.page.evaluate(ROWS, name)
        return found

    def tiles(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self.page.evaluate(TILES, name)
        return found

    def is_live(self) -> bool:
        return self.text("#link") == "live"

    # What a person does

    def button(self, name: str, within: str = "main") -> Locator:
        return self.page.locator(within).get_by_role("button", name=name, exact=True)

    def act(self, button: Locator) -> str:
        """Asks for it, takes it back, asks again and confirms; what the page told then."""
        before = list(self.asked)
        button.click()
        confirm = self.page.locator("#confirm")
        confirm.get_by_role("button", name="Go back").click()
        self.until(lambda: not confirm.is_visible())
        self.page.wait_for_timeout(200)
        assert self.asked == before, "a question that was taken back did something"
        button.click()
        self.page.locator("#yes").click()
        return self.told()

    def told(self) -> str:
        """What became of what was asked for last; it may have gone out of sight since."""
        self.until(lambda: len(self.asked) > self._heard)
        self._heard = len(self.asked)
        words = self.page.locator("#said")
        said: str = self.until(
            lambda: "waiting for the decision" not in (text := words.text_content() or "") and text, 30
        )
        return said


@contextmanager
def browsing() -> Iterator[Browser]:
    path = found()
    if path is None:
        pytest.skip(HOW)
    with started(path) as browser:
        yield browser


Opens = Callable[..., Look]


@contextmanager
def looking(browser: Browser, stack: Stack) -> Iterator[Opens]:
    """Opens pages, and looks at the end whether any complained."""
    opened: list[Look] = []

    def look(path: str = "/", **how: Any) -> Look:
        opened.append(Look(browser, stack, path, **how))
        return opened[-1]

    yield look
    for each in opened:
        each.close()
