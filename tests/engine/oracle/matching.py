"""Prices meet orders: what fills on a tick and at a point of a bar's path."""

from fractions import Fraction

from schemas.messages import Bar, OrderType, Tick

from .books import Books
from .hours import latest_time_of_day
from .ledger import Lot, Working
from .market import ask_of, bid_of, price_for
from .numbers import ONE, against, down, largest, share, value

EXIT_TYPES: dict[str, OrderType] = {
    "take_profit": "limit",
    "partial": "limit",
    "stop_loss": "stop",
    "trailing_stop": "trailing",
    "breakeven": "stop",
}


class Matching(Books):
    # Volume and slippage ------------------------------------------------------------------------

    def takeable(self, symbol: str, wanted: int) -> int:
        """At most the account's share of the record's known volume."""
        volume = self.market.volume()
        if self.settings.participation is None or volume is None:
            return wanted
        most = share(volume, self.settings.participation) - self.used_volume
        return min(wanted, max(0, down(most, self.lot_size(symbol))))

    def slipped(self, base: int, side: int, quantity: int, symbol: str) -> int:
        """A market fill's price: the base plus slippage against us, rounded once against us."""
        model = self.settings.slippage
        extra = share(base, model.rate)
        record, volume = self.market.record, self.market.volume()
        if isinstance(record, Tick):
            bid, ask = bid_of(record), ask_of(record)
            if bid is not None and ask is not None:
                extra += share(ask - bid, model.spread)
        if volume is not None and volume > 0:
            extra += share(base, model.impact) * Fraction(min(quantity, volume), volume) ** 2
        return against(base + side * extra, side, self.step(symbol))

    # Orders that may open a position --------------------------------------------------------------

    def allowance(self, order: Working) -> Fraction:
        """What an entry fill may cost: its own reservation and the free buying power."""
        if order.plan is not None and order.slice is not None:
            own = self.slice_reserve(order.plan, order.slice, True) if order.plan in self.plans else 0
        else:
            own = self.order_reserve(order, True)
        return own + self.buying_power()

    def fill_order(self, order: Working, base: int, slips: bool, maker: bool, cap: int | None = None) -> None:
        """Fill what volume and buying power allow; in `net` an opposite position is reduced first."""
        wanted = order.remaining()
        quantity = self.takeable(order.symbol, wanted)
        if quantity == 0 or (order.tif == "FOK" and quantity < wanted):
            self.wait(order, "no_volume")
            return

        def price_of(amount: int) -> int:
            if slips:
                return self.slipped(base, order.side, amount, order.symbol)
            price = against(base, order.side, self.step(order.symbol))
            if cap is not None:
                price = min(price, cap) if order.side > 0 else max(price, cap)
            return price

        opposite = self.net_lot(order.symbol)
        if opposite is not None and opposite.side != order.side:
            part = min(quantity, opposite.held)
            reason = "manual" if order.plan is None else "reverse_signal"
            self.leave(opposite, order, part, price_of(quantity), maker, reason, closes=False, base=base)
            quantity -= part
            if not order.alive():
                return
            if quantity == 0:
                self.wait(order, "no_volume")
                return
        allowed = self.allowance(order)

        def fits(amount: int) -> bool:
            price = price_of(amount)
            return value(price, amount) + self.fee_now(order, amount, price, maker)[0] <= allowed

        affordable = largest(quantity, self.lot_size(order.symbol), fits)
        if affordable < quantity and order.tif == "FOK":
            affordable = 0
        if affordable > 0:
            self.enter(order, affordable, price_of(affordable), maker, base)
        if affordable < quantity and order.alive():
            plan, slice_ = order.plan, order.slice
            self.kill(order, "no_buying_power")
            if affordable == 0 and plan is not None and slice_ is not None and order.filled == 0:
                self.skip(plan, slice_, "buying_power", None, None)
            self.forget_finished_plans()
        elif order.alive():
            self.wait(order, "no_volume")

    def beyond(self, order: Working, price: int, limit: int) -> bool:
        """Whether a resting limit fills at this price."""
        better = order.side * (limit - price)
        return better >= 0 if self.settings.limit_fill == "touch" else better > 0

    def try_limit(self, order: Working, price: int, arrives: bool, at_price: bool) -> None:
        """A limit at one price; `at_price`: a resting one fills at the price beyond it, not at its limit."""
        assert order.limit is not None
        if arrives:
            if order.side * (order.limit - price) >= 0:
                self.fill_order(order, price, False, False, order.limit)
            else:
                self.wait(order, "not_reached")
        elif self.beyond(order, price, order.limit):
            self.fill_order(order, price if at_price else order.limit, False, True, order.limit)
        else:
            self.wait(order, "not_penetrated" if order.limit == price else "not_reached")

    def order_at(self, order: Working, price: int, on_bar: bool) -> None:
        """A working order meets a tick's price or a bar's open."""
        first = not order.met
        order.met = True
        if order.type == "market" or (order.type in ("stop", "trailing") and order.triggered):
            self.fill_order(order, price, True, False)
        elif order.type == "limit" or (order.type == "stop_limit" and order.triggered):
            self.try_limit(order, price, first, on_bar)
        else:
            self.try_stop(order, price)
        if first and order.alive() and order.tif in ("IOC", "FOK"):
            self.kill(order, order.reason or "not_reached")

    def ratchet_order(self, order: Working, price: int) -> None:
        """A sell follows the highest price, a buy the lowest."""
        if order.type == "trailing" and (order.extreme is None or order.side * (order.extreme - price) > 0):
            order.extreme = price

    def try_stop(self, order: Working, price: int) -> None:
        """A stop, a stop-limit or a trailing stop that has not triggered."""
        if order.type == "trailing" and order.extreme is None:
            order.extreme = price
        stop = self.stop_of(order)
        assert stop is not None
        if order.side * (price - stop) < 0:
            self.wait(order, "not_reached")
            return
        order.triggered = True
        order.state = "triggered" if order.filled == 0 else order.state
        self.say(order)
        if order.type == "stop_limit":
            self.try_limit(order, price, True, False)
        else:
            self.fill_order(order, price, True, False)

    # Exits --------------------------------------------------------------------------------------

    def exit_order(self, lot: Lot, key: str, reason: str, quantity: int) -> Working:
        """The exit's order, made when it first fills or has to wait."""
        order = lot.exits.get(key)
        if order is not None and order.alive():
            order.quantity = max(order.quantity, order.filled + quantity)
            return order
        kind = EXIT_TYPES.get(reason, "market")
        order = Working(
            id=self.id("o"),
            symbol=lot.symbol,
            side=-lot.side,
            type=kind,
            quantity=quantity,
            created=self.now(),
            purpose=reason,
            lot=lot,
        )
        lot.exits[key] = order
        self.say(order)
        return order

    def close_now(self, lot: Lot, reason: str, base: int, ambiguous: bool = False) -> None:
        """Close at market what the volume allows; a close is sized when it fills."""
        key = "stop" if reason in ("stop_loss", "trailing_stop", "breakeven") else "close"
        quantity = self.takeable(lot.symbol, lot.held)
        order = self.exit_order(lot, key, reason, lot.held)
        order.stop = lot.level(reason, self.step(lot.symbol))
        order.quantity = order.filled + lot.held
        if quantity == 0:
            self.wait(order, "no_volume")
            return
        price = self.slipped(base, -lot.side, quantity, lot.symbol)
        self.leave(lot, order, quantity, price, False, reason, ambiguous, base=base)
        if lot.held > 0:
            self.wait(order, "no_volume")

    def fire_stop(self, lot: Lot, reason: str, base: int, ambiguous: bool = False) -> None:
        self.close_now(lot, reason, base, ambiguous)
        if lot.held > 0:
            lot.pending_stop = reason
            lot.ambiguous = lot.ambiguous or ambiguous

    def fill_target(self, lot: Lot, price: int, maker: bool = True, base: int | None = None) -> None:
        """The take-profit, a limit that rested, for all that is held."""
        quantity = self.takeable(lot.symbol, lot.held)
        order = self.exit_order(lot, "take_profit", "take_profit", lot.held)
        order.quantity, order.limit = order.filled + lot.held, lot.target(self.step(lot.symbol))
        if quantity == 0:
            self.wait(order, "no_volume")
            return
        self.leave(lot, order, quantity, price, maker, "take_profit", base=base)
        self.wait(order, "no_volume")

    def fill_partial(
        self, lot: Lot, number: int, price: int, maker: bool = True, base: int | None = None
    ) -> None:
        partial, order, _ = lot.partials[number]
        if order is None:
            wanted = min(lot.held, down(share(lot.bought, partial.fraction), self.lot_size(lot.symbol)))
            if wanted == 0:
                lot.partials[number] = (partial, None, True)
                return
            order = self.exit_order(lot, f"partial{number}", "partial", wanted)
        order.limit = lot.at(partial.level, self.step(lot.symbol))
        wanted = down(share(lot.bought, partial.fraction), self.lot_size(lot.symbol))
        order.quantity = order.filled + min(wanted - order.filled, lot.held)
        quantity = self.takeable(lot.symbol, order.remaining())
        lot.partials[number] = (partial, order, quantity == order.remaining())
        if quantity == 0:
            self.wait(order, "no_volume")
            return
        self.leave(lot, order, quantity, price, maker, "partial", closes=False, base=base)
        self.wait(order, "no_volume")

    def reached(self, lot: Lot, price: int, level: int) -> bool:
        """Whether a limit exit at this level fills at this closing price."""
        better = lot.side * (price - level)
        return better >= 0 if self.settings.limit_fill == "touch" else better > 0

    def limit_exit_price(self, lot: Lot, price: int, level: int) -> int:
        """At a price beyond the limit, rounded against us, never worse than the limit."""
        at = against(price, -lot.side, self.step(lot.symbol))
        return max(at, level) if lot.side > 0 else min(at, level)

    def targets(self, lot: Lot) -> list[tuple[int, int | None]]:
        """Levels of the limit exits, the nearest first; the number of a partial, None for the take-profit."""
        step = self.step(lot.symbol)
        found: list[tuple[int, int | None]] = []
        for number, (partial, _, done) in enumerate(lot.partials):
            level = lot.at(partial.level, step)
            if level is not None and not done:
                found.append((level, number))
        target = lot.target(step)
        if target is not None:
            found.append((target, None))
        return sorted(found, key=lambda each: (lot.side * each[0], each[1] is None))

    def deadline(self, lot: Lot) -> tuple[int, str] | None:
        """The time limit or the end of day that has come or comes first: when, and the reason."""
        found = []
        limit = lot.terms.settings.time_limit
        if limit is not None:
            found.append((lot.opened + limit, "time_limit"))
        minute = lot.terms.settings.end_of_day
        if minute is not None:
            at = latest_time_of_day(self.settings.time_zone, minute, self.now())
            if lot.opened < at:
                found.append((at, "end_of_day"))
        return found[0] if len(found) == 1 else min(found, key=lambda each: each[0]) if found else None

    def exits_at(self, lot: Lot, price: int, time: int, on_bar: bool) -> None:
        """All exits of one position at a tick's closing price or a bar's open; `time` is the fill's time."""
        if lot.pending_stop is not None:
            self.close_now(lot, lot.pending_stop, price, lot.ambiguous)
            return
        stop = lot.stop(self.step(lot.symbol))
        if stop is not None and lot.side * (stop[0] - price) >= 0:
            self.fire_stop(lot, stop[1], price)
            return
        for level, number in self.targets(lot):
            if lot.held > 0 and self.reached(lot, price, level):
                at = self.limit_exit_price(lot, price, level) if on_bar else level
                if number is None:
                    self.fill_target(lot, at, base=price if on_bar else at)
                else:
                    self.fill_partial(lot, number, at, base=price if on_bar else at)
        if lot.held == 0:
            return
        if lot.closing is not None and lot.closing_from <= time:
            self.close_now(lot, lot.closing, price)
            return
        deadline = self.deadline(lot)
        if deadline is not None and deadline[0] <= time:
            self.queue_close(lot, deadline[1], deadline[0])
            self.close_now(lot, deadline[1], price)

    def queue_close(self, lot: Lot, reason: str, since: int) -> None:
        """A market exit that fills at the symbol's next tick or first open at or after `since`."""
        if lot.closing is None:
            lot.closing, lot.closing_from = reason, since

    def close_lot(self, lot: Lot, reason: str) -> None:
        """Close at market: on this very tick when it is the symbol's own, else queued."""
        if lot.is_closing():
            return
        self.queue_close(lot, reason, self.now())
        record = self.market.record
        if isinstance(record, Tick) and record.symbol == lot.symbol and self.open_at(lot.symbol, self.now()):
            self.close_now(lot, reason, price_for(record, -lot.side))
        else:
            order = self.exit_order(lot, "close", reason, lot.held)
            self.wait(order, "no_market")

    def queue_deadlines(self, but: str | None = None) -> None:
        """What any record's time has ended is queued for the symbol's next tick; `but` a symbol's."""
        for lot in list(self.lots):
            deadline = self.deadline(lot)
            if lot.symbol == but or lot.is_closing():
                continue
            if deadline is not None and deadline[0] <= self.now():
                self.queue_close(lot, deadline[1], deadline[0])
                self.wait(self.exit_order(lot, "close", deadline[1], lot.held), "no_market")

    # A tick -------------------------------------------------------------------------------------

    def match_tick(self, tick: Tick) -> None:
        mine = [lot for lot in self.lots if lot.symbol == tick.symbol]
        mark = self.market.marks[tick.symbol]
        for lot in mine:
            lot.look(mark, mark)
        if not self.open_at(tick.symbol, self.now()):
            for order in self.orders:
                if order.symbol == tick.symbol:
                    self.wait(order, "market_closed")
            return
        for lot in mine:
            if lot.held == 0:
                continue
            price = price_for(tick, -lot.side)
            self.exits_at(lot, price, self.now(), False)
            if lot.held > 0:
                lot.follow(price)
                lot.consider_breakeven(price)
        for order in list(self.orders):
            if order.symbol == tick.symbol and order.alive():
                self.order_on_tick(order, tick)

    def order_on_tick(self, order: Working, tick: Tick) -> None:
        price = price_for(tick, order.side)
        self.order_at(order, price, False)
        if order.alive():
            self.ratchet_order(order, price)

    # A bar --------------------------------------------------------------------------------------

    def match_bar(self, bar: Bar) -> None:
        from .path import Walk

        mine = [lot for lot in self.lots if lot.symbol == bar.symbol]
        for lot in mine:
            lot.look(bar.low, bar.high)
        if not self.open_at(bar.symbol, bar.ts):
            for order in self.orders:
                if order.symbol == bar.symbol:
                    self.wait(order, "market_closed")
            return
        self.point = bar.ts
        for lot in mine:
            if lot.held > 0:
                self.exits_at(lot, bar.open, bar.ts, True)
        walk = Walk(self, bar, mine)
        waiting = [each for each in self.orders if each.symbol == bar.symbol and each.created <= bar.ts]
        for order in waiting:
            if order.alive():
                self.order_at(order, bar.open, True)
        walk.run(waiting)
        self.point = None


__all__ = ["ONE", "Matching"]
