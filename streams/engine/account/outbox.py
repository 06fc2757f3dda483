"""The account's outputs: messages with ids that a re-run repeats.

Rules of this file: an id is the account's name and a counter; orders and positions that changed at a record
are told once, in their last state, when the record is done.
"""

from collections.abc import Callable

import numpy as np

from schemas.columns import Ints
from schemas.messages import (
    Alert,
    Decision,
    Equity,
    Fill,
    OrderSide,
    Output,
    Position,
    SliceState,
    SliceTimer,
    Trade,
    Verdict,
)
from schemas.messages import (
    Order as OrderMessage,
)
from streams.engine.account.equity_rows import EquityRows
from streams.engine.account.worth import WorthColumns
from streams.engine.model.orders import Order
from streams.engine.model.origins import NOBODY, Origin
from streams.engine.model.state import AccountState, Lot, Plan, PlannedSlice
from streams.engine.model.units import ONE, half_even
from streams.engine.rules import ledger
from streams.engine.rules.unit_columns import ratios_of


def side_word(side: int) -> OrderSide:
    return "buy" if side > 0 else "sell"


class Outbox:
    """Builds the messages of one account and keeps them until they are taken."""

    def __init__(self, account: str, state: AccountState) -> None:
        self.account = account
        self.state = state
        self.messages: list[Output] = []
        self.changed_orders: dict[str, Order] = {}
        self.changed_lots: dict[str, Lot] = {}

    def take(self) -> list[Output]:
        taken, self.messages = self.messages, []
        return taken

    def decide(
        self,
        time: int,
        decision: Verdict,
        reason: str = "",
        measured: float | None = None,
        limit: float | None = None,
        *,
        symbol: str | None = None,
        origin: Origin = NOBODY,
        plan_id: str | None = None,
    ) -> None:
        self.state.counts.decisions += 1
        self.messages.append(
            Decision(
                decision_id=f"{self.account}-d{self.state.counts.decisions}",
                ts=time,
                account=self.account,
                decision=decision,
                symbol=symbol,
                signal_id=origin.signal_id,
                source=origin.source,
                command_id=origin.command_id,
                plan_id=plan_id,
                reason=reason,
                measured=measured,
                limit=limit,
            )
        )

    def slice(
        self,
        time: int,
        plan: Plan,
        planned: PlannedSlice,
        state: SliceState,
        condition: str,
        reason: str = "",
        measured: float | None = None,
        limit: float | None = None,
        *,
        order_id: str | None = None,
        mark: int | None = None,
    ) -> None:
        self.messages.append(
            SliceTimer(
                slice_id=f"{plan.plan_id}.{planned.number}",
                account=self.account,
                plan_id=plan.plan_id,
                symbol=plan.symbol,
                side=side_word(plan.side),
                signal_id=plan.origin.signal_id,
                number=planned.number,
                of=plan.of,
                state=state,
                ts=time,
                due=planned.due,
                quantity=planned.quantity,
                condition=condition,
                arrival=plan.terms.arrival,
                order_id=order_id,
                reason=reason,
                measured=measured,
                limit=limit,
                mark=mark,
            )
        )

    def fill(
        self,
        time: int,
        order: Order,
        lot: Lot,
        fill_id: str,
        *,
        price: int,
        quantity: int,
        fee: int,
        slippage: int,
        purpose: str,
        ambiguous: bool,
    ) -> None:
        entered = purpose == "entry"
        self.messages.append(
            Fill(
                fill_id=fill_id,
                order_id=order.order_id,
                account=self.account,
                symbol=order.symbol,
                side=side_word(order.side),
                quantity=quantity,
                price=price,
                fee=fee,
                ts=time,
                lot_id=lot.lot_id,
                trade_id=trade_id(lot),
                purpose=purpose,
                plan_id=order.plan_id,
                slice_number=order.slice_number,
                signal_id=order.signal_id if entered else lot.origin.signal_id,
                arrival=lot.terms.arrival if entered and order.slice_number is not None else None,
                slippage=slippage,
                ambiguous=ambiguous,
            )
        )

    def trade(self, time: int, lot: Lot, reason: str) -> None:
        gross = lot.side * (lot.exit_value - lot.entry_value)
        net = gross - lot.fees
        mae, mfe = ledger.excursions(lot)
        self.messages.append(
            Trade(
                trade_id=trade_id(lot),
                account=self.account,
                symbol=lot.symbol,
                side="long" if lot.side > 0 else "short",
                quantity=lot.bought,
                entry_price=half_even(lot.entry_exact, lot.bought),
                exit_price=half_even(lot.exit_exact, lot.sold),
                entry_ts=lot.opened,
                exit_ts=time,
                pnl=net,
                pnl_pct=half_even(100 * ONE * net, lot.entry_value) if lot.entry_value else 0,
                fees=lot.fees,
                exit_reason=reason,
                outcome="win" if net > 0 else "loss" if net < 0 else "breakeven",
                signal_id=lot.origin.signal_id,
                gross_pnl=gross,
                source=lot.origin.source,
                plan_id=lot.plan_id,
                entry_notional=lot.entry_value,
                mae=mae,
                mfe=mfe,
                slices=lot.slices,
                ambiguous=lot.ambiguous,
                theories=lot.origin.theories,
                tags=lot.origin.tags,
                confidence=lot.origin.confidence,
            )
        )

    def equity(
        self, time: int, equity: int, unrealised: int,
        *, exposure: int, reserved: int, balance: int, day: str | None, year_days: int | None,
    ) -> None:  # fmt: skip
        state = self.state
        state.counts.equities += 1
        state.row_peak = max(state.row_peak, equity)
        drawdown = half_even((state.row_peak - equity) * ONE, state.row_peak) if state.row_peak > 0 else 0
        self.messages.append(
            Equity(
                equity_id=f"{self.account}-e{state.counts.equities}",
                ts=time,
                account=self.account,
                equity=equity,
                cash=state.cash,
                unrealised=unrealised,
                drawdown=drawdown,
                realised=state.realised,
                exposure=exposure,
                reserved=reserved,
                day_end=day is not None,
                balance=balance,
                day=day,
                year_days=year_days,
            )
        )

    def equity_rows(self, times: Ints, worth: WorthColumns, *, reserved: int, balance: int) -> EquityRows:
        """Rows of minutes between which nothing was done; before OverflowError nothing is counted."""
        state = self.state
        peaks = np.maximum(np.maximum.accumulate(worth.equity), state.row_peak)
        drawdown = ratios_of(np.where(peaks > 0, peaks - worth.equity, 0), np.maximum(peaks, 1))
        rows = EquityRows(
            account=self.account,
            before=state.counts.equities,
            ts=times,
            equity=worth.equity,
            unrealised=worth.unrealised,
            drawdown=drawdown,
            exposure=worth.exposure,
            cash=state.cash,
            realised=state.realised,
            reserved=reserved,
            balance=balance,
        )
        state.counts.equities += len(rows)
        state.row_peak = int(peaks[-1])
        return rows

    def alert(
        self, time: int, kind: str, text: str, symbol: str | None, measured: float, limit: float
    ) -> None:
        self.state.counts.alerts += 1
        self.messages.append(
            Alert(
                alert_id=f"{self.account}-a{self.state.counts.alerts}",
                ts=time,
                account=self.account,
                kind=kind,
                text=text,
                symbol=symbol,
                measured=measured,
                limit=limit,
            )
        )

    def order(self, order: Order) -> None:
        self.changed_orders[order.order_id] = order

    def lot(self, lot: Lot) -> None:
        self.changed_lots[lot.lot_id] = lot

    def tell_changes(self, time: int, mark_of: Callable[[str], int]) -> None:
        """The record is done: each order and position that changed, as it stands now."""
        for order in self.changed_orders.values():
            self.messages.append(order_message(self.account, order, time))
        self.changed_orders.clear()
        for lot in self.changed_lots.values():
            self.position(time, lot, mark_of(lot.symbol))
        self.changed_lots.clear()

    def position(self, time: int, lot: Lot, mark: int) -> None:
        self.messages.append(
            Position(
                position_id=lot.lot_id,
                account=self.account,
                symbol=lot.symbol,
                side="long" if lot.side > 0 else "short",
                quantity=lot.quantity,
                average_price=ledger.average_entry(lot),
                cost=lot.cost,
                mark=mark,
                unrealised=ledger.unrealised(lot, mark),
                realised=lot.realised,
                fees=lot.fees,
                ts=time,
                opened=lot.opened,
                stop=lot.shown_stop,
                target=lot.target,
                trailing=lot.trailing,
                time_limit=lot.deadline,
                signal_id=lot.origin.signal_id,
                plan_id=lot.plan_id,
            )
        )


def trade_id(lot: Lot) -> str:
    """A trade is a lot from flat to flat: they share their number."""
    account, _, number = lot.lot_id.rpartition("-l")
    return f"{account}-t{number}"


def order_message(account: str, order: Order, time: int) -> OrderMessage:
    return OrderMessage(
        order_id=order.order_id,
        account=account,
        symbol=order.symbol,
        side=side_word(order.side),
        order_type=order.order_type,
        state=order.state,
        quantity=order.quantity,
        filled=order.filled,
        ts=time,
        created=order.created,
        time_in_force=order.time_in_force,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        average_price=half_even(order.notional, order.filled) if order.filled else None,
        fees=order.fees,
        purpose=order.purpose,
        reason=order.reason,
        plan_id=order.plan_id,
        slice_number=order.slice_number,
        lot_id=order.lot_id,
        signal_id=order.signal_id,
        command_id=order.command_id,
    )
