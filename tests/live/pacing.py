"""A market and its signals published in step, each record when its event time has come.

Rules of this file: one clock for both, so that what reaches a shard too late was delayed by the pipeline.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from schemas.codec import default_codec, encode
from schemas.columns import Columns
from schemas.kinds import key_of
from schemas.market.tick_writer import write_ticks
from schemas.messages import Signal
from tests.live.instance import Instance, wall

SLEEP = 0.002


@dataclass(frozen=True)
class Pace:
    """Event time over wall time."""

    start: int
    """The event time at which it begins."""
    at: int
    """The wall time of that."""
    speed: float

    def now(self) -> int:
        """The event time."""
        return self.start + int((wall() - self.at) * self.speed)


Due = tuple[int, str, bytes, bytes]
"""When, where to, key and value."""


def records(market: Columns, signals: Sequence[Signal], key: bytes | None = None) -> list[Due]:
    """In the order of their time; at one instant the signal first. Every second signal is JSON.

    With a key, all signals are in one partition and arrive in their order.
    """
    keys, values = write_ticks(market)
    ticks = [(ts, "ticks", *pair) for ts, *pair in zip(market.ts.tolist(), keys, values, strict=True)]
    said = [
        (each.ts, "signals", key or key_of(each), bytes_of(each, number))
        for number, each in enumerate(signals)
    ]
    return sorted([*said, *ticks], key=lambda due: due[0])


def bytes_of(signal: Signal, number: int) -> bytes:
    return encode(signal) if number % 2 else orjson.dumps(default_codec().write_json(signal))


def publish(instance: Instance, dues: Sequence[Due], pace: Pace | None) -> float:
    """Returns how far behind its time the latest record was sent, in wall seconds; None: at once."""
    worst = 0.0
    for ts, topic, key, value in dues:
        if pace is not None:
            while (ahead := ts - pace.now()) > 0:
                instance.producer.poll(0)
                time.sleep(max(SLEEP, min(0.05, ahead / pace.speed / 1e6)))
            worst = max(worst, -ahead / pace.speed / 1e6)
        instance.send(topic, key, value)
    instance.flush()
    return worst
