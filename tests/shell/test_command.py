"""The command line, run as a person runs it."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from streams.cli.main import COMMANDS, command, main
from streams.cli.printing import versions

TICKS = """\
ts,symbol,price,size
2026-01-02T12:00:00Z,X,100,10
2026-01-02T12:01:00Z,X,101,10
2026-01-02T12:02:00Z,X,103,10
2026-01-02T12:03:00Z,X,nothing,10
"""
SIGNALS = "ts,symbol,side,signal_id,source\n2026-01-02T12:00:30Z,X,long,s1,test\n"
ACCOUNT = "balance: 10_000\nsize: {fixed_notional: 1_010}\ntake_profit: 1%\nlimit_fill: touch\n"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TICKS)
    Path("s.csv").write_text(SIGNALS)
    Path("mine.yaml").write_text(ACCOUNT)
    return tmp_path


def run(line: str) -> int:
    """The exit code of a command line."""
    try:
        main(line.split())
    except SystemExit as end:
        return int(end.code or 0)
    return 0


REPLAY = "replay --ticks t.csv --signals s.csv --account mine.yaml --out out"


def test_a_replay_tells_and_writes_what_happened(files, capsys):
    assert run(REPLAY) == 0
    said = capsys.readouterr()
    assert "3 market records, 1 signals, 0 commands" in said.out
    assert "1 (1 won, 0 lost)" in said.out
    assert 't.csv, line 5, price: found "nothing"; expected a decimal number' in said.err
    fills = (files / "out" / "fills.csv").read_text().splitlines()
    assert [line.split(",")[3:9] for line in fills[1:]] == [
        ["X", "buy", "10", "101", "0", "2026-01-02T12:01:00Z"],
        ["X", "sell", "10", "102.01", "0", "2026-01-02T12:02:00Z"],
    ]
    summary = json.loads((files / "out" / "summary.json").read_text())
    assert summary["input"] == {
        "market_records": 3,
        "signals": 1,
        "commands": 0,
        "bad_rows": {"t.csv": 1},
        "rounded_rows": {},
        "intervals": {},
        "notes": [],
        "unknown_symbols": {},
        "dropped": {},
    }
    assert summary["accounts"]["mine"]["net_pnl"] == "10.1"


def test_json_is_the_summary_and_nothing_else(files, capsys):
    assert run(REPLAY + " --json") == 0
    assert capsys.readouterr().out == (files / "out" / "summary.json").read_text()


def test_the_same_input_gives_the_same_bytes(files):
    run(REPLAY)
    run(REPLAY.replace("--out out", "--out again"))
    for file in (files / "out").iterdir():
        assert file.read_bytes() == (files / "again" / file.name).read_bytes()


def test_several_values_after_one_option_or_the_option_again(files, capsys):
    Path("u.csv").write_text(TICKS.replace("X", "Y"))
    assert run("replay --ticks t.csv u.csv --account mine.yaml auto-trader --out out --json") == 0
    one = capsys.readouterr().out
    assert (
        run("replay --ticks t.csv --account mine.yaml --out out --ticks=u.csv --account auto-trader --json")
        == 0
    )
    assert capsys.readouterr().out == one
    assert json.loads(one)["input"]["market_records"] == 6


def test_set_changes_every_account(files, capsys):
    assert run(REPLAY + " --set take_profit=3% --set stop_loss=2% --json") == 0
    assert json.loads(capsys.readouterr().out)["accounts"]["mine"]["trades"] == 0


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("replay --out out --account mine.yaml", 2, "no market: give --ticks or --bars"),
        ("replay --ticks no.csv --account mine.yaml --out out", 2, "'no.csv' does not exist"),
        ("replay --ticks t.csv --out out", 2, "Missing option '--account'"),
        ("replay --ticks t.csv --account", 2, "requires an argument"),
        ("replay --tick t.csv --account a", 2, "No such option"),
        (REPLAY + " --set stop_loss", 2, "expected KEY=VALUE"),
        (REPLAY + " --account mine.yaml", 2, "two accounts are called mine"),
        (REPLAY + " --set stop_loss=2", 1, '--set stop_loss: found "2"; expected a level'),
        (REPLAY.replace("mine.yaml", "vsr-slicr"), 1, "vsr-slicr: no such account file and no preset"),
        (REPLAY.replace("t.csv", "s.csv"), 1, "s.csv: no column price"),
        ("presets vsr", 2, "no preset vsr"),
        ("relay", 2, "No such command"),
    ],
)
def test_what_is_wrong_is_one_message(files, capsys, line, code, said):
    assert run(line) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_commands_of_a_file_reach_their_account_and_others_are_named(files, capsys):
    Path("c.jsonl").write_text(
        '{"account":"mine","kind":"pause","ts":"2026-01-02T12:00:10Z"}\n{"account":"yours","kind":"pause","ts":0}\n'
    )
    assert run(REPLAY + " --commands c.jsonl --json") == 0
    said = capsys.readouterr()
    assert "commands for yours do nothing: no such account in this run" in said.err
    assert json.loads(said.out)["accounts"]["mine"]["decisions"]["refused"] == {"paused": 1}


def test_presets(capsys):
    assert run("presets") == 0
    assert "vsr-slicer                Volume-surge signals, entered in four slices" in capsys.readouterr().out
    assert run("presets vsr-slicer") == 0
    assert "filters: [vsr >= 3.0, momentum >= 75, no_position]" in capsys.readouterr().out


def test_every_help_has_an_example_of_its_own_command(capsys):
    for name in (None, *command.commands):
        assert run(f"{name} --help" if name else "--help") == 0
        help_text = capsys.readouterr().out
        assert f"  ghostfill {name or 'demo'}" in help_text.split("Example:")[1]


def test_version(capsys):
    assert run("--version") == 0
    version, embedded, python = capsys.readouterr().out.splitlines()
    assert version == f"ghostfill {metadata.version('ghostfill')}"
    assert embedded.startswith("Kafka 4.") and ", ClickHouse 2" in embedded
    assert python.startswith("Python 3.")


def test_the_version_of_an_installation_without_servers_of_its_own(monkeypatch):
    def none(package):
        if package == "ghostfill":
            return "1.2.3"
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", none)
    assert versions.versions().splitlines()[1] == "no Kafka of its own, no ClickHouse of its own"


def test_no_bar_in_a_pipe_and_one_where_it_is_asked_for(files, capsys):
    run(REPLAY)
    assert "Replaying" not in capsys.readouterr().err
    run(REPLAY + " --progress")
    assert "Replaying" in capsys.readouterr().err


LISTED = {name: lazy for group in COMMANDS.values() for name, lazy in group.items()}


@pytest.mark.parametrize("name", LISTED)
def test_every_listed_command_is_there_by_its_name(name):
    assert LISTED[name].load(name).name == name
