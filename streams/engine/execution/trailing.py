"""How lots and trailing orders follow prices that nobody looked at.

Rules of this file: between two looks a lot's price reached none of its levels, so its extremes are all that
counts. A batch ends with everything that was looked at in it brought to its end.
"""

from streams.engine.account.account import Account
from streams.engine.market.batch import SeriesBySymbol
from streams.engine.market.column import BUY, MARK, SELL
from streams.engine.market.moment import Moment
from streams.engine.market.series import Series
from streams.engine.model.orders import Order
from streams.engine.model.state import Lot
from streams.engine.model.units import FOREVER
from streams.engine.rules import exit_levels
from streams.engine.rules.prices import stop_on_tick

# Positions -----------------------------------------------------------------------------------


def catch_up(account: Account, lot: Lot, now: Moment, until: int) -> None:
    """Take in what price did since the lot was last looked at, and reached none of its levels.

    Its stops follow up to the record with the count `until`; its marks take in this record too.
    """
    assert now.series is not None
    account.look_at(lot)
    _take_in(account, lot, now.series, until, now.count)


def _take_in(account: Account, lot: Lot, series: Series, until: int, count: int) -> None:
    settings, ranges = account.terms_of(lot.terms), account.shared.ranges
    if settings.trailing_stop is not None and not lot.asleep and until > lot.seen:
        high, low = ranges.within(series, closing_column(lot.side), lot.seen, until)
        ratchet(account, lot, high if lot.side > 0 else low)
    if count > lot.seen:
        _widen(lot, *ranges.within(series, MARK, lot.seen, count))
        lot.seen = count


def closing_column(side: int) -> int:
    """The prices at which a position of that side closes: those at which an order against it fills."""
    return filling_column(-side)


def follow_market(account: Account, now: Moment, lot: Lot) -> None:
    """Bring a trailing stop to where the market stands."""
    if account.terms_of(lot.terms).trailing_stop is None or lot.asleep:
        return
    high, low, _ = account.shared.ranges.at(now, lot.symbol, closing_column(lot.side), lot.seen)
    best = high if lot.side > 0 else low
    if abs(best) < FOREVER:
        ratchet(account, lot, best)


def ratchet(account: Account, lot: Lot, best: int) -> None:
    """Take in the best price so far: its stops move."""
    tick = account.instrument(lot.symbol).tick_size
    exit_levels.ratchet(lot, account.terms_of(lot.terms), best, tick)


def _widen(lot: Lot, high: int, low: int) -> None:
    lot.high = high if lot.high is None else max(lot.high, high)
    lot.low = low if lot.low is None else min(lot.low, low)


# Trailing orders -----------------------------------------------------------------------------


def follow(account: Account, order: Order, price: int) -> None:
    """A better extreme moves a trailing order's stop; nothing loosens it."""
    assert order.trail is not None
    if abs(price) < FOREVER and (order.extreme is None or order.side * (price - order.extreme) < 0):
        order.extreme = price
        tick = account.instrument(order.symbol).tick_size
        order.stop_price = stop_on_tick(order.side, price + order.side * order.trail, tick)


def bring(account: Account, now: Moment, order: Order) -> None:
    """A trailing order that is to be told of follows up to now; this record counts when it has passed."""
    if not order.follows:
        return
    until = None if order.symbol != now.symbol or now.passed else now.count - 1
    which = filling_column(order.side)
    high, low, count = account.shared.ranges.at(now, order.symbol, which, order.seen, until)
    follow(account, order, low if order.side > 0 else high)
    order.seen = max(order.seen, count)


def bring_before(account: Account, now: Moment, order: Order) -> None:
    """Bring an order that has seen prices to the record before this one, which is of its symbol."""
    assert now.series is not None
    if order.follows and now.count - 1 > order.seen:
        _follow_series(account, order, now.series, now.count - 1)
    order.seen = now.count


def _follow_series(account: Account, order: Order, series: Series, until: int) -> None:
    high, low = account.shared.ranges.within(series, filling_column(order.side), order.seen, until)
    follow(account, order, low if order.side > 0 else high)


def filling_column(side: int) -> int:
    """The prices at which an order of that side fills."""
    return BUY if side > 0 else SELL


# All of an account ---------------------------------------------------------------------------


def end_batch(account: Account, series_of: SeriesBySymbol) -> None:
    """Bring what was looked at within a batch to its end: afterwards only whole batches are remembered."""
    for lot in account.take_recent():
        series = series_of.find(lot.symbol)
        if series is not None and lot.quantity:
            end = series.base + len(series)
            _take_in(account, lot, series, end, end)
    for order in account.state.orders.values():
        series = series_of.find(order.symbol)
        if series is not None and order.follows:
            end = series.base + len(series)
            _follow_series(account, order, series, end)
            order.seen = end


def settle(account: Account, now: Moment) -> None:
    """Bring everything up to what has passed."""
    for lot in account.state.lots.values():
        follow_market(account, now, lot)
        high, low, count = account.shared.ranges.at(now, lot.symbol, MARK, lot.seen)
        if high > -FOREVER:
            _widen(lot, high, low)
        lot.seen = count
    for order in account.state.orders.values():
        bring(account, now, order)
