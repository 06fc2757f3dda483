"""An account's books: worth, reservations, breakers, and what one fill changes."""

from fractions import Fraction

from schemas.messages import (
    Alert,
    Bar,
    Decision,
    Equity,
    Fill,
    Order,
    Output,
    Position,
    SliceTimer,
    Tick,
    Trade,
)
from streams.engine.model.settings import Settings

from . import hours
from .ledger import Lot, Plan, Slice, Terms, Working, order_fee, raw_fee, word
from .market import Market
from .numbers import ONE, against, half_even, share, value


class Books:
    def __init__(self, settings: Settings, market: Market) -> None:
        self.settings = settings
        self.market = market
        self.out: list[Output] = []
        self.counters: dict[str, int] = {}
        self.cash = settings.balance
        self.realised = 0
        self.lots: list[Lot] = []
        self.plans: list[Plan] = []
        self.orders: list[Working] = []
        """Slices' and manual orders that live; exits are kept by their lot."""
        self.state = "active"
        self.row_peak = settings.balance
        self.peak = settings.balance
        self.day_opening = settings.balance
        self.tripped: set[str] = set()
        self.last_exit: dict[str, int] = {}
        self.traded: set[str] = set()
        self.used_volume = 0
        """Of the present record."""
        self.point: int | None = None
        """When a bar's fills happen; None: not in a bar."""
        self.moved: dict[str, Lot] = {}
        self.changed: dict[str, Working] = {}
        """Positions and orders to be told of when the record is done."""

    # Small things -------------------------------------------------------------------------------

    def id(self, letter: str) -> str:
        self.counters[letter] = self.counters.get(letter, 0) + 1
        return f"{self.settings.name}-{letter}{self.counters[letter]}"

    def now(self) -> int:
        return self.market.now or 0

    def fills_at(self, lot: Lot | None = None) -> int:
        """The time of a fill, never before the lot's first."""
        at = self.now() if self.point is None else self.point
        return at if lot is None else max(at, lot.opened)

    def step(self, symbol: str) -> int:
        return self.market.instruments.of(symbol).tick_size

    def lot_size(self, symbol: str) -> int:
        return self.market.instruments.of(symbol).lot

    def open_at(self, symbol: str, at: int) -> bool:
        return hours.is_open(self.market.instruments.of(symbol), at)

    def decide(
        self,
        decision: str,
        reason: str = "",
        measured: float | None = None,
        limit: float | None = None,
        symbol: str | None = None,
        signal_id: str | None = None,
        source: str | None = None,
        command_id: str | None = None,
        plan_id: str | None = None,
    ) -> None:
        self.out.append(
            Decision(
                decision_id=self.id("d"),
                ts=self.now(),
                account=self.settings.name,
                decision=decision,  # type: ignore[arg-type]
                reason=reason,
                measured=measured,
                limit=limit,
                symbol=symbol,
                signal_id=signal_id,
                source=source,
                command_id=command_id,
                plan_id=plan_id,
            )
        )

    # Worth --------------------------------------------------------------------------------------

    def unrealised(self, marks: dict[str, int]) -> int:
        return sum(lot.side * (value(marks[lot.symbol], lot.held) - lot.cost) for lot in self.lots)

    def equity(self, marks: dict[str, int]) -> int:
        return self.cash + sum(lot.side * value(marks[lot.symbol], lot.held) for lot in self.lots)

    def worth(self) -> int:
        """Equity at the present record's prices of all symbols."""
        return self.equity(self.market.marks)

    def counted_lots(self) -> list[Lot]:
        """A position with a queued close counts in no limit any more."""
        return [lot for lot in self.lots if not lot.is_closing()]

    def counted_plans(self) -> list[Plan]:
        """A plan counts as little as the closing position that it belongs to."""
        closing = [lot for lot in self.lots if lot.is_closing()]
        return [plan for plan in self.plans if not any(self.belongs(plan, lot) for lot in closing)]

    def held_value(self, symbol: str | None = None) -> int:
        marks = self.market.marks
        return sum(
            value(marks[lot.symbol], lot.held)
            for lot in self.counted_lots()
            if symbol is None or lot.symbol == symbol
        )

    def slice_reserve(self, plan: Plan, slice_: Slice, fees: bool) -> int:
        remaining = slice_.remaining()
        if remaining == 0:
            return 0
        amount = value(plan.terms.arrival, remaining)
        if fees:
            whole = order_fee(plan.terms.settings.commission, slice_.quantity, plan.terms.arrival)
            amount += half_even(Fraction(whole * remaining, slice_.quantity))
        return amount

    def opening_part(self, order: Working) -> int:
        """How much of a manual order's rest would open a position, not reduce one."""
        rest = order.remaining()
        opposite = self.net_lot(order.symbol)
        if opposite is not None and opposite.side != order.side:
            rest = max(0, rest - opposite.held)
        return rest

    def order_reserve(self, order: Working, fees: bool) -> int:
        opening = self.opening_part(order)
        if opening == 0:
            return 0
        amount = value(order.arrival, opening)
        if fees:
            whole = order_fee(self.settings.commission, order.quantity, order.arrival)
            amount += half_even(Fraction(whole * opening, order.quantity))
        return amount

    def reserved(self, symbol: str | None = None, fees: bool = True) -> int:
        total = 0
        for plan in self.counted_plans():
            if symbol is None or plan.symbol == symbol:
                total += sum(self.slice_reserve(plan, each, fees) for each in plan.slices)
        for order in self.orders:
            if order.plan is None and (symbol is None or order.symbol == symbol):
                total += self.order_reserve(order, fees)
        return total

    def buying_power(self) -> Fraction:
        return share(self.worth(), self.settings.leverage) - self.held_value() - self.reserved()

    def net_lot(self, symbol: str) -> Lot | None:
        """The position of a `net` account."""
        if self.settings.position_mode != "net":
            return None
        return next((lot for lot in self.lots if lot.symbol == symbol), None)

    # Rows and breakers --------------------------------------------------------------------------

    def row(
        self, ts: int, marks: dict[str, int], ended: str | None = None, year_days: int | None = None
    ) -> None:
        equity = self.equity(marks)
        self.row_peak = max(self.row_peak, equity)
        drawdown = Fraction(self.row_peak - equity, self.row_peak) if self.row_peak > 0 else Fraction(0)
        self.out.append(
            Equity(
                equity_id=self.id("e"),
                ts=ts,
                account=self.settings.name,
                equity=equity,
                cash=self.cash,
                unrealised=self.unrealised(marks),
                drawdown=half_even(drawdown * ONE),
                realised=self.realised,
                exposure=sum(value(marks[lot.symbol], lot.held) for lot in self.lots),
                reserved=self.reserved(),
                day_end=ended is not None,
                balance=self.settings.balance,
                day=ended,
                year_days=year_days,
            )
        )

    def daily_loss(self) -> Fraction:
        if self.day_opening <= 0:
            return Fraction(0)
        return Fraction(self.day_opening - self.worth(), self.day_opening)

    def drawdown(self) -> Fraction:
        return Fraction(self.peak - self.worth(), self.peak) if self.peak > 0 else Fraction(0)

    def look_at_breakers(self) -> None:
        self.peak = max(self.peak, self.worth())
        checks = (
            ("daily_loss", self.settings.daily_loss, self.daily_loss()),
            ("max_drawdown", self.settings.max_drawdown, self.drawdown()),
        )
        for name, threshold, measured in checks:
            if threshold is None or name in self.tripped or measured * ONE < threshold:
                continue
            self.tripped.add(name)
            self.decide("tripped", name, float(measured), float(Fraction(threshold, ONE)))
            self.out.append(
                Alert(
                    alert_id=self.id("a"),
                    ts=self.now(),
                    account=self.settings.name,
                    kind=name,
                    text=name,
                    measured=float(measured),
                    limit=float(Fraction(threshold, ONE)),
                )
            )
            self.cancel_entries(f"limit:{name}")

    # Orders, slices, plans ----------------------------------------------------------------------

    def say(self, order: Working) -> None:
        """Something happened to the order: it is told of when the record is done."""
        self.changed[order.id] = order

    def _tell_order(self, order: Working) -> None:
        plan, slice_ = order.plan, order.slice
        signal = plan.terms.want.signal if plan is not None else None
        lot = order.lot or (plan.lot if plan is not None and order.filled else None)
        if order.lot is not None and order.command is None and signal is None:
            signal = order.lot.terms.want.signal
        self.out.append(
            Order(
                order_id=order.id,
                account=self.settings.name,
                symbol=order.symbol,
                side=word(order.side),
                order_type=order.type,
                state=order.state,
                quantity=order.quantity,
                filled=order.filled,
                ts=self.now(),
                created=order.created,
                time_in_force=order.tif,
                limit_price=order.limit,
                stop_price=self.stop_of(order),
                average_price=half_even(Fraction(order.filled_value, order.filled)) if order.filled else None,
                fees=order.fees,
                purpose=order.purpose,
                reason=order.reason,
                plan_id=order.plan_id(),
                slice_number=slice_.number if slice_ is not None else None,
                lot_id=lot.id if lot is not None else None,
                signal_id=signal.signal_id if signal is not None else None,
                command_id=order.command.command_id if order.command is not None else None,
            )
        )

    def stop_of(self, order: Working) -> int | None:
        if order.type != "trailing" or order.command is None:
            return order.stop
        if order.extreme is None or order.trail is None:
            return None
        return against(order.extreme + order.side * order.trail, order.side, self.step(order.symbol))

    def wait(self, order: Working, reason: str) -> None:
        """It says why it waits; a price that is not there says nothing new of one that was nearer to its fill."""
        nearness = ("not_reached", "not_penetrated", "no_volume")
        if order.reason in nearness and reason in nearness[: nearness.index(order.reason)]:
            return
        if order.alive() and order.reason != reason:
            order.reason = reason
            self.say(order)

    def wait_for_quotes(self) -> None:
        """Orders whose symbol has been quiet for too long while its market is open say so."""
        closing = [lot for lot in self.lots if lot.is_closing()]
        closes = [lot.exits.get("close" if lot.pending_stop is None else "stop") for lot in closing]
        for order in [*self.orders, *(each for each in closes if each is not None)]:
            newest = self.market.latest_time(order.symbol)
            quiet = newest is not None and self.now() - newest > self.market.instruments.checks.stale_after
            if quiet and self.open_at(order.symbol, self.now()):
                self.wait(order, "stale_quote")

    def kill(self, order: Working, reason: str, state: str = "cancelled") -> None:
        if not order.alive():
            return
        order.state = state  # type: ignore[assignment]
        order.reason = reason
        if order in self.orders:
            self.orders.remove(order)
        self.say(order)

    def timer(
        self,
        plan: Plan,
        slice_: Slice,
        reason: str = "",
        measured: float | None = None,
        limit: float | None = None,
    ) -> None:
        signal = plan.terms.want.signal
        self.out.append(
            SliceTimer(
                slice_id=f"{plan.id}.{slice_.number}",
                account=self.settings.name,
                plan_id=plan.id,
                symbol=plan.symbol,
                side=word(plan.side),
                signal_id=signal.signal_id if signal is not None else None,
                number=slice_.number,
                of=len(plan.slices),
                state=slice_.state,  # type: ignore[arg-type]
                ts=self.now(),
                due=slice_.due,
                quantity=slice_.quantity,
                condition=" and ".join(each.name for each in slice_.conditions),
                arrival=plan.terms.arrival,
                order_id=slice_.order.id if slice_.order is not None and slice_.state != "skipped" else None,
                reason=reason,
                measured=measured,
                limit=limit,
                mark=self.market.marks[plan.symbol] if slice_.state in ("released", "skipped") else None,
            )
        )

    def skip(
        self, plan: Plan, slice_: Slice, reason: str, measured: float | None, limit: float | None
    ) -> None:
        slice_.state = "skipped"
        self.timer(plan, slice_, reason, measured, limit)
        signal = plan.terms.want.signal
        self.decide(
            "skipped",
            reason,
            measured,
            limit,
            symbol=plan.symbol,
            signal_id=signal.signal_id if signal is not None else None,
            source=signal.source if signal is not None else None,
            plan_id=plan.id,
        )

    def end_plan(self, plan: Plan, reason: str) -> None:
        """Its remaining slices are cancelled, without a decision each."""
        if plan not in self.plans:
            return
        self.plans.remove(plan)
        for slice_ in plan.slices:
            if slice_.state == "armed":
                slice_.state = "cancelled"
                self.timer(plan, slice_, reason)
            elif slice_.order is not None and slice_.order.alive():
                self.kill(slice_.order, reason)
                if slice_.order.filled == 0:
                    slice_.state = "cancelled"
                    self.timer(plan, slice_, reason)

    def forget_finished_plans(self) -> None:
        self.plans = [plan for plan in self.plans if plan.live()]

    def cancel_entries(self, reason: str) -> None:
        for plan in list(self.plans):
            self.end_plan(plan, reason)
        for order in list(self.orders):
            if order.plan is None and self.opening_part(order) > 0:
                self.kill(order, reason)

    def belongs(self, plan: Plan, lot: Lot) -> bool:
        """Whether the plan is one of this position's."""
        if self.settings.position_mode == "net":
            return plan.symbol == lot.symbol and plan.side == lot.side and plan.after is not lot
        return plan.lot is lot

    def end_plans_of(self, lot: Lot, reason: str) -> None:
        for plan in list(self.plans):
            if self.belongs(plan, lot):
                self.end_plan(plan, reason)

    # Fills --------------------------------------------------------------------------------------

    def fee_now(self, order: Working, quantity: int, price: int, maker: bool) -> tuple[int, int]:
        """The fee of this fill, and its part before the minimum; the minimum is per order."""
        terms = self.settings.commission
        settled = order.plan.terms.settings if order.plan is not None else None
        if settled is not None:
            terms = settled.commission
        raw = raw_fee(terms, order.filled == 0, quantity, price, maker)
        return max(terms.minimum, order.raw_fees + raw) - order.fees, raw

    def _record_fill(
        self,
        order: Working,
        lot: Lot,
        quantity: int,
        price: int,
        maker: bool,
        purpose: str,
        ambiguous: bool,
        base: int,
    ) -> int:
        fee, raw = self.fee_now(order, quantity, price, maker)
        order.raw_fees += raw
        order.fees += fee
        order.filled += quantity
        order.filled_value += price * quantity
        order.state = "filled" if order.remaining() == 0 else "partially_filled"
        order.reason = ""
        if order.state == "filled" and order in self.orders:
            self.orders.remove(order)
        self.used_volume += quantity
        lot.fees += fee
        self.cash -= order.side * value(price, quantity) + fee
        number = self.counters.get(order.id, 0) + 1
        self.counters[order.id] = number
        terms = lot.terms if purpose != "entry" else order.plan.terms if order.plan else None
        signal = terms.want.signal if terms is not None else None
        self.say(order)
        self.traded.add(order.symbol)
        self.out.append(
            Fill(
                fill_id=f"{order.id}.{number}",
                order_id=order.id,
                account=self.settings.name,
                symbol=order.symbol,
                side=word(order.side),
                quantity=quantity,
                price=price,
                fee=fee,
                ts=self.fills_at(lot),
                lot_id=lot.id,
                trade_id=lot.trade_id,
                purpose=purpose,
                plan_id=order.plan_id(),
                slice_number=order.slice.number if order.slice is not None else None,
                signal_id=signal.signal_id if signal is not None else None,
                arrival=lot.terms.arrival if order.plan is not None and purpose == "entry" else None,
                slippage=abs(price - base),
                ambiguous=ambiguous,
            )
        )
        return fee

    def tell_changes(self) -> None:
        for order in self.changed.values():
            self._tell_order(order)
        self.changed.clear()
        for lot in self.moved.values():
            self._tell_position(lot)
        self.moved.clear()

    def _tell_position(self, lot: Lot) -> None:
        mark = self.market.marks[lot.symbol]
        step = self.step(lot.symbol)
        stop = lot.level("breakeven", step)
        limit = lot.terms.settings.time_limit
        self.out.append(
            Position(
                position_id=lot.id,
                account=self.settings.name,
                symbol=lot.symbol,
                side="long" if lot.side > 0 else "short",
                quantity=lot.held,
                average_price=half_even(lot.average()),
                cost=lot.cost,
                mark=mark,
                unrealised=lot.side * (value(mark, lot.held) - lot.cost),
                realised=lot.gross,
                fees=lot.fees,
                ts=self.now(),
                opened=lot.opened,
                stop=lot.level("stop_loss", step) if stop is None else stop,
                target=lot.target(step),
                trailing=lot.level("trailing_stop", step),
                time_limit=None if limit is None else lot.opened + limit,
                signal_id=lot.terms.want.signal.signal_id if lot.terms.want.signal is not None else None,
                plan_id=lot.plan_id,
            )
        )

    def _new_lot(self, order: Working, terms: Terms) -> Lot:
        lot = Lot(
            id=self.id("l"),
            trade_id=self.id("t"),
            symbol=order.symbol,
            side=order.side,
            terms=terms,
            plan_id=order.plan_id(),
            opened=self.fills_at(),
        )
        lot.partials = [(each, None, False) for each in terms.settings.partial]
        if isinstance(self.market.record, Tick):
            mark = self.market.marks[lot.symbol]
            lot.look(mark, mark)
        self.lots.append(lot)
        return lot

    def enter(self, order: Working, quantity: int, price: int, maker: bool, base: int) -> Lot:
        """One entry fill; `base`: the price before slippage and roundings."""
        terms = order.plan.terms if order.plan is not None else order.terms
        assert terms is not None
        if self.settings.position_mode == "net":
            lot = self.net_lot(order.symbol)
        else:
            lot = order.plan.lot if order.plan is not None else order.lot
            if lot is not None and lot not in self.lots:
                lot = None  # it has closed: what a person placed opens another
        if lot is None:
            lot = self._new_lot(order, terms)
        assert lot.side == order.side
        if order.plan is not None:
            order.plan.lot = lot
        else:
            order.lot = lot
        first = lot.bought == 0
        lot.bought += quantity
        lot.held += quantity
        lot.entry_product += price * quantity
        lot.entry_value += value(price, quantity)
        lot.cost += value(price, quantity)
        lot.slices += order.plan is not None and order.filled == 0
        if first:
            lot.extreme = price
        lot.follow(None)
        self._record_fill(order, lot, quantity, price, maker, "entry", False, base)
        self.moved[lot.id] = lot
        self.forget_finished_plans()
        self.row(self.now(), self.market.marks)
        self.look_at_breakers()
        return lot

    def leave(
        self,
        lot: Lot,
        order: Working,
        quantity: int,
        price: int,
        maker: bool,
        reason: str,
        ambiguous: bool = False,
        closes: bool = True,
        base: int | None = None,
    ) -> None:
        """One exit fill; the last one makes the trade. `closes`: the exit is meant to close everything."""
        assert 0 < quantity <= lot.held
        cost = lot.cost if quantity == lot.held else half_even(Fraction(lot.cost * quantity, lot.held))
        gross = lot.side * (value(price, quantity) - cost)
        lot.cost -= cost
        lot.held -= quantity
        lot.gross += gross
        lot.sold += quantity
        lot.exit_product += price * quantity
        lot.ambiguous = lot.ambiguous or ambiguous
        self.realised += gross
        self.last_exit[lot.symbol] = self.fills_at(lot)
        self._record_fill(
            order, lot, quantity, price, maker, reason, ambiguous, price if base is None else base
        )
        self.moved[lot.id] = lot
        if lot.held == 0:
            self.lots.remove(lot)
            self._trade(lot, reason)
            for other in list(lot.exits.values()):
                self.kill(other, "position_closed")
        if lot.held == 0 or closes:
            self.end_plans_of(lot, "position_closed")
        self.row(self.now(), self.market.marks)
        self.look_at_breakers()

    def _trade(self, lot: Lot, reason: str) -> None:
        average = lot.average()
        pnl = lot.gross - lot.fees
        signal = lot.terms.want.signal
        mae = mfe = Fraction(0)
        if lot.low is not None and lot.high is not None:
            mae = average - lot.low if lot.side > 0 else lot.high - average
            mfe = lot.high - average if lot.side > 0 else average - lot.low
        self.out.append(
            Trade(
                trade_id=lot.trade_id,
                account=self.settings.name,
                symbol=lot.symbol,
                side="long" if lot.side > 0 else "short",
                quantity=lot.bought,
                entry_price=half_even(average),
                exit_price=half_even(Fraction(lot.exit_product, lot.sold)),
                entry_ts=lot.opened,
                exit_ts=self.fills_at(lot),
                pnl=pnl,
                pnl_pct=half_even(Fraction(100 * pnl * ONE, lot.entry_value)) if lot.entry_value else 0,
                fees=lot.fees,
                exit_reason=reason,
                outcome="win" if pnl > 0 else "loss" if pnl < 0 else "breakeven",
                signal_id=signal.signal_id if signal is not None else None,
                gross_pnl=lot.gross,
                source=signal.source if signal is not None else None,
                plan_id=lot.plan_id,
                entry_notional=lot.entry_value,
                mae=half_even(mae),
                mfe=half_even(mfe),
                slices=lot.slices,
                ambiguous=lot.ambiguous,
                theories=signal.theories if signal is not None else {},
                tags=signal.tags if signal is not None else (),
                confidence=signal.confidence if signal is not None else None,
            )
        )

    def bar_open(self) -> int | None:
        """When the present bar opened."""
        return self.market.record.ts if isinstance(self.market.record, Bar) else None
