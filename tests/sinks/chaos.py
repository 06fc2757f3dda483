"""Kills the sink and ClickHouse while they work, loses, cuts and doubles their requests, and fills the disk.

Rules of this file: what happens when is drawn from a seed. Whatever happened, in the end the tables hold what was
published: each id once, and the sums of the topics.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sinks.flaky import Flaky
from tests.sinks.loads import TICKS_A_BATCH, Load
from tests.sinks.stage import Stage

MOODS = {"lost": 0.04, "cut": 0.04, "twice": 0.04}
TABLES = ("fills", "fills", "fills", "fills", "orders", "equity", "decisions", "trades", "slices", "bars")
"""What is published, by how much."""
PORTION = 2_000


@contextmanager
def publishing(load: Load, rows: int, seconds: float) -> Iterator[threading.Thread]:
    """So many rows in so much time, in another thread; a third of them ticks in batches."""

    def work() -> None:
        began, done, firsts, batches = time.monotonic(), 0, Counter[str](), 0
        while done < rows and not stop.is_set():
            table = TABLES[(done // PORTION) % len(TABLES)]
            load.publish(table, range(firsts[table], firsts[table] + PORTION))
            firsts[table] += PORTION
            load.publish_batches(range(batches, batches + PORTION // TICKS_A_BATCH // 2))
            batches += PORTION // TICKS_A_BATCH // 2
            done += PORTION * 3 // 2
            time.sleep(max(0.0, began + seconds * done / rows - time.monotonic()))
        load.flush()

    stop = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


class Chaos:
    """What befalls one stage."""

    def __init__(self, stage: Stage, way: Flaky, seed: int, ballast: "Ballast | None" = None) -> None:
        self.stage, self.way, self.ballast = stage, way, ballast
        self.done: Counter[str] = Counter()
        self._dice = random.Random(seed)

    def go_on(self, kills: int, while_true: Callable[[], bool]) -> None:
        """Until both: so many kills, and nothing more is published."""
        self.way.moods = MOODS
        while sum(self.done[name] for name in ("sink", "server", "both")) < kills or while_true():
            self._one()
        self.way.moods = {}

    def _one(self) -> None:
        stage, dice = self.stage, self._dice
        time.sleep(dice.uniform(0.05, 2.5))
        stage.sink.check()
        what = dice.choice(["sink", "sink", "server", "server", "both", *(["full"] if self.ballast else [])])
        self.done[what] += 1
        if what == "full":
            self._fill_up()
            return
        if what in ("server", "both"):
            stage.server.kill()
        if what in ("sink", "both"):
            stage.sink.kill()
        time.sleep(dice.uniform(0, 0.5))
        if what in ("sink", "both"):
            stage.sink.start()
        if what in ("server", "both"):
            stage.server.start().await_ready()

    def _fill_up(self) -> None:
        assert self.ballast is not None
        with self.ballast.filled():
            time.sleep(self._dice.uniform(1, 4))
            if self._dice.random() < 0.5:  # it dies with a full disk, and comes back to one
                self.done["server that was full"] += 1
                self.stage.server.kill()
                time.sleep(0.2)
        if self.stage.server.process is not None and self.stage.server.process.poll() is not None:
            self.stage.server.start().await_ready()


class Ballast:
    """A file that takes what is left of a small disk."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"

    @contextmanager
    def filled(self) -> Iterator[None]:
        try:
            with self._file.open("wb") as file:
                while True:
                    file.write(b"\0" * (64 << 10))
                    file.flush()
        except OSError:
            pass
        try:
            yield
        finally:
            self._file.unlink()
