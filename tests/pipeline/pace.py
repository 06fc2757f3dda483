"""A load at a steady pace, written past the proxy by a thread."""

import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Producer

LOOK = 0.004
LAST = 50
"""Ticks that end a load."""


def now() -> int:
    return time.time_ns() // 1000


class Pace:
    """So many ticks and signals a second, until it is stopped."""

    def __init__(self, settings: Mapping[str, Any], seed: int, ticks: float, signals: float, patience: int):
        self.rates = {"ticks": ticks, "signals": signals}
        self.sent = dict.fromkeys(self.rates, 0)
        self.patience = patience
        """Microseconds after which nothing waits any more."""
        self.dice = random.Random(seed)
        self.producer = Producer({**settings, "enable.idempotence": True, "linger.ms": 1, "log_level": 0})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def tick(self, ts: int) -> None:
        """Write one of about this time."""
        raise NotImplementedError

    def signal(self, ts: int) -> None:
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends with ticks behind which nothing waits. A second call does nothing."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        last = now() + self.patience
        for _ in range(LAST):
            self.tick(last)
        assert self.producer.flush(60) == 0, "the market was not written"

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(LOOK):
            passed = time.monotonic() - began
            for name, say in (("signals", self.signal), ("ticks", self.tick)):
                while self.sent[name] < int(passed * self.rates[name]):
                    say(now())
                    self.sent[name] += 1
            self.producer.poll(0)
