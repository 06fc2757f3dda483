"""The front page: the order in which everything happens to an account at a market record.

`shard` calls `step` at each record that may concern the account, `admit` when an entry arrives between two,
and `begin_minute` where a record only begins a minute. A step at a record that means nothing to the account
changes nothing, so such records may be left out (`shard.watches` says which ones matter). Time passes for an
account in no other way, and nothing in here looks at a clock or at another account.

What comes earlier may change what comes later, and never the other way: time first, for a day that is over
takes its orders along; then what was there before this record, positions before orders; then what is new.
"""

from schemas.columns import Ints
from schemas.messages import Command, Signal
from streams.engine.account.account import Account
from streams.engine.account.equity_rows import EquityRows
from streams.engine.execution import bar_path, breakers, closing, ending, equity, ticks, waiting
from streams.engine.market.batch import Batch
from streams.engine.market.moment import Moment
from streams.engine.trading import plans, turns


def step(account: Account, now: Moment, reached: frozenset[str] | None = None) -> None:
    """Pass one market record; `reached` names the lots and orders that it may concern, None all."""
    account.begin_record()
    equity.pass_time(account, now)  # days that ended; the minute's equity row
    turns.expire(account, now)  # entries that waited too long
    ending.expire_orders(account, now)
    closing.queue_overdue(account, now)  # positions whose time is up
    breakers.watch(account, now)  # at this record's prices, before anything fills at them
    if now.symbol:
        if now.is_bar:
            bar_path.pass_bar(account, now, reached)  # exits and orders, along the way that price took
        else:
            ticks.pass_tick(account, now, reached)  # exits, then orders
        plans.release_due(account, now)  # slices whose time has come
    turns.take(account, now)  # signals and commands that take effect
    waiting.watch_quiet(account, now)  # orders in symbols without a price
    account.out.tell_changes(now.time, now.mark_of)


def admit(account: Account, entry: Signal | Command, number: int, now: Moment | None) -> bool:
    """An entry has arrived between two records; None: before the market's first. Whether it matters."""
    if not turns.concerns(account, entry):
        return False
    account.mark_changed()
    turns.admit(account, entry, number, now)
    if now is not None:
        waiting.tell_quiet(account, now)
        account.out.tell_changes(now.time, now.mark_of)
    return True


def begin_minute(account: Account, batch: Batch, row: int) -> None:
    """A record of which nothing matters but that it begins a minute."""
    equity.begin_minute(account, batch, row)


def begin_minutes(account: Account, batch: Batch, rows: Ints) -> EquityRows | None:
    """Many such records in a row; None: they are to be begun one by one."""
    return equity.begin_minutes(account, batch, rows)


def end_market(account: Account, now: Moment) -> None:
    """Nothing comes after the last record: a day that it completed is over."""
    if account.state.next_day == now.time:
        equity.end_day(account, now, now.time)
        account.out.tell_changes(now.time, now.mark_of)


def resume(account: Account, now: Moment) -> None:
    """Restored, it stands between two records."""
    waiting.expect_quiet(account, now)
    account.watch_all()
