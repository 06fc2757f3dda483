"""`ghostfill doctor`: each check says what it found, and what mends it."""

import os
from datetime import UTC, datetime
from types import SimpleNamespace

import orjson
import pytest
from click.testing import CliRunner

from streams.cli.commands.manage.doctor import doctor, examine
from streams.local.checks import cluster_checks, machine_checks
from streams.local.kafka import topics
from streams.local.kafka.maven import MavenError, Repository
from streams.local.machine.home import Home
from streams.transport.kafka.cluster import Cluster, ClusterError

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def states(findings):
    return {each.check: each.state for each in findings}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_cluster_that_has_everything(cluster):
    topics.apply(cluster)
    assert set(states(cluster_checks.cluster_findings(cluster)).values()) == {"ok"}


def test_topics_that_differ_are_a_warning_and_wrong_ones_a_failure(cluster, monkeypatch):
    for wanted, state in ((topics.Wanted("none", 1), "warn"), (topics.Wanted("dead-letters", 3), "fail")):
        topics.apply(cluster)
        found = topics.plan(cluster, extra=[wanted])
        monkeypatch.setattr(cluster_checks, "plan", lambda cluster, found=found: found)
        assert cluster_checks.topics(cluster).state == state


def test_a_cluster_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(cluster_checks, "ANSWER_S", 0.2)
    (found,) = cluster_checks.cluster_findings(Cluster("127.0.0.1:1"))
    assert (found.state, found.found[:27]) == ("fail", "127.0.0.1:1 does not answer")


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ("MemTotal: 1 kB\nMemAvailable:    8000000 kB\n", "ok"),
        ("MemAvailable:    80000 kB\n", "warn"),
        ("nothing to see", "ok"),
    ],
)
def test_memory(tmp_path, lines, state):
    (tmp_path / "meminfo").write_text(lines)
    assert machine_checks.memory(tmp_path / "meminfo").state == state


def test_memory_where_nobody_says(tmp_path):
    assert machine_checks.memory(tmp_path / "none").state == "ok"


@pytest.mark.parametrize(("free", "state"), [(10**10, "ok"), (10**9, "warn"), (10**7, "fail")])
def test_disk(home, monkeypatch, free, state):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    assert machine_checks.disk(home).state == state


def test_clock(home):
    assert machine_checks.clock(home, NOW).state == "ok"
    assert machine_checks.clock(home, 0).state == "fail"
    with home.locked():
        os.utime(home.lock_file, (NOW + 3600, NOW + 3600))
    back = machine_checks.clock(home, NOW)
    assert (back.state, back.found) == (
        "warn",
        "2026-01-01 00:00:00+00:00, 3600 s before this home was last written",
    )


def test_lock(home):
    assert machine_checks.lock(home).found == "no Ghostfill runs in this home"
    with home.locked():
        assert machine_checks.lock(home).found == f"held by process {os.getpid()}"


def test_a_home_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    found = machine_checks.home_folder(Home(tmp_path / "file"))
    assert (found.state, found.mend[-21:]) == ("fail", "GHOSTFILL_HOME=FOLDER")


def test_jars_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_checks, "repository", lambda: Repository("http://127.0.0.1:1/maven"))
    assert machine_checks.jars(tmp_path).state == "fail"
    monkeypatch.setattr(machine_checks, "_asks", lambda source: "")
    assert machine_checks.jars(tmp_path).found.startswith(
        "`ghostfill up` will download 38 MB from http://127"
    )

    def broken():
        raise MavenError("settings.xml cannot be read")

    monkeypatch.setattr(machine_checks, "repository", broken)
    assert machine_checks.jars(tmp_path).found == "settings.xml cannot be read"


def test_java_that_is_not_there(monkeypatch):
    def none():
        raise ClusterError("there is no Java at /x")

    monkeypatch.setattr(machine_checks, "java", none)
    assert machine_checks.java_runs().state == "fail"


def test_a_wrong_setting_fails_and_is_named(home):
    environment = {
        "GHOSTFILL_HOME": str(home.folder),
        "KAFKA_BOOTSTRAP": "k:1",
        "KAFKA_SECURITY_PROTOCOL": "tls",
    }
    (found,) = (each for each in examine(environment) if each.check == "cluster")
    assert (found.state, found.found[:31]) == (
        "fail",
        "KAFKA_SECURITY_PROTOCOL is TLS;"[:31].replace("TLS", "tls"),
    )


def test_the_command_ends_with_1_where_something_fails(home, monkeypatch):
    environment = {
        "GHOSTFILL_HOME": str(home.folder),
        "KAFKA_BOOTSTRAP": "k:1",
        "KAFKA_SECURITY_PROTOCOL": "tls",
    }
    ended = CliRunner().invoke(doctor, ["--json"], env=environment)
    assert ended.exit_code == 1
    assert [each["check"] for each in orjson.loads(ended.output) if each["state"] == "fail"] == ["cluster"]
    said = CliRunner().invoke(doctor, env=environment).output
    assert "fail  cluster" in said and "↳ check KAFKA_BOOTSTRAP" in said
