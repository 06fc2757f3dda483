"""A toy's logs on a real Kafka, an owner over them, and an independent look at what it left."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.private import Barrier, InboxEntry, Takeover, decode_barrier, decode_entry, encode_entry
from streams.transport.contract.machine import Machine, Raw, Record
from streams.transport.contract.names import Names
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Ends
from streams.transport.kafka.publisher import Publisher
from streams.transport.shard.owner import Owner
from streams.transport.shard.reading.markets import MarketLog
from streams.transport.shard.setup import ShardSetup
from tests.transport.toy import NUMBER, Numbers, Toy, decode

SHARDS = 2
PARTITIONS = {
    "ticks": 1,
    "inbox": SHARDS,
    "barriers": SHARDS,
    "counters-changelog": SHARDS,
    "out": SHARDS,
    "state": SHARDS,
    "snapshots": SHARDS,
    "reports": 1,
}
_numbers = count(1)


class ToyTopics:
    """One test's topics, whose names begin with its app's; the machine's own names are short."""

    def __init__(self, app: str) -> None:
        self.app = app
        self.names = {topic: f"{app}-{topic}" for topic in PARTITIONS}
        self.fold = Names(
            self.names["inbox"],
            self.names["barriers"],
            {"counters": self.names["counters-changelog"]},
            frozenset({self.names["state"]}),
            self.names["snapshots"],
            frozenset({self.names["out"]}),
        )

    @classmethod
    def make(cls, cluster: Cluster) -> "ToyTopics":
        made = cls(f"toy{os.getpid()}-{next(_numbers)}")
        wanted = [
            NewTopic(made.names[topic], partitions, 1, config={"message.timestamp.type": "LogAppendTime"})
            for topic, partitions in PARTITIONS.items()
        ]
        client = AdminClient(cluster.confluent())
        for done in client.create_topics(wanted).values():
            done.result()
        return made

    def machine(self, shard: int) -> Machine:
        return Renamed(self.names)


class Renamed(Toy):
    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def _tell(self, key: str, what: str, number: int) -> list[Record]:
        told = super()._tell(key, what, number)
        return [Record(self.names[topic], name, value) for topic, name, value in told]


@asynccontextmanager
async def a_process(cluster: Cluster, topics: ToyTopics, **changes: object):
    """What a worker process shares; left abruptly, as a kill would."""
    market = MarketLog(cluster, topics.names["ticks"], decode)
    publisher = await Publisher(cluster).open()
    ends = await Ends(cluster).open()
    reading = asyncio.create_task(market.run())
    setup = ShardSetup(
        cluster=cluster,
        names=topics.fold,
        engine="toy 1",
        make=topics.machine,
        markets={topics.names["ticks"]: market},
        publisher=publisher,
        ends=ends,
        checkpoint_after=0.2,
    )
    for name, value in changes.items():
        setattr(setup, name, value)
    try:
        yield setup
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await publisher.close()
        await ends.close()


class World:
    """Random numbers and entries, written to the logs."""

    def __init__(self, cluster: Cluster, names: dict[str, str], seed: int) -> None:
        self.cluster, self.names = cluster, names
        self.random = random.Random(seed)
        self.producer = Producer({**cluster.confluent(), "linger.ms": 1})
        self.sent = 0

    def publish(self, entries: int, numbers: int) -> None:
        """Entries and numbers of now, mixed; one entry in ten is sent twice."""
        for _ in range(max(entries, numbers)):
            now = time.time_ns() // 1000
            if self.random.random() < entries / max(entries, numbers):
                self._entry(now)
            if self.random.random() < numbers / max(entries, numbers):
                value = NUMBER.pack(now, self.random.randrange(1000))
                self.producer.produce(self.names["ticks"], value, partition=0)
        self.producer.flush()

    def _entry(self, now: int) -> None:
        payload = msgspec.Raw(
            msgspec.msgpack.encode((f"k{self.random.randrange(20)}", self.random.randrange(1000)))
        )
        entry = InboxEntry("signal", now, "source", 0, self.sent, payload)
        self.sent += 1
        for _ in range(2 if self.random.random() < 0.1 else 1):
            for shard in range(2):
                self.producer.produce(self.names["inbox"], encode_entry(entry), partition=shard)


def read(cluster: Cluster, topic: str, partition: int) -> list[Any]:
    """All that a topic holds, aborted transactions left out."""
    consumer = Consumer(
        {
            **cluster.confluent(),
            "group.id": "look",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0)])
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
    raws: list[Any] = []
    while not raws or raws[-1].offset < end - 1:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            break  # a last record that cannot be seen: a transaction's mark
        raws.append(Raw(message.offset() or 0, message.timestamp()[1], message.key(), message.value()))
    consumer.close()
    return raws


def valid_barriers(cluster: Cluster, topic: str, shard: int) -> list[Barrier]:
    epoch = -1
    found: list[Barrier] = []
    for raw in read(cluster, topic, shard):
        record = decode_barrier(raw.value)
        if isinstance(record, Takeover):
            epoch = raw.offset
        elif record.epoch == epoch and record.number == len(found):
            found.append(record)
    return found


def refold(cluster: Cluster, topics: ToyTopics, shard: int) -> tuple[Any, list[Record]]:
    """The shard again from the logs alone, one market record at a time."""
    names = topics.names
    machine: Any = topics.machine(shard)
    market = {raw.offset: raw for raw in read(cluster, names["ticks"], 0)}
    inbox = read(cluster, names["inbox"], shard)
    told: list[Record] = []
    seen = at = taken = 0
    barriers = valid_barriers(cluster, names["barriers"], shard)
    at = barriers[0].market[names["ticks"]]
    for barrier in barriers:
        for inbox_end, position in [(step.inbox, step.market) for step in barrier.steps] + [
            (None, barrier.market)
        ]:
            while at < position[names["ticks"]]:
                told += machine.pass_market(names["ticks"], Numbers(at, (NUMBER.unpack(market[at].value),)))
                at += 1
            while inbox_end is not None and taken < inbox_end:
                entry = decode_entry(inbox[taken].value)
                if entry.offset >= seen:
                    seen = entry.offset + 1
                    told += machine.admit(taken, entry, {})
                taken += 1
    return machine, told


async def feed(owner: Owner, cluster: Cluster, topic: str) -> None:
    """In place of an agent: hands the inbox over, from its beginning."""
    from streams.transport.kafka.logs import Log

    log = await Log(cluster, topic, owner.shard).open(0)
    try:
        while True:
            await owner.queue.put(await log.read())
    finally:
        await log.close()


async def until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.02)
