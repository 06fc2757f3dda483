"""Ticks against one account's exits and orders in the tick's symbol.

Rules of this file: exits before orders, each in the order in which it was made; an exit's stop, then its
targets, then a queued close, then its time; the first that fills wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from streams.engine.execution import buying_power, fills, trailing
from streams.engine.market.column import BUY, SELL
from streams.engine.market.market import Moment
from streams.engine.model.calendars import next_open
from streams.engine.model.orders import Order
from streams.engine.model.state import Lot, Plan, PlannedSlice
from streams.engine.model.units import FOREVER, ONE, value_of
from streams.engine.rules import exit_levels
from streams.engine.rules.fees import expected_fee, parts_of
from streams.engine.rules.prices import slipped, stop_on_tick
from streams.engine.trading import plans
from streams.engine.trading.limits import largest

if TYPE_CHECKING:
    from streams.engine.account.account import Account


def pass_tick(account: Account, now: Moment, reached: frozenset[str] | None) -> None:
    shut = account.is_shut(now, now.symbol)
    for lot in account.lots_of(now.symbol):
        if reached is None or lot.lot_id in reached:
            _pass_lot(account, now, lot, shut)
    for order in orders_of(account, now.symbol, reached):
        if order.is_open:
            pass_order(account, now, order)


def orders_of(account: Account, symbol: str, reached: frozenset[str] | None = None) -> list[Order]:
    return [
        order
        for order in account.state.orders.values()
        if order.symbol == symbol and (reached is None or order.order_id in reached)
    ]


# Exits ---------------------------------------------------------------------------------------


def _pass_lot(account: Account, now: Moment, lot: Lot, shut: bool) -> None:
    account.watch_lot(lot)
    settings = account.terms_of(lot.terms)
    tick = account.instrument(lot.symbol).tick_size
    trailing.catch_up(account, lot, now, now.count - 1)
    price = now.closing_price(lot.side)
    if not shut:
        try_exits(account, now, lot, price, now.time)
    lot.asleep = shut
    if lot.quantity and not shut:
        exit_levels.ratchet(lot, settings, price, tick)
    fills.queue_if_due(account, now, lot)


def try_exits(
    account: Account, now: Moment, lot: Lot, price: int, time: int, fills_at: int | None = None
) -> None:
    """The exits that a price brings at a time: a tick's, or a bar's open, at which targets fill then."""
    if lot.queued is not None and lot.queued.reason in fills.STOPS:
        fills.exit_at_market(account, now, lot, lot.queued.reason, price)
        return
    stop = exit_levels.stop_in_force(lot)
    if stop is not None and lot.side * (price - stop[0]) <= 0:
        fills.exit_at_market(account, now, lot, stop[1], price)
        return
    take_targets(account, now, lot, price, fills_at)
    if lot.quantity and lot.queued is not None:
        if lot.queued.since <= time:
            fills.exit_at_market(account, now, lot, lot.queued.reason, price)
    elif lot.quantity:
        due = exit_levels.due_exit(lot, time)
        if due is not None:
            fills.exit_at_market(account, now, lot, due[0], price)


def take_targets(account: Account, now: Moment, lot: Lot, price: int, fills_at: int | None) -> None:
    """Fill the targets that price has come to, the nearest first: at their prices, or at an open's."""
    touch = account.terms_of(lot.terms).limit_fill == "touch"
    for target, index in exit_levels.targets_of(lot):
        if not lot.quantity or not exit_levels.reaches(lot.side, price, target, touch):
            return
        at = target if fills_at is None else fills_at
        if index is None:
            fills.exit_at_limit(account, now, lot, at, target)
        else:
            fills.exit_partially(account, now, lot, index, at)


# Orders --------------------------------------------------------------------------------------


