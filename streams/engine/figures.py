"""What an account is worth and what it may still spend, at one market record.

Rules of this file: a lot whose close is queued counts in equity, and in no limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from streams.engine.market import Moment
from streams.engine.state import Plan
from streams.engine.units import share_of, value_of

if TYPE_CHECKING:
    from streams.engine.account import Account


class Worth(NamedTuple):
    equity: int
    unrealised: int
    exposure: int
    """Gross, closing lots included."""
    counted: int
    """Gross, of the lots that count in limits."""


def worth(account: Account, mark_of: Callable[[str], int]) -> Worth:
    equity, unrealised, exposure, closing = account.state.cash, 0, 0, 0
    for lot in account.state.lots.values():
        value = value_of(mark_of(lot.symbol), lot.quantity)
        equity += lot.side * value
        unrealised += lot.side * (value - lot.cost)
        exposure += value
        if lot.queued is not None:
            closing += value
    return Worth(equity, unrealised, exposure, exposure - closing)


def exposure(account: Account, now: Moment, symbols: frozenset[str] | None) -> int:
    """Gross value held, of all or some symbols."""
    if symbols is None:
        return account.worth(now).counted
    return sum(
        value_of(now.mark_of(lot.symbol), lot.quantity)
        for lot in account.state.lots.values()
        if lot.queued is None and lot.symbol in symbols
    )


def _counted_plans(account: Account) -> list[Plan]:
    plans = list(account.state.plans.values())
    if not plans:
        return plans
    closing = {lot.lot_id for lot in account.state.lots.values() if lot.queued is not None}
    return [plan for plan in plans if plan.lot_id not in closing]


def reserved(account: Account) -> int:
    """Buying power that plans and resting orders keep, fees included."""
    state = account.state
    total = 0
    for plan in _counted_plans(account):
        total += sum(planned.reserved for planned in plan.waiting)
        total += sum(state.orders[order_id].reserved for order_id in plan.working)
    return total


def planned(account: Account, symbols: frozenset[str] | None = None) -> int:
    """What plans are still to enter at their arrival prices, without fees."""
    total = 0
    for plan in _counted_plans(account):
        if symbols is None or plan.symbol in symbols:
            arrival = plan.terms.arrival
            total += sum(value_of(arrival, planned.quantity) for planned in plan.waiting)
            total += sum(
                value_of(arrival, account.state.orders[order_id].remaining) for order_id in plan.working
            )
    return total


def buying_power(account: Account, now: Moment) -> int:
    worth = account.worth(now)
    return share_of(worth.equity, account.settings.leverage) - worth.counted - reserved(account)
