"""`ghostfill up` as it is: from a signal to the answer in SQL, and what is left after a stop and another start."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from schemas.codec import decode
from streams.clients.kafka import admin, ends, read_spans, require
from streams.local.machine.home import find_cluster
from tests.broker import skip_without_kafka

PATIENCE_S = 120.0
PASSWORDS = ("clickhouse", "clickhouse-reader")
NOON = 1_767_355_200


def await_that(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


class Trader:
    """Someone at a terminal beside a running instance."""

    def __init__(self, folder):
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("KAFKA", "CLICK"))
        }
        self.environment = {**inherited, "GHOSTFILL_HOME": str(folder / "home"), "COLUMNS": "200"}
        self.ready = folder / "ready"
        self.time = NOON
        self.last_said = ""
        """By an instance that has stopped."""

    def run(self, *words, stdin=None):
        return subprocess.run(
            [sys.executable, "-m", "streams.cli", *words], env=self.environment, input=stdin, text=True,
            capture_output=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip

    def said(self, *words, stdin=None):
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tick(self, price):
        self.time += 1
        self.said(
            "publish",
            "ticks",
            "-",
            stdin=json.dumps({"symbol": "X", "ts": self.time, "price": price, "size": 9}),
        )

    def asked(self, *words):
        return [json.loads(line) for line in self.said(*words, "--format", "json").splitlines()]

    def count(self, table):
        ((found,),) = (
            row.values() for row in self.asked("sql", f"SELECT toUInt32(count()) AS n FROM {table} FINAL")
        )
        return found

    @property
    def cluster(self):
        return find_cluster(self.environment)

    def messages(self, topic):
        """All that is on a topic."""
        last = ends(self.cluster, require(self.cluster, topic))
        spans = {place: (0, end) for place, end in last.items()}
        return [decode(raw.topic, raw.key, raw.value) for raw in read_spans(self.cluster, spans)]

    def status(self):
        return json.loads(self.said("status", "--json"))

    def lag(self):
        (found,) = (group["lag"] for group in self.status()["groups"] if "sink" in group["group"])
        return found

    @contextmanager
    def up(self, *words):
        self.ready.unlink(missing_ok=True)
        words = words or ("up", "--no-web")
        command = [sys.executable, "-m", "streams.cli", *words, "--ready-file", str(self.ready)]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                await_that(lambda: self.ready.exists() or process.poll() is not None)
                assert process.poll() is None, process.communicate()
                yield process
                process.send_signal(signal.SIGINT)
                self.last_said, _ = process.communicate(timeout=PATIENCE_S)
                assert process.returncode == 0
            finally:
                process.kill()
                admin.cache_clear()


@pytest.fixture
def trader(tmp_path):
    skip_without_kafka()
    return Trader(tmp_path)


def only_with_a_password(url, home):
    """Each user of ClickHouse has one of his own, and no command line of this machine tells one."""
    secrets = {name: (home / "secrets" / name).read_text().strip() for name in PASSWORDS}
    assert len(set(secrets.values())) == 2
    for user in ("default", "reader", ""):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{url.rpartition('/')[0]}/?query=SELECT+1&user={user}")
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            assert not any(secret.encode() in process.read_bytes() for secret in secrets.values()), process


@pytest.mark.live
def test_from_a_signal_to_its_answers(trader, tmp_path):
    with trader.up():
        trader.said("account", "create", "mine", "--preset", "vsr-slicer", "--follow", "scan")
        trader.tick(100)
        features = {"vsr": 3.4, "momentum": 80}
        wish = {"signal_id": "s-1", "symbol": "X", "side": "long", "ts": trader.time, "features": features}
        trader.said("publish", "signals", "-", "--source", "scan", stdin=json.dumps(wish))
        trader.tick(100)
        await_that(lambda: trader.count("fills") == 1)
        trader.said("exit-all", "--yes")
        trader.tick(101)
        await_that(lambda: trader.count("trades") == 1)

        (told,) = trader.asked("query", "performance", "--account", "mine")
        assert (told["trades"], told["wins"]) == (1, 1)
        tree = trader.said("trace", "s-1")
        for word in ("scan", "accepted", "armed", "cancelled", "fill", "manual"):
            assert word in tree, tree
        trader.said("report", "mine", "--out", str(tmp_path / "mine.html"))
        assert "mine" in (tmp_path / "mine.html").read_text("utf-8")
        trader.said("export", "fills", "--account", "mine", "--out", str(tmp_path / "fills.csv"))
        assert len((tmp_path / "fills.csv").read_text("utf-8").splitlines()) == 3
        assert trader.status()["endpoints"]["clickhouse"].startswith("http://127.0.0.1:")
        await_that(lambda: trader.lag() == 0)
        only_with_a_password(trader.status()["endpoints"]["clickhouse"], tmp_path / "home")

    with trader.up():
        assert trader.count("fills") == 2
        trader.tick(102)
        await_that(lambda: trader.count("ticks") == 4)
