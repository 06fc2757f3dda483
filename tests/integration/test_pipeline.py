"""Gate, desks and sink in containers of their own, on the Kafka and the ClickHouse that testcontainers starts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from schemas.catalog import catalog
from sinks.database.database import Database
from streams.transport.kafka.cluster import Cluster
from tests.integration.conftest import PASSWORD
from tests.web.stack import await_that

pytestmark = pytest.mark.integration
SHARDS = catalog().topic("inbox").partitions
DESKS = 3
PATIENCE_S = 300
INSIDE = {
    "KAFKA_BOOTSTRAP": "kafka:9092",
    "CLICKHOUSE_URL": "http://clickhouse:8123/ghostfill",
    "CLICKHOUSE_PASSWORD": PASSWORD,
}


class Pipeline:
    """Its containers, and how they are asked from outside."""

    def __init__(self, cluster: Cluster, database: Database, image: str, network: Network) -> None:
        self.environment = {**os.environ, **cluster.environment(), **database.environment()}
        self.image, self.network = image, network
        self.desks: list[DockerContainer] = []

    def part(self, *command: str) -> DockerContainer:
        found = DockerContainer(self.image).with_network(self.network).with_command([*command])
        for name, value in INSIDE.items():
            found.with_env(name, value)
        return found

    def run(self, *words: str, said: str = "") -> str:
        command = [sys.executable, "-m", "streams.cli", *words]
        done = subprocess.run(
            command, env=self.environment, input=said, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def publish(self, topic: str, **message: object) -> None:
        now = datetime.now(UTC).isoformat()
        self.run("publish", topic, "-", said=json.dumps({"ts": now, **message}))

    def fills(self) -> int:
        asked = "SELECT count() FROM fills FINAL WHERE account = 'mine'"
        return int(self.run("sql", asked, "--format", "csv").split()[-1])

    def are_shared_by(self, desks: int) -> bool:
        """Whether all shards are live, with so many; `status` fails while one is nobody's."""
        told = json.loads(self.run("status", "--json"))
        live = [shard for shard in told["shards"] if shard["stage"] == "live"]
        sharing = [worker for worker in told["workers"] if worker["shards"]]
        return (len(live), len(sharing)) == (SHARDS, desks)


@pytest.fixture(scope="module")
def pipeline(
    cluster: Cluster, database: Database, ghostfill_image: str, network: Network
) -> Iterator[Pipeline]:
    made = Pipeline(cluster, database, ghostfill_image, network)
    made.run("topics", "apply")
    with ExitStack() as stack:
        for command in (["worker", "--part", "gate"], ["sink"]):
            stack.enter_context(made.part(*command))
        made.desks = [stack.enter_context(made.part("worker", "--part", "desk")) for _ in range(DESKS)]
        await_that(partial(made.are_shared_by, DESKS), PATIENCE_S)
        yield made


def test_a_signal_becomes_a_fill_in_sql(pipeline: Pipeline) -> None:
    pipeline.publish("ticks", symbol="AAPL", price="100")
    pipeline.run("account", "create", "mine", "--preset", "auto-trader", "--follow", "me")
    pipeline.publish("signals", symbol="AAPL", side="long", source="me")

    def is_filled() -> bool:
        pipeline.publish("ticks", symbol="AAPL", price="100")
        return pipeline.fills() > 0

    await_that(is_filled, PATIENCE_S)


def test_desks_that_die_are_taken_over(pipeline: Pipeline) -> None:
    for left in range(DESKS - 1, 0, -1):
        pipeline.desks.pop().get_wrapped_container().kill()
        await_that(partial(pipeline.are_shared_by, left), PATIENCE_S)
    before = pipeline.fills()
    pipeline.publish("signals", symbol="AAPL", side="flat", source="me")

    def is_closed() -> bool:
        pipeline.publish("ticks", symbol="AAPL", price="101")
        return pipeline.fills() > before

    await_that(is_closed, PATIENCE_S)
    assert pipeline.run("verify").count("equal") == SHARDS
