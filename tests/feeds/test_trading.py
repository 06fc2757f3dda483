"""What the presets make of the market: trades every hour, wins and losses, refusals, skipped slices."""

import json
from collections import Counter, defaultdict
from itertools import islice

import pytest

from schemas.messages import Decision, SliceTimer, Trade
from streams.accounts import account_with
from streams.engine.model.settings import Instruments
from streams.engine.model.units import HOUR
from streams.engine.simulate import simulate
from streams.feeds.endless_market import beats
from streams.feeds.market_day import MINUTES, OPEN
from streams.feeds.producers import FOLLOWED


@pytest.fixture(scope="module")
def day():
    """Each account's outputs of the first day, and what the checks dropped of the market."""
    found = list(islice(beats(5, OPEN), MINUTES))
    accounts = [
        account_with(preset, {"name": json.dumps(preset), "follow": json.dumps([source])})
        for preset, source in FOLLOWED.items()
    ]
    market = (beat.ticks for beat in found if len(beat.ticks))
    entries = [signal for beat in found for signal in beat.signals]
    dropped: Counter[str] = Counter()
    outputs = defaultdict(list)
    for some in simulate(accounts, market, entries, Instruments(), dropped):
        for output in some:
            outputs[output.account].append(output)
    return outputs, dropped


def of(day, preset, kind):
    return [each for each in day[0][preset] if isinstance(each, kind)]


@pytest.mark.parametrize("preset", FOLLOWED)
def test_a_preset_trades_all_day_and_wins_and_loses(day, preset):
    trades = of(day, preset, Trade)
    by_hour = Counter((trade.exit_ts - OPEN) // HOUR for trade in trades)
    assert min(by_hour[hour] for hour in range(6)) >= 2
    wins = sum(trade.outcome == "win" for trade in trades)
    assert 0.25 < wins / len(trades) < 0.75


@pytest.mark.parametrize(
    ("preset", "reasons"),
    [
        ("vsr-slicer", {"no_position", "vsr", "momentum"}),
        ("auto-trader", {"max_signals_per_hour"}),
        ("auto-trader-conservative", {"min_confidence"}),
    ],
)
def test_there_are_refusals(day, preset, reasons):
    refused = {each.reason for each in of(day, preset, Decision) if each.decision == "refused"}
    assert reasons <= refused


def test_there_are_slices_of_every_fate(day):
    states = {(each.state, each.number) for each in of(day, "vsr-slicer", SliceTimer)}
    assert {("released", number) for number in (1, 2, 3, 4)} <= states
    assert {("skipped", 3), ("skipped", 4), ("cancelled", 4)} <= states


def test_the_market_passes_the_engine_s_checks(day):
    assert not day[1]
