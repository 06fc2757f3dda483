"""How orders and plans end without a fill."""

from streams.engine.account.account import Account
from streams.engine.execution import slices, trailing
from streams.engine.execution.buying_power import enters
from streams.engine.market.moment import Moment
from streams.engine.model.orders import Order
from streams.engine.model.refusal import Refusal
from streams.engine.model.state import Lot, Plan

# Orders --------------------------------------------------------------------------------------


def kill(account: Account, now: Moment, order: Order, reason: str) -> None:
    trailing.bring(account, now, order)
    order.advance("cancel", reason)
    account.out.order(order)
    account.retire(order)


def expire_orders(account: Account, now: Moment) -> None:
    for order in list(account.state.orders.values()):
        if order.expires_at is not None and now.time > order.expires_at:
            _expire(account, now, order)


def end_day_orders(account: Account, now: Moment, midnight: int) -> None:
    for order in list(account.state.orders.values()):
        if order.time_in_force == "DAY" and order.created < midnight:
            _expire(account, now, order)


def _expire(account: Account, now: Moment, order: Order) -> None:
    trailing.bring(account, now, order)
    order.advance("expire", "expired")
    account.out.order(order)
    account.retire(order)


# Plans ---------------------------------------------------------------------------------------


def unfilled_plans(account: Account, symbol: str) -> list[Plan]:
    """The symbol's plans that have no position yet; what a person placed is not the signals' to end."""
    plans = account.state.plans.values()
    return [plan for plan in plans if plan.symbol == symbol and plan.lot_id is None and not plan.by_hand]


def end_plan(account: Account, now: Moment, plan: Plan, reason: str) -> None:
    """Nothing more of the plan enters."""
    account.state.plans.pop(plan.plan_id, None)
    account.watch_anew(plan.symbol)
    for planned in plan.waiting:
        slices.tell(account, now, plan, planned, "cancelled", Refusal(reason))
    for order_id in list(plan.working):
        kill(account, now, account.state.orders[order_id], reason)
    plan.waiting.clear()
    plan.working.clear()


def end_entries(account: Account, now: Moment, reason: str) -> None:
    """End every plan that would enter, and with it every entry order."""
    for plan in list(account.state.plans.values()):
        if enters(account, plan):
            end_plan(account, now, plan, reason)


def end_plans_of(account: Account, now: Moment, lot: Lot) -> None:
    """A close has begun to fill: nothing more is entered. What a person placed stands by itself."""
    for plan in [plan for plan in account.state.plans.values() if plan.lot_id == lot.lot_id]:
        if plan.by_hand:
            plan.lot_id = None
        else:
            end_plan(account, now, plan, "position_closed")
