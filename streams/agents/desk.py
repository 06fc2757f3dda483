"""The desk: an engine a shard, folded from the inbox and the markets; everything that happens is published.

Rules of this file: it names the topics and the engine's version, and decides nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata

import msgspec

from schemas.catalog import catalog
from streams.agents.clock import keep_clocks
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketDecoder
from streams.agents.names import DESK, TOPICS
from streams.engine.model.settings import Instruments
from streams.transport.kafka.cluster import Cluster
from streams.transport.process.worker import WorkerPlan


@dataclass(frozen=True, slots=True)
class Desk:
    """How a desk folds: every desk of a cluster has to be told the same."""

    markets: Sequence[str] = ("ticks",)
    instruments: Instruments = field(default_factory=Instruments)

    @property
    def engine(self) -> str:
        """What else it is must fold to other bytes: the version, and the symbols file where there is one."""
        version = metadata.version("ghostfill")
        if self.instruments == Instruments():
            return version
        symbols = hashlib.sha256(msgspec.json.encode(self.instruments, order="deterministic")).hexdigest()
        return f"{version}+symbols.{symbols[:12]}"

    def machine(self, shard: int) -> DeskMachine:
        return DeskMachine(shard, self.markets, self.instruments)

    def plan(
        self,
        cluster: Cluster,
        *,
        standby: bool = False,
        instance: str | None = None,
        session_seconds: float = 10.0,
    ) -> WorkerPlan:
        return WorkerPlan(
            name=DESK,
            cluster=cluster,
            names=TOPICS,
            engine=self.engine,
            make=self.machine,
            decode=MarketDecoder().decode,
            markets=self.markets,
            reports="workers",
            shards=catalog().topic("inbox").partitions,
            standby=standby,
            instance=instance,
            session_seconds=session_seconds,
            beside=(keep_clocks,),
        )
