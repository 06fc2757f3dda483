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
    Here,
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
)
from streams.web.instance import Instance
from streams.web.state.account_now import (
    Standing,
    open_order_document,
    plan_document,
    position_document,
    slice_document,
)
from streams.web.state.commanding import WEB

router = APIRouter(tags=["trading"], responses=PROBLEM, dependencies=KNOWN)
LATER = later(CommandOut)


def _standings(here: Instance, account: str | None) -> list[Standing]:
    if account is not None:
        return [standing(here, account)]
    return [Standing(here.live, name) for name in sorted(here.live.accounts)]


@router.get("/positions", response_model=list[PositionOut])
async def list_positions(
    request: Request, here: Here, account: str | None = None, symbol: str | None = None
) -> Response:
    """What is held, at the newest prices."""
    found = [
        position_document(each, holding)
        for each in _standings(here, account)
        for holding in each.holdings
        if symbol in (None, holding.lot.symbol)
    ]
    return json(request, found)


@router.post("/positions/{position_id}/close", response_model=CommandOut, responses=LATER)
async def close_position(request: Request, here: Here, position_id: str, wait: Wait = 0) -> Response:
    """Close a position at the market."""
    for each in _standings(here, None):
        lot = each.state.lots.get(position_id)
        if lot is not None:
            by = (
                {"lot_id": position_id}
                if each.settings.position_mode == "per_signal"
                else {"symbol": lot.symbol}
            )
            found = await here.commander.command(each.name, "close_position", wait, **by)
            return asked(request, found, each.name)
    raise NotThereError(f"there is no open position {position_id}; GET /api/positions lists them")


@router.get("/orders/open", response_model=list[OpenOrderOut])
async def list_open_orders(request: Request, here: Here, account: str | None = None) -> Response:
    """Orders that wait, with the reason why they do."""
    found = [open_order_document(each, order) for each in _standings(here, account) for order in each.orders]
    return json(request, found)


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
    for each in _standings(here, None):
        if any(order.order_id == order_id for order in each.orders):
            return asked(
                request, await here.commander.command(each.name, "cancel", wait, order_id=order_id), each.name
            )
    raise NotThereError(f"there is no open order {order_id}; GET /api/orders/open lists them")


@router.get("/plans", response_model=list[PlanOut])
async def list_plans(request: Request, here: Here, account: str | None = None) -> Response:
    """Entries that are being made, with the slices that wait."""
    found = [
        plan_document(each, plan) for each in _standings(here, account) for plan in each.state.plans.values()
    ]
    return json(request, found)


@router.get("/slices/pending", response_model=list[SliceOut])
async def list_pending_slices(request: Request, here: Here, account: str | None = None) -> Response:
    """Slices that wait, with what they wait for."""
    found = [slice_document(each, waiting) for each in _standings(here, account) for waiting in each.waiting]
    return json(request, sorted(found, key=lambda each: each["due_in_seconds"]))


@router.delete("/plans/{plan_id}", response_model=CommandOut, responses=LATER)
async def cancel_plan(request: Request, here: Here, plan_id: str, wait: Wait = 0) -> Response:
    """Cancel a plan's orders and the slices that are left; what was entered stays."""
    for each in _standings(here, None):
        if plan_id in each.state.plans:
            return asked(
                request,
                await here.commander.command(each.name, "cancel_plan", wait, plan_id=plan_id),
                each.name,
            )
    raise NotThereError(f"there is no open plan {plan_id}; GET /api/plans lists them")


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
