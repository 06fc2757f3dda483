"""What keeps a backup from being taken or restored is said before anything is written."""

import threading
import time

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from schemas.catalog import catalog
from streams.agents.names import TOPICS
from streams.clients.backup import cut, manifest
from streams.clients.backup.manifest import BackupError, PartitionBackup, TopicBackup
from streams.clients.backup.restoring import check
from streams.local.kafka.topics import await_leaders
from streams.transport.contract.names import HEADER
from tests.broker import running_kafka

SHARDS = 2


def write(folder, **changes):
    """A backup of one topic, with a file."""
    file = manifest.records_file(folder, ("signals", 0))
    file.parent.mkdir(parents=True)
    file.write_bytes(b"records")
    topics = {"signals": TopicBackup({}, [PartitionBackup(5, 3)])}
    made = manifest.write(folder, "2026-01-05T15:00:00Z", topics, {"mine": {"signals": {0: 4}}}, {})
    if changes:
        changed = msgspec.structs.replace(made, **changes)
        (folder / manifest.FILE).write_bytes(msgspec.json.encode(changed))
    return made


def test_what_was_written_is_read(tmp_path):
    made = write(tmp_path)
    found = manifest.read(tmp_path)
    assert found == made
    assert (found.records, found.ends, found.groups) == (
        3,
        {("signals", 0): 5},
        {"mine": {"signals": {0: 4}}},
    )


def not_finished(folder):
    (folder / manifest.FILE).unlink()


def damaged(folder):
    (folder / "topics/signals/0.parquet").write_bytes(b"Records")


def incomplete(folder):
    (folder / "topics/signals/0.parquet").unlink()


def unreadable(folder):
    (folder / manifest.FILE).write_text('{"format": 1}')


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (not_finished, "is no backup, or one that was not finished"),
        (damaged, "0.parquet is not as it was written: copy the backup again, or use another"),
        (incomplete, "0.parquet is missing: copy the backup again, whole"),
        (unreadable, "manifest.json cannot be read: Object missing required field `ghostfill`"),
    ],
)
def test_a_backup_that_is_not_whole(tmp_path, spoil, said):
    write(tmp_path)
    spoil(tmp_path)
    with pytest.raises(BackupError, match=said):
        manifest.read(tmp_path)


def test_a_backup_of_another_format(tmp_path):
    write(tmp_path, format=2, ghostfill="9.1.0")
    with pytest.raises(
        BackupError, match=r"is of format 2, and this Ghostfill reads 1: .* Ghostfill 9\.1\.0"
    ):
        manifest.read(tmp_path)


def test_a_folder_that_has_something(tmp_path):
    (tmp_path / "mine").write_text("do not touch")
    with pytest.raises(BackupError, match="is not empty: name a new folder for each backup"):
        manifest.new_folder(tmp_path)


# In a cluster ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Of its own: topics have their own names here."""
    with running_kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka.cluster


def make(cluster, **partitions):
    wanted = [NewTopic(name.replace("_", "-"), number, 1) for name, number in partitions.items()]
    client = AdminClient(cluster.confluent())
    for made in client.create_topics(wanted).values():
        made.result(30)
    await_leaders(client, {each.topic for each in wanted})


def described(**partitions):
    return {name: TopicBackup({}, [PartitionBackup(0, 0)] * number) for name, number in partitions.items()}


def test_a_cluster_of_another_size(cluster):
    make(cluster, inbox=4)
    with pytest.raises(BackupError, match="the topic inbox has 8 partitions in the backup and 4 here"):
        check(cluster, described(inbox=8))
    with pytest.raises(BackupError, match="the topic fills has 16 partitions in the backup and 8 here"):
        check(cluster, described(fills=16))
    check(cluster, described(fills=8))


def test_a_topic_of_another_version(cluster):
    with pytest.raises(BackupError, match="has the topic moods, which this Ghostfill does not know"):
        check(cluster, described(moods=8))


def test_a_cluster_that_was_used(cluster):
    make(cluster, orders=8, workers=1)
    check(cluster, described(orders=8))
    producer = Producer(cluster.confluent())
    producer.produce("workers", b"a report")
    producer.flush()
    with pytest.raises(
        BackupError, match=r"the topic workers of .* has had records: restore into a Kafka that is"
    ):
        check(cluster, described(orders=8))


def test_every_topic_has_its_place_against_the_flow():
    levels = cut.against_the_flow(catalog().topics)
    assert sorted(name for level in levels for name in level) == sorted(catalog().topics)
    at = {name: number for number, level in enumerate(levels) for name in level}
    for name, topic in catalog().topics.items():
        assert name not in TOPICS.outputs or at[name] < at[TOPICS.barriers], topic
    changelogs = {at[name] for name in TOPICS.changelogs.values()}
    assert changelogs == {0} and at[TOPICS.barriers] < at[TOPICS.inbox] < at["signals"] == at["ticks"]


def test_a_cut_waits_for_a_transaction_and_takes_it_whole(cluster):
    make(cluster, waited=1)
    producer = transaction(cluster, "slow")
    producer.produce("waited", b"first")
    producer.flush()
    later = threading.Timer(1.0, producer.commit_transaction)
    later.start()
    began = time.monotonic()
    assert cut.settled_ends(cluster, [("waited", 0)]) == {("waited", 0): 1}
    assert time.monotonic() - began > 0.8
    later.join()


def test_a_transaction_that_stays_open_is_told(cluster, monkeypatch):
    make(cluster, stuck=1)
    monkeypatch.setattr(cut, "PATIENCE_S", 0.5)
    producer = transaction(cluster, "stuck")
    producer.produce("stuck", b"first")
    producer.flush()
    with pytest.raises(
        BackupError, match=r"stuck, partition 0: a producer's transaction has been open for 0\.5 s"
    ):
        cut.settled_ends(cluster, [("stuck", 0)])
    producer.abort_transaction()


def test_changelogs_end_at_one_checkpoint(cluster, monkeypatch):
    """Of the first the stamp is a whole header, which begins with the number."""
    make(cluster, first=SHARDS, second=SHARDS)
    places = [(topic, shard) for topic in ("first", "second") for shard in range(SHARDS)]
    assert cut.checkpoint_ends(cluster, places) == dict.fromkeys(places, 0)
    producer = Producer(cluster.confluent())

    def stamp(topic, shard, number):
        value = [number, 3, "engine"] if topic == "first" else number
        producer.produce(topic, msgspec.msgpack.encode(value), HEADER, shard)
        for row in range(100):  # no stamp is near the end
            producer.produce(topic, b"row", b"%d" % row, shard)
        producer.flush()

    for topic, shard in places:
        stamp(topic, shard, 1)
    assert cut.checkpoint_ends(cluster, places) == dict.fromkeys(places, 101)
    stamp("first", 1, 2)
    monkeypatch.setattr(cut, "PATIENCE_S", 0.5)
    with pytest.raises(BackupError, match="shard 1: its changelogs are of different checkpoints"):
        cut.checkpoint_ends(cluster, places)
    monkeypatch.undo()
    threading.Timer(0.2, stamp, ("second", 1, 2)).start()
    found = cut.checkpoint_ends(cluster, places)
    assert (found["first", 1], found["second", 1], found["first", 0]) == (202, 202, 101)


def transaction(cluster, name):
    producer = Producer({**cluster.confluent(), "transactional.id": name})
    producer.init_transactions(30)
    producer.begin_transaction()
    return producer
