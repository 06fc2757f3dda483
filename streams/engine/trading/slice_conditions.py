"""What must still hold when a slice is due."""

from streams.engine.account.account import Account
from streams.engine.market.moment import Moment
from streams.engine.model.refusal import Refusal
from streams.engine.model.settings import Condition
from streams.engine.model.state import Plan
from streams.engine.model.units import ONE


def first_failing(
    account: Account, now: Moment, plan: Plan, conditions: tuple[Condition, ...]
) -> Refusal | None:
    """The first condition that does not hold."""
    for condition in conditions:
        failed = _fails(account, now, plan, condition)
        if failed is not None:
            return failed
    return None


def _fails(account: Account, now: Moment, plan: Plan, condition: Condition) -> Refusal | None:
    if condition.kind == "feature":
        return _feature_fails(account, plan, condition)
    if condition.kind == "price_holds":
        return _price_fails(now.mark, plan, condition)
    notional, volume = now.vwap()
    if now.mark * volume > notional:
        return None
    return Refusal(condition.name, now.mark / ONE, notional / volume / ONE if volume else None)


def _feature_fails(account: Account, plan: Plan, condition: Condition) -> Refusal | None:
    newest = account.state.newest.get(f"{plan.origin.source}\n{plan.symbol}")
    measured = newest.features.get(condition.name) if newest is not None else None
    if measured is not None and measured >= condition.threshold:
        return None
    return Refusal(condition.name, measured, condition.threshold)


def _price_fails(mark: int, plan: Plan, condition: Condition) -> Refusal | None:
    """Exact: the mark may be worse than the arrival by the tolerance, not by more."""
    arrival = plan.terms.arrival
    worst = arrival * (ONE - plan.side * condition.tolerance)
    if plan.side * (mark * ONE - worst) >= 0:
        return None
    return Refusal(condition.name, mark / ONE, worst / ONE / ONE)
