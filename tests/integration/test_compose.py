"""`make up`: everything in containers, a made-up market, a signal of one's own, its fill in SQL, and `make down`."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from schemas.catalog import catalog
from tests.integration.conftest import LOCAL, Images, run
from tests.web.stack import await_that

pytestmark = pytest.mark.integration
PORTS = {"WEB_PORT": "15005", "KAFKA_PORT": "19092", "CLICKHOUSE_PORT": "18123"}
PROJECT = "ghostfill-test"
PATIENCE_S = 180
SHARDS = catalog().topic("inbox").partitions


class Composed:
    """The project, running."""

    def __init__(self, images: Images) -> None:
        named = {"COMPOSE_PROJECT_NAME": PROJECT, "PROFILES": "demo", "GHOSTFILL_IMAGES": images.kind}
        self.environment = {**os.environ, **PORTS, **named}
        self.options = ["--env-file", "infra/images/local.env"] if images is LOCAL else []
        self.token = ""

    def compose(self, *arguments: str, said: str = "", may_fail: bool = False) -> str:
        command = ["docker", "compose", *self.options, "--profile", "demo", *arguments]
        done = run(*command, input=said, env=self.environment)
        assert may_fail or not done.returncode, f"{arguments}: {done.stdout[-3000:]} {done.stderr[-3000:]}"
        return str(done.stdout)

    def up(self) -> None:
        done = run("infra/up", env=self.environment)
        if done.returncode:
            raise AssertionError(f"{done.stdout} {done.stderr} {self.compose('logs', '--tail', '30')}")
        self.token = self.inside("web", "cat", "/run/secrets/you").strip()

    def inside(self, service: str, *command: str) -> str:
        return self.compose("exec", "-T", service, *command)

    def ghostfill(self, *arguments: str) -> str:
        return self.inside("web", "ghostfill", *arguments)

    def get(self, path: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORTS['WEB_PORT']}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def composed(images: Images) -> Iterator[Composed]:
    if run("docker", "compose", "version").returncode:
        pytest.skip("Docker is here without its compose command: `make compose` builds it")
    made = Composed(images)
    made.compose("down", "--volumes")
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "--volumes")


def test_the_page_fills(composed: Composed) -> None:
    await_that(lambda: len(json.loads(composed.get("/api/accounts"))["items"]) == 6, PATIENCE_S)
    await_that(lambda: len(json.loads(composed.get("/api/trades?limit=5"))["items"]) == 5, PATIENCE_S)
    assert composed.get("/").count("data-key") > 20


def test_nobody_comes_in_without_a_token(composed: Composed) -> None:
    composed.token, token = "gf_wrong", composed.token
    try:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            composed.get("/api/accounts")
    finally:
        composed.token = token


def test_a_signal_of_ones_own_becomes_a_fill_in_sql(composed: Composed) -> None:
    composed.ghostfill("account", "create", "mine", "--preset", "auto-trader", "--follow", "me")
    signal = json.dumps({"symbol": "AURA", "side": "long", "source": "me"})
    composed.compose("exec", "-T", "web", "ghostfill", "publish", "signals", "-", said=signal)
    asked = "SELECT count() FROM fills WHERE account = 'mine'"
    await_that(lambda: int(composed.ghostfill("sql", asked, "--format", "csv").split()[-1]) > 0, PATIENCE_S)


def test_programs_of_this_machine_reach_kafka(composed: Composed) -> None:
    client = AdminClient({"bootstrap.servers": f"127.0.0.1:{PORTS['KAFKA_PORT']}"})
    assert {"signals", "fills"} <= client.list_topics(timeout=20).topics.keys()


def test_three_desks_share_the_accounts_and_one_may_be_killed(composed: Composed) -> None:
    composed.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "desk=3")
    await_that(lambda: desks(composed) == 3, PATIENCE_S)
    assert not run("docker", "kill", f"{PROJECT}-desk-2").returncode
    await_that(lambda: desks(composed) == 2, PATIENCE_S)
    assert composed.ghostfill("verify").count("equal") == SHARDS


def desks(composed: Composed) -> int:
    """How many share the shards, once all of them are live."""
    told = ("exec", "-T", "web", "ghostfill", "status", "--json")
    said = json.loads(composed.compose(*told, may_fail=True))  # it fails while a shard is nobody's
    live = [shard for shard in said["shards"] if shard["stage"] == "live"]
    return sum(bool(worker["shards"]) for worker in said["workers"]) if len(live) == SHARDS else 0


EVERY_COMMAND = """
from streams.cli.main import COMMANDS
loaded = [lazy.load(name) for group in COMMANDS.values() for name, lazy in group.items()]
print(len(loaded))
"""


def test_every_command_is_there_without_what_an_instance_of_its_own_needs(composed: Composed) -> None:
    assert int(composed.inside("web", "/opt/ghostfill/bin/python", "-c", EVERY_COMMAND)) > 30


def test_nothing_may_be_written_but_what_is_meant_to_be(composed: Composed) -> None:
    for service in ("gate", "desk", "sink", "web"):
        found = composed.inside(service, "sh", "-c", "id -u; touch /opt/x 2>&1 || echo refused")
        assert found.split()[0] == "10001" and "refused" in found


def test_wiped_and_restored_it_trades_on(composed: Composed, tmp_path: Path) -> None:
    """It comes last: everything is new."""
    tmp_path.chmod(0o777)
    asked = "SELECT fill_id, symbol, price, quantity FROM fills FINAL WHERE account = 'mine'"
    known = rows(composed, asked)
    composed.compose("run", "--rm", "--volume", f"{tmp_path}:/backups", "sink", "backup", "/backups/one")
    composed.compose("down", "--volumes")
    composed.compose("up", "--detach", "--wait", "kafka", "clickhouse")
    composed.compose("run", "--rm", "--volume", f"{tmp_path}:/backups:ro", "sink", "restore", "/backups/one")
    composed.up()
    assert composed.ghostfill("verify").count("equal") == SHARDS
    # Its position may have been exited since: before the backup was cut, or now that it trades on.
    assert known and known <= rows(composed, asked)
    signal = json.dumps({"symbol": "CIRQ", "side": "long", "source": "me"})
    composed.compose("exec", "-T", "web", "ghostfill", "publish", "signals", "-", said=signal)
    await_that(lambda: rows(composed, f"{asked} AND symbol = 'CIRQ'"), PATIENCE_S)


def rows(composed: Composed, asked: str) -> set[str]:
    return set(composed.ghostfill("sql", asked, "--format", "csv").splitlines()[1:])
