"""The limits that an entry is tested against, before it becomes a plan.

Rules of this file: a threshold may be reached, not passed. Computed sizes are cut to fit, explicit ones
refused.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.engine.account.account import Account
from streams.engine.execution import buying_power
from streams.engine.market import indicators
from streams.engine.market.moment import Moment
from streams.engine.model.refusal import Refusal
from streams.engine.model.requests import Cut, Request, split
from streams.engine.model.units import HOUR, ONE, SECOND, value_of
from streams.engine.rules.fees import expected_fee
from streams.engine.rules.sizing import largest


class Cap(NamedTuple):
    """A bound on money: the largest quantity that fits, and what the request measures against it."""

    name: str
    largest: Callable[[int], int]
    measure: Callable[[int], float]
    threshold: float


# Counts --------------------------------------------------------------------------------------


def counts(account: Account, now: Moment, symbol: str) -> Refusal | None:
    """The limits that count things: positions, correlated ones, seconds since an exit, signals an hour."""
    return (
        _max_positions(account, symbol)
        or _max_correlated(account, now, symbol)
        or _cooldown(account, now, symbol)
        or _max_signals(account, now)
    )


def _max_positions(account: Account, symbol: str) -> Refusal | None:
    most = account.settings.max_positions
    if most is None:
        return None
    held = [lot for lot in account.state.lots.values() if not lot.closing]
    if account.settings.position_mode == "per_signal":
        plans = account.state.plans.values()
        waiting = [plan for plan in plans if plan.lot_id is None]
        count = len(held) + len(waiting) + 1
    else:
        count = len(_symbols_in_play(account) | {symbol})
    return Refusal("max_positions", count, most) if count > most else None


def _symbols_in_play(account: Account) -> set[str]:
    """Symbols with a position that is not closing, or with a plan."""
    held = {lot.symbol for lot in account.state.lots.values() if not lot.closing}
    return held | {
        plan.symbol for plan in buying_power.counted_plans(account) if buying_power.enters(account, plan)
    }


def _max_correlated(account: Account, now: Moment, symbol: str) -> Refusal | None:
    rule = account.settings.max_correlated
    if rule is None:
        return None
    others = sorted(_symbols_in_play(account) - {symbol})
    alike = sum(indicators.correlation(now, symbol, other) >= rule.rho for other in others)
    return Refusal("max_correlated", alike + 1, rule.positions) if alike + 1 > rule.positions else None


def _cooldown(account: Account, now: Moment, symbol: str) -> Refusal | None:
    wait, last = account.settings.cooldown, account.state.last_exit.get(symbol)
    if wait is None or last is None or now.time - last >= wait:
        return None
    return Refusal("cooldown", (now.time - last) / SECOND, wait / SECOND)


def _max_signals(account: Account, now: Moment) -> Refusal | None:
    most, accepted = account.settings.max_signals_per_hour, account.state.accepted
    while accepted and accepted[0] <= now.time - HOUR:
        accepted.pop(0)
    if most is None or len(accepted) < most:
        return None
    return Refusal("max_signals_per_hour", len(accepted) + 1, most)


# Caps ----------------------------------------------------------------------------------------


def fit(account: Account, now: Moment, request: Request) -> Cut:
    """The request cut by each cap in turn; an explicit one is refused by the first that binds."""
    cut = Cut(request.quantity)
    for cap in _caps(account, now, request):
        if cut.quantity <= 0:
            break
        allowed = cap.largest(cut.quantity)
        if allowed < cut.quantity:
            measured = cap.measure(cut.quantity)
            by = Refusal(cap.name, measured, cap.threshold)
            cut = Cut(0 if request.explicit else allowed, by)
    return cut


def _caps(account: Account, now: Moment, request: Request) -> Iterator[Cap]:
    settings, symbol = account.settings, request.symbol
    equity = account.worth(now).equity
    for name, share, group in (
        ("max_position", settings.max_position, frozenset((symbol,))),
        ("max_exposure", settings.max_exposure, None),
        *(("max_group", settings.max_group, group) for group in _groups(account, symbol)),
    ):
        if share is not None:
            used = buying_power.exposure(account, now, group) + buying_power.planned(account, group)
            yield _share_cap(account, request, name, share, used, equity)
    power = buying_power.buying_power(account, now)
    if settings.cash_reserve is not None:
        yield _reserve_cap(account, request, power, settings.cash_reserve, equity)
    yield _power_cap(account, request, power)


def _groups(account: Account, symbol: str) -> list[frozenset[str]]:
    """For each tag of the symbol, the symbols that share it among those in play."""
    in_play = {plan.symbol for plan in account.state.plans.values()} | {
        lot.symbol for lot in account.state.lots.values()
    }
    return [
        frozenset(other for other in in_play | {symbol} if tag in account.instrument(other).groups)
        for tag in account.instrument(symbol).groups
    ]


def _share_cap(account: Account, request: Request, name: str, share: int, used: int, equity: int) -> Cap:
    room = equity * share // ONE - used
    lot = account.instrument(request.symbol).lot

    def measure(quantity: int) -> float:
        return _ratio(used + value_of(request.price, quantity), equity)

    def fits(quantity: int) -> bool:
        return value_of(request.price, quantity) <= room

    return Cap(name, lambda quantity: largest(quantity, lot, fits), measure, share / ONE)


def _reserve_cap(account: Account, request: Request, power: int, reserve: int, equity: int) -> Cap:
    room = power - -(-equity * reserve // ONE)

    def measure(quantity: int) -> float:
        return _ratio(power - _cost(account, request, quantity), equity)

    return Cap(
        "cash_reserve", lambda quantity: _affordable(account, request, quantity, room), measure, reserve / ONE
    )


def _power_cap(account: Account, request: Request, power: int) -> Cap:
    return Cap(
        "buying_power",
        lambda quantity: _affordable(account, request, quantity, power),
        lambda quantity: _cost(account, request, quantity) / ONE,
        power / ONE,
    )


def _ratio(money: int, equity: int) -> float:
    return money / equity if equity else float(money > 0)


def _cost(account: Account, request: Request, quantity: int) -> int:
    """Value and one commission a slice."""
    fees = sum(
        expected_fee(account.settings.commission, request.price, part)
        for part in split(quantity, request.slices, account.instrument(request.symbol).lot)
    )
    return value_of(request.price, quantity) + fees


def _affordable(account: Account, request: Request, quantity: int, room: int) -> int:
    """The largest quantity up to this one whose cost fits the room."""
    lot = account.instrument(request.symbol).lot
    return largest(quantity, lot, lambda part: _cost(account, request, part) <= room)
