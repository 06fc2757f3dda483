"""Why an order is not filled yet, told when it changes."""

from streams.engine.account.account import Account
from streams.engine.execution import trailing
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import next_open
from streams.engine.model.orders import Order
from streams.engine.model.units import FOREVER


def wait(account: Account, order: Order, reason: str) -> None:
    if order.reason != reason:
        order.reason, order.touched = reason, reason == "not_penetrated"
        account.out.order(order)


def wait_for_price(account: Account, order: Order, reason: str) -> None:
    """A price that is not there says nothing new of an order that was nearer to its fill before."""
    if order.reason != "no_volume" and not (order.touched and reason == "not_reached"):
        wait(account, order, reason)


def watch_quiet(account: Account, now: Moment) -> None:
    """Say at this record which symbols have been quiet for too long, where one may be.

    A tick only puts off when one is; but an order that is told of anew may be in one that is already.
    """
    if now.time >= account.quiet_at or account.out.changed_orders:
        tell_quiet(account, now)


def tell_quiet(account: Account, now: Moment) -> None:
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
            wait(account, order, "stale_quote")
            account.watch_anew(order.order_id)
        else:
            soonest = min(soonest, at)
    account.quiet_at = soonest


def expect_quiet(account: Account, now: Moment) -> None:
    """Restored between two records: when an order that waits will have to say so next."""
    symbols = {order.symbol for order in account.waiting_orders() if order.reason != "stale_quote"}
    account.quiet_at = min((quiet_at(account, symbol, now) for symbol in symbols), default=FOREVER)


def quiet_at(account: Account, symbol: str, now: Moment) -> int:
    """When orders that wait have to say that the symbol is quiet."""
    newest = now.time_of(symbol)
    if newest == -FOREVER:
        return FOREVER
    at = newest + account.instruments.checks.stale_after + 1
    return at if at > now.time else next_open(account.instrument(symbol).calendar, now.time)
