"""One account: what arrives, what takes effect, what is accepted, what is released."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from schemas.messages import Bar, Clock, Command, Decision, Signal, Tick
from streams.engine.model.settings import Filter, Level, Settings

from . import hours, readings
from .ledger import Lot, Plan, Slice, Terms, Want, Working, level_distance, order_fee
from .market import Market, price_for
from .matching import Matching
from .numbers import HOUR, MINUTE, ONE, against, down, largest, limit_price, natural, seconds, share, value

Refuse = Callable[[str, float | None, float | None], None]


@dataclass(eq=False)
class Waiting:
    due: int
    number: int
    item: Signal | Command
    late: bool = False


NEVER = 1 << 62

LIMITS = (
    "max_positions", "max_correlated", "cooldown", "max_signals_per_hour", "max_position",
    "max_exposure", "max_group", "cash_reserve", "daily_loss", "max_drawdown",
)  # fmt: skip
"""Those that an order's reason names as `limit:<name>`."""

OPERATORS = {
    ">=": lambda value, threshold: value >= threshold,
    ">": lambda value, threshold: value > threshold,
    "<=": lambda value, threshold: value <= threshold,
    "<": lambda value, threshold: value < threshold,
}


def worth_at_most(free: Fraction, quantity: int, lot: int, price: int) -> int:
    """As much of the quantity as is worth no more than that, in Money."""
    return largest(quantity, lot, lambda part: value(price, part) <= free)


def is_entry(item: Signal | Command) -> bool:
    return isinstance(item, Signal) and item.side != "flat"


