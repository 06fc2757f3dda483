"""Faust's Kafka transport, made strict: nothing is skipped, nothing is committed that was not done.

Rules of this file:
- The topics of tables are read record by record, as in Faust; every other topic in batches.
- Between an assignment and the end of the seek to the committed offsets no batch is read (Faust's issue 596),
  and what was read before is dropped: it is read again.
- A partition's committed offset is what its agent acknowledged, or what the app says for its topic.

`docs/faust.md` tells what is wrong in the overridden methods, and how it was seen.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.threads import MethodQueue

from streams.transport.contract.machine import Raw
from streams.transport.kafka.producing import Producer
from streams.transport.strict_faust.batches import Progress, RecordBatch

SCHEME = "ghostfill"
BATCH_RECORDS = 500
BATCH_BYTES = 256 << 10
"""Of keys and values: what is to be done for records grows with them."""
POLL_SECONDS = 0.25
"""Also how long a rebalance may have to wait for a read that is under way."""
IDLE_SECONDS = 0.01
HANDS = 8
LONG_POLL_MS = 250
"""Faust's 1.5 s would delay the first read after a seek."""

Committable = Callable[[TP], int | None]
"""The offset that may be committed for a partition; None: nothing new."""


class Fetched(NamedTuple):
    """What one read brought, and in which epoch and generation it was asked for."""

    epoch: int
    generation: int
    records: Mapping[TP, list[Any]]


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The aiokafka consumer, which lives in a thread of its own."""

    @property
    def method_queue(self) -> MethodQueue:
        """Faust's two hands may both be waiting for a rebalance, which waits for a commit."""
        if self._method_queue is None:
            self._method_queue = MethodQueue(HANDS, loop=self.thread_loop, beacon=self.beacon)
        return self._method_queue

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = LONG_POLL_MS
        return consumer

    async def seek_to_committed(self) -> Mapping[TP, Any]:
        offsets: Mapping[TP, int | None] = await self.call_thread(self._seek_to_committed)
        return offsets

    async def _seek_to_committed(self) -> Mapping[TP, int | None]:
        """aiokafka leaves a partition without a committed offset, or with 0, wherever it was read to."""
        consumer = self._ensure_consumer()
        offsets: Mapping[TP, int | None] = await consumer.seek_to_committed()
        is_changelog = self.consumer._is_changelog_tp
        fresh = [tp for tp, offset in offsets.items() if not offset and not is_changelog(tp)]
        if fresh:
            await consumer.seek_to_beginning(*fresh)
        await self._warn_of_holes(consumer, offsets)
        return offsets

    async def _warn_of_holes(self, consumer: AIOKafkaConsumer, offsets: Mapping[TP, int | None]) -> None:
        first = await consumer.beginning_offsets(list(offsets))
        for tp, offset in offsets.items():
            if offset and offset < first[tp]:
                self.log.error(
                    "%s-%s: the records %s to %s were deleted by the topic's retention before they were read",
                    tp.topic, tp.partition, offset, first[tp] - 1,
                )  # fmt: skip


