"""A live market and signals about it at a steady pace, at the time of day, until it is told to stop.

Rules of this file: every signal concerns every account, and each answers it once; so a gap in the answers of a
shard is the time for which it stood still.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import count, pairwise
from typing import Any

from schemas.codec import encode
from schemas.messages import Decision, Side, Signal, Tick
from schemas.partition import shard_of
from streams.engine.model.units import ONE
from tests.live.instance import SHARDS, Instance, Read, wall
from tests.live.worlds import Wanted

CENT = ONE // 100
SYMBOLS = ("AURA", "BOLT", "CIRQ")
TURNS = frozenset({"accepted", "refused", "expired"})
"""What an account says of a signal when its turn has come."""


def account_in_each_shard(number: int = 1, **settings: Any) -> list[Wanted]:
    """So many accounts in every shard."""
    wanted = {"preset": "auto-trader", "max_signals_per_hour": 1_000_000, "balance": 1_000_000_000}
    left = dict.fromkeys(range(SHARDS), number)
    found: list[Wanted] = []
    for name in map("paper-{}".format, count()):
        if not any(left.values()):
            return found
        shard = shard_of(name, SHARDS)
        if left[shard]:
            left[shard] -= 1
            found.append(Wanted(name, {**wanted, **settings}))
    raise AssertionError


class Load:
    """So many ticks and signals a second."""

    def __init__(self, instance: Instance, ticks: float = 200, signals: float = 20, seed: int = 3) -> None:
        self.instance = instance
        self.rates = {"ticks": ticks, "signals": signals}
        self.sent: dict[str, int] = {"ticks": 0, "signals": 0}
        self.signals: list[str] = []
        self._dice = random.Random(seed)
        self._prices: dict[str, int] = dict.fromkeys(SYMBOLS, 10_000)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        """Ends with ticks that give every signal its turn."""
        self._stop.set()
        self._thread.join()
        for _ in range(50):
            self._tick()
        self.instance.flush()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(0.004):
            passed = time.monotonic() - began
            for name, say in (("ticks", self._tick), ("signals", self._signal)):
                while self.sent[name] < passed * self.rates[name]:
                    say()
                    self.sent[name] += 1

    def _tick(self) -> None:
        symbol = self._dice.choice(SYMBOLS)
        self._prices[symbol] = max(5_000, self._prices[symbol] + self._dice.randrange(-3, 4))
        price = self._prices[symbol] * CENT
        tick = Tick(symbol=symbol, ts=wall(), price=price, bid=price - CENT, ask=price + CENT)
        self.instance.send("ticks", symbol.encode(), encode(tick))

    def _signal(self) -> None:
        now, symbol = wall(), self._dice.choice(SYMBOLS)
        name = f"s{len(self.signals)}-{now}"
        side: Side = self._dice.choice(("long", "long", "short"))
        signal = Signal(signal_id=name, source="load", symbol=symbol, side=side, ts=now)
        self.signals.append(name)
        self.instance.send("signals", symbol.encode(), encode(signal))


def answers(reads: Iterable[Read]) -> dict[str, dict[str, bytes]]:
    """Of each account: its verdict on each signal; repeats must be identical."""
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    by_id: dict[str, bytes | None] = {}
    for read in reads:
        message = read.message()
        assert isinstance(message, Decision)
        assert by_id.setdefault(message.decision_id, read.value) == read.value
        if message.signal_id is not None and message.decision in TURNS:
            value = found[message.account].setdefault(message.signal_id, read.value or b"")
            assert value == read.value, f"two answers to {message.signal_id}: {message}"
    return found


def standstill(reads: Iterable[Read], since: int = 0) -> dict[int, float]:
    """The longest time, in seconds, that each shard said nothing new, from a wall time on."""
    stamps: dict[int, list[int]] = defaultdict(list)
    seen: set[bytes | None] = set()
    for read in reads:
        if read.value not in seen and read.stamp >= since // 1000:
            stamps[read.partition].append(read.stamp)
        seen.add(read.value)
    return {shard: max(b - a for a, b in pairwise(sorted(each))) / 1000 for shard, each in stamps.items()}
