"""Account files: what each value means, and what is said of a wrong one."""

import msgspec
import pytest

from streams.accounts import SettingsError, account_with, load_account, parse_account, presets
from streams.engine.model.settings import (
    WHOLE,
    Commission,
    Condition,
    Correlated,
    Filter,
    Level,
    Partial,
    Settings,
    Size,
    Slice,
    Slippage,
)
from streams.engine.model.units import DAY, HOUR, MILLISECOND, MINUTE, ONE, SECOND

PERCENT = ONE // 100
BASIS_POINT = ONE // 10_000


def read(key: str, text: str) -> object:
    return getattr(account_with(None, {key: text}), key)


def faults_of(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_account(text, "my.yaml")
    return list(caught.value.faults)


def level(kind: str, value: int) -> Level:
    return msgspec.convert({"kind": kind, "value": value}, Level)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("balance", "1_000", 1_000 * ONE),
        ("balance", '"1000.50"', 100_050_000_000),
        ("balance", "0.1", ONE // 10),
        ("max_position", "2%", 2 * PERCENT),
        ("max_position", "0.02", 2 * PERCENT),
        ("max_position", "10bps", 10 * BASIS_POINT),
        ("max_position", "1bp", BASIS_POINT),
        ("max_position", "0.5bp", BASIS_POINT // 2),
        ("max_exposure", "250%", 250 * PERCENT),
        ("leverage", "1.5", ONE * 3 // 2),
        ("latency", "0s", 0),
        ("latency", "500ms", 500 * MILLISECOND),
        ("latency", "1.5", 1_500_000),
        ("time_limit", "15m", 15 * MINUTE),
        ("time_limit", "240 min", 240 * MINUTE),
        ("time_limit", "1h 30m", 90 * MINUTE),
        ("time_limit", "1d", DAY),
        ("dedupe_for", "48h", 48 * HOUR),
        ("cooldown", "90", 90 * SECOND),
        ("take_profit", "2%", level("percent", 2 * PERCENT)),
        ("take_profit", "15bps", level("percent", 15 * BASIS_POINT)),
        ("take_profit", "2R", level("risk", 2 * ONE)),
        ("trailing_stop", "1.5ATR", level("atr", ONE * 3 // 2)),
        ("breakeven", "0.75 abs", level("amount", ONE * 3 // 4)),
        ("stop_loss", "none", None),
        ("end_of_day", '"15:55"', 15 * 60 + 55),
        ("end_of_day", "9:05", 9 * 60 + 5),
        ("size", "quantity", Size(mode="quantity")),
        ("size", "{fixed_notional: 1000}", Size(mode="fixed_notional", value=1_000 * ONE)),
        ("size", "{percent_of_equity: 10%}", Size(mode="percent_of_equity", value=10 * PERCENT)),
        (
            "size",
            "{risk: 2%, stop: 5%}",
            Size(mode="risk", value=2 * PERCENT, stop=level("percent", 5 * PERCENT)),
        ),
        ("size", "{volatility: 1%, multiple: 2}", Size(mode="volatility", value=PERCENT, multiple=2 * ONE)),
        ("filters", "no_position", (Filter(name="no_position"),)),
        (
            "filters",
            "[vsr >= 3.0, momentum>75]",
            (
                Filter(name="vsr", operator=">=", threshold=3.0),
                Filter(name="momentum", operator=">", threshold=75.0),
            ),
        ),
        ("follow", "tracker", ("tracker",)),
        ("follow", "[tracker, scan 2]", ("tracker", "scan 2")),
        ("min_confidence", "0.65", 0.65),
        ("min_confidence", "65%", 0.65),
        ("enabled", "no", False),
        ("position_mode", "per_signal", "per_signal"),
        ("limit_fill", "touch", "touch"),
        ("time_zone", "America/New_York", "America/New_York"),
        ("max_correlated", "{positions: 3, rho: 0.8}", Correlated(positions=3, rho=0.8)),
        ("slippage", "1bp", Slippage(rate=BASIS_POINT)),
        (
            "slippage",
            "{rate: 1bp, spread: 50%, impact: 10%}",
            Slippage(rate=BASIS_POINT, spread=50 * PERCENT, impact=10 * PERCENT),
        ),
        (
            "commission",
            "{per_order: 0.50, per_share: 0.005, rate: 10bps, maker: 2bps, taker: 5bps, minimum: 1}",
            Commission(
                per_order=ONE // 2,
                per_share=ONE // 200,
                rate=10 * BASIS_POINT,
                maker_rate=2 * BASIS_POINT,
                taker_rate=5 * BASIS_POINT,
                minimum=ONE,
            ),
        ),
        (
            "partial",
            "[{at: 1%, fraction: 50%}]",
            (Partial(level=level("percent", PERCENT), fraction=50 * PERCENT),),
        ),
        ("slices", "none", WHOLE),
    ],
)
def test_a_value_as_a_trader_writes_it(key, text, value):
    assert read(key, text) == value


def test_slices_with_their_conditions():
    text = (
        "[{at: 0m, fraction: 25%}, {at: 3m, fraction: 25%, if: [momentum >= 75]},"
        " {at: 7m, fraction: 25%, if: price_holds}, {at: 15m, fraction: 25%, if: [price_holds 0.5%, above_vwap]}]"
    )
    holds = Condition(kind="price_holds", name="price_holds")
    assert read("slices", text) == (
        Slice(offset=0, fraction=ONE // 4),
        Slice(
            offset=3 * MINUTE,
            fraction=ONE // 4,
            conditions=(Condition(kind="feature", name="momentum", threshold=75.0),),
        ),
        Slice(offset=7 * MINUTE, fraction=ONE // 4, conditions=(holds,)),
        Slice(
            offset=15 * MINUTE,
            fraction=ONE // 4,
            conditions=(
                msgspec.structs.replace(holds, tolerance=PERCENT // 2),
                Condition(kind="above_vwap", name="above_vwap"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stop_los: 2%", "line 3, stop_los: unknown key; did you mean stop_loss?"),
        ("max_position: 2", 'line 3, max_position: found "2"; expected a share: write 2% or 0.02'),
        ("daily_loss: 120%", 'line 3, daily_loss: found "120%"; expected a share such as 2%, 0.02 or 10bps'),
        ("stop_loss: 2", 'line 3, stop_loss: found "2"; expected a level: 2% of the entry price, 2R'),
        ("stop_loss: 100%", "expected a level below 100%"),
        ("time_limit: 10 parsecs", 'found "10 parsecs"; expected a duration such as 15m'),
        ("time_limit: 0s", "above 0"),
        ("leverage: 1,5", 'found "1,5"; expected a decimal number'),
        ("leverage: 0.000000001", "in steps of 0.00000001"),
        ("leverage: 1e3", 'found "1e3"'),
        ("end_of_day: 25:00", 'found "25:00"; expected a time of day such as "15:55"'),
        ("time_zone: Mars/Olympus", "expected a time zone such as UTC"),
        ("filters: [vsr => 3]", 'filters[1]: found "vsr => 3"; expected a rule such as vsr >= 3.0'),
        ("filters: [vsr >= nan]", "filters[1]"),
        ("max_positions: 2.5", "expected a whole number, 1 or more"),
        ("enabled: maybe", "expected true or false"),
        ("position_mode: gross", "expected net or per_signal"),
        ("preset: vsr-slicr", 'found "vsr-slicr"; expected a preset: did you mean vsr-slicer?'),
        ("commission: {per_ordr: 1}", "commission.per_ordr: unknown key; did you mean per_order?"),
        ("partial: [{at: 1%}]", "partial[1]: fraction missing"),
        ("partial: [{at: 1%, fraction: 60%}, {at: 2%, fraction: 60%}]", "the fractions add up to 120%"),
        (
            "slices: [{at: 0m, fraction: 30%}, {at: 1m, fraction: 60%}]",
            "the fractions add up to 90%; expected 100%",
        ),
        ("slices: [{at: 1m, fraction: 50%}, {at: 1m, fraction: 50%}]", "slices[2]: expected a later time"),
        ("slices: [{at: 0m, fraction: 100%, if: [momentum < 3]}]", "expected a condition"),
        ("aggressive: true\nmin_confidence: 0.6", "says that no confidence is needed"),
        ("max_correlated: {positions: 3}", "max_correlated: rho missing"),
        ("- a", "line 3: not YAML"),
        ("name: a/b", "expected a name"),
    ],
)
def test_a_wrong_value_is_told_with_its_line(line, said):
    faults = faults_of(f"balance: 1000\nsize: quantity\n{line}\n")
    assert len(faults) == 1
    assert faults[0].startswith("my.yaml, line ")
    assert said in faults[0]


@pytest.mark.parametrize(
    "size",
    [
        "{}",
        "{risk: 2%, fixed_notional: 3}",
        "{risk: 2%, stop: 1R}",
        "{risk: 2%}",
        "everything",
        "{percent_of_equity: 10}",
    ],
)
def test_a_size_that_says_nothing_or_two_things_is_refused(size):
    assert len(faults_of(f"balance: 1000\nsize: {size}\n")) == 1


def test_a_risk_may_be_measured_to_the_account_s_stop_but_not_to_itself():
    assert parse_account("balance: 1\nsize: {risk: 2%}\nstop_loss: 5%\n", "a.yaml").size.stop is None
    assert "the risk has no distance" in faults_of("balance: 1\nsize: {risk: 2%}\nstop_loss: 1R\n")[0]


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines():
    faults = faults_of("balance: -1\nstop_loss: 2\nwhat: 3\nsize: {risk: 2}\nsize: quantity\n")
    lines = [fault.split(",")[1] for fault in faults]
    assert sorted(lines) == [" line 1", " line 2", " line 3", " line 5"]


def test_a_file_without_preset_says_balance_and_size():
    assert faults_of("stop_loss: 2%") == [
        "my.yaml: balance and size missing; give them, or a preset to start from"
    ]


def test_an_alias_to_itself_ends():
    assert "nested deeper" in faults_of("slices: &a [*a]")[0]


def test_an_override_is_named_as_it_was_given():
    with pytest.raises(SettingsError, match=r'^--set stop_loss: found "2"; expected'):
        account_with("auto-trader", {"stop_loss": "2"})
    with pytest.raises(SettingsError, match=r"^--set stoploss: unknown key; did you mean stop_loss\?$"):
        account_with("auto-trader", {"stoploss": "2%"})


def test_names():
    assert account_with(None, {}).name == "account"
    assert account_with("vsr-slicer", {}).name == "vsr-slicer"
    assert account_with("vsr-slicer", {"name": "mine"}).name == "mine"
    assert account_with("vsr-slicer", {}, name="other").name == "other"
    assert parse_account("preset: vsr-slicer", "accounts/mine.yaml").name == "mine"
    assert parse_account("preset: vsr-slicer\nname: yours", "accounts/mine.yaml").name == "yours"


def test_a_plain_account():
    plain = account_with(None, {})
    assert plain == Settings(name="account", balance=100_000 * ONE, size=Size(mode="quantity"))


def test_a_file_overrides_its_preset_and_a_set_overrides_both(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("preset: auto-trader\nstop_loss: 3%\ntake_profit: none\n")
    account = load_account(str(file), {"stop_loss": "4%"})
    assert account.stop_loss == level("percent", 4 * PERCENT)
    assert account.take_profit is None
    assert account.time_limit == 240 * MINUTE


@pytest.mark.parametrize(
    ("preset", "said", "confidence"),
    [
        (None, {}, None),
        (None, {"aggressive": "false"}, 0.60),
        (None, {"aggressive": "true"}, None),
        (None, {"aggressive": "false", "min_confidence": "0.8"}, 0.8),
        ("auto-trader", {"aggressive": "false"}, 0.60),
        ("auto-trader", {"min_confidence": "0.7"}, 0.7),
        ("auto-trader-conservative", {"aggressive": "true"}, None),
        ("auto-trader-conservative", {"min_confidence": "none"}, None),
    ],
)
def test_aggressive_and_the_confidence(preset, said, confidence):
    assert account_with(preset, said).min_confidence == confidence


def test_a_missing_file_names_the_presets():
    with pytest.raises(SettingsError, match=r"nosuch.yaml: no such account file and no preset") as caught:
        load_account("nosuch.yaml")
    assert all(name in str(caught.value) for name in presets())