class Account(Matching):
    def __init__(self, settings: Settings, market: Market) -> None:
        super().__init__(settings, market)
        self.waiting: list[Waiting] = []
        self.arrived = 0
        self.turns: dict[tuple[str, str], int] = {}
        """When a (source, signal_id) last had its turn."""
        self.newest: dict[tuple[str, str], Signal] = {}
        self.accepted_at: list[int] = []
        self.passed: int | None = None
        """Days that ended by then have their row: a bar that ends at midnight belongs to the day before."""

    # What arrives -------------------------------------------------------------------------------

    def arrive(self, item: Signal | Command) -> None:
        settings, now = self.settings, self.market.now
        if isinstance(item, Signal) and settings.follow and item.source not in settings.follow:
            return
        if isinstance(item, Command) and item.kind in ("create", "change"):
            return
        due = item.ts + settings.latency
        self.arrived += 1
        wait = Waiting(due, self.arrived, item)
        if now is None:
            self.waiting.append(wait)
            return
        seen: int | None = now
        if isinstance(item, Signal) and is_entry(item):
            seen = self.market.latest_time(item.symbol)
        late = wait.late = seen is not None and seen >= due
        if late and settings.latency > 0:
            self.say_of(item, "late", "late", seconds(now - due), seconds(settings.latency))
        if isinstance(item, Signal) and is_entry(item):
            if now > self.expiry(item):
                self.turn(item, "expired", late)
            else:
                self.waiting.append(wait)
        elif late:
            self.take_effect(wait)
            self.wait_for_quotes()
            self.tell_changes()
        else:
            self.waiting.append(wait)

    def say_of(
        self,
        item: Signal | Command,
        decision: str,
        reason: str = "",
        measured: float | None = None,
        limit: float | None = None,
        plan: Plan | None = None,
    ) -> None:
        plan_id = plan.id if plan is not None else None
        if isinstance(item, Signal):
            self.decide(
                decision, reason, measured, limit, item.symbol, item.signal_id, item.source, plan_id=plan_id
            )
        else:
            self.decide(decision, reason, measured, limit, item.symbol, command_id=item.command_id)

    def expiry(self, signal: Signal) -> int:
        """The last instant at which it holds."""
        if signal.expires_at is not None:
            end = signal.expires_at
        elif signal.side == "flat":
            end = NEVER
        else:
            interval = self.market.first_interval.get(signal.symbol, 0)
            end = signal.ts + max(5 * MINUTE, interval)
        if self.settings.signal_ttl is not None:
            end = min(end, signal.ts + self.settings.signal_ttl)
        return end

    # A record -----------------------------------------------------------------------------------

    def at_record(self) -> None:
        """Everything that one accepted record does, in the order of the rules."""
        market, settings = self.market, self.settings
        now, previous, record = self.now(), market.previous, market.record
        self.used_volume = 0
        passed, inside = self.passed, now - 1 if isinstance(record, Bar) else now
        self.passed = inside if passed is None else max(passed, inside)
        if previous is not None and passed is not None:
            for midnight in hours.midnights(settings.time_zone, passed, self.passed):
                self.end_day(midnight)
            minute = now // MINUTE * MINUTE
            is_midnight = minute in hours.midnights(settings.time_zone, passed, now)
            if self.lots and now // MINUTE > previous // MINUTE and not is_midnight:
                self.row(minute, market.before)
        for wait in list(self.waiting):
            if isinstance(wait.item, Signal) and is_entry(wait.item) and now > self.expiry(wait.item):
                self.waiting.remove(wait)
                self.turn(wait.item, "no_market", wait.late)
        for order in list(self.orders):
            if order.expires is not None and now > order.expires:
                self.kill(order, "expired", "expired")
        symbol = None if record is None or isinstance(record, Clock) else record.symbol
        self.queue_deadlines(but=symbol)
        self.look_at_breakers()
        if isinstance(record, Tick):
            self.match_tick(record)
        elif isinstance(record, Bar):
            self.match_bar(record)
        self.queue_deadlines()
        if symbol is not None:
            self.release_due(symbol)
        ready = [
            wait
            for wait in self.waiting
            if wait.due <= now
            and (not isinstance(wait.item, Signal) or not is_entry(wait.item) or wait.item.symbol == symbol)
        ]
        for wait in sorted(ready, key=lambda each: (each.due, each.number)):
            self.waiting.remove(wait)
            self.take_effect(wait)
        self.wait_for_quotes()
        self.tell_changes()

    def end_day(self, midnight: int) -> None:
        marks = self.market.before
        zone, instruments = self.settings.time_zone, self.market.instruments
        day = hours.local(midnight - 1, zone).date()
        markets = [instruments.of(symbol) for symbol in self.traded or instruments.known]
        year_days = hours.days_a_year(markets or [instruments.default], hours.instant(day, 0, zone), midnight)
        self.row(midnight, marks, day.isoformat(), year_days)
        for order in list(self.orders):
            if order.tif == "DAY" and order.created < midnight:
                self.kill(order, "expired", "expired")
        self.day_opening = self.equity(marks)
        self.tripped.discard("daily_loss")

    # Signals ------------------------------------------------------------------------------------

    def take_effect(self, wait: Waiting) -> None:
        if isinstance(wait.item, Signal):
            self.turn(wait.item, None, wait.late)
        else:
            self.obey(wait.item)

    def turn(self, signal: Signal, expired: str | None, late: bool) -> None:
        """A signal's turn: its effect or its expiry. `expired`: the reason when it has expired."""
        now, settings = self.now(), self.settings
        key = (signal.source, signal.signal_id)
        before = self.turns.get(key)
        self.turns[key] = now
        if before is not None and now - before <= settings.dedupe_for:
            self.say_of(signal, "duplicate", "duplicate")
            return
        pair = (signal.source, signal.symbol)
        if pair not in self.newest or signal.ts >= self.newest[pair].ts:
            self.newest[pair] = signal
        age = now - signal.ts
        if late and age > settings.dedupe_for:
            self.say_of(signal, "refused", "stale_signal", seconds(age), seconds(settings.dedupe_for))
            return
        if expired is None and now > self.expiry(signal):
            expired = "expired"
        if expired is not None:
            self.say_of(signal, "expired", expired)
            return
        if signal.side == "flat":
            self.flat(signal)
        else:
            self.consider(signal, 1 if signal.side == "long" else -1)

    def flat(self, signal: Signal) -> None:
        lots = [lot for lot in self.lots if lot.symbol == signal.symbol]
        plans = [plan for plan in self.plans if plan.symbol == signal.symbol]
        if not lots and not plans:
            self.say_of(signal, "refused", "no_position")
            return
        self.say_of(signal, "accepted")
        self.close_all_of(lots, plans, "flat_signal")

    def close_all_of(self, lots: list[Lot], plans: list[Plan], reason: str) -> None:
        """Close these lots; a plan without a position ends at once, another with its position's close."""
        for plan in plans:
            if not any(self.belongs(plan, lot) for lot in lots):
                self.end_plan(plan, reason)
        for lot in lots:
            if lot.held > 0:
                self.close_lot(lot, reason)

    def failed_filter(self, signal: Signal) -> tuple[str, float | None, float] | None:
        for each in self.settings.filters:
            failed = self.fails(each, signal)
            if failed is not None:
                return failed
        threshold = self.settings.min_confidence
        if threshold is not None and (signal.confidence is None or signal.confidence < threshold):
            return "min_confidence", signal.confidence, threshold
        return None

    def fails(self, each: Filter, signal: Signal) -> tuple[str, float | None, float] | None:
        if each.name == "no_position":
            count = sum(lot.symbol == signal.symbol for lot in self.lots)
            unfilled = [plan for plan in self.plans if not any(self.belongs(plan, lot) for lot in self.lots)]
            count += sum(plan.symbol == signal.symbol for plan in unfilled)
            return ("no_position", float(count), 0.0) if count else None
        measured = signal.confidence if each.name == "confidence" else signal.features.get(each.name)
        if measured is not None and OPERATORS[each.operator](measured, each.threshold):
            return None
        return each.name, measured, each.threshold

    def consider(self, signal: Signal, side: int) -> None:
        failed = self.failed_filter(signal)
        if failed is not None:
            self.say_of(signal, "refused", *failed)
            return
        lots = [lot for lot in self.lots if lot.symbol == signal.symbol and lot.side != side]
        plans = [plan for plan in self.plans if plan.symbol == signal.symbol and plan.side != side]
        self.close_all_of(lots, plans, "reverse_signal")
        uses = self.settings.use_signal_targets
        want = Want(
            symbol=signal.symbol,
            side=side,
            stop=signal.stop_loss if uses else None,
            target=signal.take_profit if uses else None,
            signal=signal,
        )
        terms = self.accept(want, signal)
        if terms is None:
            return
        plan = self.make_plan(terms, signal)
        for slice_ in plan.slices:
            if slice_.due <= self.now() and slice_.state == "armed" and plan in self.plans:
                self.release(plan, slice_)
        self.forget_finished_plans()

    # Acceptance ---------------------------------------------------------------------------------

    def accept(self, want: Want, item: Signal | Command) -> Terms | None:
        """Test an entry against everything after the reversal's close; answer a refusal."""
        settings, now, symbol, side = self.settings, self.now(), want.symbol, want.side
        instrument = self.market.instruments.of(symbol)
        latest = self.market.latest(symbol)

        def refuse(reason: str, measured: float | None = None, limit: float | None = None) -> None:
            self.say_of(item, "refused", reason, measured, limit)

        if latest is None:
            refuse("no_market")
            return None
        if instrument.currency is not None and instrument.currency != settings.currency:
            refuse("currency")
            return None
        if "daily_loss" in self.tripped and settings.daily_loss is not None:
            refuse("daily_loss", float(self.daily_loss()), natural(settings.daily_loss))
            return None
        if "max_drawdown" in self.tripped and settings.max_drawdown is not None:
            refuse("max_drawdown", float(self.drawdown()), natural(settings.max_drawdown))
            return None
        if self.state != "active" or not settings.enabled:
            refuse(self.state if self.state != "active" else "disabled")
            return None
        if not self.open_at(symbol, now):
            refuse("market_closed")
            return None
        named = self.named_price(want.command) if want.command else None
        price = named or price_for(latest, side)
        if want.stop is not None and side * (price - want.stop) <= 0:
            refuse("bad_stop", natural(want.stop), natural(price))
            return None
        if want.target is not None and side * (want.target - price) <= 0:
            refuse("bad_target", natural(want.target), natural(price))
            return None
        if not self.within_counts(want, refuse_of=refuse):
            return None
        atr = self.market.atr(symbol, settings.atr_interval, settings.atr_length)
        if atr is None and self.needs_atr(want):
            refuse("no_atr")
            return None
        distance = self.sizing_distance(want, price, atr)
        if distance is None and settings.size.mode == "risk" and want.explicit is None:
            refuse("bad_stop")
            return None
        if distance is not None and distance <= 0:
            refuse("bad_stop", natural(price - side * distance), natural(price))
            return None
        quantity = self.size(want, price, distance)
        if quantity <= 0:
            refuse("no_quantity")
            return None
        fixed = want.explicit is not None or settings.size.mode == "quantity"
        bound: tuple[str, float | None, float | None] | None = None
        for name in ("max_position", "max_exposure", "max_group", "cash_reserve", "buying_power"):
            allowed, measured, limit = self.cut(name, want, quantity, price)
            if allowed < quantity:
                bound = (name, measured, limit)
                quantity = allowed
                if fixed:
                    quantity = 0
                    break
        if quantity == 0:
            assert bound is not None
            refuse(*bound)
            return None
        notional = value(price, quantity)
        if notional < instrument.min_notional:
            refuse("min_notional", natural(notional), natural(instrument.min_notional))
            return None
        self.accepted_at.append(now)
        arrival = price if named else self.market.marks[symbol]
        terms = Terms(want, settings, quantity, arrival, distance, atr)
        plan_reason = f"cut {bound[0]}" if bound is not None else ""
        self.say_of(item, "accepted", plan_reason, *(bound[1:] if bound is not None else (None, None)))
        return terms

    def named_price(self, command: Command) -> int | None:
        """Its own limit or stop, by which an order by hand is measured and reserved."""
        if command.order_type not in ("limit", "stop", "stop_limit"):
            return None
        return command.limit_price or command.stop_price

    def within_counts(self, want: Want, refuse_of: Refuse) -> bool:
        settings, now, symbol = self.settings, self.now(), want.symbol
        occupied = self.occupied()
        if settings.max_positions is not None:
            if settings.position_mode == "net":
                count = len(set(occupied) | {symbol})
            else:
                count = len(occupied) + 1
            if count > settings.max_positions:
                refuse_of("max_positions", float(count), float(settings.max_positions))
                return False
        if settings.max_correlated is not None:
            terms = settings.max_correlated
            others = sorted(set(occupied) - {symbol})
            count = 1 + sum(self.market.correlate(symbol, other, terms.rho) for other in others)
            if count > terms.positions:
                refuse_of("max_correlated", float(count), float(terms.positions))
                return False
        if settings.cooldown is not None and symbol in self.last_exit:
            passed = now - self.last_exit[symbol]
            if passed < settings.cooldown:
                refuse_of("cooldown", seconds(passed), seconds(settings.cooldown))
                return False
        if settings.max_signals_per_hour is not None:
            count = 1 + sum(now - HOUR < at <= now for at in self.accepted_at)
            if count > settings.max_signals_per_hour:
                refuse_of("max_signals_per_hour", float(count), float(settings.max_signals_per_hour))
                return False
        return True

    def occupied(self) -> list[str]:
        """The symbol of every position, and of every accepted plan and opening order without one."""
        symbols = [lot.symbol for lot in self.counted_lots()]
        symbols += [plan.symbol for plan in self.counted_plans() if plan.lot is None]
        for order in self.orders:
            its_own = order.lot in self.lots and self.settings.position_mode == "per_signal"
            if order.plan is None and not its_own and self.opening_part(order) > 0:
                symbols.append(order.symbol)
        return symbols

    def needs_atr(self, want: Want) -> bool:
        settings = self.settings
        levels: list[Level | None] = [settings.trailing_stop, settings.breakeven]
        levels += [each.level for each in settings.partial]
        if want.stop is None:
            levels.append(settings.stop_loss)
            levels.append(settings.size.stop)
        if want.target is None:
            levels.append(settings.take_profit)
        uses = settings.size.mode == "volatility" and want.explicit is None
        return uses or any(level is not None and level.kind == "atr" for level in levels)

    def sizing_distance(self, want: Want, price: int, atr: Fraction | None) -> Fraction | None:
        settings = self.settings
        if settings.size.mode == "volatility":
            return None if atr is None else share(atr, settings.size.multiple)
        if want.stop is not None:
            return Fraction(want.side * (price - want.stop))
        for level in (settings.size.stop, settings.stop_loss):
            if level is not None and level.kind != "risk":
                return level_distance(level, Fraction(price), None, atr)
        return None

    def size(self, want: Want, price: int, distance: Fraction | None) -> int:
        size = self.settings.size
        if want.explicit is not None:
            quantity: Fraction | int = want.explicit
        elif size.mode == "quantity":
            quantity = (want.signal.quantity or 0) if want.signal is not None else 0
        elif size.mode == "fixed_notional":
            quantity = Fraction(size.value * ONE, price)
        elif size.mode == "percent_of_equity":
            quantity = share(self.worth(), size.value) * ONE / price
        else:
            assert distance is not None
            quantity = share(self.worth(), size.value) * ONE / distance
        return max(0, down(quantity, self.lot_size(want.symbol)))

    def slice_quantities(self, symbol: str, quantity: int, explicit: bool) -> list[int]:
        """Each floors to the lot; the last takes the rounding."""
        if explicit:
            return [quantity]
        parts = [
            down(share(quantity, each.fraction), self.lot_size(symbol)) for each in self.settings.slices[:-1]
        ]
        return [*parts, quantity - sum(parts)]

    def cost_with_fees(self, want: Want, quantity: int, price: int) -> int:
        """At the sizing price, with one commission a slice."""
        cost = value(price, quantity)
        for part in self.slice_quantities(want.symbol, quantity, want.explicit is not None):
            if part > 0:
                cost += order_fee(self.settings.commission, part, price)
        return cost

    def cut(self, name: str, want: Want, quantity: int, price: int) -> tuple[int, float | None, float | None]:
        """How much of the quantity a limit allows, what it measured, and the threshold."""
        settings, symbol, equity = self.settings, want.symbol, self.worth()
        lot = self.lot_size(symbol)
        new = value(price, quantity)

        def of_equity(amount: Fraction | int) -> float | None:
            return float(Fraction(amount) / equity) if equity > 0 else None

        if name in ("max_position", "max_exposure", "max_group"):
            threshold: int | None = getattr(settings, name)
            if threshold is None:
                return quantity, None, None
            groups: list[set[str] | None] = [{symbol}] if name == "max_position" else [None]
            if name == "max_group":
                groups = [self.group(tag) for tag in self.market.instruments.of(symbol).groups]
            allowed, measured = quantity, None
            for members in groups:
                held = sum(
                    self.held_value(each) + self.reserved(each, fees=False)
                    for each in self.known_symbols()
                    if members is None or each in members
                )
                free = share(equity, threshold) - held
                most = worth_at_most(free, quantity, lot, price)
                if most < allowed:
                    allowed, measured = most, of_equity(held + new)
            return allowed, measured, natural(threshold)
        power = self.buying_power()
        if name == "cash_reserve":
            if settings.cash_reserve is None:
                return quantity, None, None
            available = power - share(equity, settings.cash_reserve)
            measured = of_equity(power - self.cost_with_fees(want, quantity, price))
            limit = natural(settings.cash_reserve)
        else:
            available = power
            measured = natural(self.cost_with_fees(want, quantity, price))
            limit = natural(power)
        allowed = largest(quantity, lot, lambda most: self.cost_with_fees(want, most, price) <= available)
        return allowed, measured, limit

    def group(self, tag: str) -> set[str]:
        instruments = self.market.instruments
        return {each for each in self.known_symbols() if tag in instruments.of(each).groups}

    def known_symbols(self) -> list[str]:
        return sorted(self.market.marks)

    # Plans --------------------------------------------------------------------------------------

    def make_plan(self, terms: Terms, signal: Signal) -> Plan:
        now, want = self.now(), terms.want
        quantities = self.slice_quantities(want.symbol, terms.quantity, False)
        slices = [
            Slice(number, now + each.offset, quantity, each.conditions)
            for number, (each, quantity) in enumerate(
                zip(terms.settings.slices, quantities, strict=True), start=1
            )
        ]
        plan = Plan(self.id("p"), want.symbol, want.side, terms, slices)
        lot = self.net_lot(want.symbol)
        if lot is not None and lot.side == want.side:
            if lot.is_closing() and readings.CLOSING_IS_GONE:
                plan.after = lot
            else:
                plan.lot = lot
        self.plans.append(plan)
        for slice_ in slices:
            self.timer(plan, slice_)
        return plan

    def release_due(self, symbol: str) -> None:
        due = [
            (slice_.due, place, slice_.number, plan, slice_)
            for place, plan in enumerate(self.plans)
            for slice_ in plan.slices
            if plan.symbol == symbol and slice_.state == "armed" and slice_.due <= self.now()
        ]
        for _, _, _, plan, slice_ in sorted(due, key=lambda each: each[:3]):
            if slice_.state == "armed" and plan in self.plans:
                self.release(plan, slice_)
        self.forget_finished_plans()

    def failed_condition(self, plan: Plan, slice_: Slice) -> tuple[str, float | None, float | None] | None:
        mark = self.market.marks[plan.symbol]
        arrival = plan.terms.arrival
        for condition in slice_.conditions:
            if condition.kind == "price_holds":
                bound = arrival - plan.side * share(arrival, condition.tolerance)
                if plan.side * (mark - bound) < 0:
                    return condition.name, natural(mark), natural(bound)
            elif condition.kind == "above_vwap":
                vwap = self.market.vwap(plan.symbol)
                if vwap is None or mark <= vwap:
                    return condition.name, natural(mark), None if vwap is None else natural(vwap)
            else:
                signal = plan.terms.want.signal
                newest = self.newest.get((signal.source, signal.symbol)) if signal is not None else None
                measured = None if newest is None else newest.features.get(condition.name)
                if measured is None or measured < condition.threshold:
                    return condition.name, measured, condition.threshold
        return None

    def release(self, plan: Plan, slice_: Slice) -> None:
        """A slice is due at this record of its symbol."""
        if slice_.quantity == 0:
            self.skip(plan, slice_, "below_lot", None, None)
            return
        failed = self.failed_condition(plan, slice_)
        if failed is not None:
            self.skip(plan, slice_, *failed)
            return
        record = self.market.latest(plan.symbol)
        assert record is not None
        order = Working(
            id="",
            symbol=plan.symbol,
            side=plan.side,
            type="market",
            quantity=slice_.quantity,
            created=self.now(),
            purpose="entry",
            plan=plan,
            slice=slice_,
        )
        cost = self.smallest_cost(order, price_for(record, plan.side))
        available = self.slice_reserve(plan, slice_, True) + self.buying_power()
        if cost > available:
            self.skip(plan, slice_, "buying_power", natural(cost), natural(available))
            return
        order.id = self.id("o")
        slice_.state = "released"
        slice_.order = order
        self.orders.append(order)
        self.say(order)
        self.timer(plan, slice_)
        if isinstance(record, Tick):
            if self.open_at(plan.symbol, self.now()):
                self.order_on_tick(order, record)
            else:
                self.wait(order, "market_closed")
        else:
            self.wait(order, "no_market")

    def smallest_cost(self, order: Working, base: int) -> int:
        """What one lot would cost."""
        amount = min(order.quantity, self.lot_size(order.symbol))
        price = self.slipped(base, order.side, amount, order.symbol)
        return value(price, amount) + self.fee_now(order, amount, price, False)[0]

    # Commands -----------------------------------------------------------------------------------

    def obey(self, command: Command) -> None:
        kind = command.kind
        if kind == "place":
            self.place(command)
        elif kind == "cancel":
            self.cancel(command)
        elif kind == "cancel_plan":
            plan = next((each for each in self.plans if each.id == command.plan_id), None)
            if plan is None:
                self.say_of(command, "refused", "no_plan")
                return
            self.say_of(command, "accepted")
            self.end_plan(plan, "manual")
        elif kind == "close_position":
            self.close_position(command)
        elif kind == "close" and self.state == "closed":
            self.say_of(command, "refused", "closed")
        elif kind in ("close_all", "kill_switch", "close"):
            self.say_of(command, "accepted")
            reason = "kill_switch" if kind == "kill_switch" else "manual"
            for plan in list(self.plans):
                self.end_plan(plan, reason)
            for order in list(self.orders):
                self.kill(order, reason)
            for lot in list(self.lots):
                if lot.held > 0:
                    self.close_lot(lot, reason)
            if kind == "kill_switch" and self.state == "active":
                self.state = "paused"
            if kind == "close":
                self.state = "closed"
        elif kind == "pause":
            if self.state == "closed":
                self.say_of(command, "refused", "closed")
                return
            self.say_of(command, "accepted")
            self.state = "paused"
            self.cancel_entries(self.state)
        elif kind == "resume":
            if self.state == "closed":
                self.say_of(command, "refused", "closed")
                return
            self.say_of(command, "accepted")
            self.state = "active"
            self.tripped.discard("max_drawdown")
            self.peak = self.worth()

    def cancel(self, command: Command) -> None:
        order = next((each for each in self.orders if each.id == command.order_id), None)
        if order is None:
            self.say_of(command, "refused", "no_order")
            return
        self.say_of(command, "accepted")
        self.kill(order, "manual")
        self.forget_finished_plans()

    def close_position(self, command: Command) -> None:
        lots = [
            lot
            for lot in self.lots
            if (command.lot_id is not None and lot.id == command.lot_id)
            or (command.lot_id is None and lot.symbol == command.symbol)
        ]
        if not lots:
            self.say_of(command, "refused", "no_position")
            return
        self.say_of(command, "accepted")
        for lot in lots:
            if lot.held > 0:
                self.close_lot(lot, "manual")

    def place(self, command: Command) -> None:
        """A manual order; only its part that opens is tested against the limits."""
        symbol, kind = command.symbol, command.order_type or "market"
        needs_limit, needs_stop = kind in ("limit", "stop_limit"), kind in ("stop", "stop_limit")
        if (
            symbol is None
            or command.side is None
            or (needs_limit and not command.limit_price)
            or (needs_stop and not command.stop_price)
            or (kind == "trailing" and not command.trail)
        ):
            self.say_of(command, "refused", "bad_order")
            return
        side = 1 if command.side == "buy" else -1
        quantity = down(command.quantity or 0, self.lot_size(symbol))
        if quantity <= 0:
            self.say_of(command, "refused", "no_quantity")
            return
        held = self.net_lot(symbol)
        opening = quantity
        if held is not None and held.side != side and not held.is_closing():
            opening = max(0, quantity - held.held)
        want = Want(symbol, side, opening, command.stop_loss, command.take_profit, command=command)
        if held is not None and held.side == side:
            want.stop = want.target = None
        step = self.step(symbol)
        order = Working(
            id="",
            symbol=symbol,
            side=side,
            type=kind,
            quantity=quantity,
            created=self.now(),
            purpose="entry" if opening > 0 else "manual",
            limit=limit_price(command.limit_price or 0, side, step) if needs_limit else None,
            stop=against(command.stop_price or 0, side, step) if needs_stop else None,
            trail=command.trail if kind == "trailing" else None,
            tif=command.time_in_force or "GTC",
            expires=command.expires_at,
            command=command,
        )
        if opening > 0:
            terms = self.accept(want, command)
            if terms is None:
                self.reject(order)
                return
        else:
            self.say_of(command, "accepted")
            arrival = self.named_price(command) or self.market.marks.get(symbol, 0)
            terms = Terms(want, self.settings, quantity, arrival, None, None)
        order.id, order.terms, order.arrival = self.id("o"), terms, terms.arrival
        self.orders.append(order)
        self.say(order)
        record = self.market.record
        if isinstance(record, Tick) and record.symbol == symbol:
            if self.open_at(symbol, self.now()):
                self.order_on_tick(order, record)
            else:
                self.wait(order, "market_closed")
        else:
            self.wait(order, "no_market")

    def reject(self, order: Working) -> None:
        """A refused order by hand is told beside the decision; before the market's first record there is none."""
        refusal = self.out[-1]
        assert isinstance(refusal, Decision)
        if refusal.reason == "no_market":
            return
        words = {"buying_power": "no_buying_power"} | {name: f"limit:{name}" for name in LIMITS}
        order.id, order.state = self.id("o"), "rejected"
        order.reason = words.get(refusal.reason, refusal.reason)
        self.say(order)
