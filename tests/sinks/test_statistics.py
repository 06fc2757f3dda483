"""Every statistic against pandas, against another library where it means the same, and against the engine's own.

Rules of this file: what pandas computes here is written from docs/rules.md alone, in floats, so that nothing of the
queries or the engine decides what is right.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest

from schemas.messages import Decision, Equity, Fill, Message, Output, Position, Signal, SliceTimer, Trade
from sinks.asking.questions import Answer, ask
from streams.accounts import account_with, parse_instruments, presets
from streams.engine.model.units import ONE
from streams.engine.results.statistics import Statistics
from streams.engine.simulate import simulate
from streams.feeds.market_day import SYMBOLS, simulated_day
from tests.sinks.databases import database
from tests.sinks.filling import fill

DAY = 86_400_000_000
START = 1_767_571_200_000_000
"""2026-01-05, a Monday."""
BALANCE = 10_000 * ONE

FLOATS = (
    "win_rate profit_factor average_hold_seconds ambiguous_share total_return sharpe sortino cagr max_drawdown exposure_time"
).split()
COUNTS = "trades wins losses breakevens days".split()
MONEY = "expectancy net_pnl gross_pnl fees average_win average_loss start_equity end_equity".split()


@dataclass
class Case:
    """An account's past: its trades' P&L in the order of their exits, its equity at each day's end."""

    name: str
    pnls: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    between: list[int] = field(default_factory=list)
    """Equity at noon of each day."""
    year_days: int = 365
    balance: int = BALANCE
    seed: int = 0

    @property
    def counted(self) -> list[bool]:
        """Weekends do not count on markets of 252 days."""
        days = [date(2026, 1, 5) + timedelta(days=number) for number in range(len(self.ends))]
        return [self.year_days == 365 or day.weekday() < 5 for day in days]

    def messages(self) -> Iterator[Message]:
        random = np.random.default_rng(self.seed)
        for number, pnl in enumerate(self.pnls):
            exit_ts = START + number * DAY // 7 + int(random.integers(DAY // 8))
            yield Trade(
                trade_id=f"{self.name}-t{number}", account=self.name, symbol=f"S{number % 3}",
                side="long" if number % 2 else "short", quantity=ONE, entry_price=100 * ONE, exit_price=100 * ONE,
                entry_ts=exit_ts - int(random.integers(1, DAY)), exit_ts=exit_ts, pnl=pnl, pnl_pct=pnl // 100,
                fees=ONE // 10, exit_reason=("take_profit", "stop_loss")[number % 2],
                outcome="win" if pnl > 0 else "loss" if pnl < 0 else "breakeven", signal_id=None, gross_pnl=pnl + ONE // 10,
                ambiguous=number % 5 == 0, theories={"a": 0.5, "b": 0.3, "c": 0.2} if number % 2 else {"a": 1.0, "d": -0.25},
            )  # fmt: skip
        number = 0
        for day, (end, noon, counts) in enumerate(zip(self.ends, self.between, self.counted, strict=True)):
            yield self._equity(number + 1, START + day * DAY + DAY // 2, noon)
            ended = date(2026, 1, 5) + timedelta(days=day)
            yield self._equity(
                number + 2,
                START + (day + 1) * DAY,
                end,
                day=ended.isoformat(),
                year_days=self.year_days if counts else None,
            )
            number += 2

    def _equity(self, number: int, ts: int, worth: int, **more: Any) -> Equity:
        return Equity(
            equity_id=f"{self.name}-e{number}", ts=ts, account=self.name, equity=worth, cash=worth, unrealised=0, drawdown=0,
            realised=worth - self.balance, balance=self.balance, day_end=bool(more), **more,
        )  # fmt: skip


def random_case(seed: int) -> Case:
    random = np.random.default_rng(seed)
    days = int(random.integers(8, 90))
    steps = random.normal(0.001, 0.02, days)
    ends = [round(each) for each in BALANCE * np.cumprod(1 + steps)]
    between = [
        round(each * (1 + move)) for each, move in zip(ends, random.normal(0, 0.01, days), strict=True)
    ]
    pnls = [round(each) * ONE // 1000 for each in random.normal(500, 40_000, int(random.integers(1, 150)))]
    return Case(f"random{seed}", pnls, ends, between, (365, 252)[seed % 2], seed=seed)


def flat(days: int) -> list[int]:
    return [BALANCE] * days


SINKING = [BALANCE, 8_000 * ONE, 2_000 * ONE, -100 * ONE, -50 * ONE, 300 * ONE, 400 * ONE, 500 * ONE]
CASES = [
    *map(random_case, range(12)),
    Case("no-trades", [], flat(10), flat(10)),
    Case("one-win", [7 * ONE], flat(7), flat(7)),
    Case("one-loss", [-7 * ONE], flat(3), flat(3)),
    Case("no-losses", [ONE, 2 * ONE, 3 * ONE], [BALANCE + day * ONE for day in range(9)], flat(9)),
    Case("breakeven", [0, 0, 0], flat(9), flat(9)),
    Case("flat-equity", [ONE, -ONE], flat(30), flat(30)),
    Case("days-without-trades", [5 * ONE], [BALANCE, BALANCE, BALANCE + ONE, *[BALANCE + ONE] * 6], flat(9)),
    Case("negative-equity", [-10_100 * ONE], SINKING, SINKING),
    Case("ends-with-nothing", [-10_000 * ONE], [*flat(6), 5_000 * ONE, 0], flat(8)),
    Case("always-the-same-return", [ONE], [round(BALANCE * 1.1**day) for day in range(1, 8)], flat(7)),
    Case("four-days", [ONE, -ONE], [BALANCE + ONE, BALANCE, BALANCE - ONE, BALANCE], flat(4)),
    Case(
        "weekends-closed",
        [ONE, -2 * ONE, 3 * ONE],
        [BALANCE + day * day * ONE for day in range(21)],
        flat(21),
        252,
    ),
]
TRADED = [case for case in CASES if case.pnls]


@pytest.fixture(scope="module")
def asked(server):
    with database(server, "statistics") as client:
        fill(client, [message for case in CASES for message in case.messages()])
        yield client


def one(client: Any, name: str, case: Case) -> dict[str, Any]:
    found = ask(client, name, account=case.name).dicts()
    assert len(found) <= 1
    return found[0] if found else {}


def rows(client: Any, name: str, case: Case, **more: Any) -> pd.DataFrame:
    found = ask(client, name, account=case.name, **more)
    return pd.DataFrame(found.rows, columns=list(found.columns))


def close(value: Any, expected: Any) -> bool:
    if expected is None or (isinstance(expected, float) and math.isnan(expected)):
        return value is None or (isinstance(value, float) and math.isnan(value))
    return bool(value == pytest.approx(expected, rel=1e-12, abs=1e-12))


# pandas, from the rules ----------------------------------------------------------------------


def trades_of(case: Case) -> pd.DataFrame:
    found = pd.DataFrame([
        {"pnl": each.pnl / ONE, "exact": each.pnl, "fees": each.fees / ONE, "symbol": each.symbol, "side": each.side,
         "reason": each.exit_reason, "held": (each.exit_ts - each.entry_ts) / 1e6, "outcome": each.outcome,
         "exit": pd.Timestamp(each.exit_ts, unit="us", tz="UTC"), "entry": pd.Timestamp(each.entry_ts, unit="us", tz="UTC"),
         "ambiguous": each.ambiguous, "theories": each.theories}
        for each in case.messages() if isinstance(each, Trade)
    ])  # fmt: skip
    return found.sort_values("exit", ignore_index=True) if len(found) else found


def returns_of(case: Case) -> "pd.Series[float] | None":
    """None where a day began with nothing."""
    ends = pd.Series(
        [case.balance, *[end for end, counts in zip(case.ends, case.counted, strict=True) if counts]],
        dtype=float,
    )
    if (ends.iloc[:-1] <= 0).any():
        return None
    return (ends.diff() / ends.shift()).iloc[1:].reset_index(drop=True)


def sharpe_of(case: Case) -> float | None:
    returns = returns_of(case)
    if returns is None or len(returns) < 5 or returns.std() < 1e-15:
        return None
    return float(returns.mean() / returns.std() * math.sqrt(case.year_days))


def sortino_of(case: Case) -> float | None:
    returns = returns_of(case)
    if returns is None or len(returns) < 5 or not (returns < 0).any():
        return None
    return float(returns.mean() / math.sqrt((returns.clip(upper=0) ** 2).mean()) * math.sqrt(case.year_days))


def cagr_of(case: Case) -> float | None:
    if len(case.ends) < 7:
        return None
    if case.ends[-1] <= 0:
        return -1.0
    return float((case.ends[-1] / case.balance) ** (365 / len(case.ends)) - 1)


def curve_of(case: Case) -> "pd.Series[float]":
    points = [case.balance, *[each for pair in zip(case.between, case.ends, strict=True) for each in pair]]
    return pd.Series(points, dtype=float)


def drawdown_of(case: Case) -> float:
    curve = curve_of(case)
    return float((1 - curve / curve.cummax()).max())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_performance(asked, case):
    found, trades = one(asked, "performance", case), trades_of(case)
    pnl = trades["pnl"] if len(trades) else pd.Series(dtype=float)
    won, lost = pnl[pnl > 0], pnl[pnl < 0]
    expected = {
        "trades": len(pnl),
        "wins": len(won),
        "losses": len(lost),
        "breakevens": int((pnl == 0).sum()),
        "win_rate": len(won) / len(pnl) if len(pnl) else None,
        "profit_factor": won.sum() / -lost.sum() if len(lost) else None,
        "expectancy": pnl.mean() if len(pnl) else None,
        "net_pnl": pnl.sum(),
        "gross_pnl": (pnl + 0.1).sum(),
        "fees": 0.1 * len(pnl),
        "average_win": won.mean() if len(won) else None,
        "average_loss": lost.mean() if len(lost) else None,
        "best_trade": pnl.max() if len(pnl) else None,
        "worst_trade": pnl.min() if len(pnl) else None,
        "average_hold_seconds": trades["held"].mean() if len(pnl) else None,
        "ambiguous_share": trades["ambiguous"].mean() if len(pnl) else None,
        "start_equity": case.balance / ONE,
        "end_equity": case.ends[-1] / ONE,
        "total_return": (case.ends[-1] - case.balance) / case.balance,
        "days": len(case.ends),
        "sharpe": sharpe_of(case),
        "sortino": sortino_of(case),
        "cagr": cagr_of(case),
        "max_drawdown": drawdown_of(case),
    }
    money = {"expectancy", "average_win", "average_loss"}
    for name, value in expected.items():
        got = found[name] if found[name] is None else float(found[name])
        if name in money and value is not None:
            assert got == pytest.approx(value, abs=1e-8), name  # rounded to 1e-8
        else:
            assert close(got, value), (name, got, value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sharpe_sortino_and_cagr_alone(asked, case):
    returns = returns_of(case)
    found = {name: one(asked, name, case) for name in ("sharpe", "sortino", "cagr")}
    assert close(found["sharpe"]["sharpe"], sharpe_of(case))
    assert close(found["sortino"]["sortino"], sortino_of(case))
    assert close(found["cagr"]["cagr"], cagr_of(case)) and found["cagr"]["days"] == len(case.ends)
    if returns is not None:
        assert found["sharpe"]["returns"] == len(returns)
        assert close(found["sharpe"]["mean_return"], returns.mean())
        assert found["sharpe"]["deviation"] == pytest.approx(returns.std(), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_drawdowns(asked, case):
    curve = rows(asked, "drawdown", case, points=0)
    points = curve_of(case)
    expected = (1 - points / points.cummax()).iloc[1:]
    assert np.allclose(curve["drawdown"], expected, rtol=1e-12, atol=1e-12)
    deepest = rows(asked, "drawdowns", case, limit=1)
    if expected.max() > 0:
        assert close(float(deepest["drawdown"][0]), expected.max())
        at = int(expected.to_numpy().argmax())
        assert deepest["lowest"][0] == pd.Timestamp(
            START + (at // 2) * DAY + (DAY // 2 if at % 2 == 0 else DAY), unit="us", tz="UTC"
        )
    else:
        assert deepest.empty


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_ledger_adds_up(asked, case):
    ledger = rows(asked, "daily-ledger", case)
    trades = trades_of(case)
    ended = ledger[ledger["complete"]]
    assert [float(each) for each in ended["equity"]] == [end / ONE for end in case.ends]
    assert (
        ledger["start"] + ledger["realised"] + ledger["unrealised_change"] - ledger["fees"]
        == ledger["equity"]
    ).all()
    assert (ledger["equity"].shift().fillna(ledger["start"]) == ledger["start"]).all()
    day = (trades["exit"].dt.strftime("%Y-%m-%d") if len(trades) else pd.Series(dtype=str)).value_counts()
    within = [int(day.get(each, 0)) for each in ended["day"]]
    assert list(ended["trades"]) == within
    returns = returns_of(case)
    got = [each for each, counts in zip(ended["return"], case.counted, strict=True) if counts]
    if returns is not None:
        assert np.allclose(np.array(got, dtype=float), returns, rtol=1e-12, atol=1e-15)
        assert close(ended["sharpe"].iloc[-1], sharpe_of(case))


@pytest.mark.parametrize("case", TRADED, ids=lambda case: case.name)
def test_groups_of_trades(asked, case):
    trades = trades_of(case)
    for name, key in (
        ("pnl-by-symbol", "symbol"),
        ("pnl-by-exit-reason", "reason"),
        ("pnl-by-hour", trades["exit"].dt.hour),
    ):
        found = rows(asked, name, case)
        expected = trades.groupby(key)["pnl"].agg(["count", "sum", lambda each: (each > 0).mean()])
        column = found.columns[1]
        for _, row in found.iterrows():
            count, total, rate = expected.loc[row[column]]
            assert (row["trades"], close(float(row["pnl"]), total), close(row["win_rate"], rate)) == (
                count,
                True,
                True,
            )
        assert len(found) == len(expected)


@pytest.mark.parametrize("case", TRADED, ids=lambda case: case.name)
def test_hold_time_and_profit_factor(asked, case):
    trades = trades_of(case)
    held = rows(asked, "hold-time", case).set_index("outcome")
    for outcome, seconds in [("all", trades["held"]), *trades.groupby("outcome")["held"]]:
        row = held.loc[outcome]
        assert row["trades"] == len(seconds) and close(row["average"], seconds.mean())
        assert close(row["median"], seconds.median()) and close(row["p90"], seconds.quantile(0.9))
        assert close(row["shortest"], seconds.min()) and close(row["longest"], seconds.max())
    factors = rows(asked, "profit-factor", case).set_index("side")["profit_factor"]
    for side, pnl in [("all", trades["pnl"]), *trades.groupby("side")["pnl"]]:
        lost = -pnl[pnl < 0].sum()
        assert close(factors[side], pnl[pnl > 0].sum() / lost if lost else float("nan"))


@pytest.mark.parametrize("case", TRADED, ids=lambda case: case.name)
def test_win_rate_over_time(asked, case):
    trades = trades_of(case)
    win = (trades["pnl"] > 0).astype(float)
    by_day = pd.DataFrame({
        "day": trades["exit"].dt.strftime("%Y-%m-%d"),
        "last_50": win.rolling(50, min_periods=1).mean(),
        "to_date": win.expanding().mean(),
        "win": win,
    })  # fmt: skip
    found = rows(asked, "win-rate-over-time", case).set_index("day")
    complete = set(rows(asked, "daily-ledger", case)["day"])
    for day, group in by_day.groupby("day"):
        if day in complete:
            row = found.loc[day]
            assert close(row["win_rate"], group["win"].mean()) and close(
                row["to_date"], group["to_date"].iloc[-1]
            )
            assert row["last_50"] == pytest.approx(group["last_50"].iloc[-1], rel=1e-9)


@pytest.mark.parametrize("case", TRADED, ids=lambda case: case.name)
def test_attribution_adds_up_and_follows_the_weights(asked, case):
    found = rows(asked, "attribution", case, limit=100_000)
    assert (found.groupby("trade_id")["pnl"].sum() == found.groupby("trade_id")["trade_pnl"].first()).all()
    for _, row in found.iterrows():
        assert float(row["pnl"]) == pytest.approx(float(row["trade_pnl"]) * row["share"], abs=2e-8)
    theories = rows(asked, "theories", case)
    assert theories["pnl"].sum() == sum(found.groupby("trade_id")["trade_pnl"].first())


@pytest.mark.parametrize("case", TRADED, ids=lambda case: case.name)
def test_exposure_time(asked, case):
    """Every second apart: slow, and nothing to get wrong."""
    trades, found = trades_of(case), one(asked, "performance", case)
    first, last = (pd.Timestamp(START + at, unit="us", tz="UTC") for at in (DAY // 2, len(case.ends) * DAY))
    spans = sorted(
        (max(entry, first), min(leave, last))
        for entry, leave in zip(trades["entry"], trades["exit"], strict=True)
    )
    held, upto = pd.Timedelta(0), first
    for entry, leave in spans:
        if leave > upto and leave > entry:
            held += leave - max(entry, upto)
            upto = leave
    assert close(found["exposure_time"], held / (last - first))


# Another library -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name.startswith("random")], ids=lambda case: case.name
)
def test_as_empyrical_has_it(asked, case):
    """The same definitions, but for three: its CAGR takes periods of returns for days of a year, so it is given
    the growth of calendar days; its drawdown is negative and of daily returns, so it is given every equity row; and it
    divides by zero where ours is not defined (none of which happens in these)."""
    found, returns = one(asked, "performance", case), returns_of(case)
    assert found["sharpe"] == pytest.approx(
        empyrical.sharpe_ratio(returns, annualization=case.year_days), rel=1e-9
    )
    assert found["sortino"] == pytest.approx(
        empyrical.sortino_ratio(returns, annualization=case.year_days), rel=1e-9
    )
    calendar = pd.Series([case.balance, *case.ends], dtype=float).pct_change().iloc[1:]
    assert found["cagr"] == pytest.approx(empyrical.cagr(calendar, annualization=365), rel=1e-9)
    every = curve_of(case).pct_change().iloc[1:]
    assert found["max_drawdown"] == pytest.approx(-empyrical.max_drawdown(every), rel=1e-9)


# The engine's own ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_engine_sums_it_up_alike(asked, case):
    statistics = Statistics(account_with("auto-trader", {"balance": str(case.balance // ONE)}))
    for message in case.messages():
        assert isinstance(message, Trade | Equity)
        statistics.add(message)
    found, summary = one(asked, "performance", case), statistics.summary()
    for name in [*COUNTS, *MONEY, *(name for name in FLOATS if name != "exposure_time")]:
        got = f"{found[name].normalize():f}" if isinstance(found[name], Decimal) else found[name]
        assert got == summary[name] if name in MONEY else close(got, summary[name]), name


@dataclass
class Simulated:
    """A day of every preset, as the engine sums it up, and as the tables have it."""

    client: Any
    summaries: dict[str, dict[str, Any]]

    def dict(self, name: str, account: str, key: str | None = None) -> Any:
        rows = ask(self.client, name, account=account).dicts()
        return {row[key]: row for row in rows} if key else rows[0]


@pytest.fixture(scope="module")
def simulated(server):
    day = simulated_day()
    signals = [_with_theories(number, each) for number, each in enumerate(day.signals)]
    accounts = [
        account_with(name, {"commission": "{rate: 0.015%, per_order: 0.07}"} if number % 2 else {})
        for number, name in enumerate(presets())
    ]
    statistics = {each.name: Statistics(each) for each in accounts}
    outputs: list[Output] = []
    for told in simulate(accounts, day.batches(), signals, parse_instruments(SYMBOLS, "symbols.yaml")):
        outputs += told
    for output in outputs:
        statistics[output.account].add(output)
    with database(server, "simulated") as client:
        fill(client, [*outputs, *signals], datetime(2026, 1, 5, tzinfo=UTC))
        yield Simulated(client, {name: each.summary() for name, each in statistics.items()})


def _with_theories(number: int, signal: Signal) -> Signal:
    """Weights whose shares do not come out even."""
    fields = {name: getattr(signal, name) for name in signal.__struct_fields__}
    return Signal(
        **{**fields, "theories": {"surge": 0.3 + number % 7 / 10, "trend": 0.7, "late": -0.1 * (number % 2)}}
    )


@pytest.mark.parametrize("account", presets())
def test_performance_is_the_engine_s(simulated, account):
    found, summary = simulated.dict("performance", account), simulated.summaries[account]
    assert summary["trades"] > 0
    assert {name: found[name] for name in COUNTS} == {name: summary[name] for name in COUNTS}
    for name in MONEY:
        assert (None if found[name] is None else f"{found[name].normalize():f}") == summary[name], name
    for name in FLOATS:
        assert close(found[name], summary[name]), name
    for name in ("best_trade", "worst_trade"):
        assert f"{found[name].normalize():f}" == summary[name]["pnl"]


@pytest.mark.parametrize("account", presets())
def test_groups_are_the_engine_s(simulated, account):
    summary = simulated.summaries[account]
    for name, key, group in (
        ("pnl-by-symbol", "symbol", "symbols"),
        ("pnl-by-exit-reason", "exit_reason", "exits"),
        ("theories", "theory", "theories"),
    ):
        found = simulated.dict(name, account, key)
        assert set(found) == set(summary[group])
        for each, row in found.items():
            assert (row["trades"], f"{row['pnl'].normalize():f}") == (
                summary[group][each]["trades"],
                summary[group][each]["pnl"],
            )


@pytest.mark.parametrize("account", presets())
def test_slices_are_the_engine_s(simulated, account):
    found = simulated.dict("slice-effectiveness", account, "number")
    for told in simulated.summaries[account]["slices"]:
        row = found[told["number"]]
        assert [row[name] for name in ("released", "skipped", "cancelled", "fills")] == [
            told[name] for name in ("released", "skipped", "cancelled", "fills")
        ]
        assert f"{row['pnl'].normalize():f}" == told["pnl"]
        assert close(row["cost_bps"], told["cost_bps"])


@pytest.mark.parametrize("account", presets())
def test_decisions_are_the_engine_s(simulated, account):
    found = ask(simulated.client, "rejected", account=account)
    counted: dict[str, dict[str, int]] = {}
    for _, decision, reason, times, *_ in found.rows:
        counted.setdefault(decision, {})[reason] = times
    summary = simulated.summaries[account]["decisions"]
    assert counted == {
        verdict: reasons for verdict, reasons in summary.items() if verdict not in ("accepted", "late")
    }


# Slices, against pandas ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def sliced(server):
    """A day of the account that slices, as messages and as rows."""
    day = simulated_day(3)
    account = account_with("vsr-slicer", {"commission": "{rate: 0.02%}"})
    outputs = [
        each
        for told in simulate(
            [account], day.batches(), day.signals, parse_instruments(SYMBOLS, "symbols.yaml")
        )
        for each in told
    ]
    with database(server, "sliced") as client:
        fill(client, [*outputs, *day.signals])
        yield client, outputs


def frame(outputs: list[Output], kind: type[Message]) -> pd.DataFrame:
    """Money and prices as floats."""
    found = pd.DataFrame([
        {name: getattr(each, name) for name in each.__struct_fields__}
        for each in outputs
        if type(each) is kind
    ])  # fmt: skip
    for name in {
        "price",
        "quantity",
        "fee",
        "arrival",
        "mark",
        "exit_price",
        "entry_price",
        "mae",
        "mfe",
        "pnl",
    } & {*found}:
        found[name] = found[name].astype(float) / ONE
    return found


def plans_of(outputs: list[Output]) -> pd.DataFrame:
    """A row for each filled slice, with its average price and that of the plan's other slices."""
    fills = frame(outputs, Fill)
    fills = fills[fills["slice_number"].notna()]
    fills["paid"] = fills["price"] * fills["quantity"]
    slices = fills.groupby(["plan_id", "slice_number"]).agg(
        quantity=("quantity", "sum"), paid=("paid", "sum"), fees=("fee", "sum"), arrival=("arrival", "first"),
        trade_id=("trade_id", "first"), side=("side", "first"), ts=("ts", "min"),
    ).reset_index()  # fmt: skip
    slices["sign"] = np.where(slices["side"] == "buy", 1, -1)
    whole = slices.groupby("plan_id")[["paid", "quantity"]].transform("sum")
    slices["others"] = (whole["paid"] - slices["paid"]) / (whole["quantity"] - slices["quantity"])
    slices["first"] = (slices["paid"] / slices["quantity"]).groupby(slices["plan_id"]).transform("first")
    slices["price"] = slices["paid"] / slices["quantity"]
    return slices


def bps(slices: pd.DataFrame, reference: str) -> float:
    known = slices[slices[reference].notna()]
    at_reference = known[reference] * known["quantity"]
    return float(10_000 * (known["sign"] * (known["paid"] - at_reference)).sum() / at_reference.sum())


def test_slices_against_pandas(sliced):
    client, outputs = sliced
    found = pd.DataFrame(*_named(ask(client, "slice-effectiveness"))).set_index("number")
    for number, slices in plans_of(outputs).groupby("slice_number"):
        row = found.loc[number]
        assert row["cost_bps"] == pytest.approx(bps(slices, "arrival"), rel=1e-9, abs=1e-9)
        assert row["against_others_bps"] == pytest.approx(bps(slices, "others"), rel=1e-9, abs=1e-9)
        assert row["against_full_entry_bps"] == pytest.approx(bps(slices, "first"), rel=1e-9, abs=1e-9)
        saved = (slices["sign"] * (slices["first"] * slices["quantity"] - slices["paid"])).sum()
        assert row["saved"] == pytest.approx(saved, abs=1e-6)
    trades = frame(outputs, Trade)
    assert float(found["pnl"].sum()) == pytest.approx(trades["pnl"].sum(), abs=1e-7)


def test_entry_timing_against_pandas(sliced):
    client, outputs = sliced
    found = pd.DataFrame(*_named(ask(client, "entry-timing"))).set_index("number")
    slices = plans_of(outputs)
    slices["bps"] = 10_000 * slices["sign"] * (slices["price"] / slices["arrival"] - 1)
    slices["against"] = 10_000 * slices["sign"] * (slices["price"] / slices["others"] - 1)
    slices["best"] = (slices["sign"] * slices["price"]).groupby(slices["plan_id"]).transform("min")
    timers = frame(outputs, SliceTimer)
    accepted = timers.groupby("plan_id")["due"].min()
    slices["seconds"] = (slices["ts"] - slices["plan_id"].map(accepted)) / 1e6
    for number, each in slices.groupby("slice_number"):
        row = found.loc[number]
        several = each[each["others"].notna()]
        expected = {
            "slices": len(each),
            "median_seconds": each["seconds"].median(),
            "average_bps": each["bps"].mean(),
            "median_bps": each["bps"].median(),
            "best_bps": each["bps"].min(),
            "worst_bps": each["bps"].max(),
            "better_than_arrival": (each["bps"] < -1e-9).mean(),
            "against_others_bps": several["against"].mean(),
            "cheapest": (several["sign"] * several["price"] <= several["best"] + 1e-9).mean(),
        }
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-7), (number, name)


def test_implementation_shortfall_against_pandas(sliced):
    client, outputs = sliced
    found = pd.DataFrame(*_named(ask(client, "implementation-shortfall"))).set_index("symbol")
    timers = frame(outputs, SliceTimer)
    last = timers[timers["state"] != "armed"]
    slices, trades = plans_of(outputs), frame(outputs, Trade).set_index("trade_id")
    rows = []
    for plan, planned in last.groupby("plan_id"):
        bought = slices[slices["plan_id"] == plan]
        arrival, quantity = planned["arrival"].iloc[0], planned["quantity"].sum()
        sign = 1 if planned["side"].iloc[0] == "buy" else -1
        end = trades["exit_price"].get(bought["trade_id"].iloc[0]) if len(bought) else None
        if end is None:
            marks = planned.sort_values("ts")["mark"].dropna()
            end = marks.iloc[-1] if len(marks) else arrival
        missing = quantity - bought["quantity"].sum()
        rows.append({
            "symbol": planned["symbol"].iloc[0],
            "intended": arrival * quantity,
            "worse_fills": sign * (bought["paid"].sum() - arrival * bought["quantity"].sum()),
            "not_filled": sign * (end - arrival) * missing,
            "fees": bought["fees"].sum(),
        })  # fmt: skip
    expected = pd.DataFrame(rows).groupby("symbol").sum()
    expected["shortfall"] = expected["worse_fills"] + expected["not_filled"] + expected["fees"]
    expected["shortfall_bps"] = 10_000 * expected["shortfall"] / expected["intended"]
    assert set(found.index) == set(expected.index)
    for symbol, row in expected.iterrows():
        for name, value in row.items():
            assert found.loc[symbol, name] == pytest.approx(value, rel=1e-9, abs=1e-6), (symbol, name)


def test_skipped_slices_against_pandas(sliced):
    client, outputs = sliced
    found = pd.DataFrame(*_named(ask(client, "skipped-slices")))
    timers = frame(outputs, SliceTimer)
    skipped = timers[timers["state"] == "skipped"]
    trade_of = plans_of(outputs).groupby("plan_id")["trade_id"].first()
    exits = frame(outputs, Trade).set_index("trade_id")["exit_price"]
    assert len(found) == len(skipped) > 0
    for _, row in skipped.iterrows():
        [told] = [
            each
            for _, each in found.iterrows()
            if (each["plan_id"], each["number"]) == (row["plan_id"], row["number"])
        ]
        left = exits.get(trade_of.get(row["plan_id"]))
        assert left is not None
        made = (left - row["mark"]) * row["quantity"] * (1 if row["side"] == "buy" else -1)
        assert float(told["would_have_made"]) == pytest.approx(made, rel=1e-9)


def test_excursions_against_pandas(sliced):
    client, outputs = sliced
    trades = frame(outputs, Trade).set_index("trade_id")
    stops = {
        each.position_id.replace("-l", "-t"): each.stop / ONE
        for each in outputs
        if isinstance(each, Position) and each.stop is not None
    }
    trades["risk"] = [
        abs(row["entry_price"] - stops.get(str(name), np.nan)) for name, row in trades.iterrows()
    ]
    for name in ("mae", "mfe"):
        trades[f"{name}_pct"] = 100 * trades[name] / trades["entry_price"]
        trades[f"{name}_r"] = trades[name] / trades["risk"]
    each = pd.DataFrame(*_named(ask(client, "excursions"))).set_index("trade_id")
    quantiles = pd.DataFrame(*_named(ask(client, "excursion-quantiles")))
    assert len(each) == len(trades) > 5 and trades["risk"].notna().all()
    for name in ("mae_pct", "mfe_pct", "mae_r", "mfe_r"):
        assert np.allclose(each[name].astype(float), trades.loc[each.index, name], rtol=1e-9)
        for outcome, group in [("all", trades), *trades.groupby("outcome")]:
            for share in (0.25, 0.5, 0.75, 0.9):
                [row] = [
                    row
                    for _, row in quantiles.iterrows()
                    if (row["outcome"], row["share"]) == (outcome, share)
                ]
                assert row[name] == pytest.approx(group[name].quantile(share), rel=1e-9)


def test_fill_latency_against_pandas(sliced):
    client, outputs = sliced
    plans = frame(outputs, Decision)
    plans = plans[(plans["decision"] == "accepted") & plans["plan_id"].notna()]
    sent = {each.signal_id: each.ts for each in simulated_day(3).signals}
    filled = plans_of(outputs).groupby("plan_id")["ts"].min()
    seconds = (plans["plan_id"].map(filled) - plans["signal_id"].map(sent)).dropna() / 1e6
    found = pd.DataFrame(*_named(ask(client, "fill-latency"))).set_index("clock").loc["market"]
    assert found["entries"] == len(seconds)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("slowest", 1)):
        assert found[name] == pytest.approx(seconds.quantile(share), rel=1e-9)


def _named(answer: Answer) -> tuple[Any, None, list[str]]:
    """As pandas takes them."""
    return answer.rows, None, list(answer.columns)
