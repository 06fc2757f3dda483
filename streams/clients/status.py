"""How an instance is: its workers, markets, shards and groups, as Kafka and the workers' reports tell.

Rules of this file: it looks and changes nothing; what cannot be known is None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.text.numbers import time_text
from sinks.blocks.tables import TABLES
from sinks.loading.source import GROUPS as SINKS
from streams.agents.names import DESK, GATE, TOPICS
from streams.clients.kafka import (
    ANSWER_S,
    MARKET,
    Place,
    beginnings,
    ends,
    partitions_of,
    patiently,
    require,
)
from streams.clients.shards import NOBODYS, ShardHealth, faults, shards
from streams.clients.waits import waits
from streams.clients.workers import is_alive, members, reports, wall
from streams.engine.model.units import SECOND
from streams.local.machine.home import Home
from streams.transport.contract.machine import Awaited
from streams.transport.kafka.cluster import BOOTSTRAP, Cluster
from streams.transport.shard.reports import ShardReport, WorkerReport

READS: Mapping[str, tuple[str, ...]] = {
    GATE: ("signals", "commands"),
    DESK: (TOPICS.inbox,),
}
"""What each group reads."""
DEAD_LETTERS = "dead-letters"


def condition(cluster: Cluster, environment: Mapping[str, str]) -> dict[str, Any]:
    """Everything, as JSON."""
    told = reports(cluster)
    now = wall()
    health = shards(told)
    owners = [each for each in told if is_alive(each, now) and each.shards]
    reads = {**READS, **dict.fromkeys(_sinks(cluster), tuple(TABLES))}
    groups = [_group(cluster, name, topics) for name, topics in reads.items()]
    letters = require(cluster, DEAD_LETTERS)
    first, last = beginnings(cluster, letters), ends(cluster, letters)
    return {
        "runs": bool(owners) and any(each["members"] for each in groups if each["group"] == GATE),
        "endpoints": _endpoints(cluster, environment),
        "workers": [_worker(each, now) for each in told],
        "markets": [_market(cluster, topic, owners, now) for topic in _markets(cluster)],
        "shards": _shards(cluster, owners, health),
        "waits": [_wait(each) for each in waits(told).values()],
        "faults": faults(health),
        "groups": groups,
        "dead_letters": sum(last.values()) - sum(first.values()),
        "dead_letters_ever": sum(last.values()),
    }


def _wait(each: Awaited) -> dict[str, Any]:
    return {
        "for": each.what,
        "entries": each.entries,
        "until": time_text(each.until) if each.until else None,
    }


def _endpoints(cluster: Cluster, environment: Mapping[str, str]) -> dict[str, Any]:
    """Where it is reached; a cluster that is named is not looked up in the home."""
    home = Home.from_environment(environment)
    instance = None if environment.get(BOOTSTRAP, "").strip() else home.instance()
    return {
        "home": str(home.folder) if instance else None,
        "bootstrap": cluster.bootstrap,
        "kafka": (instance.kafka or None) if instance else None,
        "ghostfill": instance.ghostfill if instance else None,
        **(dict(instance.endpoints) if instance else {}),
    }


def _worker(report: WorkerReport, now: int) -> dict[str, Any]:
    stages = sorted({shard.stage for shard in report.shards})
    return {
        "name": report.worker,
        "part": report.part,
        "host": report.host,
        "pid": report.pid,
        "version": report.version,
        "shards": [shard.shard for shard in report.shards],
        "stage": ", ".join(stages) if report.shards else "standby",
        "age": round((now - report.ts) / SECOND, 3),
        "state": "leaving" if report.leaving else "alive" if is_alive(report, now) else "silent",
        "pause": round(report.pause, 3),
    }


def _markets(cluster: Cluster) -> list[str]:
    return sorted(topic for topic in partitions_of(cluster) if topic.partition(".")[0] == MARKET)


def _market(cluster: Cluster, topic: str, owners: Sequence[WorkerReport], now: int) -> dict[str, Any]:
    """How far the slowest shard has come in it."""
    place = topic, 0
    end = ends(cluster, [place])[place]
    at = [shard.market.get(topic) for owner in owners for shard in owner.shards]
    passed = min((each for each in at if each is not None), default=None)
    newest = max((owner.market_time.get(topic, 0) for owner in owners), default=0)
    return {
        "market": topic,
        "end": end,
        "lag": None if passed is None else end - passed,
        "newest": time_text(newest) if newest else None,
        "behind": round((now - newest) / SECOND, 3) if newest else None,
    }


def _shards(
    cluster: Cluster, owners: Sequence[WorkerReport], health: Sequence[ShardHealth]
) -> list[dict[str, Any]]:
    places = require(cluster, TOPICS.inbox)
    last = ends(cluster, places)
    by_shard = {shard.shard: (owner, shard) for owner in owners for shard in owner.shards}
    ill = {each.shard: each.fault for each in health}
    return [_shard(place, last[place], by_shard.get(place[1]), ill.get(place[1], "")) for place in places]


def _shard(
    place: Place, end: int, owned: tuple[WorkerReport, ShardReport] | None, fault: str
) -> dict[str, Any]:
    if owned is None:
        return {"shard": place[1], "worker": None, "stage": NOBODYS, "inbox_end": end}
    owner, shard = owned
    return {
        "shard": place[1],
        "worker": owner.worker,
        "stage": fault or shard.stage,
        "inbox_end": end,
        "inbox_lag": max(0, end - shard.inbox),
        "waiting": shard.waiting,
        "late": shard.late,
        "published": shard.published,
        "taken_in": round(shard.taken_in, 3),
    }


def _sinks(cluster: Cluster) -> list[str]:
    """The groups that write into databases, one each; they read markets besides."""
    found = patiently(
        cluster, lambda client: client.list_consumer_groups(request_timeout=ANSWER_S).result(ANSWER_S)
    )
    return sorted(each.group_id for each in found.valid if each.group_id.startswith(SINKS))


def _group(cluster: Cluster, group: str, topics: Sequence[str]) -> dict[str, Any]:
    """How many records it has not committed; a partition that it never committed counts whole."""
    places = require(cluster, *topics)
    committed = _committed(cluster, group, places)
    first, last = beginnings(cluster, places), ends(cluster, places)
    lags = dict.fromkeys(topics, 0)
    for place in places:
        lags[place[0]] += last[place] - max(committed.get(place, -1), first[place])
    return {
        "group": group,
        "members": members(cluster, group),
        "reads": list(topics),
        "lag": sum(lags.values()),
        "lags": lags,
    }


def _committed(cluster: Cluster, group: str, places: Sequence[Place]) -> dict[Place, int]:
    """The offsets that a group has passed; below 0 where it has committed none."""
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(*place) for place in places])

    def answers(client: AdminClient) -> dict[Place, int]:
        (found,) = client.list_consumer_group_offsets([asked], request_timeout=ANSWER_S).values()
        return {(each.topic, each.partition): each.offset for each in found.result(ANSWER_S).topic_partitions}

    return patiently(cluster, answers)
