"""From a signal to its readable fill while nothing else happens, against a bare chain of as many hops.

The hops are signals, inbox, barriers and fills, each a record that is produced, acknowledged by all replicas and
consumed. Ghostfill's fill needs a tick: it is sent the moment that the signal can be read in the inbox, and
again every few milliseconds until the fill is there.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.codec import decode, encode
from schemas.messages import Fill, Signal, Tick
from schemas.partition import shard_of
from tests.bench import peer_chain
from tests.bench.bench_signals import SOON
from tests.bench.bench_ticks import PRICE, tick
from tests.bench.instance import SHARDS, Instance, an_instance, load, now, open_accounts
from tests.bench.peers import HERE
from tests.bench.run import Row

WARM = 50
PAUSE = 0.02
"""Seconds of quiet between two samples."""
AGAIN = 0.004
"""Seconds after which a tick that came too early is sent again."""
PATIENCE = 10.0
SYMBOL, ACCOUNT, SOURCE = "S00", "a0", "source-0"
HOPS = ("bench-chain-0", "bench-chain-1", "bench-chain-2", "bench-chain-3")

Sample = Callable[[int], Awaitable[float]]


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(bootstrap: str, topic: str, partition: int) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer at the end of a partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="latest")
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        await consumer.seek_to_end(place)
        await consumer.position(place)
        yield consumer
    finally:
        await consumer.stop()


async def samples(count: int, sample: Sample) -> list[float]:
    """Seconds each."""
    found = []
    for number in range(WARM + count):
        found.append(await asyncio.wait_for(sample(number), PATIENCE))
        await asyncio.sleep(PAUSE)
    return found[WARM:]


async def through_ghostfill(bootstrap: str, count: int) -> list[float]:
    shard = shard_of(ACCOUNT, SHARDS)
    async with (
        producing(bootstrap) as producer,
        reading(bootstrap, "inbox", shard) as inbox,
        reading(bootstrap, "fills", shard) as fills,
    ):

        async def ticks() -> None:
            await inbox.getone()
            while True:
                told = Tick(symbol=SYMBOL, ts=now(), price=PRICE, size=10**12)
                await producer.send("ticks", encode(told), key=SYMBOL.encode(), partition=0)
                await asyncio.sleep(AGAIN)

        async def sample(number: int) -> float:
            signal = Signal(
                signal_id=f"s{number}",
                source=SOURCE,
                symbol=SYMBOL,
                side="flat" if number % 2 else "long",
                ts=now(),
            )
            ticking = asyncio.create_task(ticks())
            start = time.perf_counter()
            await producer.send("signals", encode(signal), key=SYMBOL.encode())
            record = await fills.getone()
            took = time.perf_counter() - start
            ticking.cancel()
            fill = decode("fills", record.key, record.value)
            assert isinstance(fill, Fill) and fill.side == ("sell" if number % 2 else "buy"), fill
            return took

        return await samples(count, sample)


async def through_chain(bootstrap: str, count: int) -> list[float]:
    async with producing(bootstrap) as producer, reading(bootstrap, HOPS[-1], 0) as last:

        async def sample(number: int) -> float:
            start = time.perf_counter()
            await producer.send(HOPS[0], b"%d" % number, partition=0)
            await last.getone()
            return time.perf_counter() - start

        return await samples(count, sample)


async def chain_in_one_process(bootstrap: str, count: int) -> list[float]:
    passing = [asyncio.create_task(peer_chain.serve(bootstrap, [*pair])) for pair in pairwise(HOPS)]
    await asyncio.sleep(1)
    try:
        return await through_chain(bootstrap, count)
    finally:
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


def chain_in_processes(bootstrap: str, count: int) -> list[float]:
    """As Ghostfill has them: one that passes on what comes in, one for the other hops, and the client."""
    children = []
    try:
        for topics in (HOPS[:2], (HOPS[1], HOPS[2], HOPS[2], HOPS[3])):
            command = [sys.executable, str(HERE / "peer_chain.py"), bootstrap, *topics]
            children.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        return asyncio.run(through_chain(bootstrap, count))
    finally:
        for child in children:
            child.terminate()
            child.wait()


def in_ghostfill(instance: Instance, count: int) -> list[float]:
    instance.start("gate")
    instance.start("desk")
    producer = instance.producer(SOON)
    tick(producer, SYMBOL)
    open_accounts(instance.cluster, producer, {ACCOUNT: SOURCE})
    return asyncio.run(through_ghostfill(instance.cluster.bootstrap, count))


def milliseconds(found: list[float], share: float) -> float:
    return float(np.percentile(found, share)) * 1000


def latency(count: int, work: Path) -> list[Row]:
    with an_instance(work / "latency") as instance:
        bootstrap = instance.cluster.bootstrap
        instance.make_topics(*HOPS)
        one = asyncio.run(chain_in_one_process(bootstrap, count))
        apart = chain_in_processes(bootstrap, count)
        mine = in_ghostfill(instance, count)
        busy = load()
    rows = []
    for name, chain, targets in (("in processes", apart, (3, 5)), ("in one process", one, (None, None))):
        for share, target in zip((50, 99), targets, strict=True):
            ours, theirs = milliseconds(mine, share), milliseconds(chain, share)
            detail = f"{ours:.1f} ms against {theirs:.1f}; {busy}"
            what = f"signal to fill, p{share}, against a chain {name}"
            rows.append(Row(what, ours / theirs, "times", target, True, detail))
    print("    " + json.dumps({"ms": [round(1000 * each, 1) for each in sorted(mine)[-20:]]}))
    return rows
