"""Containers: the official images, or with GHOSTFILL_IMAGES=local those that `infra/images/build` makes.

Rules of this file: where Docker does not run, or no image can be had, the tests are skipped and say so.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from testcontainers.community.clickhouse import ClickHouseContainer
from testcontainers.community.kafka import KafkaContainer
from testcontainers.core.network import Network

from sinks.database.database import Database
from streams.transport.kafka.cluster import Cluster

os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # it is an image more, and we end what we start
ROOT = Path(__file__).parents[2]
PASSWORD = "of-the-owner"


@dataclass(frozen=True)
class Images:
    kafka: str
    clickhouse: str
    environment_file: str | None = None
    """That names them to docker compose."""


OFFICIAL = Images("confluentinc/cp-kafka:8.0.0", "clickhouse/clickhouse-server:25.8")
LOCAL = Images("ghostfill-kafka:8.4.0", "ghostfill-clickhouse:local", "infra/images/local.env")


@pytest.fixture(scope="session")
def images() -> Images:
    if run("docker", "info").returncode:
        pytest.skip("Docker does not run here")
    chosen = LOCAL if os.environ.get("GHOSTFILL_IMAGES") == "local" else OFFICIAL
    for image in (chosen.kafka, chosen.clickhouse):
        there = not run("docker", "image", "inspect", image).returncode
        if not there and run("docker", "pull", "--quiet", image).returncode:
            pytest.skip(
                f"the image {image} cannot be had; GHOSTFILL_IMAGES=local takes those that are built here"
            )
    return chosen


def run(*command: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="session")
def network(images: Images) -> Iterator[Network]:
    with Network() as made:
        yield made


@pytest.fixture(scope="session")
def kafka_container(images: Images, network: Network) -> Iterator[KafkaContainer]:
    container = KafkaContainer(images.kafka).with_kraft().with_network(network).with_network_aliases("kafka")
    for name in ("TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "TRANSACTION_STATE_LOG_MIN_ISR"):
        container.with_env(f"KAFKA_{name}", "1")
    container.start(timeout=120)
    yield container
    container.stop()


@pytest.fixture(scope="session")
def cluster(kafka_container: KafkaContainer) -> Cluster:
    return Cluster(kafka_container.get_bootstrap_server())


@pytest.fixture(scope="session")
def database(images: Images, network: Network) -> Iterator[Database]:
    container = ClickHouseContainer(
        images.clickhouse, username="default", password=PASSWORD, dbname="ghostfill"
    )
    with container.with_network(network).with_network_aliases("clickhouse") as running:
        host, port = running.get_container_host_ip(), running.get_exposed_port(8123)
        yield Database(host, int(port), password=PASSWORD)
