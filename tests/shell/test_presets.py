"""The presets say the numbers of the systems that they stand for."""

import pytest

from streams.accounts import account_with, preset_text, presets
from streams.engine.model.settings import (
    Commission,
    Condition,
    Filter,
    Level,
    Settings,
    Size,
    Slice,
    Slippage,
)
from streams.engine.model.units import MINUTE, ONE

PERCENT = ONE // 100


def percent(hundredths: int) -> Level:
    return Level(kind="percent", value=hundredths * PERCENT // 100)


MOMENTUM = Condition(kind="feature", name="momentum", threshold=75.0)
HOLDS = Condition(kind="price_holds", name="price_holds")


def auto_trader(name: str, target: int, stop: int, minutes: int, confidence: float | None = None) -> Settings:
    return Settings(
        name=name,
        balance=1_000_000 * ONE,
        size=Size(mode="fixed_notional", value=1_000 * ONE),
        position_mode="per_signal",
        min_confidence=confidence,
        use_signal_targets=True,
        take_profit=percent(target),
        stop_loss=percent(stop),
        time_limit=minutes * MINUTE,
        limit_fill="touch",
        max_signals_per_hour=30,
    )


EXPECTED = [
    Settings(
        name="vsr-slicer",
        balance=1_000_000 * ONE,
        filters=(
            Filter(name="vsr", operator=">=", threshold=3.0),
            Filter(name="momentum", operator=">=", threshold=75.0),
            Filter(name="no_position"),
        ),
        size=Size(mode="risk", value=2 * PERCENT, stop=percent(500)),
        max_position=20 * PERCENT,
        max_positions=5,
        slices=(
            Slice(offset=0, fraction=25 * PERCENT),
            Slice(offset=3 * MINUTE, fraction=25 * PERCENT, conditions=(MOMENTUM,)),
            Slice(offset=7 * MINUTE, fraction=25 * PERCENT, conditions=(HOLDS,)),
            Slice(offset=15 * MINUTE, fraction=25 * PERCENT, conditions=(MOMENTUM, HOLDS)),
        ),
        stop_loss=Level(kind="risk", value=ONE),
        take_profit=Level(kind="risk", value=2 * ONE),
        use_signal_targets=True,
    ),
    auto_trader("auto-trader", 200, 150, 240),
    auto_trader("auto-trader-conservative", 200, 150, 240, confidence=0.65),
    auto_trader("auto-trader-tight", 150, 75, 120),
    auto_trader("auto-trader-swing", 500, 300, 1_440),
    Settings(
        name="agent-graduation",
        balance=100_000 * ONE,
        size=Size(mode="percent_of_equity", value=10 * PERCENT),
        max_position=20 * PERCENT,
        max_positions=10,
        cash_reserve=5 * PERCENT,
        stop_loss=percent(500),
        take_profit=percent(1_000),
        limit_fill="touch",
        commission=Commission(per_order=ONE // 2),
        slippage=Slippage(rate=ONE // 10_000),
    ),
]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.name)
def test_a_preset_says_what_its_system_does(expected):
    assert account_with(expected.name, {}) == expected


def test_every_preset_is_here_and_begins_with_a_line_about_itself():
    assert list(presets()) == sorted(expected.name for expected in EXPECTED)
    for name in presets():
        assert preset_text(name).startswith("# ")
