"""What Prometheus is told of a small instance: every number that alerts and dashboards stand on."""

import os
import socket
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.agents.names import DESK
from streams.engine.model.units import SECOND
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import ShardReport, WorkerReport
from streams.web.api.metrics import Metrics
from streams.web.state.health import Health
from streams.web.state.live_state import LiveState

NOW = 1_800_000_000 * SECOND
SINK = "ghostfill-sink-1"


def desk(worker, shards, **more):
    return WorkerReport(worker, more.pop("host", "far"), 7, "1", DESK, NOW, NOW, shards=shards, **more)


MOVES = ShardReport(
    0, "live", market={"ticks": 5}, waiting=3, late=2, published=40, taken_at=NOW - 60 * SECOND
)
STANDS = ShardReport(1, "live", market={"ticks": 1}, still=25.0, taken_at=NOW - 30 * SECOND)
COMING = ShardReport(2, "taking over")
CONDITION = {
    "groups": [{"group": SINK, "members": 1, "lag": 12, "lags": {"fills": 5, "orders": 7}}],
    "shards": [{"shard": 0, "inbox_lag": 9}, {"shard": 3}],
    "dead_letters_ever": 4,
}


@pytest.fixture
def values(monkeypatch, tmp_path):
    """Of an instance whose desks told this: value by name and labels."""
    monkeypatch.setenv("GHOSTFILL_HOME", str(tmp_path))
    made = []

    def ask(*told, condition=CONDITION, letters=6):
        live = LiveState(workers={each.worker: each for each in told}, heard_until=NOW, unread=set())
        results: Any = SimpleNamespace(trouble="")
        health = Health(Cluster("nowhere:9092"), live, results)
        health.condition, health.letters_stored = condition, letters
        made.append(health)
        registry = CollectorRegistry()
        here: Any = SimpleNamespace(live=live, health=health)
        registry.register(Metrics(here))
        families = text_string_to_metric_families(generate_latest(registry).decode())
        samples = [each for family in families for each in family.samples]
        return {(each.name.removeprefix("ghostfill_"), *each.labels.values()): each.value for each in samples}

    yield ask
    for each in made:
        each.close()


def test_a_shard_that_moves_and_one_that_stands(values):
    found = values(desk("a", (MOVES, STANDS, COMING), market_end={"ticks": 5}))
    shards = ("shard_live", "shard_lag", "shard_still_seconds", "shard_waiting")
    assert [[found[name, shard] for name in shards] for shard in "012"] == [
        [1, 0, 0, 3],
        [0, 4, 25, 0],
        [0, 0, 0, 0],
    ]
    assert found["shard_late_entries_total", "0"] == 2
    assert found["shard_published_records_total", "0"] == 40
    assert found["shard_inbox_lag", "0"] == 9
    assert ("shard_inbox_lag", "3") not in found, "nobody's shard has not told how far it is"


def test_a_shard_that_changes_hands_has_another_time(values):
    before = values(desk("a", (MOVES,)))
    assert before["shard_taken_over_timestamp_seconds", "0"] == NOW / SECOND - 60
    later = ShardReport(0, "live", taken_at=NOW)
    assert values(desk("b", (later,)))["shard_taken_over_timestamp_seconds", "0"] == NOW / SECOND
    assert ("shard_taken_over_timestamp_seconds", "2") not in values(desk("a", (COMING,)))


def test_how_far_a_group_is_behind_in_each_topic(values):
    found = values(desk("a", (MOVES,)))
    assert found["group_lag", SINK] == 12 and found["group_members", SINK] == 1
    assert (found["topic_lag", SINK, "fills"], found["topic_lag", SINK, "orders"]) == (5, 7)


def test_dead_letters_are_counted_where_they_are_kept(values):
    found = values(desk("a", (MOVES,)))
    assert (found["dead_letters_total", "kafka"], found["dead_letters_total", "clickhouse"]) == (4, 6)


def test_what_is_not_known_has_no_sample(values):
    found = values(condition=None, letters=None)
    assert not [key for key in found if key[0] in ("dead_letters_total", "group_lag", "shard_inbox_lag")]
    assert found["up", "desk"] == 0


def test_parts_of_this_machine_and_desks_of_others(values):
    here = socket.gethostname()
    own = msgspec.structs.replace(desk("own", (MOVES,), host=here), pid=os.getpid())
    found = values(desk("far", (), memory=5 << 20, cpu=1.5), own)
    assert found["part_resident_memory_bytes", "far", "desk-7"] == 5 << 20
    assert found["part_cpu_seconds_total", "far", "desk-7"] == 1.5
    told = {key[2] for key in found if key[0] == "part_start_time_seconds" and key[1] == here}
    assert told == {"web"}, "who is seen here is not told twice"


def test_the_disk_of_the_home(values):
    found = values()
    assert 0 < found["disk_free_bytes", "home"] < found["disk_size_bytes", "home"]
