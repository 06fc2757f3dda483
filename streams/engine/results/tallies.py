"""The parts that `stats` counts with: days, drawdown, exposure, slices, theories.

Rules of this file: integers of 1e-8 throughout. A total that is divided among its parts is divided by
cumulative shares, each rounded half to even, so that the parts add up to the total exactly.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Literal

import numpy as np

from schemas.columns import Ints
from schemas.messages import Equity, Fill, Position, SliceTimer, Trade
from streams.engine.model.trading_days import CALENDAR_YEAR
from streams.engine.model.units import FOREVER, ONE, half_even, value_of

BASIS_POINTS = 10_000
NEARLY = 1 - 1e-12
"""Shares that are equal may differ by less as floats."""


def decimal(amount: int) -> str:
    """An amount of 1e-8 as a decimal without trailing zeros."""
    whole, rest = divmod(abs(amount), ONE)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:08d}".rstrip("0").rstrip(".")


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in proportion to the weights, whose sum is positive."""
    whole = sum(weights)
    parts, passed, given = [], 0, 0
    for weight in weights:
        passed += weight
        upto = half_even(total * passed, whole)
        parts.append(upto - given)
        given = upto
    return parts


class Group:
    """Trades that have something in common."""

    def __init__(self) -> None:
        self.count = self.wins = self.pnl = self.fees = 0

    def add(self, trade: Trade) -> None:
        self.count += 1
        self.wins += trade.pnl > 0
        self.pnl += trade.pnl
        self.fees += trade.fees

    def summary(self) -> dict[str, object]:
        return {
            "trades": self.count,
            "wins": self.wins,
            "pnl": decimal(self.pnl),
            "fees": decimal(self.fees),
        }


class Drawdown:
    """The deepest fall from a peak, kept as a pair so that two are compared exactly."""

    def __init__(self, balance: int) -> None:
        self.peak = balance
        self.fall = 0
        self.fallen_from = 1

    def add(self, equity: int) -> None:
        if equity > self.peak:
            self.peak = equity
        elif self.peak > 0 and (self.peak - equity) * self.fallen_from > self.fall * self.peak:
            self.fall, self.fallen_from = self.peak - equity, self.peak

    def add_all(self, equities: Ints) -> None:
        """The same of a column: only its deepest falls, by what a float tells, are compared exactly."""
        peaks = np.maximum(np.maximum.accumulate(equities), self.peak)
        falls = peaks - equities
        shares = np.where(peaks > 0, falls / np.maximum(peaks, 1), 0)
        self.peak = int(peaks[-1])
        deepest = float(shares.max())
        if deepest <= self.largest() * NEARLY or not deepest:
            return
        near = np.flatnonzero(shares >= deepest * NEARLY)
        for peak, fall in {*zip(peaks[near].tolist(), falls[near].tolist(), strict=True)}:
            if fall * self.fallen_from > self.fall * peak:
                self.fall, self.fallen_from = fall, peak

    def largest(self) -> float:
        return self.fall / self.fallen_from


class Days:
    """The equity at each day's end, and which of those days count."""

    def __init__(self) -> None:
        self.ended = 0
        self.last: int | None = None
        """The equity at the last day's end."""
        self.counted: list[tuple[str, int]] = []
        """The date and the equity of each day that counts."""
        self.a_year = CALENDAR_YEAR
        """How many days like the last that counts a year has."""

    def end(self, row: Equity) -> None:
        self.ended += 1
        self.last = row.equity
        if row.day is not None and row.year_days is not None:
            self.counted.append((row.day, row.equity))
            self.a_year = row.year_days


class Exposure:
    """For how long at least one position was open, by the times of its fills.

    On bars of one record a fill that is told later may bear an earlier time: what was counted is not
    counted again.
    """

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.since = 0
        self.ended = -FOREVER
        """The latest exit."""
        self.counted = -FOREVER
        """Until when it was counted."""
        self.total = 0
        self.first: int | None = None
        self.last = 0

    def trade(self, trade: Trade) -> None:
        """It comes before the position that is gone."""
        self.ended = max(self.ended, trade.exit_ts)

    def position(self, position: Position) -> None:
        if not self.open:
            self.since = max(position.opened, self.counted)
        if position.quantity:
            self.open.add(position.position_id)
            return
        self.open.discard(position.position_id)
        if not self.open and self.ended > self.since:
            self.total += self.ended - self.since
            self.counted = self.ended

    def time(self, ts: int) -> None:
        if self.first is None:
            self.first = ts
        self.last = max(self.last, ts)

    def share(self, start: int | None, end: int | None) -> float | None:
        """Of the time from `start` to `end`; absent: from the first output to the last."""
        if self.first is None:
            return 0.0 if start is not None and end is not None and end > start else None
        since = self.first if start is None else min(start, self.first)
        until = self.last if end is None else max(end, self.last)
        held = self.total + (until - self.since if self.open else 0)
        return held / (until - since) if until > since else None


