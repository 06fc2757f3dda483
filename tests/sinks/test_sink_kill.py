"""Each id once and the sums of the topics, whatever is killed, lost, cut, doubled or full.

A short version is among the usual tests; `make test-kill-sink` runs the long one and prints what befell it.
"""

import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext

import pytest

from streams.local.kafka import topics
from tests.broker import running_kafka
from tests.sinks.chaos import Ballast, Chaos, publishing
from tests.sinks.flaky import flaky
from tests.sinks.loads import Load, differences
from tests.sinks.stage import Stage

SMALL_DISK = "1500m"


def befall(folder, *, rows, seconds, kills, seed, disk=None):
    """What was done, and where the tables differ in the end."""
    with running_kafka(folder / "kafka") as kafka:
        topics.apply(kafka.cluster, ())
        load = Load(kafka.cluster)
        stage = Stage(folder / "stage", kafka.cluster, data=disk / "clickhouse" if disk else None)
        with flaky(stage.port, seed) as way:
            stage.sink = stage.new_sink(way.port)
            try:
                stage.server.start().await_ready()
                stage.sink.start()
                chaos = Chaos(stage, way, seed, Ballast(disk) if disk else None)
                with publishing(load, rows, seconds) as thread:
                    chaos.go_on(kills, thread.is_alive)
                stage.sink.await_ready()  # on a busy machine none may have lived to make the tables yet
                stage.sink.until(lambda: not differences(load, stage.ask), patience=120)
                assert stage.sink.end() == 0
                repeats = {
                    table: stage.one(f"SELECT count() - (SELECT count() FROM {table} FINAL) FROM {table}")
                    for table in load.rows
                }
                return load, chaos.done + way.done, repeats, differences(load, stage.ask)
            finally:
                stage.drop()


@pytest.mark.long
def test_a_few_kills(tmp_path):
    load, done, _, wrong = befall(tmp_path, rows=150_000, seconds=12, kills=6, seed=1)
    assert not wrong
    assert sum(load.rows.values()) >= 150_000
    assert done["sink"] + done["both"] and done["server"] + done["both"]


@contextmanager
def small_disk(folder):
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def tell(line):
    sys.stdout.write(f"{line}\n")


@pytest.mark.kill
@pytest.mark.parametrize("has_small_disk", [True, False], ids=["small disk", "usual disk"])
def test_many_kills(tmp_path, capsys, has_small_disk):
    seed = int(os.environ.get("GHOSTFILL_SEED", "7"))
    with small_disk(tmp_path / "disk") if has_small_disk else nullcontext() as disk:
        load, done, repeats, wrong = befall(
            tmp_path, rows=4_000_000, seconds=150, kills=30, seed=seed + has_small_disk, disk=disk
        )
    with capsys.disabled():
        tell(f"\nrows: {sum(load.rows.values()):,}; " + ", ".join(f"{n} {what}" for what, n in done.items()))
        tell(f"in the tables before merges: {sum(repeats.values()):,} rows twice; wrong: {wrong or 'none'}")
    assert not wrong
