"""`ghostfill status`, with workers that a test makes up."""

import json
import os
import time
from types import SimpleNamespace

import pytest

from streams.clients import status, workers
from streams.clients.workers import wall
from streams.engine.model.units import SECOND
from streams.transport.contract.machine import Awaited
from streams.transport.shard.reports import ShardReport, WorkerReport, encode_report

NOON = 1_767_355_200 * SECOND


def told(live, worker, *shards, age=0, **fields):
    now = wall() - age * SECOND
    report = WorkerReport(
        worker=worker, host="here", pid=os.getpid(), version="1.2", part="ghostfill-desk", ts=now, started=now,
        shards=shards, **fields,
    )  # fmt: skip
    live.send(("workers", worker.encode(), encode_report(report)))


def stop_the_clock(monkeypatch):
    """Nobody falls silent, or is heard for longer, because the machine is busy."""
    now = time.time_ns()
    stopped = SimpleNamespace(time=lambda: now / 1e9, time_ns=lambda: now)
    monkeypatch.setattr(workers, "time", stopped)


def asked(live, capsys, *options):
    code = live.run("status", *options)
    return code, capsys.readouterr().out


def test_nothing_runs(live, capsys):
    code, said = asked(live, capsys)
    assert code == 1
    assert said.startswith("NOT running: start it with `ghostfill up`")
    assert live.cluster.bootstrap in said


def test_what_entries_wait_for(live, capsys, monkeypatch):
    stop_the_clock(monkeypatch)
    x, any_ = "X's first tick in market ticks", "the first record in market ticks"
    here = ShardReport(
        0, "live", awaits=(Awaited("ticks/X", x, 2, NOON + SECOND), Awaited("ticks/", any_, 1, 0))
    )
    there = ShardReport(1, "live", awaits=(Awaited("ticks/X", x, 3, NOON),))
    told(live, "one", here, there)
    told(live, "gone", ShardReport(2, "live", awaits=(Awaited("ticks/Y", "Y's", 3, NOON),)), age=5)
    assert _json(live, capsys)["waits"] == [
        {"for": any_, "entries": 1, "until": None},
        {"for": x, "entries": 5, "until": "2026-01-02T12:00:00Z"},
    ]
    said = asked(live, capsys)[1]
    assert f"  waiting     5 for {x}, the first expires at 2026-01-02T12:00:00Z\n" in said
    assert f"  waiting     1 for {any_}\n" in said


def test_what_the_workers_tell(live, capsys, monkeypatch):
    stop_the_clock(monkeypatch)
    live.send(("ticks", b"X", b'{"ts": 1767355200, "price": 1}'))
    (end,) = (each["end"] for each in _json(live, capsys)["markets"] if each["market"] == "ticks")
    shards = [ShardReport(n, "live", 4, 0, {"ticks": end - n}, 1, 2, 30, 0.25) for n in (0, 1)]
    told(live, "one", *shards, market_time={"ticks": NOON}, pause=0.5)
    told(live, "gone", ShardReport(2, "live"), age=5)
    told(live, "bye", ShardReport(3, "live"), leaving=True)
    told(live, "spare")
    found = _json(live, capsys)
    assert {each["name"]: (each["state"], each["stage"]) for each in found["workers"]} == {
        "one": ("alive", "live"),
        "gone": ("silent", "live"),
        "bye": ("leaving", "live"),
        "spare": ("alive", "standby"),
    }
    (market,) = (each for each in found["markets"] if each["market"] == "ticks")
    assert (market["market"], market["lag"], market["newest"]) == ("ticks", 1, "2026-01-02T12:00:00Z")
    assert found["shards"][1] | {"inbox_end": 0, "inbox_lag": 0} == {
        "shard": 1, "worker": "one", "stage": "live", "inbox_end": 0, "inbox_lag": 0, "waiting": 1, "late": 2,
        "published": 30, "taken_in": 0.25,
    }  # fmt: skip
    assert found["shards"][2]["stage"] == "nobody's"
    assert not found["runs"]  # there is no gate
    monkeypatch.setattr(status, "members", lambda cluster, group: 1)
    code, said = asked(live, capsys)
    assert code == 1 and "standby" in said
    others = "Shards 2, 3, 4, 5, 6 and 7 are nobody's: their accounts do not trade."
    assert said.splitlines()[:2] == ["running, but:", f"  {others}"]


@pytest.mark.parametrize(
    ("report", "late", "fault"),
    [
        (ShardReport(0, "live", market={"ticks": 5}), 0, None),
        (ShardReport(0, "live", market={"ticks": 4}), 0, None),
        (ShardReport(0, "live", market={"ticks": 4}, still=11), 0, "standing still"),
        (ShardReport(0, "live", market={"ticks": 5}, waiting=1, still=11), 0, "standing still"),
        (ShardReport(0, "live", market={"ticks": 4}), 11, "standing still"),
        (ShardReport(0, "live", market={"ticks": 5}), 11, None),
        (ShardReport(0, "stopped", market={"ticks": 5}), 0, "stopped"),
        (ShardReport(0, "taking over"), 0, "taking over"),
    ],
)
def test_a_shard_that_does_not_work_is_told(live, capsys, monkeypatch, report, late, fault):
    """`late`: for how long the worker's event loop has said nothing new."""
    stop_the_clock(monkeypatch)
    others = [ShardReport(shard, "live", market={"ticks": 5}) for shard in range(1, 8)]
    made = wall() - late * SECOND
    told(live, "one", report, *others, market_end={"ticks": 5}, made=made)
    monkeypatch.setattr(status, "members", lambda cluster, group: 1)
    code, said = asked(live, capsys)
    if fault is None:
        assert code == 0 and said.startswith("running\n")
    else:
        assert code == 1
        assert said.splitlines()[:2] == ["running, but:", f"  Shard 0 is {fault}: its accounts do not trade."]


def _json(live, capsys):
    _, said = asked(live, capsys, "--json")
    return json.loads(said)


def test_without_a_cluster_it_says_so(tmp_path, monkeypatch, capsys):
    from tests.shell.conftest import run

    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setenv("GHOSTFILL_HOME", str(tmp_path))
    assert run("status") == 1
    assert "no Ghostfill is running" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ghostfill-gate", "ghostfill-desk"])
def test_a_group_that_never_was_has_everything_before_it(live, capsys, name):
    (group,) = (each for each in _json(live, capsys)["groups"] if each["group"] == name)
    assert group["members"] == 0 and group["lag"] >= 0
