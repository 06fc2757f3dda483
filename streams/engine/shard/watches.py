"""What the market must do before an account has to look.

Rules of this file: a watch may be too early, never too late. Its conditions all read "value at or above
level": what waits for a fall watches the negated price.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.engine.account.account import Account
from streams.engine.execution import breakers, trailing
from streams.engine.market.column import MARK, SELL
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import is_open, next_close, next_open
from streams.engine.model.orders import Order
from streams.engine.model.state import Lot
from streams.engine.model.units import FOREVER
from streams.engine.rules import exit_levels

TIME = 6
LEVELS = 7
"""Above and below for sells, buys and marks, then the time of the symbol's own record."""


class Trail(NamedTuple):
    """A stop that follows."""

    which: int
    side: int
    extreme: int
    share: int
    amount: int


class Watch(NamedTuple):
    symbol: str
    levels: tuple[int, ...]
    trail: Trail | None = None
    since: int = 0
    """For a trail: the records of the symbol that the extreme has taken in."""
    is_lot: bool = False
    """A position: the symbol's marks are remembered for it."""


NEVER = (FOREVER,) * LEVELS


def _levels(which: int, above: int, below: int, time: int) -> tuple[int, ...]:
    levels = [FOREVER] * LEVELS
    levels[2 * which] = max(-FOREVER, min(above, FOREVER))  # farther than that no price goes
    levels[2 * which + 1] = max(-FOREVER, min(-below, FOREVER))
    levels[TIME] = time
    return tuple(levels)


def watches_of(account: Account, keys: Iterable[str], now: Moment) -> Iterator[tuple[str, Watch | None]]:
    """What each lot, order or symbol waits for; None when there is nothing."""
    state = account.state
    for key in keys:
        if key in state.lots:
            yield key, _of_lot(account, state.lots[key], now)
        elif key in state.orders:
            yield key, _of_order(account, state.orders[key], now)
        else:
            yield key, _of_symbol(account, key, now)


def _reopening(account: Account, symbol: str, now: Moment, *, knows: bool) -> Watch | None:
    """While the market is closed: what knows that it is not looked at before it opens."""
    calendar = account.instrument(symbol).calendar
    if is_open(calendar, now.time):
        return None
    time = next_open(calendar, now.time) if knows else -FOREVER
    return Watch(symbol, _levels(SELL, FOREVER, -FOREVER, time))


def _close_of(account: Account, symbol: str, now: Moment) -> int:
    """When the market closes: from then on nothing follows or fills."""
    calendar = account.instrument(symbol).calendar
    return FOREVER if calendar is None else next_close(calendar, now.time)


def _at_close(watch: Watch, close: int) -> Watch:
    levels = (*watch.levels[:TIME], min(watch.levels[TIME], close))
    return watch._replace(levels=levels)


def _of_lot(account: Account, lot: Lot, now: Moment) -> Watch:
    closed = _reopening(account, lot.symbol, now, knows=lot.asleep)
    if closed is not None:
        return closed._replace(is_lot=True)
    settings = account.terms_of(lot.terms)
    which = trailing.closing_column(lot.side)
    beyond = lot.side if settings.limit_fill == "through" else 0
    good = [price + beyond for price, _ in exit_levels.targets_of(lot)] + exit_levels.moves_of(lot)
    stop = exit_levels.stop_in_force(lot)
    if lot.side > 0:
        above, below = min(good, default=FOREVER), stop[0] if stop else -FOREVER
    else:
        above, below = stop[0] if stop else FOREVER, max(good, default=-FOREVER)
    time = min(_or_never(lot.deadline), _or_never(lot.day_close), _close_of(account, lot.symbol, now))
    if lot.queued is not None:
        time = -FOREVER
    levels = _levels(which, above, below, time)
    return Watch(lot.symbol, levels, _trail_of(account, lot, which), lot.seen, is_lot=True)


def _or_never(time: int | None) -> int:
    return FOREVER if time is None else time


def _trail_of(account: Account, lot: Lot, which: int) -> Trail | None:
    level = account.terms_of(lot.terms).trailing_stop
    if level is None or lot.extreme is None:
        return None
    if level.kind == "percent":
        return Trail(which, lot.side, lot.extreme, level.value, 0)
    distance = exit_levels.trail_distance(lot, level)
    return None if distance is None else Trail(which, lot.side, lot.extreme, 0, min(distance, FOREVER))


def _of_order(account: Account, order: Order, now: Moment) -> Watch:
    follows = order.extreme is not None and not order.asleep
    knows = order.reason == "market_closed" and not follows
    closed = _reopening(account, order.symbol, now, knows=knows)
    if closed is not None:
        return closed
    which = trailing.filling_column(order.side)
    at_once = Watch(order.symbol, _levels(which, FOREVER, -FOREVER, -FOREVER))
    if not order.arrived or order.reason == "stale_quote":
        return at_once
    return _at_close(_of_waiting(account, order, which, at_once), _close_of(account, order.symbol, now))


def _of_waiting(account: Account, order: Order, which: int, at_once: Watch) -> Watch:
    if order.waits_for_stop:
        return _of_stop(order, which, at_once)
    if order.limit_price is None:
        return at_once
    touch = account.state.versions[order.version].limit_fill == "touch" or not order.touched
    level = order.limit_price if touch else order.limit_price - order.side
    return Watch(order.symbol, _beyond(which, -order.side, level))


def _of_stop(order: Order, which: int, at_once: Watch) -> Watch:
    if order.stop_price is None:
        return at_once
    levels = _beyond(which, order.trigger_way, order.stop_price)
    if not order.traits.trails or order.extreme is None or order.trail is None:
        return Watch(order.symbol, levels)
    trail = Trail(which, -order.side, order.extreme, 0, min(order.trail, FOREVER))
    return Watch(order.symbol, levels, trail, order.seen)


def _beyond(which: int, direction: int, level: int) -> tuple[int, ...]:
    above, below = (level, -FOREVER) if direction > 0 else (FOREVER, level)
    return _levels(which, above, below, FOREVER)


def _of_symbol(account: Account, symbol: str, now: Moment) -> Watch | None:
    """Its entries, its slices, and its share of the breakers' room."""
    due = account.inbox.due_at(symbol, account.settings.latency)
    for plan in account.state.plans.values():
        if plan.symbol == symbol and plan.waiting:
            due = min(due, plan.waiting[0].due)
    if not breakers.are_set(account.settings):
        return None if due >= FOREVER else Watch(symbol, (*NEVER[:TIME], due))
    band = breakers.bands(account, now).get(symbol)
    if band is not None:
        return Watch(symbol, _levels(MARK, *band, due))
    return Watch(symbol, _levels(MARK, FOREVER, -FOREVER, due)) if due < FOREVER else None
