"""Entry plans: slices that wait, are released, skipped or cancelled.

Rules of this file: a plan keeps buying power for what it still has to enter; each fill, skip or end gives its
share back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.execution import ticks
from streams.engine.market.market import Moment
from streams.engine.model.orders import Order
from streams.engine.model.settings import Condition
from streams.engine.model.state import Origin, Plan, PlannedSlice, Terms
from streams.engine.model.units import value_of
from streams.engine.rules.fees import expected_fee
from streams.engine.trading import slice_conditions
from streams.engine.trading.limits import Request, split

if TYPE_CHECKING:
    from streams.engine.account.account import Account


def new_plan(account: Account, request: Request, origin: Origin, terms: Terms, order_id: str = "") -> Plan:
    """An accepted entry, without its slices; an order by hand is a plan under its own id."""
    state = account.state
    state.counts.plans += not order_id
    held = account.net_lot(request.symbol)
    plan = Plan(
        plan_id=order_id or f"{account.name}-p{state.counts.plans}",
        symbol=request.symbol,
        side=request.side,
        origin=origin,
        terms=terms,
        of=len(request.slices),
        waiting=[],
        by_hand=bool(order_id),
        lot_id=held.lot_id if held is not None and held.side == request.side and not held.closing else None,
    )
    state.plans[plan.plan_id] = plan
    account.stale.add(plan.symbol)
    return plan


def open_plan(
    account: Account,
    now: Moment,
    request: Request,
    origin: Origin,
    terms: Terms,
    *,
    reason: str,
    measured: float | None,
    limit: float | None,
) -> None:
    """Accept an entry: reserve for its slices, tell them, and release what is due at once."""
    plan = new_plan(account, request, origin, terms)
    lot = account.instrument(plan.symbol).lot
    quantities = split(request.quantity, request.slices, lot)
    for number, (part, quantity) in enumerate(zip(request.slices, quantities, strict=True), start=1):
        kept = reservation(account, terms.arrival, quantity)
        plan.waiting.append(PlannedSlice(number, now.time + part.offset, quantity, kept))
    account.state.accepted.append(now.time)
    account.out.decide(
        now.time, "accepted", reason, symbol=plan.symbol, origin=origin, plan_id=plan.plan_id,
        measured=measured, limit=limit,
    )  # fmt: skip
    for planned in plan.waiting:
        account.out.slice(now.time, plan, planned, "armed", _condition(account, plan, planned))
    while plan.waiting and plan.waiting[0].due <= now.time:
        _release_one(account, now, plan)


def reservation(account: Account, price: int, quantity: int) -> int:
    return value_of(price, quantity) + expected_fee(account.settings.commission, price, quantity)


def _condition(account: Account, plan: Plan, planned: PlannedSlice) -> str:
    return slice_conditions.in_words(_conditions(account, plan, planned))


def _conditions(account: Account, plan: Plan, planned: PlannedSlice) -> tuple[Condition, ...]:
    """Settings that a plan was given later may know fewer slices: the rest have no conditions."""
    slices = account.terms_of(plan.terms).slices
    return slices[planned.number - 1].conditions if planned.number <= len(slices) else ()


def release_due(account: Account, now: Moment) -> None:
    """The slices of this symbol whose time has come, in the order of their times."""
    while (plan := _next_due(account, now)) is not None:
        _release_one(account, now, plan)


def _next_due(account: Account, now: Moment) -> Plan | None:
    due = [
        plan
        for plan in account.state.plans.values()
        if plan.symbol == now.symbol and plan.waiting and plan.waiting[0].due <= now.time
    ]
    return min(due, key=lambda plan: plan.waiting[0].due, default=None)


def _release_one(account: Account, now: Moment, plan: Plan) -> None:
    account.stale.add(plan.symbol)
    refusal = _fails(account, now, plan, plan.waiting[0])
    planned = plan.waiting.pop(0)
    if refusal is not None:
        skip(account, now, plan, planned, *refusal)
    else:
        _send(account, now, plan, planned)
    account.drop_if_done(plan)


def _fails(
    account: Account, now: Moment, plan: Plan, planned: PlannedSlice
) -> tuple[str, float | None, float | None] | None:
    if not planned.quantity:
        return "below_lot", None, None
    failed = slice_conditions.first_failing(account, now, plan, _conditions(account, plan, planned))
    return failed or ticks.short_of_money(account, now, plan, planned)


def skip(
    account: Account, now: Moment, plan: Plan, planned: PlannedSlice,
    reason: str, measured: float | None = None, limit: float | None = None,
) -> None:  # fmt: skip
    """A slice that does not enter, with its reason."""
    account.out.decide(
        now.time, "skipped", reason, symbol=plan.symbol, origin=plan.origin, plan_id=plan.plan_id,
        measured=measured, limit=limit,
    )  # fmt: skip
    account.out.slice(
        now.time, plan, planned, "skipped", _condition(account, plan, planned),
        reason=reason, measured=measured, limit=limit, mark=now.mark_of(plan.symbol),
    )  # fmt: skip


def _send(account: Account, now: Moment, plan: Plan, planned: PlannedSlice) -> None:
    order = account.new_order(now, plan.symbol, plan.side, "market", planned.quantity, plan.terms.settings)
    order.plan_id, order.slice_number = plan.plan_id, planned.number
    order.signal_id, order.command_id = plan.origin.signal_id, plan.origin.command_id
    account.out.slice(
        now.time, plan, planned, "released", _condition(account, plan, planned),
        order_id=order.order_id, mark=now.mark_of(plan.symbol),
    )  # fmt: skip
    place(account, now, plan, order)


def place(account: Account, now: Moment, plan: Plan, order: Order) -> None:
    """The plan's order goes to work, on this tick if it can."""
    order.advance("accept", "no_market")
    account.state.orders[order.order_id] = order
    plan.working.append(order.order_id)
    account.out.order(order)
    account.stale.add(order.order_id)
    if now.symbol == order.symbol and not now.is_bar and not now.passed:
        ticks.pass_order(account, now, order)


def unfilled(account: Account, symbol: str) -> list[Plan]:
    """The symbol's plans that have no position yet; what a person placed is not the signals' to end."""
    plans = account.state.plans.values()
    return [plan for plan in plans if plan.symbol == symbol and plan.lot_id is None and not plan.by_hand]


def end(account: Account, now: Moment, plan: Plan, reason: str) -> None:
    """Nothing more of the plan enters."""
    account.state.plans.pop(plan.plan_id, None)
    account.stale.add(plan.symbol)
    for planned in plan.waiting:
        account.out.slice(
            now.time, plan, planned, "cancelled", _condition(account, plan, planned), reason=reason
        )
    for order_id in list(plan.working):
        order = account.state.orders[order_id]
        ticks.kill(account, now, order, reason)
    plan.waiting.clear()
    plan.working.clear()
