"""Fills: what they do to orders, lots, cash and plans.

Rules of this file: every change of cash is here; each fill is followed by its equity row and the breakers.
"""

from streams.engine.account.account import Account
from streams.engine.execution import breakers, equity, trailing
from streams.engine.execution.ending import end_plans_of
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import next_minute_of_day
from streams.engine.model.orders import Order
from streams.engine.model.origins import Origin
from streams.engine.model.settings import Settings
from streams.engine.model.state import Lot, Plan, Terms
from streams.engine.rules import exit_levels, ledger
from streams.engine.rules.fees import parts_of
from streams.engine.rules.prices import slipped


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


def _book(account: Account, order: Order, price: int, quantity: int, maker: bool) -> tuple[str, int]:
    """Tell the order of a fill; its id and its fee."""
    terms = account.state.versions[order.version].commission
    parts = parts_of(terms, price, quantity, maker=maker, first=order.fills == 0)
    return order.take_fill(price, quantity, parts, terms.minimum)


def _fill_time(now: Moment, lot: Lot) -> int:
    """The time that a fill bears: none is before its position's first, though bars may overlap."""
    return max(now.fills_at, lot.opened)


# Entries -------------------------------------------------------------------------------------


def fill_entry(
    account: Account, now: Moment, order: Order, price: int, quantity: int, *, maker: bool, raw: int
) -> None:
    """Fill an order into the lot that it opens or adds to."""
    _fill_lot(account, now, order, price, quantity, maker=maker, raw=raw)
    _end_fill(account, now, order)


def reduce_opposed(
    account: Account, now: Moment, order: Order, price: int, quantity: int, *, maker: bool, raw: int
) -> int:
    """In `net`, what opposes a position closes it first, by a fill of its own: answer how much."""
    opposed = account.net_lot(order.symbol)
    if opposed is None or opposed.side == order.side:
        return 0
    part = account.take_volume(now, min(quantity, opposed.quantity))
    reason = "manual" if order.command_id else "reverse_signal"
    _fill_close(account, now, opposed, order, price, part, reason, maker=maker, raw=raw)
    _end_fill(account, now, order)
    return part


def _end_fill(account: Account, now: Moment, order: Order) -> None:
    if not order.is_open:
        account.retire(order)
    breakers.watch(account, now)


def _fill_lot(
    account: Account, now: Moment, order: Order, price: int, quantity: int, *, maker: bool, raw: int
) -> None:
    plan = account.state.plans.get(order.plan_id or "")
    lot = _lot_for(account, now, order, plan)
    fill_id, fee = _book(account, order, price, quantity, maker)
    account.state.cash += ledger.enter(lot, price, quantity, fee)
    account.recount(lot)
    account.state.fees += fee
    if order.slice_number is not None and order.fills == 1:
        lot.slices += 1
    order.lot_id = lot.lot_id
    instrument = account.instrument(lot.symbol)
    exit_levels.anchor(lot, account.terms_of(lot.terms), instrument.tick_size)
    account.out.fill(
        _fill_time(now, lot), order, lot, fill_id, price=price, quantity=quantity, fee=fee,
        slippage=abs(price - raw), purpose="entry", ambiguous=False,
    )  # fmt: skip
    account.touch(order, lot)
    equity.tell_fill(account, now)


# Exits ---------------------------------------------------------------------------------------


def fill_exit(
    account: Account, now: Moment, lot: Lot, order: Order, price: int, quantity: int, reason: str,
    *, maker: bool, raw: int,
) -> None:  # fmt: skip
    """Fill one of the lot's own exits."""
    _fill_close(account, now, lot, order, price, quantity, reason, maker=maker, raw=raw)
    breakers.watch(account, now)


def _fill_close(
    account: Account, now: Moment, lot: Lot, order: Order, price: int, quantity: int, reason: str,
    *, maker: bool, raw: int,
) -> None:  # fmt: skip
    trailing.catch_up(account, lot, now, now.count)
    fill_id, fee = _book(account, order, price, quantity, maker)
    change, profit = ledger.leave(lot, price, quantity, fee)
    account.state.cash += change
    account.recount(lot)
    account.state.realised += profit
    account.state.fees += fee
    account.out.fill(
        _fill_time(now, lot), order, lot, fill_id, price=price, quantity=quantity, fee=fee,
        slippage=abs(price - raw), purpose=reason, ambiguous=lot.ambiguous,
    )  # fmt: skip
    account.touch(order, lot)
    account.state.last_exit[lot.symbol] = _fill_time(now, lot)
    if not lot.quantity:
        _end_lot(account, now, lot, reason)
    elif order is lot.exits.get(reason):
        end_plans_of(account, now, lot)
    equity.tell_fill(account, now)


# Positions -----------------------------------------------------------------------------------


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
    account.look_at(lot)
    if not now.is_bar:
        lot.high = lot.low = now.mark
    _set_times(account, lot, settings)
    account.add_lot(lot)
    if account.net_lot(lot.symbol) is lot:
        _join(account, lot)
    return lot


def _join(account: Account, lot: Lot) -> None:
    """In `net` the plans of a symbol and side belong to its position, whichever of them opened it."""
    for plan in account.state.plans.values():
        if plan.symbol == lot.symbol and plan.side == lot.side and not plan.by_hand:
            plan.lot_id = lot.lot_id


def _set_times(account: Account, lot: Lot, settings: Settings) -> None:
    limit, minute = settings.time_limit, settings.end_of_day
    lot.deadline = lot.opened + limit if limit is not None else None
    lot.day_close = next_minute_of_day(settings.time_zone, minute, lot.opened) if minute is not None else None
    account.schedule(lot)


def set_exits(account: Account, lot: Lot) -> None:
    """Everything of a lot that follows from its settings, anew."""
    settings = account.terms_of(lot.terms)
    lot.stop = lot.target = None
    exit_levels.anchor(lot, settings, account.instrument(lot.symbol).tick_size)
    _set_times(account, lot, settings)


def _end_lot(account: Account, now: Moment, lot: Lot, reason: str) -> None:
    account.out.trade(_fill_time(now, lot), lot, reason)
    for order in lot.exits.values():
        if order.is_open:
            order.advance("cancel", "position_closed")
            account.out.order(order)
    account.remove_lot(lot)
    end_plans_of(account, now, lot)
