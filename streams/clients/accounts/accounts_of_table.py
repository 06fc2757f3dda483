"""Accounts as the desk's table has them: as of its last checkpoint, equity as it was last told."""

from itertools import islice
from typing import Any

from schemas.text.numbers import decimal_text
from streams.clients.accounts import desk_table
from streams.clients.accounts.account_document import decimal, iso, open_orders, order_document
from streams.clients.accounts.desk_table import Held
from streams.engine.account.outbox import side_word
from streams.engine.model.state import Lot, Plan
from streams.engine.rules import ledger
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
        "positions": [_position(lot) for lot in state.lots.values()],
        "orders": [order_document(order) for order in open_orders(state)],
        "plans": [_plan(plan) for plan in state.plans.values() if not plan.by_hand],
    }


def _short(held: Held) -> dict[str, Any]:
    state, equity = held.state, held.equity
    return {
        "account": held.name,
        "status": state.status,
        "market": held.settings.market,
        "follow": list(held.settings.follow),
        "blocked_by": state.blocked_by,
        "equity": decimal_text(equity.equity if equity else state.cash),
        "cash": decimal_text(state.cash),
        "unrealised": decimal_text(equity.unrealised if equity else 0),
        "realised": decimal_text(state.realised),
        "fees": decimal_text(state.fees),
        "positions": len(state.lots),
        "orders": sum(1 for _ in open_orders(state)),
        "plans": len(state.plans),
        "as_of": iso(equity.ts) if equity else None,
    }


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
