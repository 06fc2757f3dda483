"""What a person or a program asks of an account.

Rules of this file: every command is answered by a decision with its id, accepted or refused with a reason.
Settings come as the JSON of `Settings`, in the engine's units: who reads a person's YAML writes that.
"""

from collections.abc import Callable

import msgspec

from schemas.messages import Command
from streams.engine.account.account import Account
from streams.engine.execution import fills
from streams.engine.execution.closing import close_lot
from streams.engine.execution.ending import end_entries, end_plan, kill
from streams.engine.market import indicators
from streams.engine.market.moment import Moment
from streams.engine.model.limit_types import LIMITS
from streams.engine.model.order_types import ORDER_TYPES
from streams.engine.model.orders import Order
from streams.engine.model.origins import origin_of
from streams.engine.model.refusal import Refusal
from streams.engine.model.requests import Request
from streams.engine.model.settings import WHOLE
from streams.engine.model.settings_check import BadSettingsError, read_settings
from streams.engine.model.state import Lot, Terms
from streams.engine.model.units import floor_to
from streams.engine.rules import sizing
from streams.engine.rules.prices import limit_on_tick, stop_on_tick
from streams.engine.trading import entries, limits, plans


def execute(account: Account, command: Command, now: Moment) -> None:
    refusal = _KINDS[command.kind](account, command, now)
    if refusal is not None:
        account.out.decide(now.time, "refused", *refusal, symbol=command.symbol, origin=origin_of(command))


def _accept(account: Account, command: Command, now: Moment) -> None:
    """Told before what follows from it."""
    account.out.decide(now.time, "accepted", symbol=command.symbol, origin=origin_of(command))


def _pause(account: Account, command: Command, now: Moment) -> Refusal | None:
    if account.state.status == "closed":
        return Refusal("closed")
    _accept(account, command, now)
    account.state.status = "paused"
    end_entries(account, now, "paused")
    return None


def _resume(account: Account, command: Command, now: Moment) -> Refusal | None:
    if account.state.status == "closed":
        return Refusal("closed")
    _accept(account, command, now)
    account.state.status = "active"
    account.state.drawdown_tripped = False
    account.state.peak = account.worth(now).equity
    account.watch_lots()
    return None


def _close_account(account: Account, command: Command, now: Moment) -> Refusal | None:
    if account.state.status == "closed":
        return Refusal("closed")
    _accept(account, command, now)
    _close_everything(account, now, "manual")
    account.state.status = "closed"
    return None


def _kill_switch(account: Account, command: Command, now: Moment) -> Refusal | None:
    _accept(account, command, now)
    _close_everything(account, now, "kill_switch")
    if account.state.status == "active":
        account.state.status = "paused"
    return None


def _close_all(account: Account, command: Command, now: Moment) -> Refusal | None:
    _accept(account, command, now)
    _close_everything(account, now, "manual")
    return None


def _close_everything(account: Account, now: Moment, reason: str) -> None:
    for plan in list(account.state.plans.values()):
        end_plan(account, now, plan, reason)
    for lot in list(account.state.lots.values()):
        if not lot.closing:
            close_lot(account, now, lot, reason)


def _close_position(account: Account, command: Command, now: Moment) -> Refusal | None:
    lots = [lot for lot in account.state.lots.values() if _is_meant(lot, command)]
    if not lots:
        return Refusal("no_position")
    _accept(account, command, now)
    for lot in lots:
        if not lot.closing:
            close_lot(account, now, lot, "manual")
    return None


def _is_meant(lot: Lot, command: Command) -> bool:
    return lot.lot_id == command.lot_id if command.lot_id else lot.symbol == command.symbol


def _cancel(account: Account, command: Command, now: Moment) -> Refusal | None:
    order = account.state.orders.get(command.order_id or "")
    if order is None:
        return Refusal("no_order")
    _accept(account, command, now)
    kill(account, now, order, "manual")
    return None


def _cancel_plan(account: Account, command: Command, now: Moment) -> Refusal | None:
    plan = account.state.plans.get(command.plan_id or "")
    if plan is None or plan.by_hand:
        return Refusal("no_plan")
    _accept(account, command, now)
    end_plan(account, now, plan, "manual")
    return None


# Orders by hand ------------------------------------------------------------------------------


def _place(account: Account, command: Command, now: Moment) -> Refusal | None:
    fault = _malformed(command)
    if fault is not None:
        return fault
    assert command.symbol is not None and command.quantity is not None
    symbol, side = command.symbol, 1 if command.side == "buy" else -1
    price = _reference_price(account, command, now, side)
    if not price:
        return Refusal("no_market")
    quantity = floor_to(command.quantity, account.instrument(symbol).lot)
    held = account.net_lot(symbol)
    reduces = 0
    if held is not None and held.side != side and not held.closing:
        reduces = min(quantity, held.quantity)
    opens = quantity - reduces
    terms = _terms(account, command, now, side, price)
    request = Request(symbol, side, price, opens, True, WHOLE)
    order = _order(account, command, now, request._replace(quantity=quantity))
    refusal = _may_open(account, now, request, terms) if opens or not quantity else None
    if refusal is not None:
        order.advance("reject", _why_rejected(refusal.reason))
        account.out.order(order)
        return refusal
    _send(account, command, now, order, request, terms)
    return None


