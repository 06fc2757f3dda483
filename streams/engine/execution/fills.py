"""Fills: what they do to orders, lots, cash and plans.

Rules of this file: every change of cash is here; each fill is followed by its equity row and the breakers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.messages import OrderType
from streams.engine.execution import trailing
from streams.engine.market.market import Moment
from streams.engine.model.calendars import next_minute_of_day
from streams.engine.model.orders import Order
from streams.engine.model.settings import Settings
from streams.engine.model.state import Exit, Lot, Origin, Plan, Terms
from streams.engine.model.units import ONE, floor_to, share_of
from streams.engine.rules import exit_levels, ledger
from streams.engine.rules.fees import parts_of
from streams.engine.rules.prices import slipped, stop_on_tick

if TYPE_CHECKING:
    from streams.engine.account.account import Account


STOPS = ("stop_loss", "trailing_stop", "breakeven")

EXIT_TYPES: dict[str, OrderType] = {
    "take_profit": "limit",
    "partial": "limit",
    "stop_loss": "stop",
    "trailing_stop": "trailing",
    "breakeven": "stop",
}


# How much, and at what price -----------------------------------------------------------------


def volume_left(account: Account, now: Moment) -> int | None:
    """What the account may still take of this record; None: no bound."""
    share = account.settings.participation
    if share is None or now.size < 0:
        return None
    if account.budget is None:
        account.budget = floor_to(share_of(now.size, share), account.instrument(now.symbol).lot)
    return account.budget


def take_volume(account: Account, now: Moment, quantity: int) -> int:
    """As much of the quantity as the record's volume gives; what is taken is gone."""
    left = volume_left(account, now)
    if left is None:
        return quantity
    taken = min(quantity, left)
    account.budget = left - taken
    return taken


def market_price(account: Account, now: Moment, order: Order, price: int, quantity: int) -> int:
    return slipped(
        account.state.versions[order.version].slippage,
        order.side,
        price,
        account.instrument(now.symbol).tick_size,
        quantity=quantity,
        volume=now.size,
        spread=now.spread,
    )


def book(account: Account, order: Order, price: int, quantity: int, maker: bool) -> tuple[str, int]:
    """Tell the order of a fill; its id and its fee."""
    terms = account.state.versions[order.version].commission
    parts = parts_of(terms, price, quantity, maker=maker, first=order.fills == 0)
    return order.take_fill(price, quantity, parts, terms.minimum)


def fill_time(now: Moment, lot: Lot) -> int:
    """The time that a fill bears: none is before its position's first, though bars may overlap."""
    return max(now.fills_at, lot.opened)


# Entries -------------------------------------------------------------------------------------


def reduce_opposed(
    account: Account, now: Moment, order: Order, price: int, quantity: int, *, maker: bool, raw: int
) -> int:
    """In `net`, what opposes a position closes it first, by a fill of its own: answer how much."""
    opposed = account.net_lot(order.symbol)
    if opposed is None or opposed.side == order.side:
        return 0
    part = take_volume(account, now, min(quantity, opposed.quantity))
    reason = "manual" if order.command_id else "reverse_signal"
    _fill_exit(account, now, opposed, order, price, part, reason, maker=maker, raw=raw)
    _end_fill(account, now, order)
    return part


def fill_entry(
    account: Account, now: Moment, order: Order, price: int, quantity: int, *, maker: bool, raw: int
) -> None:
    """Fill an order into the lot that it opens or adds to."""
    _fill_lot(account, now, order, price, quantity, maker=maker, raw=raw)
    _end_fill(account, now, order)


def _end_fill(account: Account, now: Moment, order: Order) -> None:
    if not order.is_open:
        account.retire(order)
    account.watch_breakers(now)


def _fill_lot(
    account: Account, now: Moment, order: Order, price: int, quantity: int, *, maker: bool, raw: int
) -> None:
    plan = account.state.plans.get(order.plan_id or "")
    lot = _lot_for(account, now, order, plan)
    fill_id, fee = book(account, order, price, quantity, maker)
    account.state.cash += ledger.enter(lot, price, quantity, fee)
    account.forget_worth()
    account.state.fees += fee
    if order.slice_number is not None and order.fills == 1:
        lot.slices += 1
    order.lot_id = lot.lot_id
    instrument = account.instrument(lot.symbol)
    exit_levels.anchor(lot, account.terms_of(lot.terms), instrument.tick_size)
    account.out.fill(
        fill_time(now, lot), order, lot, fill_id, price=price, quantity=quantity, fee=fee,
        slippage=abs(price - raw), purpose="entry", ambiguous=False,
    )  # fmt: skip
    account.touch(order, lot)
    account.tell_equity(now)


