"""Statistics against numbers computed by hand, and against naive arithmetic."""

import json
import math
from datetime import date
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.messages import Decision, Equity, Fill, Order, Position, SliceTimer, Trade
from streams.engine.account.equity_rows import EquityRows
from streams.engine.model.calendars import local_date
from streams.engine.model.settings import Instrument, Instruments, Session, Settings, Size
from streams.engine.model.trading_days import days_a_year
from streams.engine.model.units import DAY, HOUR, MINUTE, ONE, SECOND
from streams.engine.results.statistics import (
    Statistics,
    cagr,
    daily_returns,
    max_drawdown,
    profit_factor,
    sharpe,
    sortino,
)
from streams.engine.results.tallies import Drawdown, apportion, decimal

START = 1_736_121_600_000_000
"""Monday 2025-01-06, midnight UTC."""
NYSE = Session(
    name="nyse",
    zone="America/New_York",
    open=9 * 60 + 30,
    close=16 * 60,
    holidays=("2025-01-09",),
)


def statistics_of(
    *outputs, balance=1_000, zone="UTC", calendar: Session | None = None, default: Session | None = None
) -> Statistics:
    settings = Settings(
        name="a", balance=balance * ONE, size=Size(mode="fixed_notional", value=ONE), time_zone=zone
    )
    known = {"X": Instrument(symbol="X", calendar=calendar), "B": Instrument(symbol="B")}
    instruments = Instruments(known=known, default=Instrument(symbol="", calendar=default))
    statistics = Statistics(settings)
    traded = set()
    for output in outputs:
        if isinstance(output, Fill | Trade):
            traded.add(output.symbol)
        if isinstance(output, Equity) and output.day_end:
            day = local_date(zone, output.ts - 1)
            a_year = days_a_year(zone, instruments, traded, day, output.ts)
            output = structs.replace(output, day=day.isoformat(), year_days=a_year)
        statistics.add(output)
    return statistics


def summary_of(*outputs, **options) -> dict[str, Any]:
    summary: dict[str, Any] = statistics_of(*outputs, **options).summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    return summary


def trade(number, pnl, *, fees=0, at=START, lasted=HOUR, **fields) -> Trade:
    given = {
        "symbol": "X",
        "side": "long",
        "quantity": ONE,
        "entry_price": 100 * ONE,
        "exit_price": 100 * ONE + pnl + fees,
        "exit_reason": "take_profit" if pnl > 0 else "stop_loss",
    }
    return Trade(
        **{**given, **fields},
        trade_id=f"t{number}",
        account="a",
        entry_ts=at,
        exit_ts=at + lasted,
        pnl=pnl,
        gross_pnl=pnl + fees,
        fees=fees,
        pnl_pct=0,
        outcome="win" if pnl > 0 else "loss" if pnl < 0 else "breakeven",
        signal_id=None,
    )


def equity(worth, at=START, day_end=False) -> Equity:
    return Equity(
        equity_id=str(at),
        ts=at,
        account="a",
        equity=worth,
        cash=worth,
        unrealised=0,
        drawdown=0,
        day_end=day_end,
    )


def days(*worths, first=START) -> list[Equity]:
    return [equity(round(worth * ONE), first + (n + 1) * DAY, day_end=True) for n, worth in enumerate(worths)]


def fill(side, quantity, price, at=START, **fields) -> Fill:
    return Fill(
        **{"symbol": "X", "fee": 0, "lot_id": "l1", **fields},
        fill_id=f"f{at}",
        order_id="o1",
        account="a",
        side=side,
        quantity=round(quantity * ONE),
        price=round(price * ONE),
        ts=at,
    )


def gone(name, opened, exited, told=None) -> list[Trade | Position]:
    """What is told of a position's end: its trade, then that it is gone."""
    told = exited if told is None else told
    return [trade(name, 0, at=opened, lasted=exited - opened), position(name, 0, told, opened=opened)]


