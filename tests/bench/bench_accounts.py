"""An instance of ten thousand accounts: what it takes while nothing happens, how quick pages and commands are, and how
soon it fills again after a kill and after a clean restart.

    python -m tests.bench.bench_accounts                 # 10,000 accounts
    python -m tests.bench.bench_accounts 1000 --check    # and fail where a target is missed
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from schemas.codec import encode
from schemas.messages import Side, Signal
from streams.local.machine.home import find_cluster
from streams.local.machine.ports import free_ports
from tests.bench.bench_ticks import SYMBOLS, tick
from tests.bench.instance import Watch, load, now, open_accounts
from tests.bench.run import Row, measure_accounts, milliseconds
from tests.processes import cpu_s, memory_of
from tests.web.stack import READY_S, Stack, await_that, environment_of

SYMBOL = SYMBOLS[0]
TRADER = "trader"
"""Its signals are filled while the others only exist."""
PARTS = ("kafka", "clickhouse", "gate", "desk", "sink", "web")
IDLE_S = 30.0
SETTLE_S = 20.0
PATIENCE_S = 300.0
MOST_OPENING, MOST_RESTART, MOST_FIRST_FILL, MOST_COMMAND, MOST_PAGE = 15_000, 20_000, 5_000, 700, 300
"""Milliseconds."""
MOST_KB, MOST_MB, MOST_IDLE = 300, 300, 100
"""A page, a part's memory, and thousandths of a core."""


class Whole(Stack):
    """What `ghostfill up` runs."""

    def connect(self) -> None:
        """Accounts, ticks and signals come by Kafka itself."""
        self.cluster = find_cluster(self.environment)
        self.producer = Producer(
            {**self.cluster.confluent(), "queue.buffering.max.messages": 1_000_000, "log_level": 0}
        )
        self._signals = 0

    def fills_again(self) -> float:
        """Seconds from here to the first fill of a signal that is sent from here on."""
        watch = Watch(self.cluster)
        before, began = watch.count("fills"), time.monotonic()
        while watch.count("fills") == before:
            assert time.monotonic() < began + PATIENCE_S, "nothing was filled"
            name = f"signal-{self._signals}"
            side: Side = "flat" if self._signals % 2 else "long"
            self.producer.produce("signals", encode(Signal(name, TRADER, SYMBOL, side, now())), key=SYMBOL)
            self._signals += 1
            tick(self.producer, SYMBOL)
            self.producer.flush()
            time.sleep(0.02)
        watch.close()
        return time.monotonic() - began


@contextmanager
def running(home: Path, port: int) -> Iterator[Whole]:
    """From when signals may be sent until it has stopped."""
    ready = home.parent / "ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "streams.cli", "up", "--web-port", str(port), "--ready-file", str(ready)]
    with (home.parent / "up.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment_of(home), stdout=log, stderr=log)
    try:
        await_that(ready.exists, READY_S)
        whole = Whole(home, port, process)
        whole.connect()
        yield whole
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def many(count: int, work: Path) -> list[Row]:
    home = work / "home"
    (port,) = free_ports(1)
    names = {name: name for name in (TRADER, *(f"a{number:05}" for number in range(count - 1)))}
    with running(home, port) as whole:
        tick(whole.producer, SYMBOL)
        began = time.monotonic()
        open_accounts(whole.cluster, whole.producer, names)
        rows = [milliseconds(f"{count:,} accounts opened in a burst", time.monotonic() - began, MOST_OPENING)]
        first = whole.fills_again()
        time.sleep(SETTLE_S)
        rows += [milliseconds("the first fill", first), *_idle(whole), *_pages(whole), *_commands(whole)]
        os.kill(whole.pid("desk"), signal.SIGKILL)
        rows.append(
            milliseconds("the first fill after `kill -9` of the desk", whole.fills_again(), MOST_FIRST_FILL)
        )
        rows += _memory(whole)
    began = time.monotonic()
    with running(home, port) as whole:
        rows.append(milliseconds("a clean restart until it is ready", time.monotonic() - began, MOST_RESTART))
        rows.append(milliseconds("  ... and the first fill from then on", whole.fills_again()))
    return [*rows, Row("load", os.getloadavg()[0], "", detail=load())]


def _idle(whole: Whole) -> list[Row]:
    """Nothing comes, not even a tick."""
    before = _used(whole)
    time.sleep(IDLE_S)
    cores = {part: (used - before[part]) / IDLE_S * 1000 for part, used in _used(whole).items()}
    detail = ", ".join(f"{part} {each:.0f}" for part, each in cores.items())
    return [
        Row("idle, all parts", sum(cores.values()), "‰ of a core", MOST_IDLE, at_most=True, detail=detail)
    ]


def _used(whole: Whole) -> Mapping[str, float]:
    return {part: cpu_s(whole.pid(part)) for part in PARTS}


def _pages(whole: Whole) -> Iterator[Row]:
    for path in ("/", "/api/accounts", f"/api/accounts/{TRADER}"):
        taken, size = min(_page(whole, path) for _ in range(3))
        yield milliseconds(path, taken, MOST_PAGE)
        yield Row("  ... its size", size / 1000, "KB", MOST_KB, at_most=True)


def _page(whole: Whole, path: str) -> tuple[float, int]:
    began = time.monotonic()
    with urllib.request.urlopen(f"{whole.url}{path}", timeout=PATIENCE_S) as answer:
        size = len(answer.read())
    return time.monotonic() - began, size


def _commands(whole: Whole) -> Iterator[Row]:
    for words in (
        "status",
        "account list",
        f"account show {TRADER}",
        "stats",
        f"stats {TRADER}",
        "positions",
    ):
        yield milliseconds(f"ghostfill {words}", min(_command(whole, words) for _ in range(3)), MOST_COMMAND)


def _command(whole: Whole, words: str) -> float:
    began = time.monotonic()
    whole.run(*words.split())
    return time.monotonic() - began


def _memory(whole: Whole) -> Iterator[Row]:
    for part in ("desk", "web"):
        yield Row(f"memory of the {part}", memory_of(whole.pid(part)) / 1e6, "MB", MOST_MB, at_most=True)


if __name__ == "__main__":
    measure_accounts(__doc__, many)
