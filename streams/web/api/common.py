"""What all parts of the API share: JSON with ETags, waiting, pages, and the instance.

Rules of this file: a document's ETag is of its bytes, so that who has it already is told so.
"""

import hashlib
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Request
from starlette.responses import Response

from schemas.messages import Decision
from streams.clients.asking import REASONS
from streams.web import problems
from streams.web.commanding import Asked
from streams.web.history import document
from streams.web.instance import Instance
from streams.web.standing import Standing

ACCEPTED, CONFLICT = 202, 409
MOST_WAIT_S = 60.0

_PROBLEM = {"content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
PROBLEM: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong with the request, and what was expected.", **_PROBLEM},
    503: {"description": "Kafka or ClickHouse does not answer; try again.", **_PROBLEM},
}

Wait = Annotated[
    float,
    Query(ge=0, le=MOST_WAIT_S, description="How many seconds to wait for the decision; 0: not at all."),
]


class NotThereError(Exception):
    """Something that was asked for does not exist; says where to look."""


def instance_of(request: Request) -> Instance:
    found: Instance = request.app.state.instance
    found.health.watch()
    return found


Here = Annotated[Instance, Depends(instance_of)]


def json(request: Request, content: Any, status: int = 200) -> Response:
    body = orjson.dumps(content)
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.method == "GET" and tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")


def standing(here: Instance, account: str) -> Standing:
    if account not in here.live.accounts:
        raise NotThereError(f"there is no account {account}; GET /api/accounts lists those that there are")
    return Standing(here.live, account)


def told_of(found: Asked, account: str) -> dict[str, Any]:
    """A command, and its decision if it came in time."""
    decision = found.decisions[0] if found.decisions else None
    return {
        "command_id": found.id,
        "account": account,
        "decision": None if decision is None else document(decision),
        "meaning": None if decision is None else meaning(decision),
    }


def asked(request: Request, found: Asked, account: str) -> Response:
    """The answer to a command; one that was refused is a conflict."""
    told = told_of(found, account)
    decision = found.decisions[0] if found.decisions else None
    if decision is None:
        return json(request, told, ACCEPTED)
    if decision.decision == "accepted":
        return json(request, told)
    detail = ": ".join(filter(None, (decision.decision, decision.reason, told["meaning"])))
    return problems.response(CONFLICT, "Refused", detail, **told)


def meaning(decision: Decision) -> str | None:
    """What a reason means, in words."""
    return REASONS.get(decision.reason)
