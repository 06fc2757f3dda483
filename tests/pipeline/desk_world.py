"""The world of the desk: accounts of presets, signals through the gate, a market of three symbols.

Rules of this file: the topics' names are the catalogue's, so a broker holds one such world.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from schemas.catalog import catalog
from schemas.codec import decode, encode
from schemas.messages import Command, Signal, Tick
from schemas.partition import shard_of
from streams.agents.desk import Desk
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketDecoder
from streams.agents.names import DESK, GATE, TOPICS
from streams.engine.model.units import ONE
from streams.local.kafka import topics
from streams.transport.contract.machine import Pending, Raw
from streams.transport.kafka.cluster import Cluster
from streams.transport.process.verify import verify_shards
from tests.pipeline.case import Case, Read, Verdict, read
from tests.pipeline.judge import judge
from tests.pipeline.pace import Pace, now
from tests.pipeline.watch import Watch, Watched

SHARDS = catalog().topic("inbox").partitions
MARKET = "ticks"
SOURCES = tuple(
    (topic, at) for topic in ("signals", "commands") for at in range(catalog().topic(topic).partitions)
)
SYMBOLS = ("AURA", "BOLT", "CIRQ")
CROWD = "crowd"
"""Whom the crowd follows."""
EVERY = 200
"""One of so many signals is for the crowd."""
PRESETS = ("auto-trader", "auto-trader-swing", "auto-trader-tight", "vsr-slicer")
IDS = {"decisions": "decision_id", "fills": "fill_id", "equity": "equity_id", "alerts": "alert_id"}
"""What names a record of these topics; in the others a record is named by all that it says."""


@dataclass
class DeskWorld:
    """A broker's one desk. `direct` reaches the broker past any proxy."""

    direct: Cluster
    accounts: int = 2
    """In each shard."""
    crowd: int = 0
    """Those in each shard, besides, who follow one source."""
    _runs: dict[int, Any] = field(default_factory=dict)
    _decoder: MarketDecoder = field(default_factory=MarketDecoder)

    imports = ("tests.pipeline.desk_worker",)

    def __post_init__(self) -> None:
        topics.apply(self.direct)

    # Its processes -------------------------------------------------------------------------------

    def worker(self, bootstrap: str, group: str, **options: Any) -> list[str]:
        told = {
            "bootstrap": bootstrap,
            "group": f"{DESK}-{group}",
            "checkpoint_after": options["checkpoint_after"],
        }
        standby = ["--standby"] if options["standby"] else []
        session = str(options["session_seconds"])
        return [
            "tests.pipeline.desk_worker", json.dumps(told),
            "worker", "--part", "desk", "--session-timeout", session, *standby,
        ]  # fmt: skip

    def gate(self, bootstrap: str, behind: int = 0) -> list[str]:
        """One that is behind sends everything again."""
        told = {"bootstrap": bootstrap, "group": GATE if not behind else f"{GATE}-{time.time_ns()}"}
        return [
            "tests.pipeline.desk_worker", json.dumps(told),
            "worker", "--part", "gate", "--session-timeout", "2",
        ]  # fmt: skip

    def watch(self) -> Watch:
        return Watch(
            self.direct.confluent(),
            Watched(
                shards=SHARDS, reports="workers", barriers="barriers", inbox="inbox", markets=(MARKET,),
                sources=SOURCES, gate=GATE,
            ),
        )  # fmt: skip

    def verify(self) -> list[str]:
        """What `ghostfill verify` finds."""
        verdicts = asyncio.run(verify_shards(Desk().plan(self.direct), range(SHARDS)))
        return [each for verdict in verdicts for each in verdict.differences]

    # What is true --------------------------------------------------------------------------------

    def judge(self, *, finished: bool = True) -> Verdict:
        return judge(self.case(), finished=finished)

    def case(self) -> Case:
        return Case(
            settings=self.direct.confluent(),
            shards=SHARDS,
            inbox=TOPICS.inbox,
            barriers=TOPICS.barriers,
            changelogs=TOPICS.changelogs,
            outputs=sorted(TOPICS.outputs),
            compacted=sorted(TOPICS.compacted),
            markets=[MARKET],
            machine=self.machine,
            one=self.one,
            rows=DeskMachine.rows,
            name=name_of,
            revive=self.revive,
            sent=self.sent,
            has_clocks=True,
        )

    def machine(self, shard: int) -> DeskMachine:
        return Desk().machine(shard)

    def revive(
        self, shard: int, header: bytes, tables: Mapping[str, Mapping[bytes, bytes]], entries: Iterable[Any]
    ) -> DeskMachine:
        machine = self.machine(shard)
        machine.restore(header, tables, [Pending(*entry) for entry in entries])
        return machine

    def one(self, topic: str, raw: Read) -> Any:
        """Decoded once for all shards."""
        if raw.offset not in self._runs:
            self._runs[raw.offset] = self._decoder.decode(topic, [Raw(*raw)])
        return self._runs[raw.offset]

    def sent(self, shard: int) -> set[tuple[str, int, int]]:
        """Signals go to every shard, commands to their account's."""
        found = set()
        for topic, partition in SOURCES:
            for raw in read(self.case(), topic, partition):
                message = decode(topic, raw.key, raw.value)
                if not isinstance(message, Command) or shard_of(message.account, SHARDS) == shard:
                    found.add((topic, partition, raw.offset))
        return found


