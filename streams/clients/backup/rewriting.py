"""Writes records so that each gets the offset that it had.

Kafka counts up and leaves out nothing, but logs have gaps: what retention, compaction or an aborted
transaction took, and the mark at the end of every transaction. So a gap is made as they are made:

- of one offset: the record before it is a transaction of its own, whose mark takes it;
- of more: a transaction of empty records that is aborted, which no reader is given;
- before the first record: empty records, which are deleted at the end.

A transaction that has ended may have no mark yet: what comes behind waits for it.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any, cast
from uuid import uuid4

from confluent_kafka import KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.clients.backup.manifest import BackupError
from streams.clients.backup.record_files import StoredRecord
from streams.clients.kafka import LOOK_S, Place, ends, patiently, raised_plainly
from streams.transport.kafka.cluster import Cluster

PATIENCE_S = 120.0
MARK_S = 0.002
"""Between two looks for a mark."""
QUEUE = {"queue.buffering.max.messages": 200_000, "batch.size": 1 << 20, "linger.ms": 20, "log_level": 0}
MOST_BYTES = 16 << 20
TRANSACTION_MS = 15 * 60_000
"""The longest that brokers allow: a large gap takes its time."""


class Rewriter:
    """Fills empty partitions, one after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        common = cluster.confluent() | QUEUE | {"message.max.bytes": MOST_BYTES, "acks": "all"}
        told_of = {"on_delivery": self._fail, "delivery.report.only.error": True}
        own = {
            "transactional.id": f"ghostfill-restore-{uuid4().hex}",
            "transaction.timeout.ms": TRANSACTION_MS,
        }
        self._plain = Producer(common | told_of | {"enable.idempotence": True})
        self._marking = Producer(common | told_of | own)
        self._failure: KafkaError | None = None
        with raised_plainly(cluster):
            self._marking.init_transactions(PATIENCE_S)

    def fill(self, place: Place, records: Iterable[StoredRecord], end: int) -> None:
        """Returns when the log ends where it ended; it begins where the first record is."""
        with raised_plainly(self.cluster):
            first = self._append_all(place, iter(records), end)
            self._finish(self._plain)
        self._await_end(place, end)
        if first:
            self._delete_before(place, first)

    def _append_all(self, place: Place, records: Iterator[StoredRecord], end: int) -> int:
        """Behind each record what is between it and the next; returns the offset of the first."""
        held = next(records, None)
        first = end if held is None else held.offset
        self._append_nothing(self._plain, place, first)
        while held is not None:
            following = next(records, None)
            gap = (end if following is None else following.offset) - held.offset - 1
            if gap == 1:
                self._append_marked(place, held)
            else:
                self._append(self._plain, place, held)
            if gap > 1:
                self._append_aborted(place, gap)
            if gap:
                self._await_end(place, held.offset + 1 + gap)
            held = following
        return first

    def _append(self, producer: Producer, place: Place, record: StoredRecord) -> None:
        topic, partition = place
        while True:
            try:
                producer.produce(
                    topic, record.value, record.key, partition,
                    timestamp=record.timestamp, headers=cast(Any, record.headers),
                )  # fmt: skip
                return
            except BufferError:
                producer.poll(LOOK_S)
                self._raise_failure()

    def _append_nothing(self, producer: Producer, place: Place, count: int) -> None:
        for _ in range(count):
            self._append(producer, place, StoredRecord(0, 0, None, None, None))

    def _append_marked(self, place: Place, record: StoredRecord) -> None:
        self._finish(self._plain)
        self._marking.begin_transaction()
        self._append(self._marking, place, record)
        self._marking.commit_transaction(PATIENCE_S)

    def _append_aborted(self, place: Place, count: int) -> None:
        self._finish(self._plain)
        self._marking.begin_transaction()
        self._append_nothing(self._marking, place, count - 1)
        self._finish(self._marking)  # what is not written yet an abort throws away
        self._marking.abort_transaction(PATIENCE_S)

    def _finish(self, producer: Producer) -> None:
        producer.flush()
        self._raise_failure()

    def _await_end(self, place: Place, end: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while (found := ends(self.cluster, [place])[place]) != end:
            if found > end or time.monotonic() > until:
                raise BackupError(
                    f"{place[0]}, partition {place[1]}, ends at {found}; expected {end}: somebody else "
                    "writes to it; stop everything that does, and restore into another cluster"
                )
            time.sleep(MARK_S)

    def _delete_before(self, place: Place, first: int) -> None:
        def ask(client: AdminClient) -> None:
            for done in client.delete_records([TopicPartition(*place, first)]).values():
                done.result(PATIENCE_S)

        patiently(self.cluster, ask)

    def _fail(self, error: KafkaError | None, record: object) -> None:
        self._failure = self._failure or error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise BackupError(
                f"Kafka at {self.cluster.bootstrap} did not take a record: {self._failure.str()}"
            )
