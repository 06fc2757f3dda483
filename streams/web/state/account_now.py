"""How an account stands at the newest prices: what it is worth, holds, waits for and risks.

Rules of this file: cash and quantities are those of the last checkpoint, prices are live; the arithmetic is
the engine's. Documents are JSON: decimals as text, times in ISO.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.text.numbers import decimal_text
from streams.clients.accounts.account_document import (
    iso,
    lot_document,
    open_orders,
    order_document,
    state_document,
)
from streams.engine.account.outbox import side_word
from streams.engine.model.orders import Order
from streams.engine.model.state import AccountState, Lot, Plan, PlannedSlice
from streams.engine.model.units import SECOND
from streams.engine.rules import ledger
from streams.engine.rules.exit_levels import stop_in_force
from streams.web.state.live_state import LiveState


class Holding(NamedTuple):
    """A position at its newest price."""

    lot: Lot
    mark: int

    @property
    def value(self) -> int:
        return abs(ledger.value(self.lot, self.mark))

    @property
    def unrealised(self) -> int:
        return ledger.unrealised(self.lot, self.mark)

    @property
    def stop(self) -> int | None:
        """The one that is reached first."""
        stop = stop_in_force(self.lot)
        return None if stop is None else stop[0]

    @property
    def risk(self) -> int:
        """What is lost from here to the stop; without one, everything that it is worth."""
        stop = self.stop
        return (
            self.value
            if stop is None
            else max(0, ledger.value(self.lot, self.mark) - ledger.value(self.lot, stop))
        )


class WaitingSlice(NamedTuple):
    """A slice that is still to enter."""

    plan: Plan
    planned: PlannedSlice
    condition: str


class Standing:
    """One account, as it stands."""

    def __init__(self, live: LiveState, name: str) -> None:
        self.name = name
        self.state: AccountState = live.accounts[name]
        self.settings = self.state.versions[-1]
        self.now = live.times.get(self.settings.market, 0)
        """The market's time."""
        self._live = live
        self.holdings = [self.holding(lot) for lot in self.state.lots.values()]
        self.unrealised = sum(each.unrealised for each in self.holdings)
        self.equity = self.state.cash + sum(ledger.value(each.lot, each.mark) for each in self.holdings)
        self.exposure = sum(each.value for each in self.holdings)
        self.risk = sum(each.risk for each in self.holdings)

    def holding(self, lot: Lot) -> Holding:
        """One of its lots, at the newest price."""
        return Holding(lot, _mark(self._live, self.settings.market, lot))

    @property
    def closed_pnl(self) -> int:
        """Of what was closed, after all fees."""
        return self.state.realised - self.state.fees

    @property
    def day_pnl(self) -> int:
        return self.equity - self.state.day_open

    @property
    def drawdown(self) -> float:
        peak = max(self.state.row_peak, self.equity)
        return (peak - self.equity) / peak if peak > 0 else 0.0

    @property
    def orders(self) -> Iterator[Order]:
        return open_orders(self.state)

    @property
    def waiting(self) -> list[WaitingSlice]:
        """The slices that wait, the next one first."""
        plans = self.state.plans.values()
        found = [self.waiting_slice(plan, planned) for plan in plans for planned in plan.waiting]
        return sorted(found, key=lambda each: (each.planned.due, each.plan.plan_id, each.planned.number))

    def waiting_slice(self, plan: Plan, planned: PlannedSlice) -> WaitingSlice:
        return WaitingSlice(plan, planned, self.state.condition_words(plan, planned))

    def due_in(self, due: int) -> float:
        """Seconds of the market's time."""
        return (due - self.now) / SECOND


def _mark(live: LiveState, market: str, lot: Lot) -> int:
    """The newest price; before the first one is seen, that at which the position was last told."""
    price = live.prices.get(market, {}).get(lot.symbol)
    if price is not None:
        return price.mark
    told = live.positions.get(lot.lot_id)
    return told.mark if told is not None else ledger.average_entry(lot)


# As JSON ---------------------------------------------------------------------------------------


def account_document(standing: Standing) -> dict[str, Any]:
    return state_document(standing.name, standing.state) | {
        "currency": standing.settings.currency,
        "equity": decimal_text(standing.equity),
        "unrealised": decimal_text(standing.unrealised),
        "day_pnl": decimal_text(standing.day_pnl),
        "drawdown": standing.drawdown,
        "exposure": decimal_text(standing.exposure),
        "open_risk": decimal_text(standing.risk),
        "pending_slices": len(standing.waiting),
        "as_of": iso(standing.now or None),
    }


def position_document(standing: Standing, holding: Holding) -> dict[str, Any]:
    lot = holding.lot
    return lot_document(lot) | {
        "account": standing.name,
        "mark": decimal_text(holding.mark),
        "value": decimal_text(holding.value),
        "cost": decimal_text(lot.cost),
        "unrealised": decimal_text(holding.unrealised),
        "unrealised_share": holding.unrealised / lot.cost if lot.cost else None,
        "realised": decimal_text(lot.realised),
        "fees": decimal_text(lot.fees),
        "risk": decimal_text(holding.risk),
        "closing": lot.queued.reason if lot.queued is not None else None,
        "signal_id": lot.origin.signal_id,
        "source": lot.origin.source,
        "plan_id": lot.plan_id,
    }


def slice_document(standing: Standing, waiting: WaitingSlice) -> dict[str, Any]:
    plan, planned = waiting.plan, waiting.planned
    return {
        "plan_id": plan.plan_id,
        "account": standing.name,
        "symbol": plan.symbol,
        "side": side_word(plan.side),
        "number": planned.number,
        "of": plan.of,
        "due": iso(planned.due),
        "due_in_seconds": standing.due_in(planned.due),
        "condition": waiting.condition,
        "quantity": decimal_text(planned.quantity),
        "arrival": decimal_text(plan.terms.arrival),
        "signal_id": plan.origin.signal_id,
        "source": plan.origin.source,
    }


def plan_document(standing: Standing, plan: Plan) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "account": standing.name,
        "symbol": plan.symbol,
        "side": side_word(plan.side),
        "signal_id": plan.origin.signal_id,
        "source": plan.origin.source,
        "arrival": decimal_text(plan.terms.arrival),
        "by_hand": plan.by_hand,
        "of": plan.of,
        "slices": [slice_document(standing, each) for each in standing.waiting if each.plan is plan],
        "orders": list(plan.working),
    }


def open_order_document(standing: Standing, order: Order) -> dict[str, Any]:
    return {
        "account": standing.name,
        **order_document(order),
        "purpose": order.purpose,
        "plan_id": order.plan_id,
    }
