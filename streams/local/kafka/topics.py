"""The cluster's topics as the catalogue wants them: what differs, and making it so.

Rules of this file:
- A plan is made of what is there; applying a plan never deletes a topic nor a record.
- Where something cannot be mended, nothing is changed, and the error says what to do.
"""

import re
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from schemas.catalog import catalog
from streams.transport.kafka.cluster import Cluster, ClusterError

MARKET = "ticks"
MARKET_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
REPLICAS = 3
TIMEOUT_S = 15.0
LOOK_S = 0.02
INSYNC = "min.insync.replicas"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic as it should be."""

    name: str
    partitions: int
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Alteration:
    """A setting of a topic that is not what it should be."""

    topic: str
    setting: str
    found: str
    wanted: str


@dataclass(frozen=True, slots=True)
class TopicChanges:
    """What separates a cluster from the catalogue."""

    wanted: Sequence[Wanted]
    replicas: int
    missing: Sequence[Wanted]
    alterations: Sequence[Alteration]
    wrong: Sequence[str]
    """What cannot be mended, each with what to do."""

    @property
    def is_done(self) -> bool:
        return not (self.missing or self.alterations or self.wrong)


def wanted_topics(markets: Iterable[str] = (), extra: Iterable[Wanted] = ()) -> list[Wanted]:
    """The catalogue's topics, `ticks.NAME` for each further market, and others, each once."""
    topics = catalog().topics
    named = {name: topics[name] for name in sorted(topics)}
    named |= {market_topic(name): topics[MARKET] for name in markets}
    wanted = {name: Wanted(name, topic.partitions, topic.kafka_settings()) for name, topic in named.items()}
    return [*(wanted | {each.name: each for each in extra}).values()]


def market_topic(name: str) -> str:
    if not MARKET_NAME.fullmatch(name):
        raise ClusterError(f"a market cannot be named {name!r}: expected letters, digits, - and _")
    return f"{MARKET}.{name}"


def plan(
    cluster: Cluster,
    markets: Iterable[str] = (),
    extra: Iterable[Wanted] = (),
    replicas: int | None = None,
) -> TopicChanges:
    """What would have to change."""
    return _plan(AdminClient(_quiet(cluster)), cluster, wanted_topics(markets, extra), replicas)


def apply(
    cluster: Cluster,
    markets: Iterable[str] = (),
    extra: Iterable[Wanted] = (),
    replicas: int | None = None,
) -> TopicChanges:
    """Makes what is missing and mends what may be altered; returns what was done."""
    client = AdminClient(_quiet(cluster))
    planned = _plan(client, cluster, wanted_topics(markets, extra), replicas)
    if planned.wrong:
        raise ClusterError("; ".join(planned.wrong))
    _create(client, planned)
    _alter(client, planned.alterations)
    return planned


def _plan(client: AdminClient, cluster: Cluster, wanted: list[Wanted], replicas: int | None) -> TopicChanges:
    try:
        there = client.list_topics(timeout=TIMEOUT_S)
        existing = [each.name for each in wanted if each.name in there.topics]
        settings = _settings(client, existing)
    except KafkaException as error:
        raise ClusterError(f"Kafka at {cluster.bootstrap} does not answer: {error.args[0].str()}") from error
    found = {
        name: Found(
            partitions=len(there.topics[name].partitions),
            replicas=len(there.topics[name].partitions[0].replicas),
            settings=settings[name],
        )
        for name in existing
    }
    return compare(wanted, found, replicas or min(REPLICAS, len(there.brokers)))


def compare(wanted: Sequence[Wanted], found: Mapping[str, Found], replicas: int) -> TopicChanges:
    pairs = [(each, found[each.name]) for each in wanted if each.name in found]
    return TopicChanges(
        wanted=wanted,
        replicas=replicas,
        missing=[each for each in wanted if each.name not in found],
        alterations=[one for each, there in pairs for one in _alterations(each, there)],
        wrong=[_wrong(each, there) for each, there in pairs if each.partitions != there.partitions],
    )


def _alterations(wanted: Wanted, found: Found) -> list[Alteration]:
    settings = {**wanted.settings, INSYNC: insync(found.replicas)}
    return [
        Alteration(wanted.name, setting, found.settings.get(setting, ""), value)
        for setting, value in settings.items()
        if found.settings.get(setting) != value
    ]


def insync(replicas: int) -> str:
    """How many copies a record has before it counts as written: one may be away where there are three."""
    return "2" if replicas >= REPLICAS else "1"


def _wrong(wanted: Wanted, found: Found) -> str:
    return (
        f"topic {wanted.name} has {found.partitions} partitions, expected {wanted.partitions}; Kafka takes "
        "none away, and more of them would break the order of what is in it: delete the topic if its records "
        "may go, or use another cluster or home"
    )


def _settings(client: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    answers = client.describe_configs(asked, request_timeout=TIMEOUT_S)
    return {
        resource.name: {name: entry.value for name, entry in answer.result().items()}
        for resource, answer in answers.items()
    }


def _create(client: AdminClient, planned: TopicChanges) -> None:
    topics = [
        NewTopic(each.name, each.partitions, planned.replicas, config=_with_insync(each, planned.replicas))
        for each in planned.missing
    ]
    if topics:
        _await(client.create_topics(topics, request_timeout=TIMEOUT_S), "make")
        await_leaders(client, {topic.topic for topic in topics})


def await_leaders(client: AdminClient, names: Set[str]) -> None:
    """Returns when every partition can be written: brokers hear of a new topic a little later."""
    end = time.monotonic() + TIMEOUT_S
    while missing := names - _led(client):
        if time.monotonic() > end:
            raise ClusterError(
                f"topic {min(missing)} has no leader after {TIMEOUT_S:g} s: look at the brokers"
            )
        time.sleep(LOOK_S)


def _led(client: AdminClient) -> set[str]:
    """The topics whose partitions all have a leader."""
    there = client.list_topics(timeout=TIMEOUT_S).topics
    return {
        name
        for name, topic in there.items()
        if topic.partitions and all(each.leader >= 0 for each in topic.partitions.values())
    }


def _with_insync(wanted: Wanted, replicas: int) -> dict[str, str]:
    return {**wanted.settings, INSYNC: insync(replicas)}


def _alter(client: AdminClient, alterations: Sequence[Alteration]) -> None:
    changes: dict[str, list[ConfigEntry]] = {}
    for each in alterations:
        entry = ConfigEntry(each.setting, each.wanted, incremental_operation=AlterConfigOpType.SET)
        changes.setdefault(each.topic, []).append(entry)
    resources = [
        ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        for topic, entries in changes.items()
    ]
    if resources:
        _await(client.incremental_alter_configs(resources, request_timeout=TIMEOUT_S), "alter")


def _await(answers: Mapping[Any, "Future[Any]"], verb: str) -> None:
    """Who lost a race to make a topic has it all the same."""
    for what, answer in answers.items():
        try:
            answer.result()
        except KafkaException as error:
            reason = error.args[0]
            if reason.name() != "TOPIC_ALREADY_EXISTS":
                name = getattr(what, "name", what)
                raise ClusterError(f"the cluster refuses to {verb} topic {name}: {reason.str()}") from error


def _quiet(cluster: Cluster) -> dict[str, Any]:
    """What goes wrong is told in an error, not on the terminal."""
    return cluster.confluent() | {"log_level": 0}