def position(name, quantity, at, opened=None) -> Position:
    return Position(
        position_id=name,
        account="a",
        symbol="X",
        side="long",
        quantity=quantity,
        average_price=ONE,
        cost=ONE,
        mark=ONE,
        unrealised=0,
        realised=0,
        fees=0,
        ts=at,
        opened=at if opened is None else opened,
    )


def timer(number, state, reason="") -> SliceTimer:
    return SliceTimer(
        slice_id=f"p-{number}",
        account="a",
        plan_id="p",
        symbol="X",
        side="buy",
        signal_id="s",
        number=number,
        of=3,
        state=state,
        ts=START,
        due=START,
        quantity=ONE,
        condition="",
        arrival=100 * ONE,
        reason=reason,
    )


# Nothing, one, some ----------------------------------------------------------------------------


def test_nothing_happened():
    summary = summary_of()
    undefined = (
        "win_rate profit_factor expectancy average_win average_loss best_trade worst_trade "
        "average_hold_seconds ambiguous_share sharpe sortino cagr exposure_time"
    )
    assert {name: summary[name] for name in undefined.split()} == dict.fromkeys(undefined.split())
    assert (summary["trades"], summary["net_pnl"], summary["end_equity"]) == (0, "0", "1000")
    assert (summary["total_return"], summary["max_drawdown"], summary["daily"]) == (0.0, 0.0, [])


def test_one_winning_trade_has_no_profit_factor():
    summary = summary_of(trade(1, 12_50000000, fees=50000000), equity(1_012_50000000))
    assert summary["profit_factor"] is None and summary["average_loss"] is None
    assert (summary["win_rate"], summary["expectancy"], summary["average_win"]) == (1.0, "12.5", "12.5")
    assert (summary["net_pnl"], summary["gross_pnl"], summary["fees"]) == ("12.5", "13", "0.5")
    assert summary["best_trade"] == summary["worst_trade"] == {"trade_id": "t1", "symbol": "X", "pnl": "12.5"}
    assert (summary["average_hold_seconds"], summary["end_equity"]) == (3600.0, "1012.5")
    assert summary["total_return"] == 0.0125


def test_profit_factor():
    assert profit_factor([]) is None and profit_factor([3, 0]) is None
    assert (profit_factor([3, -2, 0]), profit_factor([-2])) == (1.5, 0.0)


def test_wins_losses_and_a_breakeven():
    summary = summary_of(
        trade(1, 30 * ONE),
        trade(2, -10 * ONE, ambiguous=True, lasted=2 * HOUR),
        trade(3, 0, symbol="Y", exit_reason="manual"),
        trade(4, -5 * ONE, fees=ONE),
    )
    assert (summary["wins"], summary["losses"], summary["breakevens"]) == (1, 2, 1)
    assert (summary["win_rate"], summary["profit_factor"]) == (0.25, 2.0)
    assert (summary["expectancy"], summary["average_win"], summary["average_loss"]) == ("3.75", "30", "-7.5")
    assert (summary["ambiguous_share"], summary["average_hold_seconds"]) == (0.25, 4500.0)
    assert summary["exits"] == {
        "manual": {"trades": 1, "wins": 0, "pnl": "0", "fees": "0"},
        "stop_loss": {"trades": 2, "wins": 0, "pnl": "-15", "fees": "1"},
        "take_profit": {"trades": 1, "wins": 1, "pnl": "30", "fees": "0"},
    }
    assert summary["symbols"]["Y"] == {"trades": 1, "wins": 0, "pnl": "0", "fees": "0"}
    assert (summary["best_trade"]["trade_id"], summary["worst_trade"]["trade_id"]) == ("t1", "t2")


def test_a_mean_of_money_is_rounded_half_to_even():
    assert summary_of(trade(1, 2), trade(2, 1))["expectancy"] == "0.00000002"
    assert summary_of(trade(1, 1), trade(2, 0))["expectancy"] == "0"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1, "0.00000001"),
        (-ONE, "-1"),
        (150_000_000, "1.5"),
        (1_000 * ONE, "1000"),
        (-1, "-0.00000001"),
    ],
)
def test_decimals(amount, text):
    assert decimal(amount) == text


