"""How the instance is: looked at every few seconds in a thread, more often while somebody watches.

Rules of this file: what cannot be asked is said, with what to do; the last known condition stays beside it.
Whether Kafka answers is asked by itself: a longer question, while it dies, waits long for its answer.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaException

from schemas.text.numbers import time_text
from sinks.asking.questions import select
from sinks.database.database import DatabaseError
from streams.agents.names import DESK, GATE
from streams.clients.kafka import admin, renew_admin
from streams.clients.shards import ShardHealth, faults, shards
from streams.clients.status import condition
from streams.clients.workers import desks, is_alive
from streams.engine.model.units import SECOND
from streams.transport.kafka.cluster import Cluster, ClusterError
from streams.web.state.kept_answers import Results
from streams.web.state.live_state import LiveState

LOOK_S, WATCHED_S, WATCHES_FOR_S = 15.0, 2.0, 10.0
"""Between two looks; while somebody watches; and for how long after somebody did."""
PROBE_S = 2.0
MANY = 1_000
"""A sink that is so many records behind is worth a word."""
GONE_S = 15.0
"""A desk whose group still counts it may be busy for so long, or stand still."""


class Trouble(NamedTuple):
    """Something that a person should know, and what it means."""

    part: str
    text: str


class Health:
    """One instance, as it was when it was looked at last."""

    def __init__(self, cluster: Cluster, live: LiveState, results: Results) -> None:
        self.cluster, self.live, self.results = cluster, live, results
        self.condition: Mapping[str, Any] | None = None
        self.looked_at = 0.0
        self.letters_stored: int | None = None
        """The gate's dead letters and the sinks' own, as far as they are in ClickHouse."""
        self.rates: dict[str, float] = {}
        """Records a second of each topic that came between the last two looks."""
        self._counted: tuple[float, dict[str, int]] = time.monotonic(), {}
        self._watched = 0.0
        self._away = self._unknown = ""
        """Why Kafka does not answer; why it did not tell the condition."""
        self._learning: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="health")
        self._wake = asyncio.Event()

    def watch(self) -> None:
        """Somebody looks: look more often."""
        if time.monotonic() - self._watched > WATCHES_FOR_S:
            self._wake.set()
        self._watched = time.monotonic()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.look()
            is_watched = time.monotonic() - self._watched < WATCHES_FOR_S
            pause = WATCHED_S if is_watched or self.troubles() else LOOK_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            self._wake.clear()

    async def look(self) -> None:
        self._away = await asyncio.get_running_loop().run_in_executor(self._pool, self._probe)
        if not self._away:
            if self._learning is None or self._learning.done():
                self._learning = asyncio.create_task(self._learn())
            await asyncio.wait([self._learning], timeout=PROBE_S)
        self._count()
        try:
            await self.results.now(lambda client: client.command("SELECT 1"))
        except Exception as error:
            self.results.trouble = self.results.trouble or str(error)
        else:
            with suppress(DatabaseError):  # before the first sink there is no such table
                self.letters_stored = await self.results.now(_count_letters)

    def _count(self) -> None:
        (before, counts), now = self._counted, time.monotonic()
        self._counted = now, dict(self.live.counts)
        new = {topic: count - counts.get(topic, 0) for topic, count in self.live.counts.items()}
        self.rates = {topic: count / (now - before) for topic, count in new.items()}

    def _probe(self) -> str:
        try:
            admin(self.cluster).list_topics(topic="workers", timeout=PROBE_S)
            return ""
        except KafkaException as error:
            renew_admin()
            return str(error)

    async def _learn(self) -> None:
        ask = partial(condition, self.cluster, os.environ)
        try:
            self.condition = await asyncio.get_running_loop().run_in_executor(self._pool, ask)
            self.looked_at, self._unknown = time.time(), ""
        except (ClusterError, KafkaException) as error:
            self._unknown = str(error)

    @property
    def kafka_trouble(self) -> str:
        """Why it does not answer; empty while it does."""
        return self._away or self._unknown

    def troubles(self) -> list[Trouble]:
        """What is wrong now; empty while everything works."""
        found = []
        trouble = self._desk_trouble()
        if self.kafka_trouble:
            found.append(Trouble("kafka", "Kafka does not answer: you see the last known state."))
        elif trouble:
            found.append(Trouble("desk", f"{trouble}: signals and commands wait in Kafka."))
        elif not self.has_gate:
            found.append(Trouble("gate", "No gate is running: signals and commands wait in Kafka."))
        if not self.kafka_trouble and not trouble and self.live.is_whole:
            found += [Trouble("desk", fault) for fault in faults(self.shards)]
        if not self.kafka_trouble:
            found += [
                Trouble("web", f"Nothing new is read from Kafka: {each}")
                for each in self.live.troubles.values()
                if each
            ]
        if self.results.trouble:
            found.append(
                Trouble(
                    "clickhouse",
                    "ClickHouse does not answer: statistics and charts are not updated.",
                )
            )
        elif not self.kafka_trouble and self.condition is not None and self.sinks == 0:
            found.append(Trouble("sink", "No sink is running: statistics and charts are not updated."))
        return found

    def _desk_trouble(self) -> str:
        """Judged by what has been read: while this process lags behind, what it last heard holds."""
        live = self.live
        if not live.is_whole or desks(live.workers.values(), live.heard_until):
            return ""
        told = [each for each in live.workers.values() if each.part == DESK and not each.leaving]
        if any(is_alive(each, live.heard_until) for each in told):
            return "A desk is running, but has no shard yet"
        last = max((each.ts for each in told if each.shards), default=0)
        if self._members(DESK) and live.heard_until - last < GONE_S * SECOND:
            return f"The desk has not reported since {str(time_text(last))[11:19]} UTC"
        return "No desk is running"

    @property
    def shards(self) -> list[ShardHealth]:
        """All of them, as their workers tell."""
        return shards(self.live.workers.values(), self.live.heard_until)

    @property
    def has_gate(self) -> bool:
        """As far as is known."""
        return all(each["members"] for each in self._groups if each["group"] == GATE)

    @property
    def sinks(self) -> int:
        return sum(each["members"] for each in self._sinks)

    @property
    def sink_lag(self) -> int:
        """Records of the results that no sink has stored yet."""
        return max((each["lag"] for each in self._sinks), default=0)

    @property
    def _groups(self) -> list[Mapping[str, Any]]:
        return self.condition["groups"] if self.condition is not None else []

    @property
    def _sinks(self) -> list[Mapping[str, Any]]:
        return [each for each in self._groups if each["group"] not in (GATE, DESK)]

    def _members(self, group: str) -> int:
        return sum(each["members"] for each in self._groups if each["group"] == group)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _count_letters(client: Client) -> int:
    found = select(client, "SELECT count() FROM dead_letters FINAL", {}, "dead letters")
    return int(found.rows[0][0])
