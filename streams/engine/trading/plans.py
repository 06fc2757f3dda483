"""Entry plans: slices that wait, are released or skipped.

Rules of this file: a plan keeps buying power for what it still has to enter; each fill, skip or end gives its
share back.
"""

from streams.engine.account.account import Account
from streams.engine.execution import slices, ticks
from streams.engine.execution.affordable import short_of_money
from streams.engine.market.moment import Moment
from streams.engine.model.orders import Order
from streams.engine.model.origins import Origin
from streams.engine.model.refusal import Refusal
from streams.engine.model.requests import Request, split
from streams.engine.model.state import Plan, PlannedSlice, Terms
from streams.engine.model.units import value_of
from streams.engine.rules.fees import expected_fee
from streams.engine.trading.slice_conditions import first_failing


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
    account.watch_anew(plan.symbol)
    return plan


def open_plan(
    account: Account, now: Moment, request: Request, origin: Origin, terms: Terms, cut: Refusal | None
) -> None:
    """Accept an entry: reserve for its slices, tell them, and release what is due at once.

    `cut`: the limit that left it less than it asked for.
    """
    plan = new_plan(account, request, origin, terms)
    lot = account.instrument(plan.symbol).lot
    quantities = split(request.quantity, request.slices, lot)
    for number, (part, quantity) in enumerate(zip(request.slices, quantities, strict=True), start=1):
        kept = _reservation(account, terms.arrival, quantity)
        plan.waiting.append(PlannedSlice(number, now.time + part.offset, quantity, kept))
    account.state.accepted.append(now.time)
    why = () if cut is None else cut._replace(reason=f"cut {cut.reason}")
    account.out.decide(now.time, "accepted", *why, symbol=plan.symbol, origin=origin, plan_id=plan.plan_id)
    for planned in plan.waiting:
        slices.tell(account, now, plan, planned, "armed")
    while plan.waiting and plan.waiting[0].due <= now.time:
        _release_one(account, now, plan)


def _reservation(account: Account, price: int, quantity: int) -> int:
    return value_of(price, quantity) + expected_fee(account.settings.commission, price, quantity)


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
    account.watch_anew(plan.symbol)
    refusal = _refusal_of(account, now, plan, plan.waiting[0])
    planned = plan.waiting.pop(0)
    if refusal is not None:
        slices.skip(account, now, plan, planned, refusal)
    else:
        _send(account, now, plan, planned)
    account.drop_if_done(plan)


def _refusal_of(account: Account, now: Moment, plan: Plan, planned: PlannedSlice) -> Refusal | None:
    if not planned.quantity:
        return Refusal("below_lot")
    conditions = account.state.conditions_of(plan, planned)
    return first_failing(account, now, plan, conditions) or short_of_money(account, now, plan, planned)


def _send(account: Account, now: Moment, plan: Plan, planned: PlannedSlice) -> None:
    order = account.new_order(now, plan.symbol, plan.side, "market", planned.quantity, plan.terms.settings)
    order.plan_id, order.slice_number = plan.plan_id, planned.number
    order.signal_id, order.command_id = plan.origin.signal_id, plan.origin.command_id
    mark = now.mark_of(plan.symbol)
    slices.tell(account, now, plan, planned, "released", order_id=order.order_id, mark=mark)
    place(account, now, plan, order)


def place(account: Account, now: Moment, plan: Plan, order: Order) -> None:
    """The plan's order goes to work, on this tick if it can."""
    order.advance("accept", "no_market")
    account.state.orders[order.order_id] = order
    plan.working.append(order.order_id)
    account.out.order(order)
    account.watch_anew(order.order_id)
    if now.symbol == order.symbol and not now.is_bar and not now.passed:
        ticks.pass_order(account, now, order)
