"""Equity rows: each minute with positions, each fill, and each day's end.

Rules of this file: a row has the marks before what it stands at, except a fill's, which has its record's.
"""

from datetime import date

from schemas.columns import Ints
from streams.engine.account.account import Account
from streams.engine.account.equity_rows import EquityRows
from streams.engine.account.worth import Worth, worths_of
from streams.engine.execution.buying_power import reserved
from streams.engine.execution.ending import end_day_orders
from streams.engine.market.batch import Batch
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import floor_minute, local_date, next_midnight
from streams.engine.model.trading_days import days_a_year
from streams.engine.model.units import FOREVER, MICROSECOND, MINUTE

LEAST_ROWS = 6
"""Fewer are faster one by one."""


def pass_time(account: Account, now: Moment) -> None:
    """The days that ended before this record, and the minute that begins with it."""
    state, zone = account.state, account.settings.time_zone
    if state.next_day is None:
        state.opened = now.time
        state.next_day = next_midnight(zone, now.inside)
        return
    last_row = -FOREVER
    while state.next_day <= now.inside:
        last_row = state.next_day
        end_day(account, now, last_row)
        state.next_day = next_midnight(zone, last_row)
    ends_day = now.time == state.next_day  # which gives that minute its row
    if now.new_minute and state.lots and floor_minute(now.time) > last_row and not ends_day:
        begin_minute(account, now.batch, now.row)


def begin_minute(account: Account, batch: Batch, row: int) -> None:
    """The minute's row, with the marks before the record."""
    account.mark_changed()
    worth = account.worth_at(lambda symbol: batch.mark_before(symbol, row))
    _tell(account, floor_minute(int(batch.time[row])), worth)


def begin_minutes(account: Account, batch: Batch, rows: Ints) -> EquityRows | None:
    """The same at many such records; None where it is to be done one by one."""
    if len(rows) < LEAST_ROWS:
        return None
    times = batch.time[rows]
    try:
        worth = worths_of(
            account.state.cash, account.holdings, lambda symbol: batch.marks_before(symbol, rows), len(rows)
        )
        told = account.out.equity_rows(
            times - times % MINUTE, worth, reserved=reserved(account), balance=account.settings.balance
        )
    except OverflowError:
        return None
    account.mark_changed()
    return told


def end_day(account: Account, now: Moment, midnight: int) -> None:
    worth, zone = account.worth_at(now.mark_before), account.settings.time_zone
    day = local_date(zone, midnight - MICROSECOND)
    year_days = days_a_year(zone, account.instruments, account.traded_symbols(), day, midnight)
    _tell(account, midnight, worth, day, year_days)
    account.state.day_open = worth.equity
    account.state.daily_loss_tripped = False
    account.share_room_anew()
    end_day_orders(account, now, midnight)


def tell_fill(account: Account, now: Moment) -> None:
    _tell(account, now.time, account.worth(now))


def _tell(
    account: Account, time: int, worth: Worth, ended: date | None = None, year_days: int | None = None
) -> None:
    """`ended`: the day, where the row is of a day's end."""
    account.out.equity(
        time,
        worth.equity,
        worth.unrealised,
        exposure=worth.exposure,
        reserved=reserved(account),
        balance=account.settings.balance,
        day=ended.isoformat() if ended is not None else None,
        year_days=year_days,
    )
