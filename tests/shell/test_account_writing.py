"""Settings written as a person writes them read back as they were."""

import json

import msgspec
import pytest
from hypothesis import given

from streams.accounts import account_with, changed_settings, document_of, parse_account, presets
from streams.accounts.keys import READERS
from streams.engine.model.settings import Settings, Size
from tests.engine import worlds

EVERYTHING = """
balance: 1_000.5
size: {volatility: 1%, multiple: 2.5}
market: ticks.crypto
currency: EUR
time_zone: America/New_York
latency: 250ms
follow: [tracker, my scanner]
enabled: false
filters: [vsr >= 3.0, confidence > 0.6, no_position]
min_confidence: 0.65
position_mode: per_signal
use_signal_targets: true
signal_ttl: 90s
dedupe_for: 2d
leverage: 1.5
slices: [{at: 0m, fraction: 40%}, {at: 7m, fraction: 60%, if: [momentum >= 75, price_holds 0.5%, above_vwap]}]
take_profit: 2R
stop_loss: 1.5%
trailing_stop: 3ATR
breakeven: 0.75 abs
partial: [{at: 1%, fraction: 50%}]
time_limit: 4h
end_of_day: "15:55"
max_positions: 3
max_position: 20%
max_exposure: 150%
max_group: 30%
max_correlated: {positions: 3, rho: 0.8}
cash_reserve: 5%
cooldown: 1h 30m
max_signals_per_hour: 30
daily_loss: 2%
max_drawdown: 10%
limit_fill: touch
participation: 10%
slippage: {rate: 1bp, spread: 50%, impact: 10%}
commission: {per_order: 0.50, per_share: 0.005, rate: 10bps, maker: 0, taker: 5bps, minimum: 1}
atr_interval: 5m
atr_length: 10
"""


def read_back(settings):
    return msgspec.json.decode(changed_settings(json.dumps(document_of(settings)), "written"), type=Settings)


@given(worlds.settings("random"))
def test_random_settings(settings):
    settings = msgspec.structs.replace(settings, size=Size(mode="quantity"))  # theirs cannot all be written
    assert read_back(settings) == settings


@pytest.mark.parametrize(
    "size", ["quantity", "{fixed_notional: 99.5}", "{percent_of_equity: 150%}", "{risk: 2%, stop: 5%}"]
)
def test_sizes(size):
    settings = account_with("auto-trader", {"size": size})
    assert read_back(settings) == settings


@pytest.mark.parametrize("name", presets())
def test_presets(name):
    settings = account_with(name, {})
    assert read_back(settings) == settings


def test_every_key_is_written_in_words():
    settings = parse_account(EVERYTHING, "everything", {"name": "all"})
    assert read_back(settings) == settings
    written = document_of(settings)
    assert written.keys() == READERS.keys()
    assert {key: written[key] for key in ("balance", "cooldown", "daily_loss", "end_of_day", "breakeven")} == {
        "balance": "1000.5", "cooldown": "90m", "daily_loss": "2%", "end_of_day": "15:55", "breakeven": "0.75 abs",
    }  # fmt: skip
