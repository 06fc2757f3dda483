"""A log that has every kind of gap, as files, and again as a log: the same records at the same offsets."""

import time

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.clients.backup.manifest import BackupError
from streams.clients.backup.record_files import RecordWriter, StoredRecord, read_records
from streams.clients.backup.rewriting import Rewriter
from streams.clients.kafka import beginnings, ends, read_spans

NOON = 1_767_605_400_000


class Written:
    """A topic with one partition, and what writes to it."""

    def __init__(self, cluster, topic):
        self.cluster, self.topic, self.number = cluster, topic, 0
        self.plain = Producer(cluster.confluent())

    def marking(self, name):
        made = Producer({**self.cluster.confluent(), "transactional.id": f"{self.topic}-{name}"})
        made.init_transactions(30)
        made.begin_transaction()
        return made

    def write(self, producer, count=1):
        for _ in range(count):
            self.number += 1
            producer.produce(
                self.topic,
                b"value %d" % self.number if self.number % 3 else None,
                b"key %d" % self.number if self.number % 5 else None,
                timestamp=NOON + self.number,
                headers=[("trace", b"%d" % self.number), ("none", None)] if self.number % 2 else None,
            )
        producer.flush()

    def delete_before(self, offset):
        client = AdminClient(self.cluster.confluent())
        for done in client.delete_records([TopicPartition(self.topic, 0, offset)]).values():
            done.result(30)


def plain(log):
    log.write(log.plain, 5)


def begins_late(log):
    log.write(log.plain, 20)
    log.delete_before(7)


def all_deleted(log):
    log.write(log.plain, 9)
    log.delete_before(9)


def committed(log):
    log.write(log.plain)
    producer = log.marking("a")
    log.write(producer, 3)
    producer.commit_transaction()
    log.write(log.plain, 2)


def ends_with_marks(log):
    first, second, third = log.marking("a"), log.marking("b"), log.marking("c")
    for producer in (first, second, third):
        log.write(producer)
    for producer in (first, second, third):
        producer.commit_transaction()


def aborted(log):
    log.write(log.plain, 2)
    producer = log.marking("a")
    log.write(producer, 4)
    producer.abort_transaction()
    log.write(log.plain, 2)


def aborted_at_the_beginning_and_deleted(log):
    producer = log.marking("a")
    log.write(producer, 4)
    producer.abort_transaction()
    log.write(log.plain, 3)
    log.delete_before(2)


def many(log):
    """Several row groups."""
    log.write(log.plain, 45_000)


@pytest.mark.parametrize(
    "make",
    [
        lambda log: None, plain, begins_late, all_deleted, committed, ends_with_marks, aborted,
        aborted_at_the_beginning_and_deleted, many,
    ],
)  # fmt: skip
def test_the_same_records_at_the_same_offsets(cluster, topics, tmp_path, make):
    names = topics({"from": 1, "to": 1}, retention_ms="-1")
    make(Written(cluster, names["from"]))
    found, end = records(cluster, names["from"])
    writer = RecordWriter(tmp_path / "records.parquet")
    for record in found:
        writer.add(record)
    writer.close()
    assert writer.records == len(found)
    Rewriter(cluster).fill((names["to"], 0), read_records(tmp_path / "records.parquet"), end)
    assert records(cluster, names["to"]) == (found, end)
    if found:
        ((_, first),) = beginnings(cluster, [(names["to"], 0)]).items()
        assert first == found[0].offset


def test_what_compaction_took(cluster, topics, tmp_path):
    names = topics({"from": 1}, cleanup_policy="compact", segment_ms="100", min_cleanable_dirty_ratio="0.001")
    names |= topics({"to": 1}, retention_ms="-1")
    producer = Producer(cluster.confluent())
    for number in range(300):
        producer.produce(names["from"], b"%d" % number, b"%d" % (number % 7), timestamp=NOON + 50 * number)
        producer.flush()
    until = time.monotonic() + 60
    while len(records(cluster, names["from"])[0]) > 100:
        assert time.monotonic() < until, "nothing was compacted"
        time.sleep(0.5)
    found, end = records(cluster, names["from"])
    Rewriter(cluster).fill((names["to"], 0), iter(found), end)
    assert records(cluster, names["to"]) == (found, end)


def test_somebody_else_who_writes_is_found_out(cluster, topics):
    names = topics({"to": 1})
    Written(cluster, names["to"]).write(Producer(cluster.confluent()))
    with pytest.raises(BackupError, match=r"ends at 2; expected 1: somebody else writes"):
        Rewriter(cluster).fill((names["to"], 0), iter([StoredRecord(0, NOON, b"a", b"b", None)]), 1)


def records(cluster, topic):
    """What a reader is given, and the end."""
    place = topic, 0
    span = beginnings(cluster, [place])[place], ends(cluster, [place])[place]
    found = [
        StoredRecord(raw.offset, raw.timestamp, raw.key, raw.value, raw.headers)
        for raw in read_spans(cluster, {place: span})
    ]
    return found, span[1]
