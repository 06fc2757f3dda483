"""How much of an order the account can pay for.

Rules of this file: a plan's own reservation and the free buying power pay together; what is short is never
bought later.
"""

from collections.abc import Callable

from streams.engine.account.account import Account
from streams.engine.execution.buying_power import buying_power, kept_for
from streams.engine.market.moment import Moment
from streams.engine.model.orders import Order
from streams.engine.model.refusal import Refusal
from streams.engine.model.state import Plan, PlannedSlice
from streams.engine.model.units import ONE, value_of
from streams.engine.rules.fees import expected_fee, parts_of
from streams.engine.rules.prices import slipped
from streams.engine.rules.sizing import largest


def short_of_money(account: Account, now: Moment, plan: Plan, planned: PlannedSlice) -> Refusal | None:
    """Why a slice that is due at this record cannot enter even the least lot."""
    instrument, settings = account.instrument(plan.symbol), account.terms_of(plan.terms)
    price = slipped(
        settings.slippage,
        plan.side,
        now.price_for(plan.side),
        instrument.tick_size,
        quantity=instrument.lot,
        volume=now.size,
        spread=now.spread,
    )
    cost = value_of(price, instrument.lot) + expected_fee(settings.commission, price, instrument.lot)
    room = planned.reserved + buying_power(account, now)
    return Refusal("buying_power", cost / ONE, room / ONE) if cost > room else None


def affordable(
    account: Account, now: Moment, order: Order, price_of: Callable[[int], int], quantity: int, *, maker: bool
) -> int:
    """How much of the quantity its reservation and the free buying power pay for."""
    plan = account.state.plans.get(order.plan_id or "")
    if not quantity or plan is None:
        return quantity
    room = kept_for(account, plan, order) + buying_power(account, now)
    lot = account.instrument(order.symbol).lot
    return largest(quantity, lot, lambda part: _cost(account, order, price_of(part), part, maker) <= room)


def _cost(account: Account, order: Order, price: int, quantity: int, maker: bool) -> int:
    terms = account.state.versions[order.version].commission
    parts = order.fee_parts + parts_of(terms, price, quantity, maker=maker, first=order.fills == 0)
    return value_of(price, quantity) + max(parts, terms.minimum) - order.fees
