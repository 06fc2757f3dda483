"""Measures the sink against inserts of what is already prepared, and against the loop that one would write first.

Rules of this file: the same rows of the same Kafka in every run, into the same server, one after the other.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import Consumer, TopicPartition

from schemas.catalog import catalog
from sinks.blocks.columns import MONEY, TIME, columns_of
from streams.local.kafka import topics
from tests.bench.run import Row
from tests.broker import running_kafka
from tests.sinks.loads import TICKS_A_BATCH, Load
from tests.sinks.stage import Stage

BLOCK = 50_000
LOOP = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAG_ROWS, LAG_SECONDS, PUBLISH = 20_000, 30, 500
HEADER = 10


@dataclass(frozen=True)
class Sizes:
    """How many rows."""

    fills: int
    ticks: int
    batches: int
    loop: int


FULL = Sizes(1_000_000, 4_000_000, 10_000, 200_000)
QUICK = Sizes(300_000, 500_000, 2_000, 50_000)


@contextmanager
def staged(work: Path) -> Iterator[tuple[Stage, Load, Any]]:
    with running_kafka(work / "kafka", heap="1g") as kafka:
        topics.apply(kafka.cluster, ())
        stage = Stage(work / "stage", kafka.cluster)
        try:
            yield stage, Load(kafka.cluster), kafka.cluster
        finally:
            stage.drop()


def sink(sizes: Sizes, work: Path) -> list[Row]:
    """Rows a second from Kafka into the tables."""
    with staged(work) as (stage, load, cluster):
        load.publish("fills", range(sizes.fills))
        load.flush()
        stage.server.start().await_ready()
        ours = _drained(stage, "fills", sizes.fills)
        prepared = _inserted_again(stage, "fills", sizes.fills)
        loop = _looped(stage, cluster, sizes.loop)
        lag = _lag(stage, load, sizes.fills)
        return [
            Row("from Kafka, against the same rows prebuilt in Native", ours / prepared, "times", 0.12,
                detail=f"{ours:,.0f} rows/s against {prepared:,.0f}"),
            Row("from Kafka, against a loop of inserts of 1,000", ours / loop, "times", 2.0,
                detail=f"against {loop:,.0f} rows/s"),
            Row(f"lag at {LAG_ROWS:,} rows a second, at most", 1000 * lag, "ms", 2_000, at_most=True),
        ]  # fmt: skip


def ticks(sizes: Sizes, work: Path) -> list[Row]:
    """Ticks a second, one by one and in batches."""
    found = []
    for what, publish, rows in (
        ("ticks one a record", lambda load: load.publish("ticks", range(sizes.ticks)), sizes.ticks),
        (
            "ticks in batches",
            lambda load: load.publish_batches(range(sizes.batches)),
            sizes.batches * TICKS_A_BATCH,
        ),
    ):
        folder = work / what.replace(" ", "-")
        folder.mkdir()
        with staged(folder) as (stage, load, _):
            publish(load)
            load.flush()
            stage.server.start().await_ready()
            ours = _drained(stage, "ticks", rows)
            prepared = _inserted_again(stage, "ticks", rows)
            detail = f"{ours:,.0f} rows/s against {prepared:,.0f}"
            found.append(
                Row(f"{what}, against prebuilt Native", ours / prepared, "times", 0.5, detail=detail)
            )
    return found


def _drained(stage: Stage, table: str, rows: int) -> float:
    """The faster of two runs."""
    first = _drained_once(stage, table, rows)
    for each in (table, "progress"):
        stage.client().command(f"TRUNCATE TABLE {each}")
    return max(first, _drained_once(stage, table, rows))


def _drained_once(stage: Stage, table: str, rows: int) -> float:
    """From when it reads to when the last row is there."""
    stage.sink.start()
    count = f"SELECT count() FROM {table}"
    stage.sink.until(stage.sink.ready_file.exists)
    began = time.monotonic()
    stage.sink.until(lambda: stage.one(count) >= rows, patience=300)
    rate = rows / (time.monotonic() - began)
    assert stage.one(count) == rows
    stage.sink.end()
    return float(rate)


def _inserted_again(stage: Stage, table: str, rows: int) -> float:
    """The same rows, in blocks that are already what ClickHouse keeps."""
    client = stage.client()
    client.command(f"CREATE TABLE again AS {table}")
    names = [
        name
        for (name,) in stage.ask(
            f"SELECT name FROM system.columns WHERE table = '{table}' AND database = 'ghostfill'"
        )
    ]
    blocks = [
        client.raw_query(
            f"SELECT * FROM {table} ORDER BY k_partition, k_offset LIMIT {BLOCK} OFFSET {at}", fmt="Native"
        )
        for at in range(0, rows, BLOCK)
    ]
    best = 0.0
    for _ in range(2):
        client.command("TRUNCATE TABLE again")
        began = time.monotonic()
        for block in blocks:
            client.raw_insert("again", names, block, fmt="Native", compression=None)
        best = max(best, rows / (time.monotonic() - began))
    assert stage.one("SELECT count() FROM again") == rows
    client.command("DROP TABLE again")
    return best


def _looped(stage: Stage, cluster: Any, rows: int) -> float:
    """What one writes first: read, decode, insert a thousand rows."""
    client = stage.client()
    client.command("CREATE TABLE looped AS fills")
    schema = catalog().schemas.current("fill")
    types = columns_of(schema)
    names = [*types, "k_topic", "k_partition", "k_offset", "k_time"]
    converts = [_converter(kind) for kind in types.values()]
    consumer = Consumer({**cluster.confluent(), "group.id": "loop", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("fills", number, 0) for number in range(8)])
    waiting, done, began = [], 0, 0.0
    while done < rows:
        for message in consumer.consume(LOOP, 0.1):
            began = began or time.monotonic()
            record = _decoded(message.value() or b"", schema.parsed)
            values = [convert(record[name]) for name, convert in zip(types, converts, strict=True)]
            place = (
                message.topic(),
                message.partition(),
                message.offset(),
                _time(message.timestamp()[1] * 1000),
            )
            waiting.append([*values, *place])
            if len(waiting) == LOOP:
                client.insert("looped", waiting, column_names=names)
                done += LOOP
                waiting = []
    rate = done / (time.monotonic() - began)
    consumer.close()
    client.command("DROP TABLE looped")
    return rate


def _decoded(value: bytes, schema: Any) -> dict[str, Any]:
    source = BytesIO(value)
    source.seek(HEADER)
    record = fastavro.schemaless_reader(source, schema, None)
    assert isinstance(record, dict)
    return record


def _converter(kind: str) -> Callable[[Any], Any]:
    if MONEY in kind:
        return lambda value: None if value is None else Decimal(value).scaleb(-8)
    return _time if TIME in kind else lambda value: value


def _time(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def _lag(stage: Stage, load: Load, first: int) -> float:
    """How long a row is on its way, at most, while so many come each second."""
    stage.sink.start().await_ready()
    worst, began, sent = 0.0, time.monotonic(), 0
    times: list[tuple[float, int]] = []
    while sent < LAG_ROWS * LAG_SECONDS:
        load.publish("fills", range(first + sent, first + sent + PUBLISH))
        sent += PUBLISH
        now = time.monotonic()
        times.append((now, first + sent))
        if sent % (LAG_ROWS // 5) == 0:
            there = stage.one("SELECT count() FROM fills")
            while times and times[0][1] <= there:
                times.pop(0)
            if times:
                worst = max(worst, time.monotonic() - times[0][0])
        time.sleep(max(0.0, began + sent / LAG_ROWS - time.monotonic()))
    stage.sink.until(lambda: stage.one("SELECT count() FROM fills") == first + sent)
    stage.sink.end()
    return worst
