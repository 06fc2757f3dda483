"""pytest, taken over once its tests are collected: a map of what runs what, or one test after the other until one fails.

Rules of this file: a test has a limit of processor time, so that a busy machine kills no mutant.
"""

import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

import hypothesis
import pytest

CALLS = 50
"""After so many calls of a function within a test its lines are not looked at any more."""
GRACE = 5.0
"""Seconds that any test may take."""


@dataclass
class Seen:
    """What one test ran."""

    seconds: float
    """Of this process's work."""
    took: float
    """By the clock: more, where another process works."""
    functions: set[str] = field(default_factory=set)
    lines: dict[str, set[int]] = field(default_factory=dict)
    """By file."""


class Taken:
    """A plugin that runs its own loop over the collected tests."""

    def __init__(self, loop: Callable[[list[pytest.Item]], None]) -> None:
        self.loop = loop
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.loop(session.items)
        return True


def with_tests(paths: Sequence[str], marker: str, loop: Callable[[list[pytest.Item]], None]) -> None:
    """Collect tests in this process and hand them over."""
    quick = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", phases=quick, report_multiple_bugs=False)
    hypothesis.settings.load_profile("mutants")  # conftest's own profile takes over what it does not set
    sys.dont_write_bytecode = True
    options = ["-m", marker, "-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist"]
    already = ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*paths, *options, *already], plugins=[Taken(loop)])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"pytest could not collect {' '.join(paths)}: {code}")


def passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run one test; what it shares with the following one stays."""
    taken = next(plugin for plugin in item.config.pluginmanager.get_plugins() if isinstance(plugin, Taken))
    taken.failed = False
    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
    return not taken.failed


def first_failure(
    items: Sequence[pytest.Item], usual: Callable[[pytest.Item], tuple[float, float]], last: pytest.Item
) -> str:
    """The first test that fails, or nothing. One that takes far longer than usual ends the process."""
    for item, following in pairwise([*items, last]):
        seconds, took = usual(item)
        allowed = GRACE + 10 * seconds
        signal.setitimer(signal.ITIMER_PROF, allowed)
        signal.setitimer(signal.ITIMER_REAL, 20 + 5 * max(allowed, took))
        if not passes(item, following):
            return item.nodeid
    return ""


def look(items: Sequence[pytest.Item], within: Iterable[str]) -> Iterator[tuple[pytest.Item, Seen]]:
    """Run every test once and see which functions and lines of these files it runs."""
    files = {os.path.abspath(path): path for path in within}
    followers: list[pytest.Item | None] = [*items[1:], None]
    for item, following in zip(items, followers, strict=False):
        tracer = _Tracer(files)
        began, began_at = time.process_time(), time.monotonic()
        threading.settrace(tracer.call)
        sys.settrace(tracer.call)
        try:
            good = passes(item, following)
        finally:
            sys.settrace(None)
            threading.settrace(None)
        if not good and not passes(item, following):  # to be looked at makes it slow, which a few do not bear
            raise SystemExit(f"{item.nodeid} fails without any mutant")
        worked, took = time.process_time() - began, time.monotonic() - began_at
        yield item, Seen(worked, took, tracer.functions(), tracer.lines)


class _Tracer:
    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.calls: dict[CodeType, int] = defaultdict(int)
        self.lines: dict[str, set[int]] = defaultdict(set)

    def call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        path = self.files.get(code.co_filename)
        if path is None:
            return None
        self.calls[code] += 1
        if self.calls[code] > CALLS:
            return None

        def line(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
            if event == "line":
                lines.add(frame.f_lineno)
            return line

        lines = self.lines[path]
        return line

    def functions(self) -> set[str]:
        return {f"{self.files[code.co_filename]}:{outermost(code.co_qualname)}" for code in self.calls}


def outermost(qualname: str) -> str:
    return qualname.split(".<locals>")[0]
