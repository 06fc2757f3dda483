"""Parts of an account as JSON: decimals as text, times in ISO."""

from collections.abc import Iterator
from typing import Any

from schemas.text.numbers import decimal_text, time_text
from streams.engine.account.outbox import side_word
from streams.engine.model.orders import Order
from streams.engine.model.state import AccountState


def decimal(units: int | None) -> str | None:
    return None if units is None else decimal_text(units)


def iso(micros: int | None) -> Any:
    return None if micros is None else time_text(micros)


def open_orders(state: AccountState) -> Iterator[Order]:
    """Entries, then exits."""
    yield from state.orders.values()
    for lot in state.lots.values():
        yield from lot.exits.values()


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
