"""The state at the end: the day that is over, what is open, and why it waits."""

from schemas.messages import Output
from streams.engine.account.account import Account
from streams.engine.account.outbox import order_message
from streams.engine.execution import trailing
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import is_open
from streams.engine.model.orders import Order
from streams.engine.shard.shard import Shard
from streams.engine.trading import step


def last_words(shard: Shard) -> list[Output]:
    """A day's end where the market completed it, open orders with why they wait, then the positions."""
    told: list[Output] = []
    now = shard.front.now()
    if now is None:
        return told
    for account in shard.accounts:
        step.end_market(account, now)
        state = account.state
        resting = [order for lot in state.lots.values() for order in lot.exits.values() if order.is_open]
        for order in [*state.orders.values(), *resting]:
            order.reason = why_waits(account, order, now)
            told.append(order_message(account.name, order, now.time))
        for lot in state.lots.values():
            trailing.follow_market(account, now, lot)
            account.out.position(now.time, lot, now.mark_of(lot.symbol))
        told += account.take_output()
    return told


def why_waits(account: Account, order: Order, now: Moment) -> str:
    """An open order's reason at this record."""
    if not is_open(account.instrument(order.symbol).calendar, now.time):
        return "market_closed"
    if now.time - now.time_of(order.symbol) > account.instruments.checks.stale_after:
        return "stale_quote"
    return order.reason or "no_market"