def _lot_for(account: Account, now: Moment, order: Order, plan: Plan | None) -> Lot:
    known = account.state.lots.get((plan.lot_id if plan else order.lot_id) or "")
    lot = known or account.net_lot(order.symbol)
    if lot is None:
        lot = _open_lot(account, now, order, plan)
    else:
        trailing.catch_up(account, lot, now, now.count)
    if plan is not None:
        plan.lot_id = lot.lot_id
    return lot


def _open_lot(account: Account, now: Moment, order: Order, plan: Plan | None) -> Lot:
    state = account.state
    state.counts.lots += 1
    settings = account.state.versions[order.version]
    lot = Lot(
        lot_id=f"{account.name}-l{state.counts.lots}",
        symbol=order.symbol,
        side=order.side,
        origin=plan.origin if plan else Origin(command_id=order.command_id),
        terms=plan.terms if plan else Terms(order.version, now.mark),
        plan_id=plan.plan_id if plan else None,
        opened=now.fills_at,
        seen=now.count,
    )
    account.recent[lot.lot_id] = lot
    if not now.is_bar:
        lot.high = lot.low = now.mark
    set_times(account, lot, settings)
    account.add_lot(lot)
    if account.net_lot(lot.symbol) is lot:
        _join(account, lot)
    return lot


def _join(account: Account, lot: Lot) -> None:
    """In `net` the plans of a symbol and side belong to its position, whichever of them opened it."""
    for plan in account.state.plans.values():
        if plan.symbol == lot.symbol and plan.side == lot.side and not plan.by_hand:
            plan.lot_id = lot.lot_id


def set_times(account: Account, lot: Lot, settings: Settings) -> None:
    limit, minute = settings.time_limit, settings.end_of_day
    lot.deadline = lot.opened + limit if limit is not None else None
    lot.day_close = next_minute_of_day(settings.time_zone, minute, lot.opened) if minute is not None else None
    account.schedule(lot)


def queue_overdue(account: Account, now: Moment) -> None:
    """Positions whose time has passed close at their symbol's next record; its own record looks itself."""
    for lot in account.overdue(now.time):
        if lot.symbol != now.symbol:
            queue_if_due(account, now, lot)


def queue_if_due(account: Account, now: Moment, lot: Lot) -> None:
    due = exit_levels.due_exit(lot, now.time)
    if due is not None and lot.quantity and lot.queued is None:
        queue_exit(account, now, lot, due[0], "no_market", due[1])


def agree(account: Account, lot: Lot) -> None:
    """Set everything of a lot that its settings say anew."""
    settings = account.terms_of(lot.terms)
    lot.stop = lot.target = None
    exit_levels.anchor(lot, settings, account.instrument(lot.symbol).tick_size)
    set_times(account, lot, settings)


# Exits ---------------------------------------------------------------------------------------


def wait(account: Account, order: Order, reason: str) -> None:
    if order.reason != reason:
        order.reason, order.touched = reason, reason == "not_penetrated"
        account.out.order(order)


def exit_order(account: Account, now: Moment, lot: Lot, reason: str, key: str = "") -> Order:
    """The lot's order for that exit, made when it is first needed."""
    order = lot.exits.get(key or reason)
    if order is None:
        kind = EXIT_TYPES.get(reason, "market")
        order = account.new_order(now, lot.symbol, -lot.side, kind, lot.quantity, lot.terms.settings)
        order.purpose, order.lot_id, order.signal_id = reason, lot.lot_id, lot.origin.signal_id
        order.advance("accept")
        lot.exits[key or reason] = order
        account.out.order(order)
    order.quantity = order.filled + lot.quantity
    return order


