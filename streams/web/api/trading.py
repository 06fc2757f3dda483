"""What is held, waits and was ordered; and what a person does about it by hand."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from schemas.text import numbers
from streams.clients.commands import new_command
from streams.web.api.common import (
    ACCEPTED,
    KNOWN,
    OK,
    PROBLEM,
    Cursor,
    Here,
    Limit,
    NotThereError,
    Wait,
    asked,
    json,
    later,
    standing,
    told_of,
)
from streams.web.api.models import (
    CommandOut,
    Everybody,
    ManyOut,
    NewOrder,
    OpenOrderOut,
    PlanOut,
    PositionOut,
    SliceOut,
    page_model,
)
from streams.web.instance import Instance
from streams.web.lists.live_lists import ORDERS, PLANS, POSITIONS, SLICES, OpenList, open_page
from streams.web.state.account_now import Standing
from streams.web.state.commanding import WEB

router = APIRouter(tags=["trading"], responses=PROBLEM, dependencies=KNOWN)
LATER = later(CommandOut)


def _account_of(here: Instance, id_: str) -> Standing | None:
    """The account that gave the id; None where there is none."""
    name = id_.rpartition("-")[0]
    return Standing(here.live, name) if name in here.live.accounts else None


def _page(
    request: Request, here: Instance, listed: OpenList, account: str | None, limit: int, cursor: str | None
) -> Response:
    names = here.live.accounts if account is None else [standing(here, account).name]
    return json(request, open_page(here.live, listed, names, limit, cursor)._asdict())


@router.get("/positions", response_model=page_model("Positions", PositionOut))
async def list_positions(
    request: Request,
    here: Here,
    account: str | None = None,
    symbol: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What is held, at the newest prices: account by account, the oldest first."""
    listed = POSITIONS if symbol is None else POSITIONS.only(lambda lot: lot.symbol == symbol)
    return _page(request, here, listed, account, limit, cursor)


@router.post("/positions/{position_id}/close", response_model=CommandOut, responses=LATER)
async def close_position(request: Request, here: Here, position_id: str, wait: Wait = 0) -> Response:
    """Close a position at the market."""
    each = _account_of(here, position_id)
    lot = None if each is None else each.state.lots.get(position_id)
    if each is None or lot is None:
        raise NotThereError(f"there is no open position {position_id}; GET /api/positions lists them")
    is_one_of_many = each.settings.position_mode == "per_signal"
    by = {"lot_id": position_id} if is_one_of_many else {"symbol": lot.symbol}
    return asked(request, await here.commander.command(each.name, "close_position", wait, **by), each.name)


@router.get("/orders/open", response_model=page_model("OpenOrders", OpenOrderOut))
async def list_open_orders(
    request: Request, here: Here, account: str | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Orders that wait, with the reason why they do: account by account, the oldest first."""
    return _page(request, here, ORDERS, account, limit, cursor)


@router.post("/orders", response_model=CommandOut, responses=LATER)
async def place_order(request: Request, here: Here, order: NewOrder, wait: Wait = 0) -> Response:
    """Place an order of any type."""
    amounts = "quantity limit_price stop_price trail take_profit stop_loss".split()
    given: dict[str, Any] = {
        name: numbers.decimal(name, value) for name in amounts if (value := getattr(order, name)) is not None
    }
    if order.expires_at is not None:
        given["expires_at"] = numbers.time("expires_at", order.expires_at)
    found = await here.commander.command(
        order.account, "place", wait, symbol=order.symbol, side=order.side, order_type=order.type,
        time_in_force=order.time_in_force or ("GTD" if order.expires_at is not None else None),
        note=order.note, **given,
    )  # fmt: skip
    return asked(request, found, order.account)


@router.delete("/orders/{order_id}", response_model=CommandOut, responses=LATER)
async def cancel_order(request: Request, here: Here, order_id: str, wait: Wait = 0) -> Response:
    """Cancel an open order."""
    each = _account_of(here, order_id)
    if each is None or all(order.order_id != order_id for order in each.orders):
        raise NotThereError(f"there is no open order {order_id}; GET /api/orders/open lists them")
    return asked(
        request, await here.commander.command(each.name, "cancel", wait, order_id=order_id), each.name
    )


@router.get("/plans", response_model=page_model("Plans", PlanOut))
async def list_plans(
    request: Request, here: Here, account: str | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Entries that are being made, with the slices that wait: account by account, the oldest first."""
    return _page(request, here, PLANS, account, limit, cursor)


@router.get("/slices/pending", response_model=page_model("PendingSlices", SliceOut))
async def list_pending_slices(
    request: Request, here: Here, account: str | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Slices that wait, the next one first, with what they wait for."""
    return _page(request, here, SLICES, account, limit, cursor)


@router.delete("/plans/{plan_id}", response_model=CommandOut, responses=LATER)
async def cancel_plan(request: Request, here: Here, plan_id: str, wait: Wait = 0) -> Response:
    """Cancel a plan's orders and the slices that are left; what was entered stays."""
    each = _account_of(here, plan_id)
    if each is None or plan_id not in each.state.plans:
        raise NotThereError(f"there is no open plan {plan_id}; GET /api/plans lists them")
    found = await here.commander.command(each.name, "cancel_plan", wait, plan_id=plan_id)
    return asked(request, found, each.name)


@router.post("/kill", response_model=ManyOut, responses=later(ManyOut))
async def kill(request: Request, here: Here, which: Everybody, wait: Wait = 0) -> Response:
    """The kill switch: close everything of these accounts, or of all, and pause them."""
    names = which.accounts or [name for name, state in here.live.accounts.items() if state.status != "closed"]
    for name in names:
        standing(here, name)
    commands = [new_command(name, "kill_switch", by=WEB) for name in names]
    found = await here.commander.commands(commands, wait)
    told = [told_of(each, name) for each, name in zip(found, names, strict=True)]
    return json(request, {"commands": told}, OK if all(each.decisions for each in found) else ACCEPTED)
