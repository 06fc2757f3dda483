"""A real browser without a window: the Chromium of this machine, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "CHROMIUM"
"""Names another browser than the first that is found."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = f"no Chromium here: install it with `make browser` or `apt-get install chromium`, or name one with {CHROMIUM}"


def found() -> str | None:
    """Where it is."""
    named = os.environ.get(CHROMIUM)
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """One that runs until the end. It shows our own pages alone, so it may run as root, without a sandbox."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
