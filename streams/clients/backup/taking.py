"""Takes a backup: the tables first, then the topics, while everything runs.

Rules of this file: tables are read before the ends of topics are asked, so whatever a table has its topic has
too; what comes meanwhile a sink reads from the topics again.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource

from schemas.text.numbers import time_text
from sinks.database.database import Database
from sinks.loading.copying import copy_out
from streams.clients.backup.cut import groups_of, spans_of, topics_of
from streams.clients.backup.manifest import (
    BackupError,
    Manifest,
    PartitionBackup,
    TopicBackup,
    new_folder,
    records_file,
    table_file,
    write,
)
from streams.clients.backup.record_files import RecordWriter, StoredRecord
from streams.clients.kafka import ANSWER_S, Place, Span, patiently, read_spans
from streams.clients.workers import wall
from streams.transport.kafka.cluster import Cluster

Advance = Callable[[int, int], None]
"""Told how many offsets are done, of how many."""
TOLD_EVERY_S = 0.2


def take(cluster: Cluster, database: Database | None, folder: Path, advance: Advance) -> Manifest:
    """Into a new folder."""
    new_folder(folder)
    taken = str(time_text(wall()))
    tables = {} if database is None else copy_out(database, lambda table: table_file(folder, table))
    topics = topics_of(cluster)
    groups = groups_of(cluster, topics)
    spans = spans_of(cluster, topics)
    counts = _copy(cluster, spans, folder, advance)
    settings = _settings(cluster, topics)
    found: dict[str, list[PartitionBackup]] = defaultdict(list)
    for (topic, partition), (_, end) in sorted(spans.items()):
        found[topic].append(PartitionBackup(end, counts[topic, partition]))
    described = {topic: TopicBackup(settings[topic], found[topic]) for topic in topics}
    return write(folder, taken, described, groups, tables)


def _copy(
    cluster: Cluster, spans: Mapping[Place, Span], folder: Path, advance: Advance
) -> Mapping[Place, int]:
    """How many records there are of each."""
    total, done, told = sum(end - first for first, end in spans.values()), 0, 0.0
    with ExitStack() as stack:
        files = {
            place: stack.enter_context(closing(RecordWriter(records_file(folder, place)))) for place in spans
        }
        passed = {place: first for place, (first, _) in spans.items()}
        for raw in read_spans(cluster, spans):
            place = raw.topic, raw.partition
            files[place].add(StoredRecord(raw.offset, raw.timestamp, raw.key, raw.value, raw.headers))
            done += raw.offset + 1 - passed[place]
            passed[place] = raw.offset + 1
            if time.monotonic() - told > TOLD_EVERY_S:
                advance(done, total)
                told = time.monotonic()
    advance(total, total)
    return {place: file.records for place, file in files.items()}


def _settings(cluster: Cluster, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    """What was set for each topic itself."""

    def ask(client: AdminClient) -> dict[str, dict[str, str]]:
        asked = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
        answers = client.describe_configs(asked, request_timeout=ANSWER_S)
        return {
            resource.name: {
                entry.name: entry.value
                for entry in answer.result(ANSWER_S).values()
                if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value and entry.value is not None
            }
            for resource, answer in answers.items()
        }

    found = patiently(cluster, ask)
    if missing := {*topics} - found.keys():
        raise BackupError(f"Kafka at {cluster.bootstrap} does not describe the topic {min(missing)}")
    return found
