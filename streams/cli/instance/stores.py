"""Kafka and ClickHouse without the parts that use them: for what is done before an instance starts.

Rules of this file: those of the environment where they are named; else the home's own, started here and
stopped at the end. While an instance runs in the home its own are not to be had.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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
def kafka_alone(environment: Mapping[str, str]) -> Iterator[Cluster]:
    named = Cluster.from_environment(environment)
    if named is not None:
        yield named
        return
    home = Home.from_environment(environment)
    with home.locked():
        log, password = home.logs / "kafka.log", home.secret(SECRET)
        kafka = Kafka(home.kafka, log=log, password=password)
        try:
            yield kafka.start(progress=Downloads(f"Kafka {KAFKA_VERSION}"))
        finally:
            kafka.stop()


@contextmanager
def clickhouse_alone(environment: Mapping[str, str]) -> Iterator[Database]:
    named = Database.from_environment(environment)
    if named is not None:
        yield named
        return
    home = Home.from_environment(environment)
    home.make()
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
            raise DatabaseError(
                f"ClickHouse does not start: {clickhouse.last_words()}; its log is {clickhouse.log}"
            )
        time.sleep(LOOK_S)
