"""What must be true of an account after every step, and of its outputs as a whole."""

from collections import Counter

from schemas.messages import Fill, Order, Output, Trade
from streams.engine.account.account import Account
from streams.engine.account.worth import Holdings, worth_of
from streams.engine.execution import buying_power
from streams.engine.market.moment import Moment
from streams.engine.model.orders import TERMINAL
from streams.engine.model.units import ONE, value_of


def assert_sound(account: Account, now: Moment) -> None:
    state, lots = account.state, list(account.state.lots.values())
    signed = [lot.side * value_of(now.mark_of(lot.symbol), lot.quantity) for lot in lots]
    assert _as_counted(account.holdings) == _as_counted(Holdings(lots))
    assert worth_of(state.cash, account.holdings, now.mark_of).equity == state.cash + sum(signed)
    balance = state.versions[0].balance
    assert state.cash == balance - state.fees + state.realised - sum(lot.side * lot.cost for lot in lots)
    for lot in lots:
        assert lot.quantity == lot.bought - lot.sold > 0
        assert sum(order.filled for order in lot.exits.values()) <= lot.sold
    for order in state.orders.values():
        assert order.is_open and 0 <= order.filled < order.quantity
    reserved = buying_power.reserved(account)
    assert reserved >= 0
    if _only_buys(account):
        assert state.cash >= reserved - _kept_by_started(account)


def _as_counted(holdings: Holdings) -> tuple[object, ...]:
    alike = {key: (each.count, each.net, each.closing) for key, each in holdings.alike.items()}
    return alike, holdings.cost


def _only_buys(account: Account) -> bool:
    """Longs without leverage, and without fees that small exits could not pay."""
    sides = [lot.side for lot in account.state.lots.values()]
    sides += [plan.side for plan in account.state.plans.values()]
    closing = any(lot.queued is not None for lot in account.state.lots.values())
    free = account.state.fees == 0 and account.settings.leverage == ONE and not closing
    return free and all(side > 0 for side in sides)


def _kept_by_started(account: Account) -> int:
    """What orders that filled in part keep for their rest: a dearer part may have spent of it."""
    state = account.state
    started = [order for order in state.orders.values() if order.filled]
    return sum(buying_power.kept_for(account, state.plans[order.plan_id or ""], order) for order in started)


def assert_told_soundly(told: list[Output]) -> None:
    """One end an order, nothing after it; fills add up to what trades and orders say."""
    ended: set[str] = set()
    filled: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for output in told:
        if isinstance(output, Fill):
            assert output.order_id not in ended
            filled[output.order_id] += output.quantity
            bought[f"{output.lot_id}"] += output.quantity if output.purpose == "entry" else -output.quantity
            assert bought[f"{output.lot_id}"] >= 0
        elif isinstance(output, Order):
            assert output.order_id not in ended
            assert output.filled == filled[output.order_id] <= output.quantity
            if output.state in TERMINAL:
                ended.add(output.order_id)
        elif isinstance(output, Trade):
            assert output.pnl == output.gross_pnl - output.fees
