"""Ticks that reach no order, through the whole worker: from Kafka to the last shard's position.

A desk with 200 resident orders a symbol is stopped, the ticks are written, and the desk comes back. What it
took is read from its own reports: from the last in which no shard had moved to the first in which all had
passed the end. The peers read the same ticks as JSON from the same broker, one after the other.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from confluent_kafka import Producer

from schemas.codec import encode
from schemas.columns import Columns
from schemas.market.tick_writer import tick_batch, write_ticks
from schemas.messages import Tick
from streams.transport.shard.reports import WorkerReport
from tests.bench.instance import (
    PATIENCE,
    SHARDS,
    Instance,
    Pair,
    accounts,
    an_instance,
    command,
    load,
    now,
    until,
)
from tests.bench.peers import peer
from tests.bench.run import Result, Row, best, rate

SYMBOLS = [f"S{number:02}" for number in range(20)]
BOOKS = 200
"""Resident orders a symbol."""
ACCOUNTS = 40
CENT = 1_000_000
PRICE = 10_000 * CENT
STEP = 50
"""Microseconds from one tick to the next."""
HOUR = 3_600_000_000
RUN = 100_000
WARM = 2_000
PEERS_TOPIC = "bench-ticks-json"
A_BATCH = 1_000
"""Ticks in one record of `tick-batches`."""


@dataclass(frozen=True)
class Sizes:
    ticks: int
    faust: int
    batched: int


FULL = Sizes(5_000_000, 100_000, 30_000_000)
QUICK = Sizes(1_000_000, 30_000, 5_000_000)


def market(start: int, first: int, count: int) -> Columns:
    """Ticks from a number on: the same whoever asks, and never near a resident order."""
    chance = np.random.default_rng(first)
    symbol = chance.integers(0, len(SYMBOLS), count).astype(np.int32)
    price = PRICE + chance.integers(-300, 301, count) * CENT
    ts = start + np.arange(first, first + count) * STEP
    return Columns(SYMBOLS, symbol, ts, price, np.full(count, 10**8), price - CENT, price + CENT)


def runs(start: int, count: int) -> Iterator[Columns]:
    return (market(start, first, min(RUN, count - first)) for first in range(0, count, RUN))


def as_avro(start: int, count: int) -> Iterator[Pair]:
    for columns in runs(start, count):
        yield from zip(*write_ticks(columns), strict=True)


def as_json(start: int, count: int) -> Iterator[Pair]:
    for columns in runs(start, count):
        prices = [(each / 1e8).tolist() for each in (columns.price, columns.size, columns.bid, columns.ask)]
        rows = zip(columns.symbol.tolist(), columns.ts.tolist(), *prices, strict=True)
        for symbol, ts, price, size, bid, ask in rows:
            name = SYMBOLS[symbol]
            tick = {"symbol": name, "ts": ts, "price": price, "size": size, "bid": bid, "ask": ask}
            yield name.encode(), orjson.dumps(tick)


def as_batches(start: int, count: int) -> Iterator[Pair]:
    """Records of one symbol each, in turn."""
    for number, first in enumerate(range(0, count, A_BATCH)):
        columns = market(start, first, A_BATCH)
        columns.symbol[:] = number % len(SYMBOLS)
        yield SYMBOLS[number % len(SYMBOLS)].encode(), encode(tick_batch(columns))


def tick(producer: Producer, symbol: str) -> None:
    """One, now."""
    told = Tick(symbol=symbol, ts=now(), price=PRICE, size=10**12)
    producer.produce("ticks", encode(told), key=symbol, partition=0)


def with_books(instance: Instance, start: int) -> None:
    """Accounts of every shard, and resident orders far below the market."""
    instance.start("gate")
    instance.start("desk")
    instance.write("ticks", as_avro(start - HOUR, WARM))
    names = accounts(ACCOUNTS)
    settings = json.dumps({"balance": "1000000000", "size": {"fixed_notional": "1000"}})
    producer, watch = instance.producer(), instance.watch()
    for name in names:
        command(producer, name, "create", start - HOUR, settings=settings)
    producer.flush()
    until(lambda: watch.count("decisions") >= len(names))
    for number in range(BOOKS * len(SYMBOLS)):
        account, symbol = names[number % len(names)], SYMBOLS[number // BOOKS]
        command(
            producer,
            account,
            "place",
            start - HOUR + WARM * STEP,
            symbol=symbol,
            side="buy",
            order_type="limit",
            quantity="1",
            limit_price=f"{1 + number % BOOKS / 100:.2f}",
        )
    producer.flush()
    until(lambda: watch.count("inbox") >= len(names) + BOOKS * len(SYMBOLS))
    later = iter(range(start - HOUR + WARM * STEP, start, WARM * STEP))

    def rest() -> bool:
        """An entry takes effect at the next record."""
        instance.write("ticks", as_avro(next(later), WARM))
        time.sleep(1)
        return watch.count("orders") >= BOOKS * len(SYMBOLS)

    until(rest)
    watch.close()
    instance.stop("desk")
    instance.stop("gate")


def through_the_desk(instance: Instance, ticks: int) -> Result:
    """Start a desk on a log of so many new ticks, and follow it to the log's end."""
    watch = instance.watch()
    end = watch.end("ticks", 0)
    pid = instance.start("desk", wait=False)
    deadline = time.monotonic() + 5 * PATIENCE
    begun = begun_at = 0
    first = -1
    most = 0
    while time.monotonic() < deadline:
        most = max(most, instance.memory("desk"))
        for report in watch.reports():
            positions = positions_of(report) if report.pid == pid else []
            if len(positions) < SHARDS:
                continue
            first = positions[0] if first < 0 else first
            if max(positions) <= first:
                begun = report.ts
            begun_at = begun_at or report.ts
            if min(positions) >= end:
                instance.stop("desk")
                fills = watch.count("fills")
                watch.close()
                if fills:
                    raise AssertionError(f"{fills} fills: the ticks were to reach no order")
                seconds = (report.ts - (begun or begun_at)) / 1e6
                return {"ticks": ticks, "seconds": seconds, "most_bytes": most}
    raise TimeoutError(f"the desk did not come to offset {end}")