def _terms(account: Account, command: Command, now: Moment, side: int, price: int) -> Terms:
    """Its own levels, where it opens a position; where it names none, the account's apply as for a signal."""
    settings = account.settings
    named = command.limit_price or command.stop_price
    held = account.net_lot(command.symbol or "")
    adds = held is not None and held.side == side
    stop, target = (None, None) if adds else (command.stop_loss, command.take_profit)
    atr = indicators.atr_of(now, settings, command.symbol) if sizing.needs_atr(settings) else None
    distance = sizing.distance_of(settings, side, price, stop, atr)
    return Terms(account.version, named or now.mark_of(command.symbol or ""), stop, target, distance, atr)


def _why_rejected(rule: str) -> str:
    if rule == "buying_power":
        return "no_buying_power"
    return f"limit:{rule}" if rule in LIMITS else rule


def _malformed(command: Command) -> Refusal | None:
    if not command.symbol or command.side is None:
        return Refusal("no_side" if command.symbol else "no_symbol")
    if command.quantity is None or command.quantity <= 0:
        return Refusal("no_quantity")
    for field in ORDER_TYPES[command.order_type or "market"].needs:
        given = getattr(command, field)
        if given is None or given <= 0:
            return Refusal(f"no_{field}")
    if command.time_in_force == "GTD" and not command.expires_at:
        return Refusal("no_expires_at")
    return None


def _reference_price(account: Account, command: Command, now: Moment, side: int) -> int:
    """What the order is measured by: its own limit or stop, else the market's newest price; 0 before that."""
    symbol = command.symbol or ""
    known = now.price_of(symbol, side)
    return (command.limit_price or command.stop_price or known) if known else 0


def _may_open(account: Account, now: Moment, request: Request, terms: Terms) -> Refusal | None:
    """The same acceptance as a signal with an explicit quantity."""
    refusal = (
        entries.may_enter(account, now, request.symbol)
        or entries.bad_levels(request.side, request.price, terms.stop, terms.target)
        or limits.counts(account, now, request.symbol)
    )
    if refusal is not None:
        return refusal
    if terms.atr is None and sizing.needs_atr(account.settings, terms.stop, terms.target, sized=False):
        return Refusal("no_atr")
    refusal = entries.bad_distance(terms.distance, request.price)
    if refusal is not None:
        return refusal
    cut = limits.fit(account, now, request)
    return cut.refusal or entries.too_small(account, request.symbol, request.price, request.quantity)


def _order(account: Account, command: Command, now: Moment, request: Request) -> Order:
    order = account.new_order(
        now,
        request.symbol,
        request.side,
        command.order_type or "market",
        request.quantity,
        account.version,
    )
    order.command_id = command.command_id
    order.time_in_force = command.time_in_force or "GTC"
    order.expires_at = command.expires_at if order.time_in_force == "GTD" else None
    _price_on_tick(account, order, command)
    return order


def _send(
    account: Account, command: Command, now: Moment, order: Order, request: Request, terms: Terms
) -> None:
    origin = origin_of(command)
    plan = plans.new_plan(account, request, origin, terms, order.order_id)
    if request.quantity:
        account.state.accepted.append(now.time)
    account.out.decide(now.time, "accepted", symbol=request.symbol, origin=origin, plan_id=plan.plan_id)
    order.plan_id = plan.plan_id
    if not request.quantity:
        order.purpose = "manual"
    plans.place(account, now, plan, order)


def _price_on_tick(account: Account, order: Order, command: Command) -> None:
    tick = account.instrument(order.symbol).tick_size
    needs = order.traits.needs
    if command.limit_price is not None and "limit_price" in needs:
        order.limit_price = limit_on_tick(order.side, command.limit_price, tick)
    if command.stop_price is not None and "stop_price" in needs:
        order.stop_price = stop_on_tick(order.trigger_way, command.stop_price, tick)
    if "trail" in needs:
        order.trail = command.trail


# Settings ------------------------------------------------------------------------------------


def _change(account: Account, command: Command, now: Moment) -> Refusal | None:
    """New settings for what is accepted from now on, and for the open plans that the command names."""
    was = account.settings
    try:
        changed = read_settings(command.settings, was)
    except BadSettingsError as error:
        return Refusal(f"bad_settings {error}")
    for field in ("name", "market"):
        if getattr(changed, field) != getattr(was, field):
            return Refusal(f"bad_settings {field}")
    if (changed.latency, changed.time_zone) != (was.latency, was.time_zone) and not account.is_flat():
        return Refusal("not_flat")
    _accept(account, command, now)
    account.adopt(changed, now)
    if changed.max_drawdown is not None:
        account.state.peak = max(account.state.peak, account.worth(now).equity)
    account.inbox.forget_expiries()
    account.watch_anew(*account.inbox.symbols())
    account.watch_lots()
    for plan_id in command.plans:
        _apply_to(account, plan_id)
    return None


def _apply_to(account: Account, plan_id: str) -> None:
    """The newest settings govern an open plan, and the lot that it entered."""
    plan = account.state.plans.get(plan_id)
    if plan is not None:
        plan.terms = msgspec.structs.replace(plan.terms, settings=account.version)
    for lot in account.state.lots.values():
        if lot.plan_id == plan_id:
            lot.terms = msgspec.structs.replace(lot.terms, settings=account.version)
            fills.set_exits(account, lot)
            account.watch_lot(lot)
            account.out.lot(lot)


_KINDS: dict[str, Callable[[Account, Command, Moment], Refusal | None]] = {
    "change": _change,
    "pause": _pause,
    "resume": _resume,
    "close": _close_account,
    "place": _place,
    "cancel": _cancel,
    "close_position": _close_position,
    "close_all": _close_all,
    "cancel_plan": _cancel_plan,
    "kill_switch": _kill_switch,
}
