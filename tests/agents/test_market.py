"""A market's run: rows with the offsets of their records, cut by offset, faults told by one shard."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from schemas.codec import decode, encode
from schemas.kinds import TickBatch, key_of
from schemas.messages import Bar, Clock, DeadLetter, MarketRecord, Message, Tick
from streams.agents import clock
from streams.agents.clock import FEED, Keeper
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketDecoder, MarketRun
from streams.engine.model.units import MILLISECOND, MINUTE, ONE, SECOND
from streams.transport.contract.machine import Raw
from streams.transport.kafka.logs import Log
from tests.transport.copies import write

START = 1_767_625_200 * SECOND


def raw(offset: int, message: Message, stamp: int = START) -> Raw:
    return Raw(offset, stamp // MILLISECOND, key_of(message), encode(message))


def tick(second: float, symbol: str = "AAA") -> Tick:
    return Tick(symbol=symbol, ts=START + int(second * SECOND), price=100 * ONE)


def batch(*seconds: float) -> TickBatch:
    ts = [START + int(second * SECOND) for second in seconds]
    same = [100 * ONE] * len(ts)
    fields = dict(zip(("ts", "price", "size", "bid", "ask"), (ts, same, same, same, same), strict=True))
    return TickBatch(
        symbol="AAA", **{name: np.array(values, "<i8").tobytes() for name, values in fields.items()}
    )


def run(*raws: Raw) -> MarketRun:
    return MarketDecoder().decode("ticks", raws)


def seconds(found: MarketRun) -> list[float]:
    return [(ts - START) / SECOND for ts in found.columns.ts.tolist()]


def test_rows_know_the_records_that_they_came_from() -> None:
    bad = Raw(13, START // MILLISECOND, b"AAA", b"{}")
    found = run(raw(10, tick(0)), raw(12, batch(1, 2, 3)), bad, raw(17, tick(4, "BBB")))
    assert (found.first, found.end, found.newest) == (10, 18, START + 4 * SECOND)
    assert found.offsets.tolist() == [10, 12, 12, 12, 17]
    assert [(fault.raw, fault.reason.split(":")[0]) for fault in found.faults] == [(bad, "ts")]


@pytest.mark.parametrize("offset", range(8, 21))
def test_it_is_cut_between_records(offset: int) -> None:
    whole = run(raw(10, tick(0)), raw(12, batch(1, 2, 3)), Raw(13, 0, None, b""), raw(17, tick(4, "BBB")))
    before, after = whole.until(offset), whole.since(offset)
    assert seconds(before) + seconds(after) == seconds(whole)
    assert before.faults + after.faults == whole.faults
    assert all(at < offset for at in before.offsets) and all(at >= offset for at in after.offsets)
    assert (before.first, after.end) == (10, 18)
    assert before.end == max(10, min(offset, 18)) and after.first == max(10, min(offset, 18))
    assert before.newest == max(before.columns.ts, default=0)


def test_what_is_whole_is_the_same_run() -> None:
    """What is known of a run is found again by the next shard."""
    whole = run(raw(10, tick(0)))
    assert whole.since(10) is whole and whole.until(11) is whole


def bar(second: float, interval: int) -> Bar:
    at = START + int(second * SECOND)
    return Bar(symbol="AAA", ts=at, open=ONE, high=ONE, low=ONE, close=ONE, interval=interval)


@pytest.mark.parametrize(
    ("message", "rows"),
    [
        (tick(10), 1),
        (tick(10.001), 0),
        (batch(9, 11, 10), 2),
        (Clock(feed="f", ts=START + 10 * SECOND), 1),
        (Clock(feed="f", ts=START + 11 * SECOND), 0),
        (bar(-50, MINUTE), 1),
        (bar(-49, MINUTE), 0),
        (bar(0, 1 << 62), 0),
    ],
)
def test_a_time_ahead_of_the_broker_is_a_fault(message: MarketRecord, rows: int) -> None:
    found = run(raw(0, tick(-100)), raw(1, message))
    assert len(found.columns) == 1 + rows
    assert len(found.faults) == (rows == 0 or isinstance(message, TickBatch))
    assert found.newest <= START + 10 * SECOND


def test_a_broker_that_tells_no_time_bounds_nothing() -> None:
    assert len(run(Raw(0, -1, b"AAA", encode(tick(0)))).columns) == 1


def test_dead_letters_are_told_by_one_shard() -> None:
    found = run(raw(4, tick(0)), Raw(5, START // MILLISECOND, b"AAA", b"nonsense"), raw(6, tick(60)))
    told = [DeskMachine(shard).pass_market("ticks", found) for shard in range(3)]
    letters = [decode(each.topic, each.key, each.value) for each in told[0]]
    assert letters == [
        DeadLetter(
            topic="ticks", partition=0, offset=5, ts=START, key=b"AAA", value=b"nonsense",
            reason="value: found b'nonsense', expected Avro or a JSON object",
        ),
        DeadLetter(
            topic="ticks", partition=0, offset=6, ts=START, key=b"AAA", value=encode(tick(60)),
            reason=f"ts: found {START + 60 * SECOND}, expected {START + 10 * SECOND} at most: ten seconds after the broker took it in",
        ),
    ]  # fmt: skip
    assert told[1:] == [[], []]


def test_our_clock_at_a_market_s_end_is_known_though_kafka_is_slow(cluster, topics, monkeypatch):
    """It was looked for once: a live market got no clock until a feed spoke."""
    topic = topics({"ticks": 1})["ticks"]
    write(cluster, topic, [encode(tick(0)), encode(Clock(feed=FEED, ts=START))], 1)
    nothing_yet, read = iter([(), ()]), Log.read

    async def slow_read(log, *given):
        found = next(nothing_yet, None)
        return await read(log, *given) if found is None else found

    monkeypatch.setattr(Log, "read", slow_read)
    monkeypatch.setattr(clock, "decode", lambda topic, key, value: decode("ticks", key, value))
    market: Any = SimpleNamespace(topic=topic, end=0, newest=0)
    setup: Any = SimpleNamespace(cluster=cluster, wall=lambda: START)
    assert asyncio.run(Keeper(setup, market)._is_live())
