"""The Ghostfill that the tests of a session share: what `ghostfill up` runs, in a folder of its own.

Rules of this file: nothing of the shell's environment leads to a cluster or a database that is not a test's.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ghostfill.testing.errors import GhostfillTestError
from streams.local.machine.home import HOME, find_cluster, find_database
from streams.local.parts.child import end_child, start_child
from streams.local.parts.logs import last_lines
from streams.transport.kafka.cluster import BOOTSTRAP, Cluster

OURS = ("KAFKA_", "CLICKHOUSE_", "GHOSTFILL_")
MARKETS = 16
"""A test has one of its own; the session's Ghostfill is replaced when all are used."""
READY_S = 120.0
STOP_S = 60.0
LOOK_S = 0.02


class Running:
    """One Ghostfill, started by and by: ClickHouse only where somebody asks it."""

    def __init__(self, folder: Path, named: Mapping[str, str], symbols: Path | None, first: int) -> None:
        """`named`: a Kafka and a ClickHouse that are there already; `first`: its first market's number."""
        self.folder = folder
        self.symbols = symbols
        shell = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment = {**shell, **named, HOME: str(folder / "home")}
        self.markets = _markets(first)
        self._followed = _markets(1, first) + self.markets if BOOTSTRAP in named else list(self.markets)
        """Desks of a Kafka that was there before go on with the markets that they know."""
        self._parts: list[subprocess.Popen[bytes]] = []
        self._has_results = False

    def start(self) -> "Running":
        markets = [word for name in self._followed for word in ("--market", name)]
        symbols = ["--symbols", str(self.symbols)] if self.symbols else []
        self._up("trader", self.environment, *markets, *symbols)
        self.environment |= self.cluster.environment()
        return self

    def stop(self) -> None:
        while self._parts:
            end_child(self._parts.pop(), STOP_S)

    @property
    def cluster(self) -> Cluster:
        return find_cluster(self.environment)

    def results(self) -> Mapping[str, str]:
        """Where their ClickHouse is found; from the first call on it runs."""
        where = {**self.environment, HOME: str(self.folder / "results")}
        if not self._has_results:
            self._up("results", where, "--no-ticks")
            self._has_results = True
        return {**where, **find_database(where).environment()}

    def _up(self, part: str, environment: Mapping[str, str], *options: str) -> None:
        ready = self.folder / f"{part}.ready"
        log = self.folder / f"{part}.log"
        command = [sys.executable, "-m", "streams.cli", "up", "--part", part, "--ready-file", str(ready)]
        with log.open("wb") as said:
            process = start_child([*command, *options], said, environment)
        self._parts.append(process)
        end = time.monotonic() + READY_S
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise GhostfillTestError(f"Ghostfill did not start: {last_lines(log)}")
            time.sleep(LOOK_S)


def _markets(first: int, end: int | None = None) -> list[str]:
    return [f"test{number}" for number in range(first, end or first + MARKETS)]
