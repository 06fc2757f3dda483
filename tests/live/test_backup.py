"""A running demo is backed up, wiped and restored: every record at its offset, every row, and it trades on."""

import shutil
import subprocess
import sys

import pytest

from streams.agents.names import TOPICS
from streams.clients.backup import manifest
from streams.clients.backup.cut import number_of
from streams.clients.backup.record_files import read_records
from streams.transport.contract.names import HEADER
from tests.broker import skip_without_kafka
from tests.web.stack import await_that, environment_of, started

pytestmark = pytest.mark.live
SHARDS = 8
TABLES = ("signals", "decisions", "slices", "orders", "fills", "trades", "equity")
"""Whose rows stay as they are."""
SPEED = "60x"


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A backup, and what the tables had of what is in it; the instance is gone."""
    skip_without_kafka()
    folder = tmp_path_factory.mktemp("before")
    backup = folder / "backup"
    with started(folder, SPEED) as demo:
        await_that(lambda: len(demo.get("/api/trades?limit=40")["items"]) == 40)
        said = demo.run("backup", str(backup))
        rows = {table: rows_of(demo, table, manifest.read(backup)) for table in TABLES}
    assert "19 topics and 13 tables are in" in said
    shutil.rmtree(folder / "home")
    return backup, rows


@pytest.fixture(scope="module")
def restored(before, tmp_path_factory):
    """The instance again, in another home, and a backup of it while it trades on."""
    folder = tmp_path_factory.mktemp("restored")
    done = restore(before[0], folder / "home")
    assert done.returncode == 0, done.stderr
    with started(folder, SPEED) as demo:
        demo.run("backup", str(folder / "backup"))
        yield demo, folder / "backup"


def test_every_record_is_where_it_was(before, restored):
    was, is_ = (manifest.read(folder) for folder in (before[0], restored[1]))
    assert was.topics.keys() == is_.topics.keys() and was.records > 10_000
    for place, end in was.ends.items():
        again = [each for each in read_all(restored[1], place) if each.offset < end]
        assert again == read_all(before[0], place), place
    assert {topic: each.settings for topic, each in is_.topics.items()} == {
        topic: each.settings for topic, each in was.topics.items()
    }


def test_every_row_is_there(before, restored):
    for table, rows in before[1].items():
        there = {*restored[0].run("sql", asked(table), "--format", "csv").splitlines()}
        assert len(rows) > 1 and rows <= there, table


def test_what_was_published_is_what_its_logs_say(restored):
    assert restored[0].run("verify").count("equal") == SHARDS


def test_it_trades_on(before, restored):
    was = manifest.read(before[0]).ends
    new = "SELECT countIf(k_offset >= transform(k_partition, {places}, {ends}, 0)) FROM fills"
    ends = [was["fills", number] for number in range(SHARDS)]
    asked_ = new.format(places=list(range(SHARDS)), ends=ends)
    await_that(lambda: int(restored[0].run("sql", asked_, "--format", "csv").split()[-1]))


def test_all_of_a_shard_s_changelogs_end_at_one_checkpoint(before):
    """The desk says so when it takes over; here the cut itself."""
    for shard in range(SHARDS):
        stamps = {topic: newest_stamp(before[0], (topic, shard)) for topic in TOPICS.changelogs.values()}
        assert len({*stamps.values()}) == 1, stamps


def test_a_restore_does_not_mix(before, restored, tmp_path):
    done = restore(before[0], restored[0].home)
    assert done.returncode == 1 and "a Ghostfill runs already in" in done.stderr
    shutil.copytree(before[0], tmp_path / "copy")
    (tmp_path / "copy" / "topics" / "fills" / "3.parquet").write_bytes(b"PAR1")
    done = restore(tmp_path / "copy", tmp_path / "home")
    assert done.returncode == 1 and "3.parquet is not as it was written" in done.stderr


def restore(backup, home):
    command = [sys.executable, "-m", "streams.cli", "restore", str(backup)]
    return subprocess.run(command, env=environment_of(home), text=True, capture_output=True, check=False)


def rows_of(demo, table, taken):
    """Of what is in the backup."""
    within = " OR ".join(
        f"(k_topic = '{topic}' AND k_partition = {partition} AND k_offset < {end})"
        for (topic, partition), end in taken.ends.items()
        if topic == table or (topic, table) == ("slice-timers", "slices")
    )
    return {*demo.run("sql", f"{asked(table)} WHERE {within}", "--format", "csv").splitlines()}


def asked(table):
    return f"SELECT * EXCEPT (k_topic, k_partition, k_offset, k_time) FROM {table} FINAL"


def read_all(folder, place):
    return [*read_records(manifest.records_file(folder, place))]


def newest_stamp(folder, place):
    stamps = [number_of(each.value) for each in read_all(folder, place) if each.key == HEADER]
    return stamps[-1] if stamps else -1