def positions_of(report: WorkerReport) -> list[int]:
    return [shard.market["ticks"] for shard in report.shards if "ticks" in shard.market]


def ticks(sizes: Sizes, work: Path) -> list[Row]:
    with an_instance(work / "ticks") as instance:
        start = now() - 2 * HOUR
        with_books(instance, start)
        instance.make_topics(PEERS_TOPIC)
        instance.write(PEERS_TOPIC, as_json(start, sizes.ticks))
        where = (instance.cluster.bootstrap, PEERS_TOPIC)
        found = {name: best(peer(name), *where, sizes.ticks) for name in ("getmany", "bytewax")}
        calm = best(peer("getmany"), *where, sizes.ticks, "--calm")
        faust = best(peer("faust"), *where, sizes.faust)
        tries = []
        for number in range(2):
            instance.write("ticks", as_avro(start + number * sizes.ticks * STEP, sizes.ticks))
            tries.append(through_the_desk(instance, sizes.ticks))
            print(f"    {tries[-1]}", load())
        mine = min(tries, key=lambda each: each["seconds"])
    against = [
        ("bare getmany + orjson", found["getmany"], 1.5),
        ("getmany, its collector calmed", calm, None),
        ("bytewax + orjson", found["bytewax"], 5),
        ("plain Faust", faust, 80),
    ]
    return [
        Row(
            f"ticks through the desk, against {name}",
            rate(mine) / rate(theirs),
            "times",
            target,
            detail=f"{rate(mine):,.0f} ticks/s; it {rate(theirs):,.0f}; {load()}",
        )
        for name, theirs, target in against
    ]


def batches(sizes: Sizes, work: Path) -> list[Row]:
    with an_instance(work / "batches") as instance:
        start = now() - 2 * HOUR
        with_books(instance, start)
        instance.write("ticks", as_batches(start, sizes.batched))
        mine = through_the_desk(instance, sizes.batched)
    detail = f"{mine['most_bytes'] / 1e6:,.0f} MB at most; {load()}"
    return [Row("tick-batches through the desk", rate(mine), "ticks/s", 5_000_000, detail=detail)]
