"""Accounts: list, open, show, change, pause, resume, close."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from streams.accounts import check_new_name, document_of
from streams.clients.accounts.finding import is_found
from streams.clients.settings_texts import changes_in_words, changes_of, settings_of
from streams.web.api.common import KNOWN, PROBLEM, Cursor, Here, Limit, Wait, asked, json, later, standing
from streams.web.api.models import AccountOut, AccountWhole, Change, CommandOut, NewAccount, page_model
from streams.web.lists.live_lists import ACCOUNTS, open_page
from streams.web.state.account_now import account_document

router = APIRouter(prefix="/accounts", tags=["accounts"], responses=PROBLEM, dependencies=KNOWN)
LATER = later(CommandOut)


@router.get("", response_model=page_model("Accounts", AccountOut))
async def list_accounts(
    request: Request,
    here: Here,
    status: Literal["active", "paused", "closed"] | None = None,
    find: Annotated[str, Query(description="Only with this in the name, or in a source it follows.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Accounts at the newest prices, by name."""
    names = (
        name
        for name, state in here.live.accounts.items()
        if status in (None, state.status) and is_found(find, name, state.versions[-1].follow)
    )
    return json(request, open_page(here.live, ACCOUNTS, names, limit, cursor)._asdict())


@router.post("", response_model=CommandOut, responses=LATER)
async def open_account(request: Request, here: Here, wanted: NewAccount, wait: Wait = 0) -> Response:
    """Open an account, from a preset or with settings of its own."""
    check_new_name(wanted.name)
    document: dict[str, Any] = {**wanted.settings, "name": wanted.name}
    if wanted.preset is not None:
        document["preset"] = wanted.preset
    if wanted.follow is not None:
        document["follow"] = wanted.follow
    settings = settings_of(document)
    return asked(request, await here.commander.open(wanted.name, settings, wait), wanted.name)


@router.get("/{account}", response_model=AccountWhole)
async def show_account(request: Request, here: Here, account: str) -> Response:
    """One account, with every setting as an account file has it; null: switched off."""
    found = standing(here, account)
    return json(request, account_document(found) | {"settings": document_of(found.settings)})


@router.patch("/{account}", response_model=CommandOut, responses=LATER)
async def change_account(
    request: Request, here: Here, account: str, change: Change, wait: Wait = 0
) -> Response:
    """Change settings, for what is accepted from then on."""
    settings = changes_in_words(change.texts) if change.texts else changes_of(change.settings)
    found = await here.commander.command(
        account, "change", wait, settings=settings, plans=tuple(change.plans)
    )
    return asked(request, found, account)


@router.post("/{account}/pause", response_model=CommandOut, responses=LATER)
async def pause(request: Request, here: Here, account: str, wait: Wait = 0) -> Response:
    """Enter nothing more, and end what would; what is held stays, with its exits."""
    return asked(request, await here.commander.command(account, "pause", wait), account)


@router.post("/{account}/resume", response_model=CommandOut, responses=LATER)
async def resume(request: Request, here: Here, account: str, wait: Wait = 0) -> Response:
    """Trade again after a pause or a drawdown."""
    return asked(request, await here.commander.command(account, "resume", wait), account)


@router.post("/{account}/close", response_model=CommandOut, responses=LATER)
async def close_account(request: Request, here: Here, account: str, wait: Wait = 0) -> Response:
    """Close every position, end every order, and trade never again."""
    return asked(request, await here.commander.command(account, "close", wait), account)


@router.post("/{account}/close-all", response_model=CommandOut, responses=LATER)
async def close_all(request: Request, here: Here, account: str, wait: Wait = 0) -> Response:
    """Close every position and end every order; the account trades on."""
    return asked(request, await here.commander.command(account, "close_all", wait), account)
