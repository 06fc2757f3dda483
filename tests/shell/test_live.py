"""From an account's opening to its exit, as a person types it, on a real Kafka with a gate and a desk."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest

from streams.clients import kafka
from streams.local.kafka import topics
from streams.transport.kafka.cluster import BOOTSTRAP
from tests.broker import running_kafka
from tests.shell.conftest import Live

PATIENCE_S = 60
NOON = 1_767_355_200


@contextmanager
def worker(part, folder, cluster):
    ready = folder / f"{part}.ready"
    command = [sys.executable, "-m", "streams.cli", "worker", "--part", part, "--ready-file", str(ready)]
    with (folder / f"{part}.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env=os.environ | cluster.environment())
        try:
            await_that(lambda: ready.exists() or process.poll() is not None)
            assert process.poll() is None, (folder / f"{part}.log").read_text()[-2000:]
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def await_that(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


class Trader(Live):
    """Someone at a terminal, and a market that ticks when it is told to."""

    def __init__(self, cluster, monkeypatch, capsys, desk):
        super().__init__(cluster, monkeypatch)
        self.desk = desk
        self.capsys = capsys
        self.time = NOON

    def said(self, *words, stdin=None, code=0):
        assert self.run(*words, stdin=stdin) == code, self.capsys.readouterr()
        return self.capsys.readouterr().out

    def tick(self, price):
        self.time += 1
        tick = json.dumps({"symbol": "X", "ts": self.time, "price": price, "size": 1000})
        self.said("publish", "ticks", "-", stdin=tick)

    def ticks_until(self, price, *words):
        """The market goes on until the command has something to show."""

        def one():
            self.tick(price)
            code = self.run(*words, "--from-start", "--timeout", "0.3", "--json")
            return (
                [json.loads(line) for line in self.capsys.readouterr().out.splitlines()] if not code else []
            )

        return await_that(one)

    def shown(self):
        return json.loads(self.said("account", "show", "mine", "--json"))


@pytest.fixture
def trader(tmp_path, monkeypatch, capsys):
    with ExitStack() as stack:
        cluster = stack.enter_context(running_kafka(tmp_path / "kafka")).cluster
        stack.callback(kafka.admin.cache_clear)
        topics.apply(cluster)
        monkeypatch.setenv(BOOTSTRAP, cluster.bootstrap)
        stack.enter_context(worker("gate", tmp_path, cluster))
        desk = stack.enter_context(worker("desk", tmp_path, cluster))
        yield Trader(cluster, monkeypatch, capsys, desk)


@pytest.mark.live
def test_from_an_account_s_opening_to_its_exit(trader):
    await_that(lambda: trader.run("status") == 0)  # the last shard may be taken over a moment later
    trader.capsys.readouterr()
    assert trader.said("status").startswith("running")
    created = trader.said("account", "create", "mine", "--preset", "auto-trader", "--follow", "scan")
    assert created == "create mine: accepted\n"

    trader.tick(100)
    signal = json.dumps({"symbol": "X", "side": "long", "ts": trader.time})
    trader.said("publish", "signals", "-", "--source", "scan", stdin=signal)
    (fill,) = trader.ticks_until(100, "tail", "fills", "--account", "mine")
    assert (fill["side"], fill["quantity"], fill["price"]) == ("buy", "10", "100")

    assert trader.said("order", "mine", "X", "buy", "5") == "place mine X: accepted\n"
    assert trader.said("order", "mine", "X", "buy", "5", "--type", "limit", "--limit", "90") == (
        "place mine X: accepted\n"
    )
    trader.tick(100)
    await_that(lambda: len(trader.shown()["orders"]) == 1 and len(trader.shown()["positions"]) == 2)
    (order,) = trader.shown()["orders"]
    assert trader.said("order", "cancel", order["order_id"]).endswith("accepted\n")

    assert trader.said("exit-all", "--yes") == "close_all mine: accepted\n"
    trades = trader.ticks_until(101, "tail", "trades", "--account", "mine")
    assert {trade["exit_reason"] for trade in trades} == {"manual"}
    await_that(lambda: trader.shown()["positions"] == [])
    shown = trader.shown()
    assert (shown["cash"], shown["equity"], shown["orders"]) == ("1000015", "1000015", [])
    assert "mine" in trader.said("account", "list")

    found = json.loads(trader.said("status", "--json"))
    assert found["runs"] and found["markets"][0]["lag"] == 0 and found["dead_letters"] == 0
    trader.desk.terminate()
    trader.desk.wait(PATIENCE_S)
    assert trader.run("account", "pause", "mine", "--wait", "0.3") == 1
    assert "no desk is running" in trader.capsys.readouterr().err
    trader.said("status", code=1)