class Consumer(driver.Consumer):
    """Faust's consumer."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self._reading = asyncio.Lock()
        self.epoch = 0
        """Counts the times that reading started anew."""
        self._sought = False
        self._batches_flow = False
        self._progress: dict[TP, Progress] = {}
        self._numbers: Counter[TP] = Counter()
        super().__init__(*args, **keywords)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # From an assignment to the first batch --------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._stop_batches()
        if self._progress or self._said_by_app():
            await self.commit_and_end_transactions()
        self._progress.clear()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._stop_batches()
        await super().on_partitions_assigned(assigned, generation_id)

    def stop_flow(self) -> None:
        self._stop_batches()
        super().stop_flow()

    def _stop_batches(self) -> None:
        self._batches_flow = False
        self._sought = False
        self.epoch += 1

    async def perform_seek(self) -> None:
        self._stop_batches()
        epoch = self.epoch
        async with self._reading:  # a read under way would move the position after the seek
            await super().perform_seek()
        if epoch == self.epoch:
            self._progress.clear()
            self._numbers.clear()
            self._sought = True

    def resume_flow(self) -> None:
        """Recovery calls this to read changelogs, and again when it has sought and cleared the queues."""
        super().resume_flow()
        self._batches_flow = self._sought

    @property
    def is_reading(self) -> bool:
        return self._batches_flow

    # Reading ---------------------------------------------------------------------------------------

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(POLL_SECONDS):
                    await self.wait_first(self.callback(message), self.suspend_flow.wait())
        except (asyncio.CancelledError, ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        fetched = await self._read(timeout)
        for tp, found in self._in_turns(fetched.records):
            if isinstance(found, list):
                if fetched.epoch != self.epoch:
                    continue
                message = self._batch_message(tp, found)
            elif fetched.generation != self.app.consumer_generation_id or not self.flow_active:
                continue
            else:
                message = self._to_message(tp, found)
            yield tp, message

    async def _read(self, timeout: float) -> Fetched:
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        async with self._reading:
            place = self.epoch, self.app.consumer_generation_id
            wanted = {tp for tp in self._get_active_partitions() if self._may_read(tp)}
            if wanted and not self.should_stop:
                return Fetched(*place, await self._getmany(wanted, timeout))
        await asyncio.sleep(IDLE_SECONDS)
        return Fetched(*place, {})

    def _may_read(self, tp: TP) -> bool:
        return self._batches_flow or self._is_changelog_tp(tp)

    def _in_turns(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        """A batch of each partition, then the next of each."""
        by_partition = {
            tp: found if self._is_changelog_tp(tp) else list(cut(found, self._numbers[tp]))
            for tp, found in ((ensure_TP(tp), found) for tp, found in records.items())
        }
        turns: Iterator[tuple[TP, Any]] = self.scheduler.iterate(by_partition)
        return turns

    def _batch_message(self, tp: TP, records: list[Any]) -> ConsumerMessage:
        last = records[-1]
        raws = [Raw(each.offset, each.timestamp, each.key, each.value) for each in records]
        batch = RecordBatch(tp.topic, tp.partition, self.epoch, self._numbers[tp], raws)
        self._numbers[tp] += 1
        message = ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000, last.timestamp_type,
            headers=None, key=None, value=cast(Any, batch), checksum=None, tp=tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip
        if tp.topic not in self._said_by_app():
            self._progress.setdefault(tp, Progress()).deliver(message)
        return message

    # Committing ------------------------------------------------------------------------------------

    async def commit_and_end_transactions(self) -> None:
        """The last commit before partitions go: of everything that was handed to the producer, too."""
        await self.app.producer.flush()
        await self.maybe_wait_for_commit_to_finish()
        await self.commit()

    def _said_by_app(self) -> Mapping[str, Committable]:
        return getattr(self.app, "committable", {})

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        said = self._said_by_app()
        for tp in {*self._progress, *(tp for tp in self.assignment() if tp.topic in said)}:
            if topics is None or tp in topics or tp.topic in topics:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        self._acked.pop(tp, None)  # Faust's own lists; only ours count
        self._acked_index.pop(tp, None)
        said = self._said_by_app().get(tp.topic)
        if said is not None:
            return said(tp)
        progress = self._progress.get(tp)
        return progress.committable() if progress is not None else None


def cut(records: Sequence[Any], number: int) -> Iterator[Sequence[Any]]:
    """Batches; before the first of them so many were cut since the seek.

    From one record on each may have twice as many as the one before: who is ended again and again in the
    middle of its work takes little at once, and comes further each time.
    """
    start = 0
    while start < len(records):
        most = min(BATCH_RECORDS, 2 ** min(number, BATCH_RECORDS.bit_length()))
        end, size = start, 0
        while end < len(records) and end - start < most and size < BATCH_BYTES:
            size += len(records[end].key or b"") + len(records[end].value or b"")
            end += 1
        yield records[start:end]
        start, number = end, number + 1


class Transport(driver.Transport):
    """`ghostfill://host:port`."""

    Consumer = Consumer
    Producer = Producer


TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
