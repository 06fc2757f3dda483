"""Brings a backup back: into a Kafka that has none of its topics' records, and a ClickHouse without rows.

Rules of this file:
- Whatever is in the way is found before anything is written.
- While they are filled topics keep the times that records had, and delete nothing by themselves; their own
  settings come at the end.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from schemas.catalog import catalog
from sinks.database.database import Database
from sinks.loading.copying import copy_in
from streams.clients.backup.manifest import (
    BackupError,
    Manifest,
    TopicBackup,
    records_file,
    table_file,
)
from streams.clients.backup.record_files import read_records
from streams.clients.backup.rewriting import Rewriter
from streams.clients.backup.taking import Advance
from streams.clients.kafka import ANSWER_S, ends, partitions_of, patiently
from streams.clients.workers import REPORTS
from streams.local.kafka import topics as local
from streams.transport.kafka.cluster import Cluster

FILLING = {"message.timestamp.type": "CreateTime", "cleanup.policy": "delete", "retention.ms": "-1"}
HEARD_S = 2.0
"""In which brokers hear of settings that were altered."""
NOT_ITS_OWN = frozenset({local.INSYNC})
"""Settings that follow from the cluster that it is restored into."""


def restore(
    cluster: Cluster, database: Database | None, folder: Path, manifest: Manifest, advance: Advance
) -> None:
    """`manifest`: as it was read of the folder, with every file checked."""
    check(cluster, manifest.topics)
    if database is not None:
        copy_in(database, catalog(), manifest.tables, lambda table: table_file(folder, table))
    _make(cluster, manifest.topics)
    rewriter = Rewriter(cluster)
    total, done = sum(manifest.ends.values()), 0
    for place, end in manifest.ends.items():
        rewriter.fill(place, read_records(records_file(folder, place)), end)
        done += end
        advance(done, total)
    for group, read in manifest.groups.items():
        _set_group(cluster, group, read)
    _set(cluster, {topic: _settings(topic, found) for topic, found in manifest.topics.items()})


def check(cluster: Cluster, topics: Mapping[str, TopicBackup]) -> None:
    """Raises where the cluster is of another size, or is not new."""
    there = partitions_of(cluster)
    for name, found in topics.items():
        if name.partition(".")[0] not in catalog().topics:
            raise BackupError(
                f"the backup has the topic {name}, which this Ghostfill does not know: restore it with the "
                "version that took it"
            )
        expected = {there.get(name), catalog().topic(name).partitions} - {None, len(found.partitions)}
        if expected:
            raise BackupError(
                f"the topic {name} has {len(found.partitions)} partitions in the backup and "
                f"{expected.pop()} here: records keep their partitions, so restore into a cluster where it "
                "has as many or is not there yet, with the version of Ghostfill that took the backup"
            )
    known = [
        (topic, number) for topic in {*topics, REPORTS[0]} & there.keys() for number in range(there[topic])
    ]
    used = [topic for (topic, _), end in ends(cluster, known).items() if end]
    if used:
        raise BackupError(
            f"the topic {min(used)} of {cluster.bootstrap} has had records: restore into a Kafka that is "
            "new, and before a worker is started"
        )


def _make(cluster: Cluster, topics: Mapping[str, TopicBackup]) -> None:
    """To be filled; returns when brokers know it of those that were there."""
    wanted = [
        local.Wanted(topic, len(found.partitions), catalog().topic(topic).kafka_settings() | FILLING)
        for topic, found in topics.items()
    ]
    if local.apply(cluster, extra=wanted).alterations:
        time.sleep(HEARD_S)


def _settings(topic: str, found: TopicBackup) -> dict[str, str | None]:
    """The catalogue's, and over them what the topic had; None: as the cluster has it."""
    own = {name: value for name, value in found.settings.items() if name not in NOT_ITS_OWN}
    return dict.fromkeys(FILLING) | catalog().topic(topic).kafka_settings() | own


def _set(cluster: Cluster, wanted: Mapping[str, Mapping[str, str | None]]) -> None:
    resources = [
        ConfigResource(
            ConfigResource.Type.TOPIC,
            topic,
            incremental_configs=[_entry(name, value) for name, value in settings.items()],
        )
        for topic, settings in wanted.items()
    ]

    def ask(client: AdminClient) -> None:
        for answer in client.incremental_alter_configs(resources, request_timeout=ANSWER_S).values():
            answer.result(ANSWER_S)

    patiently(cluster, ask)


def _entry(name: str, value: str | None) -> ConfigEntry:
    operation = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
    return ConfigEntry(name, value, incremental_operation=operation)


def _set_group(cluster: Cluster, group: str, read: Mapping[str, Mapping[int, int]]) -> None:
    places = [
        TopicPartition(topic, partition, offset)
        for topic, offsets in read.items()
        for partition, offset in offsets.items()
    ]

    def ask(client: AdminClient) -> None:
        asked = [ConsumerGroupTopicPartitions(group, places)]
        for answer in client.alter_consumer_group_offsets(asked, request_timeout=ANSWER_S).values():
            answer.result(ANSWER_S)

    patiently(cluster, ask)
