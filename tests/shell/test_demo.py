"""`ghostfill demo` as it is: every preset trades on a made-up market, and a second start goes on."""

import os
import signal
from urllib.request import urlopen

import pytest

from schemas.partition import shard_of
from streams.accounts import presets
from streams.cli.commands.run.demo import home_of
from streams.clients.accounts import desk_table
from streams.clients.commands import newest_time
from streams.local.machine.home import Home
from streams.local.machine.ports import free_ports
from tests.broker import skip_without_kafka
from tests.shell.test_up_results import Trader, await_that

DEMO = ("demo", "--speed", "600x")
WRONG_VERIFICATIONS = {
    "nobody": "there is no account nobody",
    f"auto-trader --symbols {os.devnull}": "verify it with the version and the files that its desks were given",
}


@pytest.fixture
def trader(tmp_path):
    skip_without_kafka()
    found = Trader(tmp_path)
    found.environment["KAFKA_BOOTSTRAP"] = "127.0.0.1:1"
    return found


@pytest.mark.live
def test_the_accounts_trade_and_a_second_start_goes_on(trader, tmp_path):
    run = tmp_path / "home" / "run"
    (port,) = free_ports(1)
    with trader.up(*DEMO, "--web-port", str(port)):
        del trader.environment["KAFKA_BOOTSTRAP"]
        await_that(lambda: {each.name for each in desk_table.accounts(trader.cluster)} == set(presets()))
        with urlopen(f"http://127.0.0.1:{port}/") as page:
            assert page.status == 200
        await_that(lambda: trader.messages("fills"))
        os.kill(int((run / "market.pid").read_text()), signal.SIGKILL)
        before = newest_time(trader.cluster, "ticks")
        await_that(lambda: newest_time(trader.cluster, "ticks") > before)
    lines = trader.last_said.splitlines()
    (ready,) = (line for line in lines if line.startswith("Ready in "))
    assert ready.endswith(" s: a made-up market at 600x, and an account for each preset.")
    assert f"    http://127.0.0.1:{port}" in lines
    assert f"In another terminal: GHOSTFILL_HOME={tmp_path / 'home'} ghostfill watch" in lines
    assert "  market      ended by signal 9; starts again in 0.2 s" in lines

    with trader.up(*DEMO, "--no-web"):
        fills = trader.messages("fills")
        assert fills and newest_time(trader.cluster, "ticks") > before
        await_that(lambda: len(trader.messages("fills")) > len(fills))
        shard = shard_of("auto-trader", 8)
        assert trader.said("verify", "auto-trader").startswith(f"shard {shard}: equal; ")
        for words, error in WRONG_VERIFICATIONS.items():
            failed = trader.run("verify", *words.split())
            assert (failed.returncode, failed.stdout) == (1, "")
            assert error in failed.stderr and "Traceback" not in failed.stderr


def test_it_has_a_home_of_its_own(tmp_path):
    usual = Home.from_environment({"XDG_DATA_HOME": str(tmp_path)}).folder
    assert home_of({"XDG_DATA_HOME": str(tmp_path)}).folder == usual.with_name("ghostfill-demo")
    assert home_of({"GHOSTFILL_HOME": str(tmp_path / "mine")}).folder == tmp_path / "mine"
