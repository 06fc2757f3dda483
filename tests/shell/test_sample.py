"""The sample day: the same each time, and the same whichever way it is read."""

from collections import Counter
from pathlib import Path

import pytest

from streams.accounts import account_with
from streams.cli.commands.files.recorded_run import RecordedRun
from streams.cli.main import main
from streams.engine.model.settings import Instruments
from streams.feeds.market_day import SURGE, simulated_day

PRESETS = ["vsr-slicer", "auto-trader", "agent-graduation"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    main(["sample", "--out", str(folder)])
    return folder


def test_a_day_has_what_a_slicer_needs():
    day = simulated_day()
    assert (day.market.ts[1:] >= day.market.ts[:-1]).all()
    assert (day.market.bid <= day.market.price).all() and (day.market.price <= day.market.ask).all()
    assert (day.market.bid < day.market.ask).all()
    followed = Counter(signal.symbol for signal in day.signals)
    assert set(followed) == set(day.market.names)
    assert any(
        signal.features["vsr"] >= SURGE and signal.features["momentum"] >= 75 for signal in day.signals
    )
    assert any(signal.features["momentum"] < 75 for signal in day.signals)


def test_the_same_seed_is_the_same_day_and_another_is_another():
    one, again, other = simulated_day(3), simulated_day(3), simulated_day(4)
    assert one.market.price.tobytes() == again.market.price.tobytes()
    assert one.signals == again.signals
    assert one.signals != other.signals


def test_the_sample_tells_of_trades_and_slices(capsys, tmp_path):
    main(["sample", "--out", str(tmp_path)])
    said = capsys.readouterr().out
    for part in (
        "vsr-slicer",
        "take_profit",
        "stop_loss",
        "bought",
        "skipped: momentum was",
        "ghostfill replay",
    ):
        assert part in said
    assert len(said.splitlines()) < 90


def test_the_day_read_from_its_files_gives_the_same_bytes(sample, tmp_path):
    line = (
        f"replay --ticks {sample}/ticks.csv.gz --signals {sample}/signals.csv --symbols {sample}/symbols.yaml"
    )
    main([*line.split(), "--account", "vsr-slicer", "--out", str(tmp_path)])
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (sample / file.name).read_bytes(), file.name


@pytest.mark.parametrize(("length", "jobs"), [(1_000, 1), (7_777, 2)])
def test_the_results_do_not_depend_on_how_the_market_is_cut_or_spread(tmp_path, length, jobs):
    day = simulated_day(2)
    accounts = [account_with(name, {}) for name in PRESETS]
    for folder, size, processes in (("whole", len(day.market), 1), ("cut", length, jobs)):
        market = day.batches(size)
        run = RecordedRun(accounts, market, day.signals, Instruments(), tmp_path / folder, jobs=processes)
        run.execute()
    for file in (tmp_path / "whole").iterdir():
        assert file.read_bytes() == (tmp_path / "cut" / file.name).read_bytes(), file.name