def pass_order(account: Account, now: Moment, order: Order) -> None:
    """An open order meets a tick of its symbol."""
    account.stale.add(order.order_id)
    shut = account.is_shut(now, order.symbol)
    if order.extreme is not None:
        _follow(account, now, order)
        order.asleep = shut
    if shut:
        fills.wait(account, order, "market_closed")
        return
    first = not order.arrived
    order.arrived = True
    price = now.price_for(order.side)
    if order.order_type in ("stop", "stop_limit", "trailing") and order.state == "accepted":
        if not _triggers(account, now, order, price):
            end_if_immediate(account, now, order)
            return
        order.advance("trigger")
        account.out.order(order)
        first = True
    if order.order_type in ("limit", "stop_limit"):
        _pass_limit(account, now, order, price, first)
    else:
        fill_at_market(account, now, order, price)
    end_if_immediate(account, now, order)


def end_if_immediate(account: Account, now: Moment, order: Order) -> None:
    if order.is_open and order.time_in_force in ("IOC", "FOK"):
        kill(account, now, order, order.reason or "not_reached")


def _triggers(account: Account, now: Moment, order: Order, price: int) -> bool:
    if order.order_type == "trailing" and order.extreme is None:
        trailing.follow(account, order, price)
        order.seen = now.count
    assert order.stop_price is not None
    if order.side * (price - order.stop_price) >= 0:
        return True
    if order.order_type == "trailing":
        trailing.follow(account, order, price)
    wait_for_price(account, order, "not_reached")
    return False


def _follow(account: Account, now: Moment, order: Order) -> None:
    """Bring a trailing order to the record before this one."""
    assert now.series is not None
    if order.state == "accepted" and not order.asleep and now.count - 1 > order.seen:
        which = BUY if order.side > 0 else SELL
        high, low = account.common.ranges.within(now.series, which, order.seen, now.count - 1)
        trailing.follow(account, order, low if order.side > 0 else high)
    order.seen = now.count


def follow_bars(account: Account, now: Moment, order: Order, shut: bool) -> None:
    """The same before a bar, whose own extremes count from the next."""
    if order.extreme is None and not shut:
        trailing.follow(account, order, now.open)
        order.seen = now.count
    elif order.extreme is not None:
        _follow(account, now, order)
    order.asleep = shut


def _pass_limit(account: Account, now: Moment, order: Order, price: int, first: bool) -> None:
    assert order.limit_price is not None
    touch = account.state.versions[order.version].limit_fill == "touch"
    better = order.side * (order.limit_price - price)
    if first and better >= 0:
        fill_order(account, now, order, limited(account, order, price), maker=False)
    elif better > 0 or (touch and better == 0):
        fill_order(account, now, order, order.limit_price, maker=not first)
    else:
        wait_for_price(account, order, "not_penetrated" if better == 0 else "not_reached")


def limited(account: Account, order: Order, price: int) -> int:
    """A market's price for a limit order: on the tick against us, and never beyond its limit."""
    assert order.limit_price is not None
    on_tick = stop_on_tick(order.side, price, account.instrument(order.symbol).tick_size)
    return on_tick if order.side * (order.limit_price - on_tick) > 0 else order.limit_price


def fill_at_market(account: Account, now: Moment, order: Order, price: int) -> None:
    fill_order(account, now, order, price, maker=False, slips=True)


def fill_order(
    account: Account, now: Moment, order: Order, price: int, *, maker: bool, slips: bool = False
) -> None:
    """Fill as much of an entry order as volume and money allow at that price."""
    left = fills.volume_left(account, now)
    wanted = order.remaining if left is None else min(order.remaining, left)
    if not wanted or (order.time_in_force == "FOK" and wanted < order.remaining):
        fills.wait(account, order, "no_volume")
        return

    def price_of(part: int) -> int:
        return fills.market_price(account, now, order, price, part) if slips else price

    at = price_of(wanted)
    opens = wanted - fills.reduce_opposed(account, now, order, at, wanted, maker=maker, raw=price)
    quantity = affordable(account, now, order, price_of, opens, maker=maker)
    if order.time_in_force == "FOK" and quantity < opens:
        quantity = 0
    if quantity:
        fills.take_volume(account, now, quantity)
        fills.fill_entry(account, now, order, price_of(quantity), quantity, maker=maker, raw=price)
    if order.is_open and quantity < opens:
        _give_up(account, now, order, bool(quantity))
    elif order.is_open:
        fills.wait(account, order, "no_volume")


