"""Up to where a backup reads each log, so that together they are what a killed instance would leave behind.

Rules of this file:
- Ends are asked against the flow: first how far groups have read, then the checkpoints, then what the desk
  says, then the barriers, then the inbox, then what comes from outside. So whatever a log before refers to
  is in the logs behind; what is missing of the desk's words a restored desk says again.
- A checkpoint is one transaction over several topics: all of a shard's changelogs end at the same one.
- What is ahead of a transaction that is still open is waited for.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from schemas.catalog import catalog
from sinks.loading.source import GROUPS as SINKS
from streams.agents.names import TOPICS
from streams.clients.backup.manifest import BackupError
from streams.clients.kafka import (
    ANSWER_S,
    LOOK_S,
    Place,
    Span,
    beginnings,
    committed_ends,
    ends,
    partitions_of,
    patiently,
    read_spans,
    require,
)
from streams.clients.workers import REPORTS
from streams.transport.contract.names import HEADER
from streams.transport.kafka.cluster import Cluster

PATIENCE_S = 60.0
"""For transactions that are open."""
NEAR = 64
"""So many offsets before its end a changelog nearly always has a stamp."""

Groups = dict[str, dict[str, dict[int, int]]]


def topics_of(cluster: Cluster) -> list[str]:
    """What is backed up: the catalogue's topics and all markets; not what workers say of the moment."""
    known = catalog().topics.keys() - {REPORTS[0]}
    return sorted(name for name in partitions_of(cluster) if name.partition(".")[0] in known)


def groups_of(cluster: Cluster, topics: Iterable[str]) -> Groups:
    """How far the gate, the desk and everybody's consumers have read; sinks ask their tables."""
    named = {*topics}
    found = patiently(
        cluster, lambda client: client.list_consumer_groups(request_timeout=ANSWER_S).result(ANSWER_S)
    )
    names = sorted(each.group_id for each in found.valid if not each.group_id.startswith(SINKS))
    return {name: read for name in names if (read := _read_by(cluster, name, named))}


def _read_by(cluster: Cluster, group: str, topics: set[str]) -> dict[str, dict[int, int]]:
    def ask(client: AdminClient) -> list[tuple[str, int, int]]:
        asked = [ConsumerGroupTopicPartitions(group)]
        (answer,) = client.list_consumer_group_offsets(asked, request_timeout=ANSWER_S).values()
        places = answer.result(ANSWER_S).topic_partitions
        return [(each.topic, each.partition, each.offset) for each in places]

    found: dict[str, dict[int, int]] = {}
    for topic, partition, offset in patiently(cluster, ask):
        if topic in topics and offset >= 0:
            found.setdefault(topic, {})[partition] = offset
    return found


def spans_of(cluster: Cluster, topics: Iterable[str]) -> dict[Place, Span]:
    """From the first record to the end of each partition."""
    found: dict[Place, Span] = {}
    for number, level in enumerate(against_the_flow(topics)):
        places = require(cluster, *level)
        last = checkpoint_ends(cluster, places) if number == 0 else settled_ends(cluster, places)
        found |= {place: (first, last[place]) for place, first in beginnings(cluster, places).items()}
    return found


def against_the_flow(topics: Iterable[str]) -> list[list[str]]:
    """The changelogs; what the desk says; its barriers; its inbox; all else."""
    checkpoints = {*TOPICS.changelogs.values()}
    said = {TOPICS.snapshots, *TOPICS.compacted, *TOPICS.outputs}
    levels = [checkpoints, said, {TOPICS.barriers}, {TOPICS.inbox}]
    rest = {*topics}.difference(*levels)
    return [sorted(level.intersection(topics)) for level in (*levels, rest)]


def checkpoint_ends(cluster: Cluster, places: Iterable[Place]) -> dict[Place, int]:
    """Where changelogs end; all of a shard at the same checkpoint."""
    wanted = [*places]
    until = time.monotonic() + PATIENCE_S
    while True:
        found = committed_ends(cluster, wanted)
        stamps: dict[int, set[int]] = defaultdict(set)
        for (_, shard), stamp in _last_stamps(cluster, found).items():
            stamps[shard].add(stamp)
        split = [shard for shard, different in stamps.items() if len(different) > 1]
        if not split:
            return found
        if time.monotonic() > until:
            raise BackupError(
                f"shard {min(split)}: its changelogs are of different checkpoints: somebody else wrote to "
                "them, or one of the topics was created again"
            )
        time.sleep(LOOK_S)


def _last_stamps(cluster: Cluster, ends: Mapping[Place, int]) -> dict[Place, int]:
    """The number of the last checkpoint in each changelog; below 0 where there is none."""
    first = beginnings(cluster, ends)
    found = dict.fromkeys(ends, -1)
    near, missing = NEAR, {*ends}
    while missing:
        spans = {place: (max(first[place], ends[place] - near), ends[place]) for place in missing}
        for raw in read_spans(cluster, spans):
            if raw.key == HEADER:
                found[raw.topic, raw.partition] = number_of(raw.value or b"")
        missing = {place for place in missing if found[place] < 0 and spans[place][0] > first[place]}
        near *= NEAR
    return found


def number_of(stamp: bytes) -> int:
    """The first table's is the whole header, which begins with it."""
    found = msgspec.msgpack.decode(stamp)
    return int(found[0] if isinstance(found, list) else found)


def settled_ends(cluster: Cluster, places: Iterable[Place]) -> Mapping[Place, int]:
    """Where logs end now; returns when no transaction before it is open any more."""
    found = ends(cluster, places)
    until = time.monotonic() + PATIENCE_S
    while open_ := [place for place, end in committed_ends(cluster, found).items() if end < found[place]]:
        if time.monotonic() > until:
            topic, partition = open_[0]
            raise BackupError(
                f"{topic}, partition {partition}: a producer's transaction has been open for "
                f"{PATIENCE_S:g} s; end that producer, or wait until Kafka ends its transaction"
            )
        time.sleep(LOOK_S)
    return found