# Returns and risk ------------------------------------------------------------------------------


def test_sharpe_and_sortino_by_hand():
    """Returns 2, −1, 2, −1, 3%: mean 1%, squared deviations 1+4+1+4+4 = 14, so deviation √3.5%; downside
    √(2/5)%."""
    returns = [0.02, -0.01, 0.02, -0.01, 0.03]
    assert sharpe(returns, 252) == pytest.approx(1 / math.sqrt(3.5) * math.sqrt(252))
    assert sortino(returns, 365) == pytest.approx(1 / math.sqrt(0.4) * math.sqrt(365))


def test_under_five_days_there_is_no_sharpe():
    assert sharpe([0.01, 0.02, -0.01, 0.0], 252) is None and sortino([0.01, 0.02, -0.01, 0.0], 252) is None


def test_without_deviation_there_is_no_sharpe():
    assert sharpe([0.01] * 9, 252) is None and sortino([0.01] * 9, 252) is None
    flat = summary_of(*days(*[1_000] * 8))
    assert (flat["sharpe"], flat["sortino"], flat["cagr"], flat["max_drawdown"]) == (None, None, 0.0, 0.0)


def test_daily_returns_start_from_the_initial_balance():
    summary = summary_of(*days(1_010, 999.9))
    assert [row["return"] for row in summary["daily"]] == [0.01, -0.01]
    assert summary["daily"][0] == {"date": "2025-01-06", "equity": "1010", "return": 0.01}


def test_the_unfinished_last_day_counts_only_in_the_end_equity():
    whole = [*days(1_010, 1_020, 1_015, 1_030, 1_025, 1_040, 1_050)]
    ended, going_on = summary_of(*whole), summary_of(*whole, equity(500 * ONE, START + 7 * DAY + HOUR))
    for name in ("sharpe", "sortino", "cagr", "days", "daily"):
        assert ended[name] == going_on[name]
    assert (going_on["end_equity"], going_on["total_return"]) == ("500", -0.5)
    assert going_on["max_drawdown"] == 550 / 1_050


@pytest.mark.parametrize(
    ("start", "end", "length", "expected"),
    [
        (100, 110, 365, 0.1),
        (100, 200, 730, math.sqrt(2) - 1),
        (100, 101, 7, 1.01 ** (365 / 7) - 1),
        (100, 110, 6, None),
        (100, 0, 30, -1.0),
        (100, -50, 30, -1.0),
        (0, 50, 30, None),
        (1, 10**18, 7, None),
    ],
)
def test_cagr(start, end, length, expected):
    assert cagr(start, end, length) == (expected if expected is None else pytest.approx(expected))


def test_drawdown_counts_from_the_initial_balance_and_may_pass_one():
    assert max_drawdown(100, []) == 0.0
    assert max_drawdown(100, [90, 120, 60, 130, 66]) == 0.5
    assert max_drawdown(100, [-50]) == 1.5


def test_negative_equity():
    summary = summary_of(*days(1_000, -100, -50, -60, -70, -80, -90))
    assert (summary["sharpe"], summary["sortino"], summary["cagr"]) == (None, None, -1.0)
    assert (summary["max_drawdown"], summary["total_return"]) == (1.1, -1.09)
    assert {row["return"] for row in summary["daily"]} == {None}


def test_one_last_negative_day_still_has_its_return():
    assert daily_returns(100, [50, -50]) == [-0.5, -2.0]
    assert daily_returns(100, [0, 10]) is None and daily_returns(100, []) == []


def test_periods_follow_the_calendar():
    worths = (1_010, 1_000, 1_020, 1_010, 1_030)
    bought = fill("buy", 1, 100)
    open_always = summary_of(bought, *days(*worths))
    sessions = summary_of(bought, *days(*worths), calendar=Session(name="n", zone="UTC", open=0, close=60))
    assert open_always["sharpe"] / sessions["sharpe"] == pytest.approx(math.sqrt(365 / 252))