class Entry:
    """What one slice number, or no slice, bought or sold in one open trade."""

    __slots__ = ("fees", "quantity", "value")

    def __init__(self) -> None:
        self.quantity = self.value = self.fees = 0

    def add(self, fill: Fill) -> None:
        self.quantity += fill.quantity
        self.value += value_of(fill.price, fill.quantity)
        self.fees += fill.fee


class SliceTotal:
    """What became of all slices with one number."""

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.fills = 0
        self.paid = 0
        """Σ side × (fill − arrival) × quantity, undivided: positive is worse than the arrival."""
        self.arrived = 0
        """Σ arrival × quantity, undivided."""
        self.pnl = 0

    def summary(self, number: int) -> dict[str, object]:
        states: tuple[Literal["released", "skipped", "cancelled"], ...] = ("released", "skipped", "cancelled")
        return {
            "number": number,
            **{state: self.states[state] for state in states},
            "reasons": dict(sorted(self.reasons.items())),
            "fills": self.fills,
            "cost_bps": BASIS_POINTS * self.paid / self.arrived if self.arrived else None,
            "pnl": decimal(self.pnl),
        }


class Slices:
    """Entry slices by their number: released or not, how far from the arrival, and what they earned."""

    def __init__(self) -> None:
        self.totals: dict[int, SliceTotal] = {}
        self.open: dict[str, dict[tuple[str, int], Entry]] = {}
        """Open lot → (side, slice number or 0) → what was filled."""
        self.lots: dict[str, str] = {}
        """Open trade → its lot."""

    def timer(self, timer: SliceTimer) -> None:
        total = self.totals.setdefault(timer.number, SliceTotal())
        total.states[timer.state] += 1
        if timer.state in ("skipped", "cancelled"):
            total.reasons[timer.reason] += 1

    def fill(self, fill: Fill) -> None:
        number = fill.slice_number or 0
        lot = fill.lot_id or fill.symbol
        if fill.trade_id is not None:
            self.lots[fill.trade_id] = lot
        entries = self.open.setdefault(lot, {})
        entries.setdefault((fill.side, number), Entry()).add(fill)
        if number and fill.arrival is not None:
            total = self.totals.setdefault(number, SliceTotal())
            sign = 1 if fill.side == "buy" else -1
            total.fills += 1
            total.paid += sign * (fill.price - fill.arrival) * fill.quantity
            total.arrived += fill.arrival * fill.quantity

    def trade(self, trade: Trade) -> None:
        """Every unit that was bought in a trade was sold at the same average: the slices differ by their
        own prices and fees, and their parts add up to the trade's P&L."""
        fills = self.open.pop(self.lots.pop(trade.trade_id, trade.symbol), {})
        side, sign = ("buy", 1) if trade.side == "long" else ("sell", -1)
        entries = [(number, entry) for (way, number), entry in fills.items() if way == side]
        if not entries:
            return
        quantities = [entry.quantity for _, entry in entries]
        paid = sum(entry.value for _, entry in entries)
        later_fees = trade.fees - sum(entry.fees for _, entry in entries)
        proceeds = apportion(paid + sign * trade.gross_pnl, quantities)
        costs = apportion(later_fees, quantities)
        for (number, entry), proceed, cost in zip(entries, proceeds, costs, strict=True):
            if number:
                total = self.totals.setdefault(number, SliceTotal())
                total.pnl += sign * (proceed - entry.value) - entry.fees - cost

    def summary(self) -> list[dict[str, object]]:
        return [self.totals[number].summary(number) for number in sorted(self.totals)]


class Theories:
    """Each trade's P&L shared among the theories behind it, by their weights."""

    def __init__(self) -> None:
        self.pnl: Counter[str] = Counter()
        self.trades: Counter[str] = Counter()

    def trade(self, trade: Trade) -> None:
        names = sorted(name for name, weight in trade.theories.items() if math.isfinite(weight))
        weights = [Fraction(trade.theories[name]) for name in names]
        if sum(weights) == 0:
            return
        for name, part in zip(names, apportion(trade.pnl, _whole(weights)), strict=True):
            self.pnl[name] += part
            self.trades[name] += 1

    def summary(self) -> dict[str, object]:
        return {
            name: {"trades": self.trades[name], "pnl": decimal(self.pnl[name])}
            for name in sorted(self.trades)
        }


def _whole(weights: Iterable[Fraction]) -> list[int]:
    """The weights as integers in the same proportions, with a positive sum."""
    weights = list(weights)
    scale = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    return whole if sum(whole) > 0 else [-weight for weight in whole]
