"""What all parts of the API share: JSON with ETags, what is answered to a command, and the instance.

Rules of this file: a document's ETag is of its bytes, so that a client that has it already is told so.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from schemas.messages import Decision
from streams.clients.commands import REASONS
from streams.web import problems
from streams.web.instance import Instance
from streams.web.lists.history import document
from streams.web.state.account_now import Standing
from streams.web.state.commanding import Outcome

OK, ACCEPTED, NOT_MODIFIED, NOT_FOUND, CONFLICT = 200, 202, 304, 404, 409
MOST_WAIT_S = 60.0

_PROBLEM = {"content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong with the request, and what was expected.", **_PROBLEM},
}
PROBLEM: dict[int | str, dict[str, Any]] = {
    **REFUSED,
    503: {"description": "Kafka or ClickHouse does not answer; try again.", **_PROBLEM},
}
MEANINGS: Mapping[str, str] = {
    **REASONS,
    "no_account": "there is no such account: GET /api/accounts lists all",
    "paused": "the account is paused: POST /api/accounts/NAME/resume lets it trade",
    "no_limit_price": "an order of this type needs limit_price",
    "no_stop_price": "an order of this type needs stop_price",
    "no_trail": "an order of this type needs trail, the distance of its stop",
    "no_expires_at": "a GTD order needs expires_at",
    "buying_power": "it costs more than the account may still spend",
}
"""What reasons mean to a client over HTTP."""

Wait = Annotated[
    float,
    Query(ge=0, le=MOST_WAIT_S, description="How many seconds to wait for the decision; 0: not at all."),
]


MOST = 500
Limit = Annotated[int, Query(ge=1, le=MOST, description="At most this many.")]
Cursor = Annotated[str | None, Query(description="The `next` of the previous page.")]


class NotThereError(Exception):
    """Something that was asked for does not exist; says where to look."""


class StartingError(Exception):
    """Too early: what there is is not known yet."""


async def instance_of(request: Request) -> Instance:  # what is not async has a thread for each request
    found: Instance = request.app.state.instance
    found.health.watch()
    return found


Here = Annotated[Instance, Depends(instance_of)]


async def _known(here: Here) -> None:
    if not here.live.is_whole:
        raise StartingError("still loading from Kafka; try again in a moment")


KNOWN = [Depends(_known)]
"""For what is answered from memory."""


def later(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """A command's answer that does not wait, for the description."""
    return {ACCEPTED: {"model": model, "description": "Asked, and not decided within `wait`."}}


class Written(NamedTuple):
    """A document as it is sent."""

    body: bytes
    tag: str


def written(content: Any) -> Written:
    body = orjson.dumps(content)
    return Written(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


def json(request: Request, content: Any, status: int = OK) -> Response:
    return sent(request, written(content), status)


def sent(request: Request, document: Written, status: int = OK) -> Response:
    headers = {"ETag": document.tag, "Cache-Control": "no-cache"}
    if request.method == "GET" and status == OK and document.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    return Response(document.body, status, headers, "application/json")


def standing(here: Instance, account: str) -> Standing:
    if account not in here.live.accounts:
        raise NotThereError(f"there is no account {account}; GET /api/accounts lists all")
    return Standing(here.live, account)


def told_of(found: Outcome, account: str) -> dict[str, Any]:
    """A command, and its decision if it came in time."""
    decision = found.decisions[0] if found.decisions else None
    return {
        "command_id": found.id,
        "account": account,
        "decision": None if decision is None else document(decision),
        "meaning": None if decision is None else meaning(decision),
    }


def asked(request: Request, found: Outcome, account: str) -> Response:
    """The answer to a command; one that was refused is a conflict, a name that nobody has is not found."""
    told = told_of(found, account)
    decision = found.decisions[0] if found.decisions else None
    if decision is None:
        return json(request, told, ACCEPTED)
    if decision.decision == "accepted":
        return json(request, told)
    detail = ": ".join(filter(None, (decision.decision, decision.reason, told["meaning"])))
    status = NOT_FOUND if decision.reason == "no_account" else CONFLICT
    return problems.response(status, "Refused", detail, instance=request.url.path, **told)


def meaning(decision: Decision) -> str | None:
    """What a reason means, in words."""
    return MEANINGS.get(decision.reason)