def test_days_without_a_session_are_omitted():
    """From Monday 6 January: the 9th is a holiday, the 11th and 12th a weekend."""
    worths = (1_010, 1_020, 1_030, 1_030, 1_040, 1_040, 1_040, 1_050)
    rows = summary_of(fill("buy", 1, 100), *days(*worths), calendar=NYSE)["daily"]
    assert [row["date"][-2:] for row in rows] == ["06", "07", "08", "10", "13"]
    assert rows[3]["return"] == 10 / 1_030


def test_one_symbol_that_never_closes_opens_every_day():
    worths = (1_010,) * 8
    rows = summary_of(fill("buy", 1, 100), fill("buy", 1, 100, symbol="B"), *days(*worths), calendar=NYSE)
    assert len(rows["daily"]) == 8


def test_a_session_counts_on_every_day_of_the_account_that_it_touches():
    """New York opens half an hour before Tokyo's midnight: Friday's session makes a Saturday, Wednesday's
    most of the holiday's Thursday, and only Sunday has none."""
    tokyo_midnight = START - 9 * HOUR
    rows = summary_of(
        fill("buy", 1, 100), *days(*[1_000] * 8, first=tokyo_midnight), calendar=NYSE, zone="Asia/Tokyo"
    )["daily"]
    assert [row["date"][-2:] for row in rows] == ["06", "07", "08", "09", "10", "11", "13"]


def test_a_session_over_midnight():
    night = Session(name="n", zone="UTC", open=22 * 60, close=2 * 60, weekdays=(4,))
    rows = summary_of(fill("buy", 1, 100), *days(*[1_000] * 7), calendar=night)["daily"]
    assert [row["date"][-2:] for row in rows] == ["10", "11"]


def test_a_day_of_the_zone_with_daylight_saving():
    """Sunday 30 March 2025 has 23 hours in Berlin."""
    midnight = 1_743_289_200_000_000
    rows = summary_of(
        equity(ONE, midnight, True), equity(ONE, midnight + 23 * HOUR, True), zone="Europe/Berlin"
    )
    assert [row["date"] for row in rows["daily"]] == ["2025-03-29", "2025-03-30"]


def test_before_anything_is_traded_the_calendar_is_that_of_what_may_be():
    known = Instruments(known={"X": Instrument(symbol="X", calendar=NYSE)})
    default = Instruments(default=Instrument(symbol="", calendar=NYSE))
    saturday, midnight = date(2025, 1, 11), START + 6 * DAY
    assert days_a_year("UTC", Instruments(), set(), saturday, midnight) == 365
    assert days_a_year("UTC", known, set(), saturday, midnight) is None
    assert days_a_year("UTC", known, set(), date(2025, 1, 10), START + 5 * DAY) == 252
    assert days_a_year("UTC", default, set(), saturday, midnight) is None
    assert days_a_year("UTC", known, {"unknown"}, saturday, midnight) == 365


# Time with a position --------------------------------------------------------------------------


def test_exposure_is_the_union_of_positions():
    statistics = statistics_of(
        equity(ONE),
        position("p1", 5, START + 10 * MINUTE),
        position("p2", 5, START + 20 * MINUTE),
        *gone("p1", START + 10 * MINUTE, START + 30 * MINUTE),
        position("p2", 3, START + 35 * MINUTE),
        *gone("p2", START + 20 * MINUTE, START + 40 * MINUTE),
        equity(ONE, START + 60 * MINUTE),
    )
    assert statistics.summary()["exposure_time"] == 0.5
    assert statistics.summary(START - 40 * MINUTE, START + 80 * MINUTE)["exposure_time"] == 0.25


