"""Change one thing after the other and see whether a test fails: `python -m tests.mutants.run engine --seed 1`.

Rules of this file: one process collects the tests and stays warm; each mutant lives in a fork of it and dies with it.
"""

import argparse
import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.mutants import equal, patch, running
from tests.mutants.mutator import Mutant, code_with, mutants_of
from tests.mutants.targets import TARGETS, Target

MAPS = Path(".venv/.mutants")
"""And of each run what saw which mutant."""
MANY = 100
"""After so many tests what was learnt is kept, so that it is not lost with a run that is stopped."""


class Map:
    """Which test runs which functions and lines, kept from one run to the next."""

    def __init__(self, name: str, target: Target) -> None:
        self.path = MAPS / f"{name}.json"
        self.target = target
        self.sources = digest([*target.files, running.__file__])
        kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.tests: dict[str, dict[str, Any]] = kept["tests"] if kept.get("sources") == self.sources else {}

    def learn(self, items: list[pytest.Item]) -> None:
        """Run the tests that it does not know."""
        missing = [item for item in items if name_of(item) not in self.tests]
        for number, (item, seen) in enumerate(running.look(missing, self.target.files)):
            self.tests[name_of(item)] = {
                "seconds": seen.seconds,
                "took": seen.took,
                "functions": sorted(seen.functions),
                "lines": {path: sorted(lines) for path, lines in seen.lines.items()},
            }
            if number % MANY == 0:
                self.keep()
        self.keep()

    def keep(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        whole = self.path.with_suffix(".new")
        whole.write_text(json.dumps({"sources": self.sources, "tests": self.tests}))
        whole.rename(self.path)

    def usual(self, item: pytest.Item) -> tuple[float, float]:
        """The seconds that a test works, and that it takes by the clock."""
        known = self.tests[name_of(item)]
        return known["seconds"], known["took"]

    def for_(self, mutant: Mutant, items: list[pytest.Item]) -> list[pytest.Item]:
        """The tests that may see it: first those that run its line, then its function, the quick ones first."""
        function = f"{mutant.path}:{mutant.function}"

        def runs_function(item: pytest.Item) -> bool:
            return function in self.tests[name_of(item)]["functions"]

        def runs_line(item: pytest.Item) -> bool:
            return mutant.line in self.tests[name_of(item)]["lines"].get(mutant.path, ())

        may_see = items
        if mutant.function and not self.target.elsewhere:
            may_see = [item for item in items if runs_function(item)]
        return sorted(
            may_see, key=lambda item: (not runs_line(item), not runs_function(item), self.usual(item)[1])
        )


def name_of(item: pytest.Item) -> str:
    return f"{item.nodeid}@{digest([str(item.path)])}"


def digest(paths: list[str]) -> str:
    """Of what these files say."""
    return sha256(b"\0".join(Path(path).read_bytes() for path in paths)).hexdigest()[:12]


@dataclass
class Fate:
    mutant: Mutant
    seen_by: str
    """The test that failed, or how it ended; empty where none saw it."""


UNCHANGED = Mutant("", 0, "", "", "", 0)
"""No mutant: every test passes, in a fork too."""

# One mutant ----------------------------------------------------------------------------------


def live(mutant: Mutant, told: Path, loaded: patch.Loaded, items: list[pytest.Item], known: Map) -> str:
    """In a fork: run the tests against it; which failed first."""
    if mutant is not UNCHANGED:
        code = code_with(mutant)
        assert code is not None
        took = loaded.change(mutant.path, code)
        if known.target.elsewhere:
            patch.into_children(mutant.path, code, told)
        elif not took:
            return ""
    return _first_failure(mutant, items, known)


def live_from_import(mutant: Mutant, told: Path, target: Target, known: Map) -> str:
    """In a fork that has imported nothing of ours: import the changed module, then the same."""
    code = code_with(mutant)
    assert code is not None
    patch.into_imports(mutant.path, code)
    if target.elsewhere:
        patch.into_children(mutant.path, code, told)
    found = ["import"]

    def loop(items: list[pytest.Item]) -> None:
        found[:] = [_first_failure(mutant, items, known)]

    running.with_tests(target.tests, target.marker, loop)
    return found[0]


def _first_failure(mutant: Mutant, items: list[pytest.Item], known: Map) -> str:
    order = known.for_(mutant, items)
    return running.first_failure(order, known.usual, last=items[0]) if order else ""


# Many ----------------------------------------------------------------------------------------


def in_forks(
    mutants: list[Mutant], work: Callable[[Mutant, Path], str], processes: int, until: float
) -> Iterator[Fate]:
    """Each in a process of its own, so many at a time; none is begun after the time is over."""
    waiting, running_now = list(reversed(mutants)), dict[int, tuple[Mutant, Path]]()
    with TemporaryDirectory() as folder:
        while waiting or running_now:
            while waiting and len(running_now) < processes and time.monotonic() < until:
                mutant = waiting.pop()
                answer = Path(folder, f"{mutant.path.replace('/', '.')}-{mutant.index}")
                pid = os.fork()
                if pid == 0:
                    _be(mutant, work, answer)
                running_now[pid] = mutant, answer
            if not running_now:
                return
            pid, status = os.wait()
            if pid in running_now:
                mutant, answer = running_now.pop(pid)
                patch.end_children(_change_of(answer))
                yield Fate(mutant, _told(answer, status))


def _be(mutant: Mutant, work: Callable[[Mutant, Path], str], answer: Path) -> None:
    """The life of a fork: silent, and without a goodbye."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        seen_by = work(mutant, _change_of(answer))
    except BaseException as error:
        seen_by = f"ended by {type(error).__name__}"
    answer.write_text(seen_by)
    os._exit(0)


def _change_of(answer: Path) -> Path:
    """Where a fork tells its children of the change."""
    return answer.with_suffix(".change")


def in_a_fork(work: Callable[[], None]) -> bool:
    """Whether it came to its end."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def _told(answer: Path, status: int) -> str:
    if answer.exists():
        return answer.read_text()
    code = os.waitstatus_to_exitcode(status)
    return f"ended with {code}" if code >= 0 else f"ended by signal {-code}"


def sample(target: Target, count: int, seed: int) -> tuple[list[Mutant], int]:
    """So many mutants that are other code, and how many of the drawn ones were the same."""
    every = [mutant for path in target.files for mutant in mutants_of(path)]
    random.Random(seed).shuffle(every)
    chosen: list[Mutant] = []
    same = 0
    for mutant in every:
        if len(chosen) == count:
            break
        if code_with(mutant) is None:
            same += 1
        else:
            chosen.append(mutant)
    return chosen, same


def run(name: str, count: int, seed: int, processes: int, seconds: float, only: str) -> int:
    target, until = TARGETS[name], time.monotonic() + seconds
    chosen, same = sample(target, count, seed)
    chosen = [mutant for mutant in chosen if only in str(mutant)]
    reasons = equal.known()
    shown = [mutant for mutant in chosen if reasons.holds(mutant)]
    tried = [mutant for mutant in chosen if mutant not in shown]
    print(
        f"{name}, seed {seed}: {len(chosen)} mutants, {len(shown)} shown equal ({same} more were the same code)",
        flush=True,
    )
    known = Map(name, target)
    fates: list[Fate] = []
    unsound: list[str] = []

    def note(fate: Fate) -> None:
        fates.append(fate)
        with MAPS.joinpath(f"{name}-{seed}.log").open("a" if fates[1:] else "w") as log:
            log.write(f"{fate.seen_by or 'LIVES'}\n{fate.mutant}\n")
        if not fate.seen_by:
            print(f"\nlives: {fate.mutant}", flush=True)

    if not in_a_fork(lambda: running.with_tests(target.tests, target.marker, known.learn)):
        return 2
    known = Map(name, target)
    at_import = [mutant for mutant in tried if not mutant.function]
    for fate in in_forks(
        at_import, lambda mutant, told: live_from_import(mutant, told, target, known), processes, until
    ):
        note(fate)

    def loop(items: list[pytest.Item]) -> None:
        loaded = patch.Loaded()
        quick = [item for item in items if known.usual(item)[1] < 1]
        for fate in in_forks(
            [UNCHANGED], lambda mutant, told: live(mutant, told, loaded, quick, known), 1, until
        ):
            if fate.seen_by:
                unsound.append(fate.seen_by)
                return
        in_functions = [mutant for mutant in tried if mutant.function]
        for fate in in_forks(
            in_functions, lambda mutant, told: live(mutant, told, loaded, items, known), processes, until
        ):
            note(fate)

    running.with_tests(target.tests, target.marker, loop)
    if unsound:
        print(
            f"Without any change, in a fork: {unsound[0]}. Nothing can be said of mutants before that is mended"
        )
        return 2
    return told(chosen, shown, fates, target)


def told(chosen: list[Mutant], shown: list[Mutant], fates: list[Fate], target: Target) -> int:
    killed = sum(bool(fate.seen_by) for fate in fates)
    done = len(shown) + len(fates)
    share = (killed + len(shown)) / done if done else 0.0
    print(
        f"\n{killed} seen and {len(shown)} equal of {done}: {share:.1%}, expected at least {target.least:.0%}"
    )
    if done < len(chosen):
        print(f"The time was over before {len(chosen) - done} of them; raise it with --minutes")
    return 0 if share >= target.least and done == len(chosen) else 1


def main() -> int:
    words = argparse.ArgumentParser(description="Changes code and sees whether a test fails.")
    words.add_argument("target", choices=TARGETS)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--count", type=int, default=400)
    words.add_argument("--processes", type=int, default=2)
    words.add_argument("--minutes", type=float, default=60)
    words.add_argument("--only", default="", help="those of whose place or text this is a part")
    given = words.parse_args()
    return run(given.target, given.count, given.seed, given.processes, given.minutes * 60, given.only)


if __name__ == "__main__":
    sys.exit(main())
