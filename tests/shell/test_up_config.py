"""`ghostfill up` with a ghostfill.yaml: an account, a recorded market and a strategy of a person's own."""

import os
import signal
from pathlib import Path

import pytest

from streams.clients.accounts import desk_table
from streams.engine.model.units import ONE
from streams.local.parts.child import command_line
from tests.broker import skip_without_kafka
from tests.shell.test_up_results import NOON, Trader, await_that

SETTINGS = """
parts: [trader]
accounts:
  mine: {preset: auto-trader, follow: [breakout], balance: 50_000}
feeds:
  day: {publish: {ticks: day.csv}}
  once: {command: [python, -c, "print('said once')"]}
strategies:
  breakout: {command: [python, strategy.py], environment: {SYMBOL: X}}
"""
DAY = """\
ts,symbol,price,size
2026-01-02T11:58:00Z,X,99,10
2026-01-02T11:59:00Z,X,100,10
"""
STRATEGY = f"""\
import json, os, time
from confluent_kafka import Producer

producer = Producer({{"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"]}})
signal = {{"signal_id": f"s-{{os.getpid()}}", "ts": {NOON}, "symbol": os.environ["SYMBOL"], "side": "long"}}
producer.produce("signals", json.dumps({{**signal, "source": "breakout"}}))
producer.flush()
time.sleep(600)
"""


@pytest.fixture
def trader(tmp_path):
    skip_without_kafka()
    for name, text in (("ghostfill.yaml", SETTINGS), ("day.csv", DAY), ("strategy.py", STRATEGY)):
        (tmp_path / name).write_text(text)
    return Trader(tmp_path)


def pid_of(folder, part):
    return int((folder / "home" / "run" / f"{part}.pid").read_text())


@pytest.mark.live
def test_a_file_feed_a_strategy_and_an_account(trader, tmp_path):
    line = ("up", "--config", str(tmp_path / "ghostfill.yaml"))
    with trader.up(*line):
        first = pid_of(tmp_path, "breakout")
        await_that(lambda: [each.name for each in desk_table.accounts(trader.cluster)] == ["mine"])
        await_that(lambda: len(trader.messages("ticks")) == 2)
        trader.tick(100)
        (fill,) = await_that(lambda: trader.messages("fills"))
        assert (fill.account, fill.symbol, fill.price) == ("mine", "X", 100 * ONE)
        assert len(trader.messages("ticks")) == 3

        os.kill(first, signal.SIGKILL)
        second = await_that(lambda: (pid := pid_of(tmp_path, "breakout")) != first and pid)
        await_that(
            lambda: {each.signal_id for each in trader.messages("signals")} == {f"s-{first}", f"s-{second}"}
        )
        parts = [command_line(int(file.read_text())) for file in (tmp_path / "home" / "run").glob("*.pid")]
        assert sum(map(bool, parts)) == 3, "the gate, the desk and the strategy run"
    lines = trader.last_said.splitlines()
    assert f"  settings    {tmp_path / 'ghostfill.yaml'}" in lines
    assert "  breakout    ended by signal 9; starts again in 0.2 s" in lines
    assert {"  day         done", "  once        done", "  accounts    done"} <= set(lines)
    assert not any(command_line(int(file.read_text())) for file in (tmp_path / "home" / "run").glob("*.pid"))
    assert (tmp_path / "home" / "logs" / "once.log").read_text() == "said once\n"

    with trader.up(*line):
        await_that(lambda: "left out" in Path(tmp_path / "home" / "logs" / "day.log").read_text())
        assert len(trader.messages("ticks")) == 3, "what was published is not published again"
        assert len(trader.messages("commands")) == 1, "the account is there"
