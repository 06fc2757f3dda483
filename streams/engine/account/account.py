"""One virtual account: what it holds, what waits for it, and what may be asked of that.

Rules of this file: nothing here decides or acts; that is `execution` and `trading`, whose `step` is the only
way in which time passes for an account. Its marks (`_changed`, `_budget`, `_worth`, `_recent`, `_stale`,
`bands`) are written here alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from heapq import heappop, heappush

from schemas.messages import Command, OrderType, Output, Signal
from streams.engine.account.inbox import Inbox, WaitingEntry, expiry_of
from streams.engine.account.outbox import Outbox
from streams.engine.account.shared import Shared
from streams.engine.account.worth import Holdings, Worth, worth_of
from streams.engine.market.moment import Moment
from streams.engine.model.calendars import is_open
from streams.engine.model.orders import Order
from streams.engine.model.settings import Instrument, Instruments, Settings
from streams.engine.model.state import AccountState, Lot, Plan, Terms
from streams.engine.model.units import FOREVER, floor_to, share_of

Bands = Mapping[str, tuple[int, int]]
"""Of the breakers: for each symbol held, the marks at or beyond which one may trip or the peak may rise."""


class Account:
    """An account's state, and quick ways to what is in it."""

    def __init__(
        self,
        settings: Settings,
        instruments: Instruments,
        state: AccountState | None = None,
        number: int = 0,
        shared: Shared | None = None,
    ) -> None:
        self.name = settings.name
        self.instruments = instruments
        self.number = number
        """Its place among the accounts of its shard."""
        self.shared = shared or Shared()
        self.state = state or AccountState(
            cash=settings.balance,
            versions=[settings],
            row_peak=settings.balance,
            peak=settings.balance,
            day_open=settings.balance,
        )
        self.settings = self.state.versions[-1]
        self.out = Outbox(self.name, self.state)
        self.inbox = Inbox(self._expiry_of, self.shared.waiting)
        self.quiet_at = FOREVER
        """When an order that waits may have to say that its symbol is quiet."""
        self._changed = True
        """Something of its state may differ from what was written down last."""
        self._worth: Worth | None = None
        self.holdings = Holdings(self.state.lots.values())
        self._budget: int | None = None
        """What is left of this record's volume; None until it is asked for."""
        self._stale: set[str] = set()
        """Lots, orders and symbols whose watch is no longer true."""
        self.bands: Bands | None = None
        """How the breakers share out the room that is left; None: it is to be shared out anew."""
        self._recent: dict[str, Lot] = {}
        """Lots that were looked at in the batch that is being folded."""
        self._by_symbol: dict[str, list[Lot]] = {}
        self._known: dict[str, Instrument] = {}
        self._deadlines: list[tuple[int, str]] = []
        for lot in self.state.lots.values():
            self._by_symbol.setdefault(lot.symbol, []).append(lot)
            self.schedule(lot)
        for version in self.state.versions:
            self.shared.serve(version)

    # What it was told --------------------------------------------------------------------------

    @property
    def version(self) -> int:
        return len(self.state.versions) - 1

    def adopt(self, settings: Settings, now: Moment) -> None:
        """New settings, for what is accepted from now on."""
        self.state.forgotten = max(self.state.forgotten, now.time - self.settings.dedupe_for)
        self.state.versions.append(settings)
        self.settings = settings
        self.shared.serve(settings)

    def remembers_since(self, time: int) -> int:
        """A signal that had its turn before that does not count at this time any more."""
        return max(time - self.settings.dedupe_for, self.state.forgotten)

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

    def is_flat(self) -> bool:
        return not (self.state.lots or self.state.plans)

    def lots_of(self, symbol: str) -> list[Lot]:
        return list(self._by_symbol.get(symbol, ()))

    def lots_among(self, keys: AbstractSet[str], symbol: str) -> list[Lot]:
        """Those of the symbol whose ids are among these, as they were made."""
        return [lot for lot in self._in_order(keys) if lot.symbol == symbol]

    def _in_order(self, keys: AbstractSet[str]) -> list[Lot]:
        if not keys:
            return []
        found = [lot for key in keys if (lot := self.state.lots.get(key)) is not None]
        return found if len(found) < 2 else sorted(found, key=lambda lot: (len(lot.lot_id), lot.lot_id))

    def traded_symbols(self) -> set[str]:
        return self.state.last_exit.keys() | self._by_symbol.keys()

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

    def worth(self, now: Moment) -> Worth:
        """At this record's prices."""
        if self._worth is None:
            self._worth = self.worth_at(now.mark_of)
        return self._worth

    def worth_at(self, mark_of: Callable[[str], int]) -> Worth:
        return worth_of(self.state.cash, self.holdings, mark_of)

    def recount(self, lot: Lot) -> None:
        """What it holds of this lot has changed, or cash with it."""
        self._worth = None
        self.holdings.recount(lot)
        self.share_room_anew()

    # Its orders and plans ----------------------------------------------------------------------

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
        self._stale.add(order.order_id)
        plan = self.state.plans.get(order.plan_id or "")
        if plan is not None:
            if order.order_id in plan.working:
                plan.working.remove(order.order_id)
            self.drop_if_done(plan)

    def drop_if_done(self, plan: Plan) -> None:
        if not plan.waiting and not plan.working:
            self.state.plans.pop(plan.plan_id, None)
            self._stale.add(plan.symbol)

    def waiting_orders(self) -> list[Order]:
        """Entry orders, and closes that are queued."""
        orders = list(self.state.orders.values())
        for lot in self._in_order(self.holdings.closing):
            order = None if lot.queued is None else lot.exits.get(lot.queued.reason)
            if order is not None:
                orders.append(order)
        return orders

    # Its entries -------------------------------------------------------------------------------

    def _expiry_of(self, entry: Signal | Command, interval: int) -> int:
        return expiry_of(self.settings, entry, interval) if isinstance(entry, Signal) else 0

    def next_turn(self, now: Moment) -> WaitingEntry | None:
        """The next entry that takes effect at this record; the latency may change from one to the next."""
        return self.inbox.next_turn(now.time - self.settings.latency, now.symbol)

    def waiting_entries(self) -> Iterator[tuple[str, int, int, int]]:
        """Of each: the symbol that it waits for, empty for any record; its time; its due; its expiry."""
        for symbol, time, expiry in self.inbox.waiting():
            yield symbol, time, time + self.settings.latency, expiry

    # The record at which it stands -------------------------------------------------------------

    def mark_changed(self) -> None:
        """Something happens between two records."""
        self._changed, self._worth = True, None

    def begin_record(self) -> None:
        self._changed, self._budget, self._worth = True, None, None

    def take_changed(self) -> bool:
        """Whether its state may differ from when this was asked last."""
        changed, self._changed = self._changed, False
        return changed

    def volume_left(self, now: Moment) -> int | None:
        """What it may still take of this record; None: no bound."""
        share = self.settings.participation
        if share is None or now.size < 0:
            return None
        if self._budget is None:
            self._budget = floor_to(share_of(now.size, share), self.instrument(now.symbol).lot)
        return self._budget

    def take_volume(self, now: Moment, quantity: int) -> int:
        """As much of the quantity as the record's volume gives; what is taken is gone."""
        left = self.volume_left(now)
        if left is None:
            return quantity
        taken = min(quantity, left)
        self._budget = left - taken
        return taken

    # What is to be looked at, and when ---------------------------------------------------------

    def look_at(self, lot: Lot) -> None:
        """It is to be brought to the end of the batch that is being folded."""
        self._recent[lot.lot_id] = lot

    def take_recent(self) -> Iterable[Lot]:
        recent, self._recent = self._recent, {}
        return recent.values()

    def watch_anew(self, *keys: str) -> None:
        """What is waited for has changed, for these lots, orders or symbols."""
        self._stale.update(keys)

    def watch_lot(self, lot: Lot) -> None:
        self._stale.add(lot.lot_id)
        self._stale.add(lot.symbol)

    def watch_lots(self) -> None:
        """The same for the symbol of every lot."""
        self.bands = None
        self._stale.update(lot.symbol for lot in self.state.lots.values())

    def share_room(self, bands: Bands) -> None:
        self.bands = bands

    def share_room_anew(self) -> None:
        """The room that the breakers have shared out is not what it was."""
        if self.bands is not None:
            self._stale.update(self.bands)
            self.bands = None

    def watch_all(self) -> None:
        """Restored between two records: everything that it waits for."""
        state = self.state
        self._stale.update(state.lots, state.orders, self.inbox.symbols())
        self._stale.update(plan.symbol for plan in state.plans.values())
        self.watch_lots()

    def take_stale(self) -> set[str]:
        stale, self._stale = self._stale, set()
        return stale

    def touch(self, order: Order, lot: Lot) -> None:
        """Both changed: tell it, and watch anew."""
        self.out.order(order)
        self.out.lot(lot)
        self.watch_lot(lot)

    def wakes_at(self) -> int:
        """The first event time at which a record of any symbol means something to it."""
        state = self.state
        if state.next_day is None:
            return -FOREVER
        wake = min(state.next_day, self.quiet_at, self.inbox.next_time(self.settings.latency))
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