def name_of(topic: str, key: bytes, value: bytes) -> bytes:
    if topic not in IDS:
        return key + b" " + value
    name: str = getattr(decode(topic, key, value), IDS[topic])
    return name.encode()


class DeskLoad(Pace):
    """Accounts, then ticks of a few symbols and signals about them."""

    def __init__(self, world: DeskWorld, seed: int, ticks: float, signals: float) -> None:
        super().__init__(world.direct.confluent(), seed, ticks, signals, 5_000_000)
        self.world = world
        self._prices = dict.fromkeys(SYMBOLS, 10_000)

    def start(self) -> None:
        for name, settings in self._accounts():
            told = msgspec.json.encode(settings).decode()
            command = Command(
                command_id=f"create-{name}", account=name, kind="create", ts=now(), settings=told
            )
            self.producer.produce("commands", encode(command), name.encode())
        super().start()

    def _accounts(self) -> Iterable[tuple[str, dict[str, object]]]:
        for number, name in _names("paper", self.world.accounts):
            yield (
                name,
                {
                    "preset": PRESETS[number % len(PRESETS)],
                    "balance": 100_000_000,
                    "max_signals_per_hour": 1_000_000,
                    "latency": "0s" if number % 2 else "1s",
                },
            )
        for _, name in _names(CROWD, self.world.crowd):
            yield name, {"preset": "auto-trader", "balance": 1_000_000, "follow": [CROWD]}

    def tick(self, ts: int) -> None:
        symbol = self.dice.choice(SYMBOLS)
        self._prices[symbol] = max(5_000, self._prices[symbol] + self.dice.randrange(-30, 31))
        price = self._prices[symbol] * ONE // 100
        tick = Tick(symbol=symbol, ts=ts, price=price, bid=price - ONE // 100, ask=price + ONE // 100)
        self.producer.produce(MARKET, encode(tick), symbol.encode())

    def signal(self, ts: int) -> None:
        """Some are out of order."""
        symbol = self.dice.choice(SYMBOLS)
        ts -= self.dice.randrange(30_000) if self.dice.random() < 0.2 else 0
        price = self._prices[symbol] * ONE // 100
        side = self.dice.choices(["long", "short", "flat"], [4, 3, 3])[0]
        up = 1 if side == "long" else -1
        signal = Signal(
            signal_id=f"s{self.sent['signals']}",
            source=CROWD if self.world.crowd and self.sent["signals"] % EVERY == EVERY - 1 else "load",
            symbol=symbol,
            side=side,  # type: ignore[arg-type]
            ts=ts,
            confidence=1.0,
            price=price,
            stop_loss=price - up * price // 100 if side != "flat" else None,
            take_profit=price + up * price // 100 if side != "flat" else None,
            features={"vsr": self.dice.uniform(2, 8), "momentum": self.dice.uniform(60, 100)},
        )
        self.producer.produce("signals", encode(signal), symbol.encode())


def _names(stem: str, in_each: int) -> Iterator[tuple[int, str]]:
    """So many of each shard."""
    left = dict.fromkeys(range(SHARDS), in_each)
    for number in count():
        if not any(left.values()):
            return
        name = f"{stem}-{number}"
        if left[shard_of(name, SHARDS)]:
            left[shard_of(name, SHARDS)] -= 1
            yield number, name
