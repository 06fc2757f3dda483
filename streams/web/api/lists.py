"""What happened, page by page: fills, trades, decisions, equity, alerts, signals, orders, slices."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from schemas.errors import MessageError
from schemas.text import numbers
from streams.web.api.common import KNOWN, PROBLEM, Cursor, Here, Limit, json
from streams.web.api.models import message_model, page_model
from streams.web.lists.history import LISTS, Wish, page

router = APIRouter(tags=["history"], responses=PROBLEM, dependencies=KNOWN)
Wishes = Callable[[str], Wish]


async def wishes(
    account: Annotated[str | None, Query(description="Only of this account.")] = None,
    symbol: Annotated[str | None, Query(description="Only of this symbol.")] = None,
    signal_id: Annotated[str | None, Query(description="Only what this signal caused.")] = None,
    plan_id: Annotated[str | None, Query(description="Only what belongs to this plan.")] = None,
    source: Annotated[str | None, Query(description="Only what signals of this source caused.")] = None,
    since: Annotated[str | None, Query(description="From this time on: 2026-01-05T14:30:00Z.")] = None,
    until: Annotated[str | None, Query(description="Before this time.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Wishes:
    """What may be asked of every list."""
    fields = {
        "account": account, "symbol": symbol, "signal_id": signal_id, "plan_id": plan_id, "source": source,
    }  # fmt: skip
    equal = {name: value for name, value in fields.items() if value is not None}

    def wish(name: str) -> Wish:
        for each in equal:
            if each not in LISTS[name].fields:
                raise MessageError(each, repr(equal[each]), f"no {each}: {name} have none to filter by")
        return Wish(name, equal, _time("since", since), _time("until", until), limit, cursor)

    return wish


def _time(field: str, text: str | None) -> int | None:
    return None if text is None else numbers.time(field, text)


def _add(path: str, name: str, text: str) -> None:
    listed = LISTS[name]
    model: Any = page_model(path.title().replace("/", ""), message_model(listed.kind))

    async def list_them(request: Request, here: Here, wish: Annotated[Wishes, Depends(wishes)]) -> Response:
        found = await page(here.live, here.results, wish(name))
        return json(request, found._asdict())

    router.add_api_route(
        f"/{path}", list_them, response_model=model, summary=text, name=f"list_{path}", methods=["GET"]
    )


_add("fills", "fills", "Executions, the newest first.")
_add("trades", "trades", "Closed positions, the newest first.")
_add("decisions", "decisions", "What became of signals, slices and commands, and why; the newest first.")
_add("equity", "equity", "What accounts were worth: at fills, minutes and days' ends; the newest first.")
_add("alerts", "alerts", "What a person should look at, the newest first.")
_add("signals", "signals", "What was asked, the newest first.")
_add("orders", "orders", "Every order in its last state, the newest first.")
_add("slices", "slices", "Every slice in its last state, the newest first.")
