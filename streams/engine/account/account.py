"""One virtual account: what it holds, and its step at a market record.

The step is the only way in which time passes for an account. It does, in this order: days that ended and
the minute's equity row, expiries, the breakers, exits and orders that rested, slices that are due, entries
and commands that take effect. Stepping at a record that means nothing to the account changes nothing; so a
driver may leave such records out (`streams.engine.shard.watches` says which ones matter).
"""

from collections.abc import Iterator
from datetime import date
from heapq import heappop, heappush

from schemas.messages import Command, OrderType, Output, Signal
from streams.engine.account.inbox import Inbox, Waiting
from streams.engine.account.outbox import Outbox
from streams.engine.account.shared import Common
from streams.engine.execution import bar_path, breakers, buying_power, fills, ticks
from streams.engine.market.market import Batch, Moment
from streams.engine.model.calendars import floor_minute, is_open, local_date, next_midnight
from streams.engine.model.orders import Order
from streams.engine.model.settings import Instrument, Instruments, Settings
from streams.engine.model.state import AccountState, Lot, Plan, Terms
from streams.engine.model.trading_days import days_a_year
from streams.engine.model.units import FOREVER, MICROSECOND, MINUTE
from streams.engine.trading import plans, turns


class Account:
    """An account's state and the parts that act on it."""

    def __init__(
        self,
        settings: Settings,
        instruments: Instruments,
        state: AccountState | None = None,
        number: int = 0,
        common: Common | None = None,
    ) -> None:
        self.name = settings.name
        self.instruments = instruments
        self.number = number
        """Its place among the accounts of its shard."""
        self.common = common or Common()
        self.changed = True
        """Something of its state may differ from what was written down last."""
        self.state = state or AccountState(
            cash=settings.balance,
            versions=[settings],
            row_peak=settings.balance,
            peak=settings.balance,
            day_open=settings.balance,
        )
        self.settings = self.state.versions[-1]
        self.out = Outbox(self.name, self.state)
        self.inbox = Inbox(self._expiry_of, self.common.waiting)
        self._worth: buying_power.Worth | None = None
        self.budget: int | None = None
        """What is left of this record's volume; None until it is asked for."""
        self.stale: set[str] = set()
        """Lots, orders and symbols whose watch is no longer true."""
        self.recent: dict[str, Lot] = {}
        """Lots that were looked at in the batch that is being folded."""
        self._by_symbol: dict[str, list[Lot]] = {}
        self._known: dict[str, Instrument] = {}
        self._deadlines: list[tuple[int, str]] = []
        self._stale_at = FOREVER
        """When an order that waits may have to say that its symbol is quiet."""
        for lot in self.state.lots.values():
            self._by_symbol.setdefault(lot.symbol, []).append(lot)
            self.schedule(lot)
        for version in self.state.versions:
            self.common.serve(version)

    # What it is told ---------------------------------------------------------------------------

    @property
    def version(self) -> int:
        return len(self.state.versions) - 1

    def adopt(self, settings: Settings, now: Moment) -> None:
        """New settings, for what is accepted from now on."""
        self.state.forgotten = max(self.state.forgotten, now.time - self.settings.dedupe_for)
        self.state.versions.append(settings)
        self.settings = settings
        self.common.serve(settings)

    def terms_of(self, terms: Terms) -> Settings:
        return self.state.versions[terms.settings]

    def instrument(self, symbol: str) -> Instrument:
        known = self._known.get(symbol)
        if known is None:
            known = self._known[symbol] = self.instruments.of(symbol)
        return known

    def is_shut(self, now: Moment, symbol: str) -> bool:
        """Whether nothing may fill: a bar fills by its open time."""
        time = now.opened if now.is_bar and symbol == now.symbol else now.time
        return not is_open(self.instrument(symbol).calendar, time)

    # What it holds -----------------------------------------------------------------------------

    def lots_of(self, symbol: str) -> list[Lot]:
        return list(self._by_symbol.get(symbol, ()))

    def net_lot(self, symbol: str) -> Lot | None:
        """The symbol's one position; None when there is none, and in `per_signal`."""
        if self.settings.position_mode == "per_signal":
            return None
        found = self._by_symbol.get(symbol)
        return found[0] if found else None

    def add_lot(self, lot: Lot) -> None:
        self.state.lots[lot.lot_id] = lot
        self._by_symbol.setdefault(lot.symbol, []).append(lot)
        self.watch_lot(lot)

    def remove_lot(self, lot: Lot) -> None:
        del self.state.lots[lot.lot_id]
        self._by_symbol[lot.symbol].remove(lot)
        self.watch_lot(lot)

    def new_order(
        self, now: Moment, symbol: str, side: int, order_type: OrderType, quantity: int, version: int
    ) -> Order:
        self.state.counts.orders += 1
        return Order(
            order_id=f"{self.name}-o{self.state.counts.orders}",
            symbol=symbol,
            side=side,
            order_type=order_type,
            quantity=quantity,
            created=now.time,
            version=version,
        )

    def retire(self, order: Order) -> None:
        """An entry order is filled or dead."""
        self.state.orders.pop(order.order_id, None)
        self.stale.add(order.order_id)
        plan = self.state.plans.get(order.plan_id or "")
        if plan is not None:
            if order.order_id in plan.working:
                plan.working.remove(order.order_id)
            self.drop_if_done(plan)

    def drop_if_done(self, plan: Plan) -> None:
        if not plan.waiting and not plan.working:
            self.state.plans.pop(plan.plan_id, None)
            self.stale.add(plan.symbol)

    def worth(self, now: Moment) -> buying_power.Worth:
        """At this record's prices; what changes holdings forgets it."""
        if self._worth is None:
            self._worth = buying_power.worth(self, now.mark_of)
        return self._worth

    def forget_worth(self) -> None:
        self._worth = None

    def cancel_entries(self, now: Moment, reason: str) -> None:
        """End every plan that would enter, and with it every entry order."""
        for plan in list(self.state.plans.values()):
            if buying_power.enters(self, plan):
                plans.end(self, now, plan, reason)

    def is_flat(self) -> bool:
        return not (self.state.lots or self.state.plans)

    def end_plan(self, now: Moment, plan: Plan, reason: str) -> None:
        plans.end(self, now, plan, reason)

    def next_turn(self, now: Moment) -> Waiting | None:
        """The next entry that takes effect at this record; the latency may change from one to the next."""
        return self.inbox.next_turn(now.time - self.settings.latency, now.symbol)

    def waiting_entries(self) -> Iterator[tuple[str, int, int, int]]:
        """Of each: the symbol that it waits for, empty for any record; its time; its due; its expiry."""
        for symbol, time, expiry in self.inbox.waiting():
            yield symbol, time, time + self.settings.latency, expiry

    def waiting_orders(self) -> list[Order]:
        """Entry orders, and closes that are queued."""
        queued = [
            order
            for lot in self.state.lots.values()
            if lot.queued is not None and (order := lot.exits.get(lot.queued.reason)) is not None
        ]
        return [*self.state.orders.values(), *queued] if queued else list(self.state.orders.values())

    def schedule(self, lot: Lot) -> None:
        """Remember when time alone closes the lot."""
        for time in (lot.deadline, lot.day_close):
            if time is not None:
                heappush(self._deadlines, (time, lot.lot_id))

    def overdue(self, time: int) -> list[Lot]:
        """Take out the lots whose time has come."""
        found = []
        while self._deadlines and self._deadlines[0][0] <= time:
            lot = self.state.lots.get(heappop(self._deadlines)[1])
            if lot is not None:
                found.append(lot)
        return found

    def watch_lot(self, lot: Lot) -> None:
        self.stale.add(lot.lot_id)
        self.stale.add(lot.symbol)

    def touch(self, order: Order, lot: Lot) -> None:
        """Both changed: tell it, and watch anew."""
        self.out.order(order)
        self.out.lot(lot)
        self.watch_lot(lot)

    # The step ----------------------------------------------------------------------------------

    def _expiry_of(self, entry: Signal | Command, interval: int) -> int:
        return turns.expiry_of(self.settings, entry, interval) if isinstance(entry, Signal) else 0

    def admit(self, entry: Signal | Command, number: int, now: Moment | None) -> bool:
        """An entry has arrived between two records; None: before the market's first. Whether it matters."""
        if not turns.concerns(self, entry):
            return False
        self.changed, self._worth = True, None
        turns.admit(self, entry, number, now)
        if now is not None:
            self._stale_at = ticks.tell_stale(self, now)
            self._finish(now)
        return True

    def step(self, now: Moment, reached: frozenset[str] | None = None) -> None:
        """Pass one market record; `reached` names the lots and orders that it may concern, None all."""
        self.changed, self.budget, self._worth = True, None, None
        self._pass_time(now)
        turns.expire(self, now)
        ticks.expire_orders(self, now)
        fills.queue_overdue(self, now)
        breakers.watch(self, now)
        if now.symbol:
            if now.is_bar:
                bar_path.pass_bar(self, now)
            else:
                ticks.pass_tick(self, now, reached)
            plans.release_due(self, now)
        turns.take(self, now)
        if now.time >= self._stale_at or self.out.changed_orders:  # a tick only puts off when one is stale
            self._stale_at = ticks.tell_stale(self, now)
        self._finish(now)

    def watch_breakers(self, now: Moment) -> None:
        breakers.watch(self, now)

    def _pass_time(self, now: Moment) -> None:
        state = self.state
        if state.next_day is None:
            state.opened = now.time
            state.next_day = next_midnight(self.settings.time_zone, now.inside)
            return
        last_row = -FOREVER
        while state.next_day <= now.inside:
            last_row = state.next_day
            self._end_day(now, last_row)
            state.next_day = next_midnight(self.settings.time_zone, last_row)
        ends_day = now.time == state.next_day  # which gives that minute its row
        if now.new_minute and state.lots and floor_minute(now.time) > last_row and not ends_day:
            self.begin_minute(now.batch, now.row)

    def end_market(self, now: Moment) -> None:
        """Nothing comes after the last record: a day that it completed is over."""
        if self.state.next_day == now.time:
            self._end_day(now, now.time)
            self._finish(now)

    def begin_minute(self, batch: Batch, row: int) -> None:
        """The minute's row, with the marks before the record."""
        self.changed = True
        worth = buying_power.worth(self, lambda symbol: batch.mark_before(symbol, row))
        self._tell(floor_minute(int(batch.time[row])), worth)

    def _end_day(self, now: Moment, midnight: int) -> None:
        worth = buying_power.worth(self, now.mark_before)
        zone = self.settings.time_zone
        day = local_date(zone, midnight - MICROSECOND)
        traded = self.state.last_exit.keys() | self._by_symbol.keys()
        self._tell(midnight, worth, day, days_a_year(zone, self.instruments, traded, day, midnight))
        self.state.day_open = worth.equity
        self.state.daily_loss_tripped = False
        ticks.end_day_orders(self, now, midnight)

    def tell_equity(self, now: Moment) -> None:
        """The row at a fill."""
        self._tell(now.time, self.worth(now))

    def _tell(
        self, time: int, worth: buying_power.Worth, ended: date | None = None, year_days: int | None = None
    ) -> None:
        """`ended`: the day, where the row is of a day's end."""
        self.out.equity(
            time,
            worth.equity,
            worth.unrealised,
            exposure=worth.exposure,
            reserved=buying_power.reserved(self),
            balance=self.settings.balance,
            day=ended.isoformat() if ended is not None else None,
            year_days=year_days,
        )

    def _finish(self, now: Moment) -> None:
        self.out.tell_orders(now.time)
        if self.out.changed_lots:
            for lot in self.out.changed_lots.values():
                self.out.position(now.time, lot, now.mark_of(lot.symbol))
            self.out.changed_lots.clear()

    def resume(self, now: Moment) -> list[str]:
        """Restored, it stands between two records: everything that it waits for, to be watched."""
        waiting = {order.symbol for order in self.waiting_orders() if order.reason != "stale_quote"}
        self._stale_at = min((ticks.quiet_at(self, symbol, now) for symbol in waiting), default=FOREVER)
        state = self.state
        symbols = {lot.symbol for lot in state.lots.values()}
        symbols |= {plan.symbol for plan in state.plans.values()}
        return [*state.lots, *state.orders, *symbols, *self.inbox.symbols()]

    # When it must be stepped -------------------------------------------------------------------

    def wakes_at(self) -> int:
        """The first event time at which a record of any symbol means something to it."""
        state = self.state
        if state.next_day is None:
            return -FOREVER
        wake = min(state.next_day, self._stale_at, self.inbox.next_time(self.settings.latency))
        if self._deadlines:
            wake = min(wake, self._deadlines[0][0])
        for order in state.orders.values():
            if order.expires_at is not None:
                wake = min(wake, order.expires_at + 1)
        return wake

    def wants_minutes(self) -> bool:
        """Whether the first record of each minute is one of its steps."""
        return bool(self.state.lots)

    def take_output(self) -> list[Output]:
        return self.out.take()


def next_minute(time: int) -> int:
    return floor_minute(time) + MINUTE
