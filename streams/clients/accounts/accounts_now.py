"""Accounts as they are now, for the terminal: as documents, whoever knows them.

Rules of this file: the instance's page knows them all at the newest prices, and answers in milliseconds.
Without one the desk's table is read: how they were at the last checkpoint, with equity as it was last told.
Both give the same documents.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from streams.clients.accounts.page_api import PageApi, PageAwayError, page_api
from streams.local.machine.home import find_cluster
from streams.transport.kafka.cluster import ClusterError

Document = dict[str, Any]
ACCOUNT = (
    "account", "status", "market", "follow", "blocked_by", "equity", "cash", "unrealised", "realised", "fees",
    "positions", "orders", "plans", "as_of",
)  # fmt: skip
"""Of a list: how many positions, orders and plans. Of one account: each of them."""
POSITION = (
    "position_id", "symbol", "side", "quantity", "average_price", "stop", "target", "trailing", "time_limit",
    "opened",
)  # fmt: skip
ORDER = (
    "order_id", "symbol", "side", "order_type", "state", "quantity", "filled", "limit_price", "stop_price",
    "trail", "time_in_force", "reason",
)  # fmt: skip
_Answer = TypeVar("_Answer")


class SomeAccounts(NamedTuple):
    """Accounts by name."""

    documents: list[Document]
    are_all: bool


def some_accounts(environment: Mapping[str, str], find: str, most: int | None) -> SomeAccounts:
    """The first of those with this in their name or in a source that they follow; None: all of them."""

    def of_page(page: PageApi) -> list[Document]:
        found = page.each("/api/accounts", find=find)
        return list(islice(found, None if most is None else most + 1))

    found = _asked(environment, of_page)
    if found is None:
        cluster = find_cluster(environment)
        from streams.clients.accounts.accounts_of_table import documents  # which takes half a second

        found = documents(cluster, find, most)
    shown = [_only(ACCOUNT, each) for each in found[:most]]
    return SomeAccounts(shown, most is None or len(found) <= most)


def one_account(environment: Mapping[str, str], name: str) -> Document:
    """With what it holds and waits for."""
    found = _asked(environment, lambda page: _of_page(page, name))
    if found is None:
        cluster = find_cluster(environment)
        from streams.clients.accounts.accounts_of_table import document

        found = document(cluster, name)
    if not found:
        raise ClusterError(f"there is no account {name}; `ghostfill account list` shows all")
    return _only(ACCOUNT, found)


def _asked(environment: Mapping[str, str], ask: Callable[[PageApi], _Answer]) -> _Answer | None:
    page = page_api(environment)
    if page is None:
        return None
    with page, suppress(PageAwayError):
        return ask(page)
    return None


def _of_page(page: PageApi, name: str) -> Document:
    """Empty where there is none."""
    found = page.get(f"/api/accounts/{quote(name, safe='')}")
    if found is None:
        return {}
    parts = {
        "positions": [_only(POSITION, each) for each in page.each("/api/positions", account=name)],
        "orders": [_only(ORDER, each) for each in page.each("/api/orders/open", account=name)],
        "plans": [_plan(each) for each in page.each("/api/plans", account=name) if not each["by_hand"]],
    }
    return {**found, **parts}


def _plan(plan: Document) -> Document:
    waiting = plan["slices"]
    return {
        "plan_id": plan["plan_id"],
        "symbol": plan["symbol"],
        "side": plan["side"],
        "signal_id": plan["signal_id"],
        "slices": plan["of"],
        "waiting": len(waiting),
        "next_due": waiting[0]["due"] if waiting else None,
    }


def _only(names: tuple[str, ...], found: Document) -> Document:
    return {name: found[name] for name in names}
