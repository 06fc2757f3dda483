"""One signal that thousands of accounts follow: how long everybody else waits for it, and when the last fill is there.

    python -m tests.bench.bench_crowd                 # 10,000 followers
    python -m tests.bench.bench_crowd 1000 --check    # and fail where a target is missed

Beside the followers are accounts with sources of their own, whose signals come ten times a second all along, in a
market that ticks fifty times a second.
"""

import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Literal

from confluent_kafka import Consumer, Producer, TopicPartition

from schemas.codec import decode, encode
from schemas.messages import Fill, Signal
from tests.bench.bench_signals import SOON
from tests.bench.bench_ticks import SYMBOLS, tick
from tests.bench.instance import SHARDS, Instance, accounts, an_instance, load, now, open_accounts
from tests.bench.run import Row, measure_accounts, milliseconds

OTHERS = 32
SYMBOL = SYMBOLS[0]
EVERY = 0.02
"""Seconds between two ticks."""
TICKS = 5
"""From one signal of the others to the next."""
QUIET = 15.0
"""Seconds before the crowd's signal, to compare with."""
PATIENCE = 120.0
MOST_WAIT, MOST_LAST, MOST_OPENING = 300, 5_000, 15_000
"""Milliseconds: the others' slowest fill but for one of a hundred, the crowd's last, and ten thousand accounts."""


class Fills(threading.Thread):
    """Reads every fill as it comes: when, and in which account."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(daemon=True)
        self._consumer = Consumer(
            {**instance.cluster.confluent(), "group.id": "crowd", "enable.auto.commit": False}
        )
        self._consumer.assign([TopicPartition("fills", shard, 0) for shard in range(SHARDS)])
        self.read: list[tuple[float, str, str]] = []
        """The time, the account and the signal."""
        self._over = threading.Event()

    def stop(self) -> None:
        self._over.set()
        self.join()
        self._consumer.close()

    def run(self) -> None:
        while not self._over.is_set():
            for message in self._consumer.consume(500, timeout=0.01):
                fill = decode("fills", message.key(), message.value())
                assert isinstance(fill, Fill)
                self.read.append((time.monotonic(), fill.account, fill.signal_id or ""))


class Feed:
    """Ticks, and the signals of the others, one after the other."""

    def __init__(self, producer: Producer) -> None:
        self.producer = producer
        self.sent: dict[str, float] = {}
        self._beats = count()

    def run(self, seconds: float) -> Iterator[None]:
        """Goes on for so long; hands over between two turns."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            beat = next(self._beats)
            if beat % TICKS == 0:
                number = beat // TICKS
                is_exit = number // OTHERS % 2
                self.signal(f"other-{number}", f"other-{number % OTHERS}", "flat" if is_exit else "long")
            tick(self.producer, SYMBOL)
            self.producer.poll(0)
            yield
            time.sleep(EVERY)

    def signal(self, name: str, source: str, side: Literal["long", "flat"]) -> None:
        signal = Signal(signal_id=name, source=source, symbol=SYMBOL, side=side, ts=now())
        if side == "long":
            self.sent[name] = time.monotonic()
        self.producer.produce("signals", encode(signal), key=SYMBOL)


def crowd(followers: int, work: Path) -> list[Row]:
    with an_instance(work / "crowd") as instance:
        instance.start("gate")
        instance.start("desk")
        producer = instance.producer(SOON)
        feed = Feed(producer)
        tick(producer, SYMBOL)
        names = accounts(followers + OTHERS)
        follow = dict.fromkeys(names, "crowd") | {
            name: f"other-{at}" for at, name in enumerate(names[:OTHERS])
        }
        began = time.monotonic()
        open_accounts(instance.cluster, producer, follow)
        opening = time.monotonic() - began
        fills = Fills(instance)
        fills.start()
        for _ in feed.run(QUIET):
            pass
        calm = waits(feed, fills, 0.0)
        began = time.monotonic()
        feed.signal("crowd", "crowd", "long")
        for _ in feed.run(PATIENCE):
            if sum(signal == "crowd" for _, _, signal in fills.read) >= followers:
                break
        last = max(at for at, _, signal in fills.read if signal == "crowd") - began
        for _ in feed.run(2.0):
            pass
        meanwhile = waits(feed, fills, began)
        fills.stop()
        busy = load()
    rate = f"{followers / last:,.0f} fills/s; {busy}"
    return [
        milliseconds(f"{followers:,} accounts opened in a burst", opening, MOST_OPENING),
        milliseconds("the others' fills beside the crowd, 99 of 100", share(meanwhile, 0.99), MOST_WAIT),
        milliseconds("  ... half of them", share(meanwhile, 0.5)),
        milliseconds("  ... before it, 99 of 100", share(calm, 0.99)),
        milliseconds("  ... half of those", share(calm, 0.5)),
        milliseconds("the crowd's last fill", last, MOST_LAST, rate),
    ]


def waits(feed: Feed, fills: Fills, since: float) -> list[float]:
    """How long each signal to enter that the others were sent since then waited for its fill."""
    came: dict[str, float] = {}
    for at, _, signal in list(fills.read):
        came.setdefault(signal, at)  # its exit bears the same
    sent = {name: at for name, at in feed.sent.items() if at >= since and name != "crowd"}
    return sorted(came[name] - at for name, at in sent.items() if name in came)


def share(found: list[float], part: float) -> float:
    return found[int(part * (len(found) - 1))]


if __name__ == "__main__":
    measure_accounts(__doc__, crowd)
