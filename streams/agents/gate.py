"""The gate: signals and commands from outside go to the shards that they concern, each with its source.

Rules of this file:
- A signal goes to every shard, a command to its account's. What nobody can read goes to the dead letters.
- Everything goes on in the order of its source partition, and is acknowledged when Kafka has it. So a shard
  sees every source without a gap, and drops by its offsets what a restart or a second gate sends again.
- No record holds it up: what is read of one has a bound, and is read in a thread while the event loop ticks.
- It keeps no state. The inbox is the log of record, so a wish that names no time gets its own here.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from schemas.codec import Codec
from schemas.dead_letters import MAX_VALUE, dead_letter
from schemas.errors import MessageError, RegistryError
from schemas.kinds import key_of
from schemas.messages import Command, DeadLetter, Message, Signal
from schemas.partition import partition_of, shard_of
from schemas.private import encode_entry, inbox_entry
from schemas.wire.json_text import Now
from schemas.wire.registry import Registry
from streams.agents.last_reports import LastReports
from streams.agents.names import GATE
from streams.agents.settings_units import in_engine_units
from streams.agents.times import time_of
from streams.engine.model.units import MILLISECOND
from streams.transport.contract.machine import Raw
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.producing import Ack, Pair, Producer, start_batch
from streams.transport.strict_faust.app import SESSION_SECONDS, App, Arrival, app_settings
from streams.transport.strict_faust.batches import RecordBatch

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GateTopics:
    """The names of the topics in Kafka."""

    signals: str = "signals"
    commands: str = "commands"
    inbox: str = "inbox"
    dead_letters: str = "dead-letters"
    workers: str = "workers"


def gate_app(
    cluster: Cluster,
    *,
    registry_url: str | None = None,
    instance: str | None = None,
    session_seconds: float = SESSION_SECONDS,
    name: str = GATE,
    topics: GateTopics = GateTopics(),
) -> App:
    app = App(**app_settings(cluster, name, instance=instance, session_seconds=session_seconds))
    gate = Gate(app, Codec(registry=Registry(registry_url)), topics, LastReports(cluster, topics.workers))
    app.on_batches(topics.signals, topics.commands, handle=gate.pass_on)
    return app


class NotLookedError(Exception):
    """A record names no time, and what the desks tell was not looked at yet."""


def _not_looked(_: object) -> int:
    raise NotLookedError


class Sorted:
    """What becomes of one batch."""

    def __init__(self, shards: int) -> None:
        self.inbox: list[list[Pair]] = [[] for _ in range(shards)]
        self.letters: list[DeadLetter] = []


class Gate:
    """Passes batches on through an app's producer."""

    def __init__(self, app: App, codec: Codec, topics: GateTopics, reports: LastReports) -> None:
        self._app = app
        self._codec = codec
        self._topics = topics
        self._reports = reports
        self._meaning = {topics.signals: "signals", topics.commands: "commands"}
        """Which topic of the catalogue a topic of Kafka is."""

    async def pass_on(self, batch: RecordBatch) -> Arrival:
        producer = self._producer.client
        shards = len(await producer.partitions_for(self._topics.inbox))
        found = await self._sort_patiently(batch, shards)
        sent: list[Ack] = []
        for shard, entries in enumerate(found.inbox):
            sent += await start_batch(producer, self._topics.inbox, shard, entries)
        if found.letters:
            sent += await self._send_letters(found.letters)
        return asyncio.gather(*sent)

    @property
    def _producer(self) -> Producer:
        producer = self._app.producer
        assert isinstance(producer, Producer)
        return producer

    async def _sort_patiently(self, batch: RecordBatch, shards: int) -> Sorted:
        """Settings may take long to read, and a schema registry may be away: then nothing is known yet."""
        wait = FIRST_WAIT
        now: Now = _not_looked
        while True:
            try:
                return await asyncio.to_thread(self._sort, batch, shards, now)
            except NotLookedError:
                now = partial(time_of, reports=await self._reports.last())
            except RegistryError as error:
                log.warning("%s-%s waits %g s: %s", batch.topic, batch.partition, wait, error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)

    def _sort(self, batch: RecordBatch, shards: int, now: Now) -> Sorted:
        found = Sorted(shards)
        for raw in batch:
            try:
                message = self._read(batch.topic, raw, now)
            except (RegistryError, NotLookedError, OSError, MemoryError):  # not of this record: it passes
                raise
            except MessageError as error:
                found.letters.append(_letter_of(batch, raw, str(error)))
                continue
            except Exception as error:  # a fault of ours must not stop all that stands behind this record
                log.exception("%s-%s, offset %s cannot be read", batch.topic, batch.partition, raw.offset)
                found.letters.append(_letter_of(batch, raw, f"a fault of Ghostfill's: {error!r}"))
                continue
            entry = None, encode_entry(inbox_entry(message, batch.topic, batch.partition, raw.offset))
            if isinstance(message, Signal):
                for entries in found.inbox:
                    entries.append(entry)
            else:
                found.inbox[shard_of(message.account, shards)].append(entry)
        return found

    def _read(self, topic: str, raw: Raw, now: Now) -> Signal | Command:
        if raw.value is not None and len(raw.value) > MAX_VALUE:
            raise MessageError("value", f"{len(raw.value)} bytes", f"at most {MAX_VALUE}")
        arrived = raw.timestamp * MILLISECOND
        message: Message = self._codec.decode(self._meaning[topic], raw.key, raw.value, arrived, now)
        assert isinstance(message, Signal | Command)
        return in_engine_units(message) if isinstance(message, Command) else message

    async def _send_letters(self, letters: Iterable[DeadLetter]) -> list[Ack]:
        producer = self._producer.client
        topic = self._topics.dead_letters
        pairs = [(key_of(letter), self._codec.encode(letter)) for letter in letters]
        partition = partition_of(pairs[0][0], len(await producer.partitions_for(topic)))
        return await start_batch(producer, topic, partition, pairs)


def _letter_of(batch: RecordBatch, raw: Raw, reason: str) -> DeadLetter:
    ts = raw.timestamp * MILLISECOND
    return dead_letter(
        batch.topic, batch.partition, raw.offset, ts=ts, key=raw.key, value=raw.value, reason=reason
    )
