"""An account as JSON: what it has, holds, and is about to do; decimals as text, times in ISO."""

from typing import Any

from schemas.text.numbers import decimal_text, time_text
from streams.clients.desk_table import Held
from streams.engine.account.outbox import side_word
from streams.engine.model.orders import Order
from streams.engine.model.state import Lot, Plan
from streams.engine.rules import ledger


def document(held: Held) -> dict[str, Any]:
    """An account as JSON: decimals as text, times in ISO."""
    state, equity = held.state, held.equity
    return {
        "account": held.name,
        "status": state.status,
        "market": held.settings.market,
        "follow": list(held.settings.follow),
        "cash": decimal_text(state.cash),
        "realised": decimal_text(state.realised),
        "fees": decimal_text(state.fees),
        "equity": decimal_text(equity.equity) if equity else None,
        "unrealised": decimal_text(equity.unrealised) if equity else None,
        "equity_ts": time_text(equity.ts) if equity else None,
        "blocked_by": state.blocked_by,
        "positions": [_position(lot) for lot in state.lots.values()],
        "orders": [order_document(order) for order in state.orders.values()],
        "plans": [_plan(plan) for plan in state.plans.values() if not plan.by_hand],
    }


def decimal(units: int | None) -> str | None:
    return None if units is None else decimal_text(units)


def iso(micros: int | None) -> Any:
    return None if micros is None else time_text(micros)


def _position(lot: Lot) -> dict[str, Any]:
    return {
        "position_id": lot.lot_id,
        "symbol": lot.symbol,
        "side": "long" if lot.side > 0 else "short",
        "quantity": decimal_text(lot.quantity),
        "average_price": decimal_text(ledger.average_entry(lot)),
        "stop": decimal(lot.shown_stop),
        "target": decimal(lot.target),
        "trailing": decimal(lot.trailing),
        "time_limit": iso(lot.deadline),
        "opened": iso(lot.opened),
    }


def order_document(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "symbol": order.symbol,
        "side": side_word(order.side),
        "order_type": order.order_type,
        "state": order.state,
        "quantity": decimal_text(order.quantity),
        "filled": decimal_text(order.filled),
        "limit_price": decimal(order.limit_price),
        "stop_price": decimal(order.stop_price),
        "trail": decimal(order.trail),
        "time_in_force": order.time_in_force,
        "reason": order.reason,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    due = min((each.due for each in plan.waiting), default=None)
    return {
        "plan_id": plan.plan_id,
        "symbol": plan.symbol,
        "side": side_word(plan.side),
        "signal_id": plan.origin.signal_id,
        "slices": plan.of,
        "waiting": len(plan.waiting),
        "next_due": iso(due),
    }
