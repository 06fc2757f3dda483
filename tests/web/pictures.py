"""`make pictures`: a demo, and pictures of every page and dialog in out/pictures, to be looked at.

Rules of this file: nothing is judged here; people do.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import HOW, found
from tests.browser import started as browsing
from tests.web.looking import DESK, PHONE, Look
from tests.web.stack import Stack, await_that, started

FOLDER = Path("out/pictures")
SIZES = {"desk": DESK, "phone": PHONE}
LIGHTS = ("light", "dark")
FILLED_S = 180.0
SLICER = "/accounts/vsr-slicer"
PAGES = {
    "accounts": "/",
    "account": SLICER,
    "account-new": "/accounts/new",
    "account-unknown": "/accounts/nobody",
    "signals": "/signals",
    "system": "/system",
    "api": "/docs",
}
DIALOGS = {
    "dialog-open-account": ("/", "Open an account"),
    "dialog-kill": ("/", "Kill switch"),
    "dialog-limits": (SLICER, "Change settings"),
    "dialog-close-all": (SLICER, "Close all"),
    "dialog-signal": ("/signals", "Send a signal"),
}


def main() -> int:
    path = found()
    if path is None:
        sys.stderr.write(f"{HOW}\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as stack, browsing(path) as browser:
        stack.send(
            "POST", "/api/accounts?wait=30", {"name": "new", "preset": "vsr-slicer", "follow": ["new"]}
        )
        stack.send("POST", "/api/signals", {"symbol": "<b>BOLD</b>", "side": "long", "source": "new"})
        await_that(lambda: _is_filled(stack), FILLED_S)
        for number in _pictures(browser, stack):
            sys.stdout.write(f"\r{number} pictures in {FOLDER}")
    sys.stdout.write("\n")
    return 0


def _is_filled(stack: Stack) -> bool:
    """Everything has happened, and slices wait."""
    slices = stack.all("/api/slices/pending?account=vsr-slicer")
    return bool(slices) and len(stack.get("/api/trades?account=vsr-slicer&limit=12")["items"]) == 12


def _pictures(browser: Browser, stack: Stack) -> Iterator[int]:
    number = 0
    for size, light in ((size, light) for size in SIZES for light in LIGHTS):
        for name, path in PAGES.items():
            _picture(Look(browser, stack, path, SIZES[size], light), f"{name}-{size}-{light}", whole=True)
            yield (number := number + 1)
        for name, (path, button) in DIALOGS.items():
            look = Look(browser, stack, path, SIZES[size], light)
            look.until(look.is_live)
            look.button(button).click()
            _picture(look, f"{name}-{size}-{light}")
            yield (number := number + 1)
        look = Look(browser, stack, "/", SIZES[size], light)
        look.until(look.is_live)
        look.context.set_offline(True)
        look.page.evaluate("lose()")
        _picture(look, f"disconnected-{size}-{light}")
        yield (number := number + 1)


def _picture(look: Look, name: str, *, whole: bool = False) -> None:
    look.page.wait_for_timeout(2_500)
    look.page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)
    look.context.close()


if __name__ == "__main__":
    sys.exit(main())
