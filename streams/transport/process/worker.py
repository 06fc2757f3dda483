"""A process that folds: its clients, its fleet, its Faust app, and what it tells of itself."""

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psutil

from streams.transport.contract.crash import must_end_within, or_die
from streams.transport.contract.machine import Machine
from streams.transport.contract.names import Names
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Ends
from streams.transport.kafka.publisher import Publisher
from streams.transport.process.fleet import STOP_SECONDS as SHARD_SECONDS
from streams.transport.process.fleet import Fleet
from streams.transport.process.memory import keep_freed_memory
from streams.transport.process.reporter import REPORT_SECONDS, Reporter
from streams.transport.process.tables import FoldApp
from streams.transport.shard.reading.markets import Decode, MarketLog
from streams.transport.shard.reports import ShardReport, WorkerReport
from streams.transport.shard.setup import ShardSetup, wall_time
from streams.transport.standby.standbys import Silence, Standbys
from streams.transport.strict_faust.app import app_settings
from streams.transport.strict_faust.running import STOP_SECONDS as APP_SECONDS
from streams.transport.strict_faust.running import running, stop_signal

RARELY = (50_000, 50, 1000)
"""Batches are many objects and no cycles: in its usual haste the collector costs a third of the speed."""
READY_SECONDS = 0.05
STOP_SECONDS = SHARD_SECONDS + APP_SECONDS + 5.0
"""For all of it: longer than what stops one by one and says of itself what it was."""

Beside = Callable[[Fleet], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a folding process is to do."""

    name: str
    """Of the Faust app, which is its group."""
    cluster: Cluster
    names: Names
    engine: str
    make: Callable[[int], Machine]
    decode: Decode
    markets: Sequence[str]
    reports: str
    """The topic for reports."""
    shards: int = 8
    standby: bool = False
    """Fold along, and take over from a worker that dies."""
    session_seconds: float = 10.0
    instance: str | None = None
    """The name under which it comes back: see `app_settings`."""
    beside: Sequence[Beside] = ()
    """What else the process does for as long as it lives."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of `Setup`, in place of the usual ones."""


@asynccontextmanager
async def opened(plan: WorkerPlan) -> AsyncIterator[ShardSetup]:
    """The clients of a folding process."""
    async with AsyncExitStack() as stack:
        publisher = await Publisher(plan.cluster).open()
        stack.push_async_callback(publisher.close)
        ends = await Ends(plan.cluster).open()
        stack.push_async_callback(ends.close)
        markets = {topic: MarketLog(plan.cluster, topic, plan.decode) for topic in plan.markets}
        yield ShardSetup(
            plan.cluster, plan.names, plan.engine, plan.make, markets, publisher, ends, **plan.settings
        )


class Worker:
    """One folding process, until a signal stops it."""

    def __init__(self, plan: WorkerPlan) -> None:
        self.plan = plan
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self.started = wall_time()
        self._process = psutil.Process()
        self.leaving = False
        self._left: tuple[ShardReport, ...] = ()
        """The shards that it gives up as it leaves."""

    async def run(self, ready: Callable[[], None]) -> None:
        """`ready` is called once, when every shard of this process is live."""
        gc.set_threshold(*RARELY)
        keep_freed_memory()
        async with opened(self.plan) as setup:
            await or_die(self._work(setup, ready))

    async def _work(self, setup: ShardSetup, ready: Callable[[], None]) -> None:
        standbys = Standbys(setup, self.plan.shards) if self.plan.standby else None
        fleet = Fleet(setup, standbys)
        app = self._app(fleet)
        tasks = [asyncio.create_task(or_die(market.run())) for market in setup.markets.values()]
        reporter = Reporter(self.plan.cluster, self.plan.reports)
        reporter.start()
        tasks.append(asyncio.create_task(or_die(self._report_on(fleet, reporter))))
        tasks.append(asyncio.create_task(or_die(_tell_when_ready(fleet, ready))))
        tasks += [asyncio.create_task(or_die(beside(fleet))) for beside in self.plan.beside]
        with stop_signal() as stop:
            if standbys is None or await self._stands_by(fleet, stop):
                async with running(app, fenced=False):  # a zombie's outputs are identical
                    await stop.wait()
                    must_end_within(STOP_SECONDS, "it")
                    self._left = fleet.reports()
                    await fleet.stop()
                    self.leaving = True
                    reporter.newest = self._report(fleet)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(reporter.stop)
        if standbys is not None:
            await standbys.close()

    def _app(self, fleet: Fleet) -> FoldApp:
        """Made before its event loop runs anything: Faust binds its parts as they are made."""
        plan = self.plan
        usual = app_settings(
            plan.cluster, plan.name, instance=plan.instance, session_seconds=plan.session_seconds
        )
        return FoldApp(fleet, **usual)

    async def _stands_by(self, fleet: Fleet, stop: asyncio.Event) -> bool:
        """Until a worker has gone; False when this one is to stop before that."""
        stopping = asyncio.create_task(stop.wait())
        silence = asyncio.create_task(Silence(self.plan.cluster, self.plan.reports).wait())
        await asyncio.wait((stopping, silence), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            silence.cancel()
            return False
        fleet.take_over(report.shard for report in silence.result().shards)
        return True

    async def _report_on(self, fleet: Fleet, reporter: Reporter) -> None:
        while True:
            reporter.newest = self._report(fleet)
            await asyncio.sleep(REPORT_SECONDS)

    def _report(self, fleet: Fleet) -> WorkerReport:
        setup, used = fleet.setup, self._process.cpu_times()
        return WorkerReport(
            worker=self.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=self.plan.engine,
            part=self.plan.name,
            ts=wall_time(),
            started=self.started,
            shards=self._left if self.leaving else fleet.reports(),
            market_time={topic: market.newest for topic, market in setup.markets.items()},
            market_end={topic: market.end for topic, market in setup.markets.items()},
            pause=fleet.pause,
            leaving=self.leaving,
            made=wall_time(),
            memory=self._process.memory_info().rss,
            cpu=used.user + used.system,
        )


async def _tell_when_ready(fleet: Fleet, ready: Callable[[], None]) -> None:
    while not (fleet.is_live or fleet.is_along):
        await asyncio.sleep(READY_SECONDS)
    ready()
