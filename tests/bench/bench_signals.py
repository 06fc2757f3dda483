"""Signals to published fills, everything included, for a minute, and the memory that it takes.

Four accounts follow each source, as the four of a system C do; each signal opens or closes a position in one of the
symbols in each of them.
Every symbol ticks every ten milliseconds. What counts is the fills that were readable when the minute was over.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer

from schemas.codec import encode
from schemas.messages import Signal
from tests.bench.bench_ticks import SYMBOLS, tick
from tests.bench.instance import Instance, Watch, accounts, an_instance, load, now, open_accounts
from tests.bench.run import Row

ACCOUNTS = 32
FOLLOWERS = 4
"""Accounts that follow each source, as the four of a system C follow one."""
RATE = 525
"""Signals a second that are sent: a little more than must come out."""
REQUIRED = 2_000
MOST_DISK = 500
"""Bytes that Kafka keeps for a fill with all that belongs to it: its signal, its ticks, its checkpoints."""
SOURCES = ACCOUNTS // FOLLOWERS
EVERY = 0.01
"""Seconds between two ticks of a symbol."""
SAMPLE = 2.0
WARM_SECONDS = 10
SOON = {"linger.ms": 2}


@dataclass(frozen=True)
class Sample:
    """What was seen at one moment of the run."""

    seconds: float
    sent: int
    fills: int
    disk: int
    gate: int
    desk: int


class Feed:
    """Sends signals and ticks at a steady rate."""

    def __init__(self, producer: Producer, names: Sequence[str], rate: int) -> None:
        self.producer = producer
        self.names = names
        self.rate = rate
        self.sent = 0
        self.begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def run(self, seconds: float) -> None:
        until_then = self.seconds + seconds
        while (passed := self.seconds) < until_then:
            while self.sent < passed * self.rate:
                self._signal(self.sent)
            self.tick()
            self.producer.poll(0)
            time.sleep(max(0.0, EVERY - (self.seconds - passed)))

    def _signal(self, number: int) -> None:
        source, turn = number % SOURCES, number // SOURCES
        symbol, visit = SYMBOLS[turn % len(SYMBOLS)], turn // len(SYMBOLS)
        signal = Signal(
            signal_id=f"signal-{number}",
            source=f"source-{source}",
            symbol=symbol,
            side="flat" if visit % 2 else "long",
            ts=now(),
        )
        self.producer.produce("signals", encode(signal), key=symbol)
        self.sent += 1

    def tick(self) -> None:
        for symbol in SYMBOLS:
            tick(self.producer, symbol)


class Sampler(threading.Thread):
    """Looks every two seconds."""

    def __init__(self, instance: Instance, feed: Feed) -> None:
        super().__init__(daemon=True)
        self.instance = instance
        self.feed = feed
        self.samples: list[Sample] = []
        self._watch = instance.watch()
        self._over = threading.Event()

    def run(self) -> None:
        while True:
            self.samples.append(self.look())
            if self._over.wait(SAMPLE):
                return

    def look(self) -> Sample:
        sent, seconds = self.feed.sent, self.feed.seconds
        memory = (self.instance.memory("gate"), self.instance.memory("desk"))
        return Sample(seconds, sent, self._watch.count("fills"), self.instance.disk(), *memory)

    def stop(self) -> Sample:
        """Answers the state at the end."""
        last = self.look_now()
        self._over.set()
        self.join()
        self._watch.close()
        return last

    def look_now(self) -> Sample:
        watch = Watch(self.instance.cluster)
        sent, seconds = self.feed.sent, self.feed.seconds
        memory = map(self.instance.memory, ("gate", "desk"))
        sample = Sample(seconds, sent, watch.count("fills"), self.instance.disk(), *memory)
        watch.close()
        return sample


def signals(seconds: int, work: Path, rate: int = RATE) -> list[Row]:
    with an_instance(work / "signals") as instance:
        instance.start("gate")
        instance.start("desk")
        producer = instance.producer(SOON)
        names = accounts(ACCOUNTS)
        feed = Feed(producer, names, rate)
        feed.tick()
        open_accounts(
            instance.cluster, producer, {name: f"source-{at % SOURCES}" for at, name in enumerate(names)}
        )
        feed.begun = time.monotonic()
        sampler = Sampler(instance, feed)
        feed.run(WARM_SECONDS)
        sampler.start()
        begin = sampler.look_now()
        feed.run(seconds)
        end = sampler.stop()
        busy = load()
        for sample in sampler.samples:
            print(f"    {sample}")
    fills, took = end.fills - begin.fills, end.seconds - begin.seconds
    behind = end.sent * FOLLOWERS - end.fills
    middle = sampler.samples[len(sampler.samples) // 2]
    detail = f"{end.sent - begin.sent:,} sent in {took:.0f} s, {behind:,} to come at the end; {busy}"
    rows = [Row("signals to published fills", fills / took, "fills/s", REQUIRED, detail=detail)]
    rows.append(
        Row("  ... Kafka's disk", (end.disk - begin.disk) / fills, "bytes a fill", MOST_DISK, at_most=True)
    )
    for part in ("gate", "desk"):
        first, half, last = (getattr(each, part) for each in (begin, middle, end))
        each = (last - half) / max(1, end.fills - middle.fills)
        detail = (
            f"{first / 1e6:.0f}, {half / 1e6:.0f}, {last / 1e6:.0f} MB at the start, half-way, at the end"
        )
        rows.append(Row(f"  ... memory of the {part}, second half", each, "bytes a fill", detail=detail))
    return rows