def _give_up(account: Account, now: Moment, order: Order, filled: bool) -> None:
    """Money is short: what is left of the order never fills."""
    plan = account.state.plans.get(order.plan_id or "")
    if plan is not None and order.slice_number is not None and not filled and not order.filled:
        planned = PlannedSlice(order.slice_number, order.created, order.quantity, 0)
        plans.skip(account, now, plan, planned, "buying_power")
    kill(account, now, order, "no_buying_power")


def short_of_money(
    account: Account, now: Moment, plan: Plan, planned: PlannedSlice
) -> tuple[str, float, float] | None:
    """Why a slice that is due at this record cannot enter even the least lot."""
    instrument, settings = account.instrument(plan.symbol), account.terms_of(plan.terms)
    price = slipped(
        settings.slippage,
        plan.side,
        now.price_for(plan.side),
        instrument.tick_size,
        quantity=instrument.lot,
        volume=now.size,
        spread=now.spread,
    )
    cost = value_of(price, instrument.lot) + expected_fee(settings.commission, price, instrument.lot)
    room = planned.reserved + _power(account, now)
    return ("buying_power", cost / ONE, room / ONE) if cost > room else None


def affordable(
    account: Account, now: Moment, order: Order, price_of: Callable[[int], int], quantity: int, *, maker: bool
) -> int:
    """How much of the quantity its reservation and the free buying power pay for."""
    plan = account.state.plans.get(order.plan_id or "")
    if not quantity or plan is None:
        return quantity
    room = buying_power.kept_for(account, plan, order) + _power(account, now)
    lot = account.instrument(order.symbol).lot
    return largest(quantity, lot, lambda part: _cost(account, order, price_of(part), part, maker) <= room)


def _cost(account: Account, order: Order, price: int, quantity: int, maker: bool) -> int:
    terms = account.state.versions[order.version].commission
    parts = order.fee_parts + parts_of(terms, price, quantity, maker=maker, first=order.fills == 0)
    return value_of(price, quantity) + max(parts, terms.minimum) - order.fees


def _power(account: Account, now: Moment) -> int:
    return buying_power.buying_power(account, now)


def wait_for_price(account: Account, order: Order, reason: str) -> None:
    """A price that is not there says nothing new of an order that was nearer to its fill before."""
    if order.reason != "no_volume" and not (order.touched and reason == "not_reached"):
        fills.wait(account, order, reason)


def tell_stale(account: Account, now: Moment) -> int:
    """Orders whose symbol has been quiet for too long say so; when the next one will have to."""
    soonest = FOREVER
    known: dict[str, int] = {}
    for order in account.waiting_orders():
        if order.reason == "stale_quote":
            continue
        at = known.get(order.symbol)
        if at is None:
            at = known[order.symbol] = quiet_at(account, order.symbol, now)
        if at <= now.time:
            trailing.bring(account, now, order)
            fills.wait(account, order, "stale_quote")
            account.stale.add(order.order_id)
        else:
            soonest = min(soonest, at)
    return soonest


def quiet_at(account: Account, symbol: str, now: Moment) -> int:
    """When orders that wait have to say that the symbol is quiet."""
    newest = now.time_of(symbol)
    if newest == -FOREVER:
        return FOREVER
    at = newest + account.instruments.checks.stale_after + 1
    return at if at > now.time else next_open(account.instrument(symbol).calendar, now.time)


def kill(account: Account, now: Moment, order: Order, reason: str) -> None:
    trailing.bring(account, now, order)
    order.advance("cancel", reason)
    account.out.order(order)
    account.retire(order)


# Expiry --------------------------------------------------------------------------------------


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
