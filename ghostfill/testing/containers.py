"""Kafka and ClickHouse in containers, for a session of tests."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import NamedTuple

import pytest

from sinks.database.database import PASSWORD, URL, USER
from streams.transport.kafka.cluster import BOOTSTRAP


class Image(NamedTuple):
    """What is pulled."""

    variable: str
    """That names another."""
    usual: str

    @property
    def name(self) -> str:
        return os.environ.get(self.variable, "").strip() or self.usual


KAFKA_IMAGE = Image("KAFKA_IMAGE", "confluentinc/cp-kafka:8.0.0")
CLICKHOUSE_IMAGE = Image("CLICKHOUSE_IMAGE", "clickhouse/clickhouse-server:25.8")
ONE_BROKER = {
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
}
START_S = 120


@contextmanager
def containers() -> Iterator[Mapping[str, str]]:
    """Their addresses, as Ghostfill's variables."""
    if not docker_runs():
        pytest.skip("Docker does not run here, which the fixture ghostfill_containers needs")
    # Its helper is an image more, and we end what we start.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    try:
        from testcontainers.community.clickhouse import ClickHouseContainer
        from testcontainers.community.kafka import KafkaContainer
    except ImportError:
        raise pytest.UsageError(
            "the fixture ghostfill_containers needs testcontainers: pip install 'ghostfill[containers]'"
        ) from None

    password = token_hex()
    kafka = KafkaContainer(KAFKA_IMAGE.name).with_kraft()
    for name, value in ONE_BROKER.items():
        kafka.with_env(name, value)
    clickhouse = ClickHouseContainer(
        CLICKHOUSE_IMAGE.name, username="default", password=password, dbname="ghostfill"
    )
    try:
        kafka.start(timeout=START_S)
        with clickhouse:
            host, port = clickhouse.get_container_host_ip(), clickhouse.get_exposed_port(8123)
            yield {
                BOOTSTRAP: kafka.get_bootstrap_server(),
                URL: f"http://{host}:{port}/ghostfill",
                USER: "default",
                PASSWORD: password,
            }
    finally:
        kafka.stop()


def docker_runs() -> bool:
    try:
        return not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False
