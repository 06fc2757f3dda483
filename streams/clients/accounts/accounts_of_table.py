"""Accounts as the desk's table has them: as of its last checkpoint, equity as it was last told."""

from itertools import islice
from typing import Any

from schemas.text.numbers import decimal_text
from streams.clients.accounts import desk_table
from streams.clients.accounts.account_document import (
    iso,
    lot_document,
    open_orders,
    order_document,
    state_document,
)
from streams.clients.accounts.desk_table import Held
from streams.engine.account.outbox import side_word
from streams.engine.model.state import Plan
from streams.transport.kafka.cluster import Cluster


def documents(cluster: Cluster, find: str, most: int | None) -> list[dict[str, Any]]:
    """By name: one more than there may be, where there are more."""
    found = (held for held in desk_table.accounts(cluster) if held.is_found(find))
    some = list(islice(found, None if most is None else most + 1))
    return [_short(held) for held in desk_table.with_equity(cluster, some)]


def document(cluster: Cluster, name: str) -> dict[str, Any]:
    (held,) = desk_table.with_equity(cluster, [desk_table.account(cluster, name)])
    state = held.state
    return _short(held) | {
        "positions": [lot_document(lot) for lot in state.lots.values()],
        "orders": [order_document(order) for order in open_orders(state)],
        "plans": [_plan(plan) for plan in state.plans.values() if not plan.by_hand],
    }


def _short(held: Held) -> dict[str, Any]:
    state, equity = held.state, held.equity
    return state_document(held.name, state) | {
        "equity": decimal_text(equity.equity if equity else state.cash),
        "unrealised": decimal_text(equity.unrealised if equity else 0),
        "as_of": iso(equity.ts) if equity else None,
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
