"""Kafka and ClickHouse in containers, for a session of tests."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex

import pytest

from sinks.database.database import PASSWORD, URL, USER
from streams.transport.kafka.cluster import BOOTSTRAP

KAFKA_IMAGE = "KAFKA_IMAGE", "confluentinc/cp-kafka:8.0.0"
CLICKHOUSE_IMAGE = "CLICKHOUSE_IMAGE", "clickhouse/clickhouse-server:25.8"
"""The variable that names another, and the usual one."""
ONE_BROKER = {
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
}
START_S = 120


@contextmanager
def containers() -> Iterator[Mapping[str, str]]:
    """Their addresses, as Ghostfill's variables."""
    _require_docker()
    os.environ.setdefault(
        "TESTCONTAINERS_RYUK_DISABLED", "true"
    )  # it is an image more, and we end what we start
    try:
        from testcontainers.community.clickhouse import ClickHouseContainer
        from testcontainers.community.kafka import KafkaContainer
    except ImportError:
        raise pytest.UsageError(
            "the fixture ghostfill_containers needs testcontainers: pip install 'ghostfill[containers]'"
        ) from None

    password = token_hex()
    kafka = KafkaContainer(_image(*KAFKA_IMAGE)).with_kraft()
    for name, value in ONE_BROKER.items():
        kafka.with_env(name, value)
    clickhouse = ClickHouseContainer(
        _image(*CLICKHOUSE_IMAGE), username="default", password=password, dbname="ghostfill"
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


def _require_docker() -> None:
    try:
        runs = not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        runs = False
    if not runs:
        pytest.skip("Docker does not run here, which the fixture ghostfill_containers needs")


def _image(variable: str, usual: str) -> str:
    return os.environ.get(variable, "").strip() or usual
