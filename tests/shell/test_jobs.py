"""`ghostfill replay --jobs`: the same files from several processes, and an end when one of them ends."""

import os
import signal
from pathlib import Path

import pytest

from streams.accounts import account_with
from streams.cli.commands.files import spread
from streams.cli.commands.files.recorded_run import RecordedRun
from streams.engine.model.settings import Instruments
from streams.feeds.market_day import simulated_day
from tests.shell.conftest import run

BARS = """ts,symbol,open,high,low,close,volume
2026-01-05T14:30Z,X,100,101,99,100,1000
2026-01-05T14:31Z,X,100,103,100,102,1000
2026-01-05T14:32Z,X,102,102,90,91,1000
2026-01-05T14:33Z,X,91,95,91,94,1000
"""
SIGNALS = """ts,symbol,side,source,signal_id
2026-01-05T14:31Z,X,long,s,1
2026-01-05T14:32Z,X,long,s,2
2026-01-05T14:33Z,X,short,s,3
"""
COMMANDS = """ts,account,kind,command_id
2026-01-05T14:32Z,second,close_all,c1
2026-01-05T14:31Z,first,pause,c2
"""
ACCOUNT = "name: {name}\nbalance: 1000\nsize: {{fixed_notional: {size}}}\nmax_position: 100%\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("bars", BARS), ("signals", SIGNALS), ("commands", COMMANDS)):
        Path(f"{name}.csv").write_text(text)
    for name, size in (("first", 300), ("second", 200), ("third", 100)):
        Path(f"{name}.yaml").write_text(ACCOUNT.format(name=name, size=size))
    return (
        *("replay", "--bars", "bars.csv", "--signals", "signals.csv", "--commands", "commands.csv"),
        *("--account", "first.yaml", "second.yaml", "third.yaml"),
    )


@pytest.mark.parametrize("jobs", ["2", "9"])
def test_the_files_are_those_of_one_process(files, jobs, capsys):
    said = []
    for folder, many in (("single", "1"), ("several", jobs)):
        assert run([*files, "--out", folder, "--jobs", many]) == 0
        said.append(capsys.readouterr().out.replace(folder, ""))
    assert said[0] == said[1]
    for file in Path("single").iterdir():
        assert file.read_bytes() == (Path("several") / file.name).read_bytes(), file.name
    fills = Path("several/fills.csv").read_text()
    assert ",second," in fills and ",third," in fills and ",first," not in fills  # which is paused


def test_a_report_is_made_in_one_process(files, capsys):
    assert run([*files, "--out", "out", "--jobs", "2", "--report", "r.html"]) == 2
    assert "--report is made in one process" in capsys.readouterr().err


def test_a_process_that_ends_ends_the_run_and_leaves_no_files(tmp_path, monkeypatch):
    """As the system does where memory is short."""
    started = []
    real = spread.PROCESSES.Process

    def process(**how):
        started.append(real(**how))
        return started[-1]

    def market():
        day = simulated_day(2)
        for number, columns in enumerate(day.batches(1_000)):
            if number == 3:
                os.kill(started[1].pid or 0, signal.SIGKILL)
            yield columns

    monkeypatch.setattr(spread.PROCESSES, "Process", process)
    accounts = [account_with("vsr-slicer", {}), account_with("auto-trader", {})]
    run = RecordedRun(accounts, market(), [], Instruments(), tmp_path, jobs=2)
    with pytest.raises(ChildProcessError, match="ended by SIGKILL: if memory is short, try fewer"):
        run.execute()
    assert not list(tmp_path.iterdir())
    assert not any(each.is_alive() for each in started)
