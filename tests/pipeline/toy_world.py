"""The world of the chains: its topics, its market, its signals, and how its processes are started."""

import asyncio
import json
import os
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.local.kafka.topics import await_leaders
from streams.transport.contract.names import Names
from streams.transport.kafka.cluster import Cluster
from streams.transport.process.verify import verify_shards
from streams.transport.process.worker import WorkerPlan
from tests.pipeline.case import Case, Read, Verdict, read
from tests.pipeline.chains import ACCOUNTS, LEVELS, Chains, decode, shard_of
from tests.pipeline.judge import judge
from tests.pipeline.pace import Pace
from tests.pipeline.watch import Watch, Watched
from tests.transport.toy import NUMBER

SHARDS = 4
SOURCES = 2
PARTITIONS = {
    "ticks": 1,
    "signals": SOURCES,
    "inbox": SHARDS,
    "barriers": SHARDS,
    "accounts-changelog": SHARDS,
    "marks-changelog": SHARDS,
    "snapshots": SHARDS,
    "out": SHARDS,
    "state": SHARDS,
    "reports": 1,
}
SETTINGS = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(16 << 20)}
_numbers = count(1)


class Signal(msgspec.Struct, array_like=True):
    """What is asked from outside."""

    ts: int
    account: int
    level: int


@dataclass(frozen=True)
class ToyWorld:
    """One run's topics. `direct` reaches the broker past any proxy."""

    direct: Cluster
    name: str
    patience: int
    """Microseconds that a patient account's entries wait."""
    natural: bool = False
    """All are patient: a fold without barriers must tell the same."""

    @classmethod
    def make(cls, direct: Cluster, patience: int = 1_000_000, *, natural: bool = False) -> "ToyWorld":
        made = cls(direct, f"chains{os.getpid()}-{next(_numbers)}", patience, natural)
        wanted = [
            NewTopic(made.topic(name), number, 1, config=SETTINGS) for name, number in PARTITIONS.items()
        ]
        client = AdminClient(direct.confluent())
        for done in client.create_topics(wanted).values():
            done.result()
        await_leaders(client, {each.topic for each in wanted})
        return made

    def topic(self, name: str) -> str:
        return f"{self.name}-{name}"

    @property
    def names(self) -> Names:
        return Names(
            self.topic("inbox"),
            self.topic("barriers"),
            {table: self.topic(f"{table}-changelog") for table in ("accounts", "marks")},
            frozenset({self.topic("state")}),
            self.topic("snapshots"),
            frozenset({self.topic("out")}),
        )

    def machine(self, shard: int) -> Chains:
        return Chains(
            {name: self.topic(name) for name in ("out", "state")}, self.patience, all_patient=self.natural
        )

    def case(self) -> Case:
        names = self.names
        return Case(
            settings=self.direct.confluent(),
            shards=SHARDS,
            inbox=names.inbox,
            barriers=names.barriers,
            changelogs=names.changelogs,
            outputs=[self.topic("out")],
            compacted=[self.topic("state")],
            markets=[self.topic("ticks")],
            machine=self.machine,
            one=one,
            rows=Chains.rows,
            sent=self.sent,
            natural=self.natural,
        )

    def sent(self, shard: int) -> set[tuple[str, int, int]]:
        topic = self.topic("signals")
        case = Case(self.direct.confluent(), 0, "", "", {}, [], [], [], self.machine, one, Chains.rows)
        return {
            (topic, source, raw.offset)
            for source in range(SOURCES)
            for raw in read(case, topic, source)
            if shard_of(msgspec.msgpack.decode(raw.value, type=Signal).account, SHARDS) == shard
        }

    def plan(self, group: str, **options: Any) -> WorkerPlan:
        return WorkerPlan(
            name=group,
            cluster=self.direct,
            names=self.names,
            engine="chains 1",
            make=self.machine,
            decode=decode,
            markets=[self.topic("ticks")],
            reports=self.topic("reports"),
            shards=SHARDS,
            **options,
        )

    def verify(self) -> list[str]:
        verdicts = asyncio.run(verify_shards(self.plan("verify"), range(SHARDS)))
        return [each for verdict in verdicts for each in verdict.differences]

    def watch(self) -> Watch:
        return Watch(
            self.direct.confluent(),
            Watched(
                shards=SHARDS,
                reports=self.topic("reports"),
                barriers=self.topic("barriers"),
                inbox=self.topic("inbox"),
                markets=(self.topic("ticks"),),
                sources=tuple((self.topic("signals"), source) for source in range(SOURCES)),
                gate=f"{self.name}-gate",
            ),
        )

    def judge(self, *, finished: bool = True) -> Verdict:
        return judge(self.case(), finished=finished)

    imports = ("tests.pipeline.toy_worker", "tests.pipeline.toy_gate")

    # Its processes -------------------------------------------------------------------------------

    def worker(self, bootstrap: str, group: str, **options: Any) -> list[str]:
        """A command's arguments."""
        told = {
            "bootstrap": bootstrap,
            "name": self.name,
            "patience": self.patience,
            "natural": self.natural,
            "group": f"{self.name}-{group}",
            **options,
        }
        return ["tests.pipeline.toy_worker", json.dumps(told)]

    def gate(self, bootstrap: str, behind: int = 0) -> list[str]:
        told = {"bootstrap": bootstrap, "name": self.name, "behind": behind}
        return ["tests.pipeline.toy_gate", json.dumps(told)]


def one(topic: str, raw: Read) -> Any:
    return decode(topic, [raw])  # type: ignore[list-item]  # it has what is looked at


class Load(Pace):
    """A random market, and signals that arm its accounts."""

    def __init__(self, world: ToyWorld, seed: int, ticks: float, signals: float) -> None:
        super().__init__(world.direct.confluent(), seed, ticks, signals, 3_000_000 + world.patience)
        self.world = world

    def tick(self, ts: int) -> None:
        """One in twenty is late by its own clock."""
        ts -= self.dice.randrange(20_000) if self.dice.random() < 0.05 else 0
        value = NUMBER.pack(ts, self.dice.randrange(1000))
        self.producer.produce(self.world.topic("ticks"), value, partition=0)

    def signal(self, ts: int) -> None:
        """Some are out of order, one in a hundred is of the future."""
        chance = 1.0 if self.world.natural else self.dice.random()
        ts += 1_500_000 if chance < 0.01 else -self.dice.randrange(30_000) if chance < 0.2 else 0
        signal = Signal(ts, self.dice.randrange(ACCOUNTS), self.dice.choice(LEVELS))
        self.producer.produce(
            self.world.topic("signals"),
            msgspec.msgpack.encode(signal),
            partition=self.dice.randrange(SOURCES),
        )
