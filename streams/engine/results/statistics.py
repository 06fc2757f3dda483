"""What one account's outputs add up to: trades, risk, exits, slices.

Rules of this file:
- Sums are integers; each ratio is one division of exact numbers, at the end.
- Memory grows with days and with what is open, never with rows.
- In a summary money is an exact decimal text, a ratio a float, and what is not defined is None.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from schemas.messages import Decision, Equity, Fill, Order, Output, Position, SliceTimer, Trade
from streams.engine.account.equity_rows import EquityRows
from streams.engine.model.settings import Settings
from streams.engine.model.trading_days import CALENDAR_YEAR
from streams.engine.model.units import SECOND, half_even, value_of
from streams.engine.results.tallies import Days, Drawdown, Exposure, Group, Slices, Theories, decimal

LEAST_RETURNS = 5
LEAST_CAGR_DAYS = 7
FINAL_STATES = frozenset({"filled", "cancelled", "expired", "rejected"})


def sharpe(returns: Sequence[float], periods: int) -> float | None:
    """Mean / sample deviation × √periods; None under five returns or without deviation."""
    if len(returns) < LEAST_RETURNS:
        return None
    deviation = statistics.stdev(returns)
    return statistics.mean(returns) / deviation * math.sqrt(periods) if deviation else None


def sortino(returns: Sequence[float], periods: int) -> float | None:
    """As `sharpe`, over √mean(min(r, 0)²); None under five returns or without a losing one."""
    if len(returns) < LEAST_RETURNS:
        return None
    downside = math.sqrt(statistics.mean([min(r, 0.0) ** 2 for r in returns]))
    return statistics.mean(returns) / downside * math.sqrt(periods) if downside else None


def cagr(start: int, end: int, days: int) -> float | None:
    """(end / start)^(365 / days) − 1; None under seven days, from nothing, or beyond what a float holds."""
    if days < LEAST_CAGR_DAYS or start <= 0:
        return None
    if end <= 0:
        return -1.0
    try:
        return math.expm1(math.log(end / start) * CALENDAR_YEAR / days)
    except OverflowError:
        return None


def max_drawdown(balance: int, equities: Iterable[int]) -> float:
    """The largest (peak − equity) / peak, where the peak starts at the balance."""
    drawdown = Drawdown(balance)
    for equity in equities:
        drawdown.add(equity)
    return drawdown.largest()


def profit_factor(pnls: Iterable[int]) -> float | None:
    """Σ wins / |Σ losses|; None without losses."""
    won = lost = 0
    for pnl in pnls:
        if pnl > 0:
            won += pnl
        else:
            lost -= pnl
    return won / lost if lost else None


def daily_returns(balance: int, equities: Sequence[int]) -> list[float] | None:
    """E_t / E_{t−1} − 1, the first from the balance; None where a day began with nothing or less."""
    before = [balance, *equities[:-1]]
    if equities and min(before) <= 0:
        return None
    return [(after - start) / start for start, after in zip(before, equities, strict=False)]


class Statistics:
    """The running totals of one account."""

    def __init__(self, settings: Settings) -> None:
        self.balance = settings.balance
        self.equity = settings.balance
        self.trades = Group()
        self.won = Group()
        self.lost = Group()
        self.gross = 0
        self.held = 0
        self.ambiguous = 0
        self.best: Trade | None = None
        self.worst: Trade | None = None
        self.exits: dict[str, Group] = {}
        self.symbols: dict[str, Group] = {}
        self.decisions: dict[str, Counter[str]] = {}
        self.orders: Counter[str] = Counter()
        self.fills = 0
        self.slippage = 0
        self.drawdown = Drawdown(settings.balance)
        self.days = Days()
        self.exposure = Exposure()
        self.slices = Slices()
        self.theories = Theories()

    def add(self, output: Output) -> None:
        """Count one output; they come in the order in which the account published them."""
        match output:
            case Equity():
                self._equity(output)
            case Fill():
                self.fills += 1
                self.slippage += value_of(output.slippage, output.quantity)
                self.slices.fill(output)
            case Position():
                self.exposure.position(output)
            case Order():
                if output.state in FINAL_STATES:
                    self.orders[output.state] += 1
            case SliceTimer():
                self.slices.timer(output)
            case Decision():
                self.decisions.setdefault(output.decision, Counter())[output.reason] += 1
            case Trade():
                self._trade(output)
            case _:
                pass
        self.exposure.time(output.exit_ts if isinstance(output, Trade) else output.ts)

    def add_minutes(self, rows: EquityRows) -> None:
        """Count the equity of quiet minutes."""
        self.equity = int(rows.equity[-1])
        self.drawdown.add_all(rows.equity)
        self.exposure.time(int(rows.ts[0]))
        self.exposure.time(int(rows.ts[-1]))

    def _equity(self, row: Equity) -> None:
        self.equity = row.equity
        self.drawdown.add(row.equity)
        if row.day_end:
            self.days.end(row)

    def _trade(self, trade: Trade) -> None:
        self.trades.add(trade)
        self.exposure.trade(trade)
        if trade.pnl > 0:
            self.won.add(trade)
        elif trade.pnl < 0:
            self.lost.add(trade)
        self.gross += trade.gross_pnl
        self.held += trade.exit_ts - trade.entry_ts
        self.ambiguous += trade.ambiguous
        if self.best is None or trade.pnl > self.best.pnl:
            self.best = trade
        if self.worst is None or trade.pnl < self.worst.pnl:
            self.worst = trade
        self.exits.setdefault(trade.exit_reason, Group()).add(trade)
        self.symbols.setdefault(trade.symbol, Group()).add(trade)
        self.slices.trade(trade)
        self.theories.trade(trade)

    def summary(self, start: int | None = None, end: int | None = None) -> dict[str, object]:
        """Everything, ready for JSON. `start` and `end` are the market's times, where the caller knows
        them; else the share of time with a position is of the time from the first output to the last."""
        return {
            **self._trades(),
            **self._risk(),
            "exposure_time": self.exposure.share(start, end),
            "fills": self.fills,
            "slippage": decimal(self.slippage),
            "exits": {reason: group.summary() for reason, group in sorted(self.exits.items())},
            "symbols": {symbol: group.summary() for symbol, group in sorted(self.symbols.items())},
            "decisions": {
                verdict: dict(sorted(reasons.items())) for verdict, reasons in sorted(self.decisions.items())
            },
            "orders": dict(sorted(self.orders.items())),
            "slices": self.slices.summary(),
            "theories": self.theories.summary(),
        }

    def _trades(self) -> dict[str, object]:
        count = self.trades.count
        return {
            "trades": count,
            "wins": self.won.count,
            "losses": self.lost.count,
            "breakevens": count - self.won.count - self.lost.count,
            "win_rate": self.won.count / count if count else None,
            "profit_factor": profit_factor((self.won.pnl, self.lost.pnl)),
            "expectancy": _mean(self.trades),
            "net_pnl": decimal(self.trades.pnl),
            "gross_pnl": decimal(self.gross),
            "fees": decimal(self.trades.fees),
            "average_win": _mean(self.won),
            "average_loss": _mean(self.lost),
            "best_trade": _named(self.best),
            "worst_trade": _named(self.worst),
            "average_hold_seconds": self.held / (count * SECOND) if count else None,
            "ambiguous_share": self.ambiguous / count if count else None,
        }

    def _risk(self) -> dict[str, object]:
        rows, periods = self.days.counted, self.days.a_year
        equities = [equity for _, equity in rows]
        returns = daily_returns(self.balance, equities)
        last = self.days.last if self.days.last is not None else self.balance
        shown: Sequence[float | None] = returns if returns is not None else [None] * len(rows)
        return {
            "start_equity": decimal(self.balance),
            "end_equity": decimal(self.equity),
            "total_return": (self.equity - self.balance) / self.balance if self.balance > 0 else None,
            "days": self.days.ended,
            "sharpe": sharpe(returns, periods) if returns is not None else None,
            "sortino": sortino(returns, periods) if returns is not None else None,
            "cagr": cagr(self.balance, last, self.days.ended),
            "max_drawdown": self.drawdown.largest(),
            "daily": [
                {"date": day, "equity": decimal(equity), "return": change}
                for (day, equity), change in zip(rows, shown, strict=True)
            ],
        }


def _mean(group: Group) -> str | None:
    """A mean in money, rounded half to even to 1e-8."""
    return decimal(half_even(group.pnl, group.count)) if group.count else None


def _named(trade: Trade | None) -> dict[str, object] | None:
    if trade is None:
        return None
    return {"trade_id": trade.trade_id, "symbol": trade.symbol, "pnl": decimal(trade.pnl)}
