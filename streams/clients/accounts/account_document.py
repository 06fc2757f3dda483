"""Parts of an account as JSON: decimals as text, times in ISO."""

from collections.abc import Iterator
from typing import Any

from schemas.text.numbers import decimal_text, time_text
from streams.engine.account.outbox import side_word
from streams.engine.model.orders import Order
from streams.engine.model.state import AccountState, Lot
from streams.engine.rules import ledger


def decimal(units: int | None) -> str | None:
    return None if units is None else decimal_text(units)


def iso(micros: int | None) -> Any:
    return None if micros is None else time_text(micros)


def open_orders(state: AccountState) -> Iterator[Order]:
    """Entries, then exits."""
    yield from state.orders.values()
    for lot in state.lots.values():
        yield from lot.exits.values()


def state_document(name: str, state: AccountState) -> dict[str, Any]:
    """What needs no price."""
    settings = state.versions[-1]
    return {
        "account": name,
        "status": state.status,
        "blocked_by": state.blocked_by,
        "market": settings.market,
        "follow": list(settings.follow),
        "cash": decimal_text(state.cash),
        "realised": decimal_text(state.realised),
        "fees": decimal_text(state.fees),
        "positions": len(state.lots),
        "orders": sum(1 for _ in open_orders(state)),
        "plans": len(state.plans),
    }


def lot_document(lot: Lot) -> dict[str, Any]:
    """The same of a position."""
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
