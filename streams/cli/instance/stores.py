"""Kafka and ClickHouse without the parts that use them: for what is done before an instance starts.

Rules of this file: those of the environment where they are named; else the home's own, started here and
stopped at the end. While an instance runs in the home its own are not to be had.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from sinks.database.database import Database, DatabaseError
from streams.cli.printing.downloads import Downloads
from streams.local.clickhouse.clickhouse import ClickHouse
from streams.local.kafka.jars import KAFKA_VERSION
from streams.local.kafka.kafka import Kafka
from streams.local.machine.home import Home, own_database
from streams.local.machine.kafka_login import SECRET
from streams.local.parts.child import end_child
from streams.transport.kafka.cluster import Cluster

READY_S = 60.0
LOOK_S = 0.05


@contextmanager
def stores_alone(
    environment: Mapping[str, str], *, wants_database: bool
) -> Iterator[tuple[Cluster, Database | None]]:
    home = Home.from_environment(environment)
    cluster, database = Cluster.from_environment(environment), Database.from_environment(environment)
    with ExitStack() as stack:
        if cluster is None or (wants_database and database is None):
            stack.enter_context(home.locked())
        if cluster is None:
            cluster = stack.enter_context(_own_kafka(home))
        if not wants_database:
            database = None
        elif database is None:
            database = stack.enter_context(_own_clickhouse(home))
        yield cluster, database


@contextmanager
def _own_kafka(home: Home) -> Iterator[Cluster]:
    kafka = Kafka(home.kafka, log=home.logs / "kafka.log", password=home.secret(SECRET))
    try:
        yield kafka.start(progress=Downloads(f"Kafka {KAFKA_VERSION}"))
    finally:
        kafka.stop()


@contextmanager
def _own_clickhouse(home: Home) -> Iterator[Database]:
    log, ready = home.logs / "clickhouse.log", home.run / "clickhouse.ready"
    clickhouse = ClickHouse(home.clickhouse, None, log, ready, home.clickhouse_passwords())
    clickhouse.spawn()
    try:
        _await(clickhouse)
        yield own_database(home, clickhouse.url)
    finally:
        if clickhouse.child is not None:
            end_child(clickhouse.child, clickhouse.patience_s)


def _await(clickhouse: ClickHouse) -> None:
    end = time.monotonic() + READY_S
    while not clickhouse.is_ready():
        if clickhouse.exit_code() is not None or time.monotonic() > end:
            why = clickhouse.last_words() or "it says nothing"
            raise DatabaseError(f"ClickHouse does not start: {why}; its log is {clickhouse.log}")
        time.sleep(LOOK_S)