def queue_exit(
    account: Account, now: Moment, lot: Lot, reason: str, why: str, since: int | None = None
) -> None:
    """Close the whole lot at the market when it next can."""
    overtakes = reason in STOPS and lot.queued is not None and lot.queued.reason not in STOPS
    if lot.queued is None or overtakes:
        lot.queued = Exit(reason, now.time if since is None else since)
        account.forget_worth()
    wait(account, exit_order(account, now, lot, reason), why)
    account.watch_lot(lot)


def close_lot(account: Account, now: Moment, lot: Lot, reason: str) -> None:
    """Close at this tick's price where it can be, else queue: on bars, elsewhere and after hours it waits."""
    shut = account.is_shut(now, lot.symbol)
    if lot.symbol == now.symbol and not (now.is_bar or now.passed or shut):
        exit_at_market(account, now, lot, reason, now.closing_price(lot.side))
    else:
        queue_exit(account, now, lot, reason, "market_closed" if shut else "no_market")


def exit_at_market(account: Account, now: Moment, lot: Lot, reason: str, price: int) -> None:
    """Fill a close at that price and the model's slippage; what the volume leaves is queued."""
    quantity = take_volume(account, now, lot.quantity)
    order = exit_order(account, now, lot, reason)
    order.stop_price = next((level for level, why in exit_levels.stops_of(lot) if why == reason), None)
    if quantity:
        filled = market_price(account, now, order, price, quantity)
        _fill_exit(account, now, lot, order, filled, quantity, reason, maker=False, raw=price)
        account.watch_breakers(now)
    if lot.quantity:
        queue_exit(account, now, lot, reason, "no_volume")


def exit_at_limit(
    account: Account, now: Moment, lot: Lot, price: int, limit: int, *, maker: bool = True
) -> None:
    """Fill the target; what the volume leaves goes on resting."""
    quantity = take_volume(account, now, lot.quantity)
    order = exit_order(account, now, lot, "take_profit")
    order.limit_price = limit
    if quantity:
        at = _limit_price(account, lot, price, limit)
        _fill_exit(account, now, lot, order, at, quantity, "take_profit", maker=maker, raw=price)
        account.watch_breakers(now)
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
    quantity = take_volume(account, now, wanted)
    target.filled += quantity
    target.done = target.filled >= goal
    if not wanted:
        return
    order = exit_order(account, now, lot, "partial", f"partial {index}")
    order.quantity, order.limit_price = order.filled + wanted, target.price
    if quantity:
        at = _limit_price(account, lot, price, target.price)
        _fill_exit(account, now, lot, order, at, quantity, "partial", maker=maker, raw=price)
        account.watch_breakers(now)
    if order.is_open:
        wait(account, order, "no_volume")


def _fill_exit(
    account: Account, now: Moment, lot: Lot, order: Order, price: int, quantity: int, reason: str,
    *, maker: bool, raw: int,
) -> None:  # fmt: skip
    trailing.catch_up(account, lot, now, now.count)
    fill_id, fee = book(account, order, price, quantity, maker)
    change, profit = ledger.leave(lot, price, quantity, fee)
    account.state.cash += change
    account.forget_worth()
    account.state.realised += profit
    account.state.fees += fee
    account.out.fill(
        fill_time(now, lot), order, lot, fill_id, price=price, quantity=quantity, fee=fee,
        slippage=abs(price - raw), purpose=reason, ambiguous=lot.ambiguous,
    )  # fmt: skip
    account.touch(order, lot)
    account.state.last_exit[lot.symbol] = fill_time(now, lot)
    if not lot.quantity:
        _end_lot(account, now, lot, reason)
    elif order is lot.exits.get(reason):
        end_plans_of(account, now, lot)
    account.tell_equity(now)


def _end_lot(account: Account, now: Moment, lot: Lot, reason: str) -> None:
    account.out.trade(fill_time(now, lot), lot, reason)
    for order in lot.exits.values():
        if order.is_open:
            order.advance("cancel", "position_closed")
            account.out.order(order)
    account.remove_lot(lot)
    end_plans_of(account, now, lot)


def end_plans_of(account: Account, now: Moment, lot: Lot) -> None:
    """A close has begun to fill: nothing more is entered. What a person placed stands by itself."""
    for plan in [plan for plan in account.state.plans.values() if plan.lot_id == lot.lot_id]:
        if plan.by_hand:
            plan.lot_id = None
        else:
            account.end_plan(now, plan, "position_closed")
