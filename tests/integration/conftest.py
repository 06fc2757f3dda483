"""Containers: of the official images, or of those that `infra/images/build` makes where none can be pulled.

Rules of this file: GHOSTFILL_IMAGES=local asks for none of the official ones. Where Docker does not run, or no
image can be had, the tests are skipped and say so.
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

from ghostfill.testing.containers import CLICKHOUSE_IMAGE, KAFKA_IMAGE, ONE_BROKER, docker_runs
from sinks.database.database import Database
from streams.transport.kafka.cluster import Cluster

os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # it is an image more, and we end what we start
ROOT = Path(__file__).parents[2]
PASSWORD = "of-the-owner"
BROKER = {
    **ONE_BROKER,
    "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",  # tests of dying workers do not wait long
}


@dataclass(frozen=True)
class Images:
    kafka: str
    clickhouse: str
    ghostfill: str
    kind: str
    """What GHOSTFILL_IMAGES calls them."""


OFFICIAL = Images(KAFKA_IMAGE.usual, CLICKHOUSE_IMAGE.usual, "ghostfill:0.2.0", "official")
LOCAL = Images("ghostfill-kafka:8.4.0", "ghostfill-clickhouse:local", "ghostfill:local", "local")


@pytest.fixture(scope="session")
def images() -> Images:
    if not docker_runs():
        pytest.skip("Docker does not run here")
    if os.environ.get("GHOSTFILL_IMAGES") != "local" and all(
        map(is_there, (OFFICIAL.kafka, OFFICIAL.clickhouse))
    ):
        return OFFICIAL
    built = run("infra/images/build")
    if built.returncode:
        pytest.skip(f"no image can be pulled, and infra/images/build made none: {built.stderr[-500:]}")
    return LOCAL


def is_there(image: str) -> bool:
    """It is pulled where it is not."""
    return not (
        run("docker", "image", "inspect", image).returncode
        and run("docker", "pull", "--quiet", image).returncode
    )


@pytest.fixture(scope="session")
def ghostfill_image(images: Images) -> str:
    if images is OFFICIAL:
        built = run("docker", "build", "--file", "infra/Dockerfile", "--tag", images.ghostfill, ".")
        assert not built.returncode, built.stderr[-2000:]
    return images.ghostfill


def run(*command: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="session")
def network(images: Images) -> Iterator[Network]:
    with Network() as made:
        yield made


@pytest.fixture(scope="session")
def kafka_container(images: Images, network: Network) -> Iterator[KafkaContainer]:
    container = KafkaContainer(images.kafka).with_kraft().with_network(network).with_network_aliases("kafka")
    for name, value in BROKER.items():
        container.with_env(name, value)
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