def test_exposure_is_by_the_times_of_the_fills_whatever_was_told_first():
    """On bars of one record p1 is told to leave at its end before p2 is told to enter at its open."""
    statistics = statistics_of(
        equity(ONE),
        position("p1", 5, START + 20 * MINUTE, opened=START + 10 * MINUTE),
        *gone("p1", START + 10 * MINUTE, START + 30 * MINUTE, told=START + 31 * MINUTE),
        position("p2", 5, START + 31 * MINUTE, opened=START + 20 * MINUTE),
        *gone("p2", START + 20 * MINUTE, START + 40 * MINUTE, told=START + 45 * MINUTE),
        *gone("p3", START + 42 * MINUTE, START + 45 * MINUTE, told=START + 45 * MINUTE),
        equity(ONE, START + 60 * MINUTE),
    )
    assert statistics.summary()["exposure_time"] == 33 / 60


def test_a_position_open_at_the_end_counts_until_then():
    assert (
        summary_of(equity(ONE), position("p", 1, START + 45), equity(ONE, START + 60))["exposure_time"]
        == 0.25
    )


def test_exposure_of_a_quiet_account():
    assert statistics_of().summary(START, START + DAY)["exposure_time"] == 0.0


# Decisions, orders, slices, theories -----------------------------------------------------------


def test_decisions_and_orders():
    def decided(verdict, reason):
        return Decision(decision_id="d", ts=START, account="a", decision=verdict, reason=reason)

    def ordered(state):
        return Order(
            order_id="o",
            account="a",
            symbol="X",
            side="buy",
            order_type="market",
            state=state,
            quantity=1,
            filled=0,
            ts=START,
            created=START,
        )

    summary = summary_of(
        decided("accepted", ""),
        decided("refused", "max_positions"),
        decided("refused", "max_positions"),
        decided("expired", "no_market"),
        ordered("new"),
        ordered("filled"),
        ordered("expired"),
    )
    assert summary["decisions"] == {
        "accepted": {"": 1},
        "expired": {"no_market": 1},
        "refused": {"max_positions": 2},
    }
    assert summary["orders"] == {"expired": 1, "filled": 1}


