"""Whether a signal may enter: filters, reversal, the account's state, levels, limits, size.

Rules of this file: the order of the checks is the order of the lines of `consider`; each refusal names the
rule, the measured value and the threshold.
"""

from collections.abc import Callable
from operator import ge, gt, le, lt

from schemas.messages import Signal
from streams.engine.account.account import Account
from streams.engine.execution import breakers
from streams.engine.execution.closing import close_lot
from streams.engine.execution.ending import end_plan, unfilled_plans
from streams.engine.market import indicators
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import is_open
from streams.engine.model.origins import Origin, origin_of
from streams.engine.model.refusal import Refusal
from streams.engine.model.requests import Request
from streams.engine.model.settings import Filter
from streams.engine.model.state import Terms
from streams.engine.model.units import ONE, value_of
from streams.engine.rules import sizing
from streams.engine.trading import limits, plans

_OPERATORS: dict[str, Callable[[float, float], bool]] = {">=": ge, ">": gt, "<=": le, "<": lt}


def consider(account: Account, signal: Signal, now: Moment) -> None:
    """A signal's turn to enter, at a record of its symbol."""
    origin = origin_of(signal)
    side = 1 if signal.side == "long" else -1
    refusal = _fails_filter(account, signal)
    if refusal is None:
        _reverse(account, now, signal.symbol, side)
        refusal = may_enter(account, now, signal.symbol) or _size_and_open(account, signal, origin, side, now)
    if refusal is not None:
        account.out.decide(now.time, "refused", *refusal, symbol=signal.symbol, origin=origin)


def _fails_filter(account: Account, signal: Signal) -> Refusal | None:
    for rule in account.settings.filters:
        if rule.name == "no_position":
            taken = _places_taken(account, signal.symbol)
            if taken:
                return Refusal(rule.name, taken, 0.0)
        elif not _holds(rule, _measure(signal, rule.name)):
            return Refusal(rule.name, _measure(signal, rule.name), rule.threshold)
    least = account.settings.min_confidence
    if least is not None and (signal.confidence is None or signal.confidence < least):
        return Refusal("min_confidence", signal.confidence, least)
    return None


def _measure(signal: Signal, name: str) -> float | None:
    if name == "confidence" and signal.confidence is not None:
        return signal.confidence
    return signal.features.get(name)


def _holds(rule: Filter, measured: float | None) -> bool:
    return measured is not None and _OPERATORS[rule.operator](measured, rule.threshold)


def _places_taken(account: Account, symbol: str) -> int:
    return len(account.lots_of(symbol)) + len(unfilled_plans(account, symbol))


def _reverse(account: Account, now: Moment, symbol: str, side: int) -> None:
    """An opposite position closes, and an opposite plan that has not filled ends."""
    for lot in account.lots_of(symbol):
        if lot.side != side and not lot.closing:
            close_lot(account, now, lot, "reverse_signal")
    for plan in unfilled_plans(account, symbol):
        if plan.side != side:
            end_plan(account, now, plan, "reverse_signal")


def may_enter(account: Account, now: Moment, symbol: str) -> Refusal | None:
    """The account's state, the breakers, the instrument."""
    state, instrument = account.state, account.instrument(symbol)
    if instrument.currency is not None and instrument.currency != account.settings.currency:
        return Refusal("currency")
    refusal = breakers.refusal(account, now)
    if refusal is not None:
        return refusal
    if state.status != "active":
        return Refusal(state.status)
    if not account.settings.enabled:
        return Refusal("disabled")
    if not is_open(instrument.calendar, now.time):
        return Refusal("market_closed")
    return None


def _size_and_open(
    account: Account, signal: Signal, origin: Origin, side: int, now: Moment
) -> Refusal | None:
    settings = account.settings
    price = now.price_for(side)
    stop = signal.stop_loss if settings.use_signal_targets else None
    target = signal.take_profit if settings.use_signal_targets else None
    refusal = bad_levels(side, price, stop, target) or limits.counts(account, now, signal.symbol)
    if refusal is not None:
        return refusal
    counts_in_atr = sizing.needs_atr(settings)
    atr = indicators.atr_of(now, settings) if counts_in_atr else None
    if counts_in_atr and atr is None and sizing.needs_atr(settings, stop, target):
        return Refusal("no_atr")
    distance = sizing.distance_of(settings, side, price, stop, atr)
    refusal = bad_distance(distance, price)
    if refusal is not None:
        return refusal
    equity = account.worth(now).equity
    sized = sizing.quantity_of(
        settings, signal, price, equity, distance, account.instrument(signal.symbol).lot
    )
    if sized.refusal is not None:
        return sized.refusal
    terms = Terms(account.version, now.mark, stop, target, distance, atr)
    request = Request(signal.symbol, side, price, sized.quantity, sized.explicit, settings.slices)
    return open_within_limits(account, now, request, origin, terms)


def bad_levels(side: int, price: int, stop: int | None, target: int | None) -> Refusal | None:
    if stop is not None and side * (price - stop) <= 0:
        return Refusal("bad_stop", stop / ONE, price / ONE)
    if target is not None and side * (target - price) <= 0:
        return Refusal("bad_target", target / ONE, price / ONE)
    return None


def bad_distance(distance: int | None, price: int) -> Refusal | None:
    """An ATR of nothing puts the stop at the price itself."""
    return Refusal("bad_stop", price / ONE, price / ONE) if distance == 0 else None


def too_small(account: Account, symbol: str, price: int, quantity: int) -> Refusal | None:
    least = account.instrument(symbol).min_notional
    notional = value_of(price, quantity)
    return Refusal("min_notional", notional / ONE, least / ONE) if notional < least else None


def open_within_limits(
    account: Account, now: Moment, request: Request, origin: Origin, terms: Terms
) -> Refusal | None:
    """Cut or refuse by the caps; what remains becomes a plan."""
    cut = limits.fit(account, now, request)
    refusal = cut.refusal or too_small(account, request.symbol, request.price, cut.quantity)
    if refusal is None:
        plans.open_plan(account, now, request.of(cut.quantity), origin, terms, cut.by)
    return refusal
