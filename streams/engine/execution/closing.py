"""How positions close: at the market, at a target, in part, or later.

Rules of this file: a close that cannot fill now is queued, and a stop overtakes what is queued; what volume
leaves of a target goes on resting.
"""

from streams.engine.account.account import Account
from streams.engine.execution.fills import fill_exit, market_price
from streams.engine.execution.waiting import wait
from streams.engine.market.moment import Moment
from streams.engine.model.exit_types import STOPS, order_type_of
from streams.engine.model.orders import Order
from streams.engine.model.state import Exit, Lot
from streams.engine.model.units import ONE, floor_to
from streams.engine.rules import exit_levels
from streams.engine.rules.prices import stop_on_tick


def close_lot(account: Account, now: Moment, lot: Lot, reason: str) -> None:
    """Close at this tick's price where it can be, else queue: on bars, elsewhere and after hours it waits."""
    shut = account.is_shut(now, lot.symbol)
    if lot.symbol == now.symbol and not (now.is_bar or now.passed or shut):
        exit_at_market(account, now, lot, reason, now.closing_price(lot.side))
    else:
        queue_exit(account, now, lot, reason, "market_closed" if shut else "no_market")


def _exit_order(account: Account, now: Moment, lot: Lot, reason: str, key: str = "") -> Order:
    """The lot's order for that exit, made when it is first needed."""
    order = lot.exits.get(key or reason)
    if order is None:
        kind = order_type_of(reason)
        order = account.new_order(now, lot.symbol, -lot.side, kind, lot.quantity, lot.terms.settings)
        order.purpose, order.lot_id, order.signal_id = reason, lot.lot_id, lot.origin.signal_id
        order.advance("accept")
        lot.exits[key or reason] = order
        account.out.order(order)
    order.quantity = order.filled + lot.quantity
    return order


# Later ---------------------------------------------------------------------------------------


def queue_exit(
    account: Account, now: Moment, lot: Lot, reason: str, why: str, since: int | None = None
) -> None:
    """Close the whole lot at the market when it next can."""
    if lot.queued is None or (reason in STOPS and lot.queued.reason not in STOPS):
        lot.queued = Exit(reason, now.time if since is None else since)
        account.recount(lot)
    wait(account, _exit_order(account, now, lot, reason), why)
    account.watch_lot(lot)


def queue_overdue(account: Account, now: Moment) -> None:
    """Positions whose time has passed close at their symbol's next record; its own record looks itself."""
    for lot in account.overdue(now.time):
        if lot.symbol != now.symbol:
            queue_if_due(account, now, lot)


def queue_if_due(account: Account, now: Moment, lot: Lot) -> None:
    due = exit_levels.due_exit(lot, now.time)
    if due is not None and lot.quantity and lot.queued is None:
        queue_exit(account, now, lot, due[0], "no_market", due[1])


# Now -----------------------------------------------------------------------------------------


def exit_at_market(account: Account, now: Moment, lot: Lot, reason: str, price: int) -> None:
    """Fill a close at that price and the model's slippage; what the volume leaves is queued."""
    quantity = account.take_volume(now, lot.quantity)
    order = _exit_order(account, now, lot, reason)
    order.stop_price = next((level for level, why in exit_levels.stops_of(lot) if why == reason), None)
    if quantity:
        filled = market_price(account, now, order, price, quantity)
        fill_exit(account, now, lot, order, filled, quantity, reason, maker=False, raw=price)
    if lot.quantity:
        queue_exit(account, now, lot, reason, "no_volume")


def exit_at_limit(
    account: Account, now: Moment, lot: Lot, price: int, limit: int, *, maker: bool = True
) -> None:
    """Fill the target; what the volume leaves goes on resting."""
    quantity = account.take_volume(now, lot.quantity)
    order = _exit_order(account, now, lot, "take_profit")
    order.limit_price = limit
    if quantity:
        at = _limit_price(account, lot, price, limit)
        fill_exit(account, now, lot, order, at, quantity, "take_profit", maker=maker, raw=price)
    if order.is_open:
        wait(account, order, "no_volume")


def _limit_price(account: Account, lot: Lot, price: int, limit: int) -> int:
    """Where a target fills at a price beyond it: on the tick against us, and never worse than its limit."""
    on_tick = stop_on_tick(-lot.side, price, account.instrument(lot.symbol).tick_size)
    return on_tick if lot.side * (on_tick - limit) > 0 else limit


def exit_partially(
    account: Account, now: Moment, lot: Lot, index: int, price: int, *, maker: bool = True
) -> None:
    """Fill a partial target: its fraction of what was bought so far, once."""
    target = lot.partials[index]
    goal = floor_to(lot.bought * target.fraction // ONE, account.instrument(lot.symbol).lot)
    wanted = min(goal - target.filled, lot.quantity)
    quantity = account.take_volume(now, wanted)
    target.filled += quantity
    target.done = target.filled >= goal
    if not wanted:
        return
    order = _exit_order(account, now, lot, "partial", f"partial {index}")
    order.quantity, order.limit_price = order.filled + wanted, target.price
    if quantity:
        at = _limit_price(account, lot, price, target.price)
        fill_exit(account, now, lot, order, at, quantity, "partial", maker=maker, raw=price)
    if order.is_open:
        wait(account, order, "no_volume")