def test_slices_of_a_long():
    """1 at 100 and 1 at 101 (arrival 100), out at 104 with a fee of 2 on the way out and 1 on each entry:
    gross 4 + 3 = 7; each carries its own fee and half of the exit's."""
    summary = summary_of(
        timer(1, "armed"),
        timer(1, "released"),
        timer(2, "released"),
        timer(3, "skipped", "imbalance"),
        fill("buy", 1, 100, fee=ONE, slice_number=1, arrival=100 * ONE),
        fill("buy", 1, 101, fee=ONE, slice_number=2, arrival=100 * ONE),
        fill("sell", 2, 104, fee=2 * ONE, trade_id="t1", purpose="take_profit", slippage=ONE // 2),
        trade(1, 3 * ONE, fees=4 * ONE, quantity=2 * ONE),
    )
    first, second, third = summary["slices"]
    assert first == {
        "number": 1,
        "released": 1,
        "skipped": 0,
        "cancelled": 0,
        "reasons": {},
        "fills": 1,
        "cost_bps": 0.0,
        "pnl": "2",
    }
    assert (second["cost_bps"], second["pnl"]) == (100.0, "1")
    assert (third["skipped"], third["reasons"], third["cost_bps"], third["pnl"]) == (
        1,
        {"imbalance": 1},
        None,
        "0",
    )
    assert (summary["fills"], summary["slippage"]) == (3, "1")


def test_a_slice_of_a_short_is_cheap_above_its_arrival():
    summary = summary_of(
        fill("sell", 2, 99, slice_number=1, arrival=100 * ONE),
        fill("sell", 1, 103, slice_number=1, arrival=100 * ONE),
        fill("buy", 3, 97, trade_id="t1"),
        trade(1, 10 * ONE, side="short", quantity=3 * ONE),
    )
    assert (summary["slices"][0]["cost_bps"], summary["slices"][0]["pnl"]) == (
        pytest.approx(-10_000 / 300),
        "10",
    )


def test_lots_of_one_symbol_keep_their_slices_apart():
    summary = summary_of(
        fill("buy", 1, 100, lot_id="l1", slice_number=1, arrival=100 * ONE),
        fill("buy", 1, 110, lot_id="l2", slice_number=2, arrival=100 * ONE),
        fill("sell", 1, 105, lot_id="l2", trade_id="t2"),
        trade(2, -5 * ONE),
        fill("sell", 1, 107, lot_id="l1", trade_id="t1"),
        trade(1, 7 * ONE),
    )
    assert [row["pnl"] for row in summary["slices"]] == ["7", "-5"]


def test_a_manual_entry_belongs_to_no_slice():
    statistics = statistics_of(fill("buy", 1, 100), fill("sell", 1, 101, trade_id="t1"), trade(1, ONE))
    assert statistics.summary()["slices"] == [] and not statistics.slices.open and not statistics.slices.lots


@pytest.mark.parametrize("weight", [1.0, 0.5, -1.0])
def test_a_theory_alone_has_all_the_pnl(weight):
    summary = summary_of(trade(1, -7, theories={"trend": weight}))
    assert summary["theories"] == {"trend": {"trades": 1, "pnl": "-0.00000007"}}


def test_theories_share_the_pnl_by_weight():
    summary = summary_of(
        trade(1, 30 * ONE, theories={"trend": 2.0, "carry": 1.0}),
        trade(2, -8 * ONE, theories={"trend": 0.25, "value": 0.75}),
        trade(3, 5 * ONE),
        trade(4, 5 * ONE, theories={"trend": 0.0}),
        trade(5, 5 * ONE, theories={"trend": math.nan}),
    )
    assert summary["theories"] == {
        "carry": {"trades": 1, "pnl": "10"},
        "trend": {"trades": 2, "pnl": "18"},
        "value": {"trades": 1, "pnl": "-6"},
    }


# Against naive arithmetic ----------------------------------------------------------------------

MONEY = st.integers(-(10**14), 10**14)
WORTH = st.integers(1, 10**14)


@given(st.lists(MONEY))
def test_trades_against_fractions(pnls):
    summary = summary_of(*(trade(n, pnl) for n, pnl in enumerate(pnls)))
    wins, losses = [p for p in pnls if p > 0], [p for p in pnls if p < 0]
    assert Fraction(summary["net_pnl"]) == Fraction(sum(pnls), ONE)
    assert summary["profit_factor"] == (float(Fraction(sum(wins), -sum(losses))) if losses else None)
    assert summary["win_rate"] == (float(Fraction(len(wins), len(pnls))) if pnls else None)
    if pnls:
        assert Fraction(summary["expectancy"]) * ONE == round(Fraction(sum(pnls), len(pnls)))
        assert Fraction(summary["best_trade"]["pnl"]) * ONE == max(pnls)
        assert Fraction(summary["worst_trade"]["pnl"]) * ONE == min(pnls)


@given(WORTH, st.lists(WORTH, max_size=60))
def test_risk_against_fractions(balance, worths):
    returns = daily_returns(balance, worths)
    exact = [Fraction(after, before) - 1 for before, after in pairwise([balance, *worths])]
    assert returns == [float(r) for r in exact]
    peaks = accumulate([balance, *worths], max)
    falls = [Fraction(peak - worth, peak) for peak, worth in zip(peaks, [balance, *worths], strict=True)]
    assert max_drawdown(balance, worths) == float(max(falls))
    if len(exact) < 5:
        assert sharpe(returns, 365) is None
        return
    mean = sum(exact) / len(exact)
    variance = sum((r - mean) ** 2 for r in exact) / (len(exact) - 1)
    downside = sum(min(r, Fraction(0)) ** 2 for r in exact) / len(exact)
    if variance > Fraction(1, 10**20):
        naive = float(mean) / math.sqrt(variance) * math.sqrt(365)
        assert sharpe(returns, 365) == pytest.approx(naive, rel=1e-6, abs=1e-6)
    if downside > Fraction(1, 10**20):
        naive = float(mean) / math.sqrt(downside) * math.sqrt(365)
        assert sortino(returns, 365) == pytest.approx(naive, rel=1e-6, abs=1e-6)
    else:
        assert downside or sortino(returns, 365) is None


@given(MONEY, st.lists(st.integers(0, 10**12), min_size=1).filter(any))
def test_parts_add_up_to_their_total(total, weights):
    parts = apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) <= 1


