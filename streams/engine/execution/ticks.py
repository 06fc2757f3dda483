"""Ticks against one account's exits and orders in the tick's symbol.

Rules of this file: exits before orders, each in the order in which it was made; an exit's stop, then its
targets, then a queued close, then its time; the first that fills wins.
"""

from streams.engine.account.account import Account
from streams.engine.execution import closing, fills, slices, trailing
from streams.engine.execution.affordable import affordable
from streams.engine.execution.ending import kill
from streams.engine.execution.waiting import wait, wait_for_price
from streams.engine.market.moment import Moment
from streams.engine.model.exit_types import STOPS
from streams.engine.model.orders import Order
from streams.engine.model.refusal import Refusal
from streams.engine.model.state import Lot, PlannedSlice
from streams.engine.rules import exit_levels
from streams.engine.rules.prices import stop_on_tick


def pass_tick(account: Account, now: Moment, reached: frozenset[str] | None) -> None:
    shut = account.is_shut(now, now.symbol)
    lots = account.lots_of(now.symbol) if reached is None else account.lots_among(reached, now.symbol)
    for lot in lots:
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
    trailing.catch_up(account, lot, now, now.count - 1)
    price = now.closing_price(lot.side)
    if not shut:
        try_exits(account, now, lot, price, now.time)
    lot.asleep = shut
    if lot.quantity and not shut:
        trailing.ratchet(account, lot, price)
    closing.queue_if_due(account, now, lot)


def try_exits(
    account: Account, now: Moment, lot: Lot, price: int, time: int, fills_at: int | None = None
) -> None:
    """The exits that a price brings at a time: a tick's, or a bar's open, at which targets fill then."""
    if lot.queued is not None and lot.queued.reason in STOPS:
        closing.exit_at_market(account, now, lot, lot.queued.reason, price)
        return
    stop = exit_levels.stop_in_force(lot)
    if stop is not None and lot.side * (price - stop[0]) <= 0:
        closing.exit_at_market(account, now, lot, stop[1], price)
        return
    take_targets(account, now, lot, price, fills_at)
    if lot.quantity and lot.queued is not None:
        if lot.queued.since <= time:
            closing.exit_at_market(account, now, lot, lot.queued.reason, price)
    elif lot.quantity:
        due = exit_levels.due_exit(lot, time)
        if due is not None:
            closing.exit_at_market(account, now, lot, due[0], price)


def take_targets(account: Account, now: Moment, lot: Lot, price: int, fills_at: int | None) -> None:
    """Fill the targets that price has come to, the nearest first: at their prices, or at an open's."""
    touch = account.terms_of(lot.terms).limit_fill == "touch"
    for target, index in exit_levels.targets_of(lot):
        if not lot.quantity or not exit_levels.reaches(lot.side, price, target, touch):
            return
        at = target if fills_at is None else fills_at
        if index is None:
            closing.exit_at_limit(account, now, lot, at, target)
        else:
            closing.exit_partially(account, now, lot, index, at)


# Orders --------------------------------------------------------------------------------------


def pass_order(account: Account, now: Moment, order: Order) -> None:
    """An open order meets a tick of its symbol."""
    account.watch_anew(order.order_id)
    shut = account.is_shut(now, order.symbol)
    if order.extreme is not None:
        trailing.bring_before(account, now, order)
        order.asleep = shut
    if shut:
        wait(account, order, "market_closed")
        return
    first = not order.arrived
    order.arrived = True
    price = now.price_for(order.side)
    if order.waits_for_stop:
        if not _triggers(account, now, order, price):
            end_if_immediate(account, now, order)
            return
        order.advance("trigger")
        account.out.order(order)
        first = True
    if order.traits.is_limited:
        _pass_limit(account, now, order, price, first)
    else:
        fill_at_market(account, now, order, price)
    end_if_immediate(account, now, order)


def end_if_immediate(account: Account, now: Moment, order: Order) -> None:
    if order.is_open and order.time_in_force in ("IOC", "FOK"):
        kill(account, now, order, order.reason or "not_reached")


def _triggers(account: Account, now: Moment, order: Order, price: int) -> bool:
    if order.traits.trails and order.extreme is None:
        trailing.follow(account, order, price)
        order.seen = now.count
    assert order.stop_price is not None
    if order.trigger_way * (price - order.stop_price) >= 0:
        return True
    if order.traits.trails:
        trailing.follow(account, order, price)
    wait_for_price(account, order, "not_reached")
    return False


def follow_bars(account: Account, now: Moment, order: Order, shut: bool) -> None:
    """The same before a bar, whose own extremes count from the next."""
    if order.extreme is None and not shut:
        trailing.follow(account, order, now.open)
        order.seen = now.count
    elif order.extreme is not None:
        trailing.bring_before(account, now, order)
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
    left = account.volume_left(now)
    wanted = order.remaining if left is None else min(order.remaining, left)
    if not wanted or (order.time_in_force == "FOK" and wanted < order.remaining):
        wait(account, order, "no_volume")
        return

    def price_of(part: int) -> int:
        return fills.market_price(account, now, order, price, part) if slips else price

    at = price_of(wanted)
    opens = wanted - fills.reduce_opposed(account, now, order, at, wanted, maker=maker, raw=price)
    if not order.is_open:  # it is filled, or its own close tripped a breaker
        return
    quantity = affordable(account, now, order, price_of, opens, maker=maker)
    if order.time_in_force == "FOK" and quantity < opens:
        quantity = 0
    if quantity:
        account.take_volume(now, quantity)
        fills.fill_entry(account, now, order, price_of(quantity), quantity, maker=maker, raw=price)
    if order.is_open and quantity < opens:
        _give_up(account, now, order, bool(quantity))
    elif order.is_open:
        wait(account, order, "no_volume")


def _give_up(account: Account, now: Moment, order: Order, filled: bool) -> None:
    """Money is short: what is left of the order never fills."""
    plan = account.state.plans.get(order.plan_id or "")
    if plan is not None and order.slice_number is not None and not filled and not order.filled:
        planned = PlannedSlice(order.slice_number, order.created, order.quantity, 0)
        slices.skip(account, now, plan, planned, Refusal("buying_power"))
    kill(account, now, order, "no_buying_power")
