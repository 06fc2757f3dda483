"""The home: one owner, a running instance that others find, and nothing that a dead one left behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sinks.database.database import DatabaseError
from streams.local.machine.home import Home, Instance, find_cluster, find_database
from streams.transport.kafka.cluster import ClusterError

INSTANCE = Instance(1, "127.0.0.1:29092", "PLAINTEXT", "0.1.0", "4.1.0", {})
HOLD = """
import sys
from pathlib import Path
from streams.local.machine.home import Home
with Home(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def another(home):
    """Another process that owns the home."""
    command = [sys.executable, "-c", HOLD, str(home.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_where_it_is():
    assert Home.from_environment({"GHOSTFILL_HOME": "/a/b"}).folder == Path("/a/b")
    if sys.platform == "linux":
        assert Home.from_environment({"XDG_DATA_HOME": "/a"}).folder == Path("/a/ghostfill")
        assert Home.from_environment({"XDG_DATA_HOME": "a"}).folder == Path.home() / ".local/share/ghostfill"


def test_one_owner_at_a_time(home, another):
    assert home.owner() == another.pid
    said = rf"a Ghostfill runs already in {home.folder} \(process {another.pid}\): stop it first"
    with pytest.raises(ClusterError, match=said), home.locked():
        pass
    another.kill()
    another.wait()
    assert home.owner() is None
    with home.locked():
        assert home.owner() is not None


def test_a_home_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    said = r"cannot be made: .*name another folder with GHOSTFILL_HOME"
    with pytest.raises(ClusterError, match=said), Home(tmp_path / "file" / "home").locked():
        pass


def test_it_is_for_its_user_alone_and_so_is_what_is_started_from_it(home):
    home.folder.mkdir(0o755)
    before = os.umask(0o022)
    try:
        with home.locked():
            assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
            subprocess.run(["touch", str(home.folder / "made")], check=True)
            assert stat.S_IMODE((home.folder / "made").stat().st_mode) == 0o600
        (home.folder / "made-later").touch()
        assert stat.S_IMODE((home.folder / "made-later").stat().st_mode) == 0o644
    finally:
        os.umask(before)


def test_a_home_of_another_account_is_not_used(home, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    home.folder.mkdir(0o755)
    monkeypatch.setattr(Path, "chmod", refuse)
    said = r"cannot be made private to your user: Operation not permitted; name a folder of your"
    with pytest.raises(ClusterError, match=said), home.locked():
        pass


def test_the_cluster_is_the_users_then_the_running_instances(home, another):
    environment = {"GHOSTFILL_HOME": str(home.folder)}
    said = rf"no Ghostfill is running in {home.folder}: start it with `ghostfill up`, or set KAFKA_BOOTSTRAP"
    with pytest.raises(ClusterError, match=said):
        find_cluster(environment)
    home.tell(INSTANCE)
    assert find_cluster(environment).bootstrap == "127.0.0.1:29092"
    assert find_cluster(environment | {"KAFKA_BOOTSTRAP": "k:9092"}).bootstrap == "k:9092"
    another.kill()
    another.wait()
    with pytest.raises(ClusterError, match=said):
        find_cluster(environment)


def test_who_asks_beside_a_demo_is_told_of_it(tmp_path):
    usual = Home(tmp_path / "ghostfill")
    with usual.demo.locked():
        usual.demo.tell(INSTANCE)
        said = (
            rf"in {usual.folder}, but a demo is: to ask that, set GHOSTFILL_HOME={tmp_path}/ghostfill-demo$"
        )
        with pytest.raises(ClusterError, match=said):
            find_cluster({"GHOSTFILL_HOME": str(usual.folder)})
        with pytest.raises(DatabaseError, match=said):
            find_database({"GHOSTFILL_HOME": str(usual.folder)})


def test_a_users_cluster_with_secrets_has_to_be_named_again(home, another):
    home.tell(Instance(1, "k:9092", "SASL_SSL", "0.1.0", "", {}))
    with pytest.raises(ClusterError, match=r"uses the cluster k:9092 with SASL_SSL: set KAFKA_BOOTSTRAP"):
        find_cluster({"GHOSTFILL_HOME": str(home.folder)})


def test_the_embedded_one_where_it_is_closed_is_found_with_the_homes_password(home, another):
    home.tell(Instance(1, "127.0.0.1:29092", "SASL_PLAINTEXT", "0.1.0", "4.1.0", {}))
    found = find_cluster({"GHOSTFILL_HOME": str(home.folder)})
    assert (found.mechanism, found.password) == ("SCRAM-SHA-256", home.secret("kafka"))


def test_an_instance_file_of_another_version(home, another):
    home.instance_file.write_text('{"pid": 1}')
    with pytest.raises(ClusterError, match=r"another version wrote it"):
        home.instance()


def test_nothing_is_told_after_the_end(home):
    with home.locked():
        home.tell(INSTANCE)
        assert home.instance() == INSTANCE
        home.untell()
        assert home.instance() is None