@given(
    st.lists(
        st.tuples(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(0, 10**9)),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
    MONEY,
    st.integers(0, 10**9),
)
def test_slices_add_up_to_the_trade(entries, long, gross, exit_fee):
    way, back = ("buy", "sell") if long else ("sell", "buy")
    statistics = statistics_of(
        *(
            fill(way, quantity / ONE, price / ONE, fee=fee, slice_number=n + 1, arrival=ONE)
            for n, (quantity, price, fee) in enumerate(entries)
        ),
        fill(back, sum(quantity for quantity, _, _ in entries) / ONE, 1, fee=exit_fee, trade_id="t0"),
    )
    fees = exit_fee + sum(fee for _, _, fee in entries)
    statistics.add(trade(0, gross - fees, fees=fees, side="long" if long else "short"))
    assert sum(total.pnl for total in statistics.slices.totals.values()) == gross - fees


@given(
    MONEY,
    st.dictionaries(st.text(max_size=3), st.floats(-10, 10, allow_subnormal=False), min_size=1, max_size=5),
)
def test_theories_add_up_to_the_trade(pnl, weights):
    statistics = statistics_of(trade(0, pnl, theories=weights))
    attributed = bool(sum(map(Fraction, weights.values())))
    assert sum(statistics.theories.pnl.values()) == (pnl if attributed else 0)


@given(st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 1_000)), max_size=20))
def test_exposure_against_a_second_by_second_count(spans):
    changes: list[tuple[int, int, list[Trade | Position]]] = []
    for n, (one, other) in enumerate(spans):
        first, last = (START + second * SECOND for second in sorted((one, other)))
        changes += [(first, 0, [position(f"p{n}", 1, first)]), (last, 1, gone(f"p{n}", first, last))]
    statistics = statistics_of(equity(ONE, START))
    for _, _, outputs in sorted(changes, key=lambda change: change[:2]):
        for output in outputs:
            statistics.add(output)
    held = {second for span in spans for second in range(min(span), max(span))}
    assert statistics.summary(START, START + 1_000 * SECOND)["exposure_time"] == len(held) / 1_000


@given(st.lists(st.lists(st.integers(-5, 60), min_size=1, max_size=9), max_size=5), st.integers(0, 50))
def test_drawdown_of_columns(columns: list[list[int]], balance: int) -> None:
    one_by_one, at_once = Drawdown(balance), Drawdown(balance)
    for column in columns:
        at_once.add_all(np.array(column))
        for worth in column:
            one_by_one.add(worth)
        assert (at_once.peak, at_once.largest()) == (one_by_one.peak, one_by_one.largest())


def test_drawdowns_that_a_float_takes_for_equal() -> None:
    for worths in ([10**17, 1, 10**17 + 1, 2], [10**17, 2, 10**17 + 2, 3], [10**17, 10, 10**17 + 10, 5]):
        one_by_one, at_once = Drawdown(0), Drawdown(0)
        at_once.add_all(np.array(worths))
        for worth in worths:
            one_by_one.add(worth)
        assert Fraction(at_once.fall, at_once.fallen_from) == Fraction(
            one_by_one.fall, one_by_one.fallen_from
        )


def test_quiet_minutes_leave_the_last_equity() -> None:
    ts = np.arange(3) * MINUTE
    worth = np.array([5, 4, 7]) * ONE
    nothing = np.zeros(3, np.int64)
    statistics = Statistics(Settings(name="a", balance=5 * ONE, size=Size(mode="quantity")))
    statistics.add_minutes(EquityRows("a", 0, ts, worth, nothing, nothing, nothing, 0, 0, 0, 5 * ONE))
    assert statistics.equity == 7 * ONE
