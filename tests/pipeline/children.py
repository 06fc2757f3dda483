"""Processes that are started again when they end, as a supervisor does, and what became of each.

Rules of this file: a process that ends says why in its log; what nobody asked for and nobody expects is kept.
"""

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.pipeline.nursery import Born, Nursery

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
YOUNG = 4.0
TO_SPEAK = 0.5
"""Seconds in which a process that does not stop says where it hangs."""

EXPECTED = {
    "taken over": "was taken over|does not count|ProducerFenced|InvalidProducerEpoch",
    "stood still": "it stood still for",
}
"""What a worker may say when it ends itself, and what it is counted as."""
TROUBLE = {
    "lost the broker": "Kafka|Connection|Timeout|NodeNotReady|RequestTimedOut|GroupCoordinator|_TRANSPORT|stop within|UnaskedEndError",
}
"""The same where the broker or the wire fails. A client of aiokafka then cancels what waits for it."""


class Child:
    """One place in which a process is kept running."""

    def __init__(
        self,
        nursery: Nursery,
        name: str,
        folder: Path,
        command: Callable[[], Sequence[str]],
        environment: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.nursery, self.name, self.folder = nursery, name, folder
        self._command, self._environment = command, environment
        self.process: Born | None = None
        self.starts = 0
        self.wanted = False
        self.stopped = False
        """Whether it stands still."""
        self.killed = False
        """Whether it was killed from outside since it started."""
        self.clean = True
        """Whether it left when it was asked to."""
        self.ends: Counter[str] = Counter()
        self.surprises: list[str] = []
        self._began = 0.0
        self._due = 0.0
        self._pause = FIRST_PAUSE

    def start(self) -> None:
        self.wanted, self._due = True, 0.0
        self._spawn()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}-{self.starts}.log"

    def _spawn(self) -> None:
        self.starts += 1
        self._began, self.stopped, self.killed = time.monotonic(), False, False
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self._environment()}
        module, *arguments = self._command()
        self.process = self.nursery.bear(module, arguments, environment, self.log)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.runs:
            self.killed |= number is signal.SIGKILL
            self.process.send_signal(number)  # type: ignore[union-attr]
            self.stopped = {signal.SIGSTOP: True, signal.SIGCONT: False}.get(number, self.stopped)

    def stands_still(self) -> bool:
        """Also when it stopped itself."""
        if not self.runs:
            return False
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state == "T"

    def look(self) -> None:
        """Starts it again when it ended and is due."""
        if self.runs or not self.wanted:
            return
        now = time.monotonic()
        if self.process is not None:
            self._bury(self.process.wait())
            self.process = None
            self._pause = min(2 * self._pause, LONGEST_PAUSE) if now - self._began < YOUNG else FIRST_PAUSE
            self._due = now + random.uniform(0.5, 1) * self._pause
        if now >= self._due:
            self._spawn()

    def _bury(self, code: int) -> None:
        said = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        if code == -signal.SIGKILL:
            point = re.findall(r"^killed at (\w+)$", said, re.MULTILINE)
            self.ends[f"killed at {point[-1]}" if point and not self.killed else "killed"] += 1
        elif code == 0:
            self.ends["left"] += 1
        elif code == -signal.SIGTERM:
            self.ends["ended before it listened"] += 1
        else:
            self._classify(code, said)

    def _classify(self, code: int, said: str) -> None:
        words = re.findall(r"^ghostfill stopped: (.*)$", said, re.MULTILINE)
        last = words[-1] if words else (said.strip().splitlines() or ["nothing"])[-1]
        for meaning, pattern in {**EXPECTED, **TROUBLE}.items():
            if re.search(pattern, last):
                self.ends[meaning] += 1
                return
        self.ends["for another reason"] += 1
        self.surprises.append(f"{self.log.name} ended with {code}: {last[:400]}")

    def end(self, patience: float = 30.0) -> None:
        """A clean stop."""
        self.wanted = False
        if self.process is not None:
            self.signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGUSR1)
                time.sleep(TO_SPEAK)
                self.surprises.append(f"{self.log.name} did not stop within {patience:g} s")
                self.signal(signal.SIGKILL)
                self.clean = False
            self._bury(self.process.wait())
            self.process = None

    def kill(self) -> None:
        """For good."""
        self.wanted = False
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self._bury(self.process.wait())
            self.process = None
