"""What an account may still spend at a market record, and what its plans and orders keep of that.

Rules of this file: a lot whose close is queued counts in equity, and in no limit.
"""

from streams.engine.account.account import Account
from streams.engine.market.moment import Moment
from streams.engine.model.orders import Order
from streams.engine.model.state import Plan
from streams.engine.model.units import half_even, share_of, value_of
from streams.engine.rules.fees import expected_fee


def exposure(account: Account, now: Moment, symbols: frozenset[str] | None) -> int:
    """Gross value held, of all or some symbols."""
    if symbols is None:
        return account.worth(now).counted
    return sum(
        value_of(now.mark_of(lot.symbol), lot.quantity)
        for lot in account.state.lots.values()
        if lot.queued is None and lot.symbol in symbols
    )


def counted_plans(account: Account) -> list[Plan]:
    """Without those that end with a position whose close is queued; what a person placed does not."""
    closing = account.holdings.closing
    return [plan for plan in account.state.plans.values() if plan.by_hand or plan.lot_id not in closing]


def opening_part(account: Account, order: Order) -> int:
    """How much of an order's rest would enter, and not reduce what is held."""
    held = account.net_lot(order.symbol)
    if held is None or held.side == order.side or order.slice_number is not None:
        return order.remaining
    return max(0, order.remaining - held.quantity)


def enters(account: Account, plan: Plan) -> bool:
    """Whether something of it would enter: an order by hand may only reduce what is held by now."""
    orders = account.state.orders
    return not plan.by_hand or any(opening_part(account, orders[order_id]) for order_id in plan.working)


def kept_for(account: Account, plan: Plan, order: Order) -> int:
    """Buying power that a working order keeps: its rest at the arrival price, and its share of the fee."""
    opens, arrival = opening_part(account, order), plan.terms.arrival
    if not opens:
        return 0
    fee = expected_fee(account.state.versions[order.version].commission, arrival, order.quantity)
    return value_of(arrival, opens) + half_even(fee * opens, order.quantity)


def reserved(account: Account) -> int:
    """Buying power that plans and resting orders keep, fees included."""
    total, orders = 0, account.state.orders
    for plan in counted_plans(account):
        for planned in plan.waiting:
            total += planned.reserved
        for order_id in plan.working:
            total += kept_for(account, plan, orders[order_id])
    return total


def planned(account: Account, symbols: frozenset[str] | None = None) -> int:
    """What plans are still to enter at their arrival prices, without fees."""
    total = 0
    for plan in counted_plans(account):
        if symbols is None or plan.symbol in symbols:
            orders = (account.state.orders[order_id] for order_id in plan.working)
            parts = [planned.quantity for planned in plan.waiting]
            parts += [opening_part(account, order) for order in orders]
            total += sum(value_of(plan.terms.arrival, part) for part in parts)
    return total


def buying_power(account: Account, now: Moment) -> int:
    worth = account.worth(now)
    return share_of(worth.equity, account.settings.leverage) - worth.counted - reserved(account)
