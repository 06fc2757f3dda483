"""What is told of an entry's slices: armed, released, skipped, cancelled."""

from schemas.messages import SliceState
from streams.engine.account.account import Account
from streams.engine.market.moment import Moment
from streams.engine.model.refusal import Refusal
from streams.engine.model.state import Plan, PlannedSlice

NOTHING = Refusal("")


def tell(
    account: Account,
    now: Moment,
    plan: Plan,
    planned: PlannedSlice,
    state: SliceState,
    why: Refusal = NOTHING,
    *,
    order_id: str | None = None,
    mark: int | None = None,
) -> None:
    words = account.state.condition_words(plan, planned)
    account.out.slice(now.time, plan, planned, state, words, *why, order_id=order_id, mark=mark)


def skip(account: Account, now: Moment, plan: Plan, planned: PlannedSlice, why: Refusal) -> None:
    """A slice that does not enter, with its reason."""
    account.out.decide(
        now.time, "skipped", *why, symbol=plan.symbol, origin=plan.origin, plan_id=plan.plan_id
    )
    tell(account, now, plan, planned, "skipped", why, mark=now.mark_of(plan.symbol))
