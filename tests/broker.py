"""A real Kafka for tests: the embedded one, started when a test first asks, one in each test process.

Rules of this file: where Java or Kafka's jars cannot be had, the tests that need them are skipped and say why;
a Kafka that is there and does not start is a failure.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streams.local.kafka.jars import JarsError, kafka_jars
from streams.local.kafka.kafka import Kafka, java
from streams.local.kafka.topics import await_leaders
from streams.transport.kafka.cluster import Cluster, ClusterError

NAMED = "GHOSTFILL_TEST_KAFKA"
_numbers = count(1)


@contextmanager
def running_kafka(folder: Path, **options: Any) -> Iterator[Kafka]:
    """A broker in a folder, with the options of `Kafka`; stopped at the end."""
    skip_without_kafka()
    kafka = Kafka(folder, **options)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()


def skip_without_kafka() -> None:
    try:
        java()
        kafka_jars()
    except (JarsError, ClusterError) as error:
        pytest.skip(str(error))


def make_topics(cluster: Cluster, partitions: Mapping[str, int], **settings: str) -> dict[str, str]:
    """Makes topics under names that no other test has: {"inbox": 8} gives {"inbox": "inbox-7"}.

    Settings are Kafka's with underscores for points: `cleanup_policy="compact"`.
    """
    config = {name.replace("_", "."): value for name, value in settings.items()}
    names = {topic: f"{topic}-{next(_numbers)}" for topic in partitions}
    wanted = [NewTopic(names[topic], number, 1, config=config) for topic, number in partitions.items()]
    client = AdminClient(cluster.confluent())
    for made in client.create_topics(wanted).values():
        made.result()
    await_leaders(client, set(names.values()))
    return names


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """The broker of this test process. Who kills it starts it again."""
    with running_kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """This process's broker, or the one that is named: a container's, from which the same is expected."""
    named = os.environ.get(NAMED)
    return Cluster(named) if named else request.getfixturevalue("kafka").cluster


@pytest.fixture
def topics(cluster: Cluster) -> Callable[..., dict[str, str]]:
    """`topics({"inbox": 8}, retention_ms="-1")`: see `make_topics`."""

    def make(partitions: Mapping[str, int], **settings: str) -> dict[str, str]:
        return make_topics(cluster, partitions, **settings)

    return make
