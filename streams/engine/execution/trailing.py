"""How lots and trailing orders follow prices that nobody looked at.

Rules of this file: between two looks a lot's price reached none of its levels, so its extremes are all that
counts. A batch ends with everything that was looked at in it brought to its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from streams.engine.market.column import BUY, MARK, SELL
from streams.engine.market.market import Moment, Series
from streams.engine.model.orders import Order
from streams.engine.model.state import Lot
from streams.engine.model.units import FOREVER
from streams.engine.rules import exit_levels
from streams.engine.rules.prices import stop_on_tick

if TYPE_CHECKING:
    from streams.engine.account.account import Account


def catch_up(account: Account, lot: Lot, now: Moment, until: int) -> None:
    """Take in what price did since the lot was last looked at, and reached none of its levels.

    Its stops follow up to the record with the count `until`; its marks take in this record too.
    """
    assert now.series is not None
    take_in(account, lot, now.series, until, now.count)


def take_in(account: Account, lot: Lot, series: Series, until: int, count: int) -> None:
    account.recent[lot.lot_id] = lot
    settings, ranges = account.terms_of(lot.terms), account.common.ranges
    if settings.trailing_stop is not None and not lot.asleep and until > lot.seen:
        high, low = ranges.within(series, SELL if lot.side > 0 else BUY, lot.seen, until)
        best = high if lot.side > 0 else low
        exit_levels.ratchet(lot, settings, best, account.instrument(lot.symbol).tick_size)
    if count > lot.seen:
        high, low = ranges.within(series, MARK, lot.seen, count)
        lot.high = high if lot.high is None else max(lot.high, high)
        lot.low = low if lot.low is None else min(lot.low, low)
        lot.seen = count


def end_batch(account: Account, series_of: Mapping[str, Series]) -> None:
    """Bring what was looked at within a batch to its end: afterwards only whole batches are remembered."""
    for lot in account.recent.values():
        series = series_of.get(lot.symbol)
        if series is not None and lot.quantity:
            end = series.base + len(series)
            take_in(account, lot, series, end, end)
    account.recent.clear()
    for order in account.state.orders.values():
        series = series_of.get(order.symbol)
        follows = order.extreme is not None and order.state == "accepted" and not order.asleep
        if series is not None and follows:
            end = series.base + len(series)
            which = BUY if order.side > 0 else SELL
            high, low = account.common.ranges.within(series, which, order.seen, end)
            follow(account, order, low if order.side > 0 else high)
            order.seen = end


def settle(account: Account, now: Moment) -> None:
    """Bring everything up to what has passed."""
    for lot in account.state.lots.values():
        settings, ranges = account.terms_of(lot.terms), account.common.ranges
        if settings.trailing_stop is not None and not lot.asleep:
            high, low, _ = ranges.at(now, lot.symbol, SELL if lot.side > 0 else BUY, lot.seen)
            best = high if lot.side > 0 else low
            if abs(best) < FOREVER:
                exit_levels.ratchet(lot, settings, best, account.instrument(lot.symbol).tick_size)
        high, low, count = ranges.at(now, lot.symbol, MARK, lot.seen)
        if high > -FOREVER:
            lot.high = high if lot.high is None else max(lot.high, high)
            lot.low = low if lot.low is None else min(lot.low, low)
        lot.seen = count
    for order in account.state.orders.values():
        bring(account, now, order)


def bring(account: Account, now: Moment, order: Order) -> None:
    """A trailing order that is to be told of follows up to now; this record counts when it has passed."""
    if order.extreme is None or order.state != "accepted" or order.asleep:
        return
    which = BUY if order.side > 0 else SELL
    until = None if order.symbol != now.symbol or now.passed else now.count - 1
    high, low, count = account.common.ranges.at(now, order.symbol, which, order.seen, until)
    follow(account, order, low if order.side > 0 else high)
    order.seen = max(order.seen, count)


def follow(account: Account, order: Order, price: int) -> None:
    """A better extreme moves a trailing order's stop; nothing loosens it."""
    assert order.trail is not None
    if abs(price) < FOREVER and (order.extreme is None or order.side * (price - order.extreme) < 0):
        order.extreme = price
        tick = account.instrument(order.symbol).tick_size
        order.stop_price = stop_on_tick(order.side, price + order.side * order.trail, tick)
