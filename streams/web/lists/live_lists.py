"""Accounts as they stand, and what is open in them, page by page.

Rules of this file: looking through all accounts makes no document; only those of the page are made.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest
from typing import Any, NamedTuple

from streams.clients.accounts.account_document import open_orders
from streams.engine.model.orders import Order
from streams.engine.model.state import AccountState, Lot, Plan, PlannedSlice
from streams.web.lists.cursors import Part, read_cursor, write_cursor
from streams.web.state.account_now import (
    Standing,
    account_document,
    open_order_document,
    plan_document,
    position_document,
    slice_document,
)
from streams.web.state.live_state import LiveState

Place = tuple[Part, ...]
"""In a list's order; the places of a list are all made alike."""
Find = Callable[[str, AccountState], Iterator[tuple[Place, Any]]]
"""What is open in one account, and its place in the list."""


class OpenList(NamedTuple):
    find: Find
    document: Callable[[Standing, Any], dict[str, Any]]
    kinds: tuple[type[Part], ...]
    """What a place is made of."""

    def only(self, wanted: Callable[[Any], bool]) -> "OpenList":
        def find(name: str, state: AccountState) -> Iterator[tuple[Place, Any]]:
            return (each for each in self.find(name, state) if wanted(each[1]))

        return self._replace(find=find)


class OpenPage(NamedTuple):
    """Documents, and where the next page begins."""

    items: list[dict[str, Any]]
    next: str | None


def open_page(
    live: LiveState, listed: OpenList, accounts: Iterable[str], limit: int, cursor: str | None
) -> OpenPage:
    """One more than a page is looked for: it tells whether there is another."""
    after = None if cursor is None else read_cursor(cursor, *listed.kinds)
    found = (
        (place, name, thing)
        for name in accounts
        for place, thing in listed.find(name, live.accounts[name])
        if after is None or place > after
    )
    first = nsmallest(limit + 1, found, key=lambda each: each[0])
    shown = first[:limit]
    standings = {name: Standing(live, name) for name in {name for _, name, _ in shown}}
    items = [listed.document(standings[name], thing) for _, name, thing in shown]
    return OpenPage(items, write_cursor(shown[-1][0]) if len(first) > limit else None)


def _accounts(name: str, state: AccountState) -> Iterator[tuple[Place, None]]:
    yield (name,), None


def _positions(name: str, state: AccountState) -> Iterator[tuple[Place, Lot]]:
    for lot in state.lots.values():
        yield (name, len(lot.lot_id), lot.lot_id), lot


def _orders(name: str, state: AccountState) -> Iterator[tuple[Place, Order]]:
    for order in open_orders(state):
        yield (name, len(order.order_id), order.order_id), order


def _plans(name: str, state: AccountState) -> Iterator[tuple[Place, Plan]]:
    for plan in state.plans.values():
        yield (name, len(plan.plan_id), plan.plan_id), plan


def _slices(name: str, state: AccountState) -> Iterator[tuple[Place, tuple[Plan, PlannedSlice]]]:
    for plan in state.plans.values():
        for planned in plan.waiting:
            yield (planned.due, name, len(plan.plan_id), plan.plan_id, planned.number), (plan, planned)


BY_ACCOUNT = (str, int, str)
ACCOUNTS = OpenList(_accounts, lambda at, _: account_document(at), (str,))
POSITIONS = OpenList(_positions, lambda at, lot: position_document(at, at.holding(lot)), BY_ACCOUNT)
ORDERS = OpenList(_orders, open_order_document, BY_ACCOUNT)
PLANS = OpenList(_plans, plan_document, BY_ACCOUNT)
SLICES = OpenList(
    _slices, lambda at, waiting: slice_document(at, at.waiting_slice(*waiting)), (int, str, int, str, int)
)
