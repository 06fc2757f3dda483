"""The application: the page and the API over one instance, and what its errors say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus
from importlib import metadata
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from schemas.errors import MessageError
from schemas.wire.json_values import DEEPEST
from sinks.asking.questions import QuestionError
from sinks.database.database import AwayError, DatabaseError
from streams.accounts import SettingsError
from streams.accounts.document import Fault
from streams.transport.kafka.cluster import ClusterError
from streams.web import problems
from streams.web.api import accounts, events, lists, queries, signals, system, trading
from streams.web.api.common import NotThereError, StartingError
from streams.web.api.models import Problem
from streams.web.guard import login
from streams.web.guard.policy import Policy
from streams.web.instance import Instance
from streams.web.pages import charts, contract, routes
from streams.web.pages.channels import Channels
from streams.web.state.commanding import BusyError

TEXT = """Paper trading as a stream. Times are ISO in UTC; prices, quantities and money are decimals as text.

Errors are `application/problem+json` and say what to do. Lists are pages: give `next` as `cursor`."""

STATUS: dict[type[Exception], int] = {
    MessageError: 422,
    SettingsError: 422,
    QuestionError: 422,
    DatabaseError: 422,
    NotThereError: 404,
    AwayError: 503,
    ClusterError: 503,
    BusyError: 503,
    StartingError: 503,
}
"""What a client is told of an error of ours."""

PATIENCE_S, LOOK_S = 10.0, 0.05

Watched = Callable[[], AbstractAsyncContextManager[Instance]]


def application(watched: Watched, policy: Policy) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with watched() as instance:
            await _until_known(instance)
            app.state.instance = instance
            app.state.channels = Channels(instance)
            yield

    app = FastAPI(
        title="Ghostfill",
        version=metadata.version("ghostfill"),
        description=TEXT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    api = APIRouter(prefix="/api")
    for part in (accounts, trading, signals, lists, queries, system):
        api.include_router(part.router)
    api.include_router(events.router)
    app.include_router(api)
    app.include_router(system.health)
    app.include_router(login.router(policy))
    app.include_router(charts.router)
    app.include_router(contract.router)
    app.include_router(routes.router)
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, _handler(status))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    _describe(app)
    return app


async def _until_known(instance: Instance) -> None:
    """Nobody is let in before it is known what there is, unless that takes long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while not instance.live.is_whole:
                await asyncio.sleep(LOOK_S)


def _handler(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None

    async def handle(request: Request, error: Exception) -> Response:
        phrase = HTTPStatus(status).phrase
        found = [{"where": _text(where), "what": _text(what)} for where, what in _faults(error)]
        more: dict[str, Any] = {"errors": found} if found else {}
        return problems.response(status, phrase, _text(error), headers, instance=request.url.path, **more)

    return handle


def _faults(error: Exception) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what."""
    if isinstance(error, MessageError):
        yield error.field, f"found {error.found}, expected {error.expected}"
    if isinstance(error, SettingsError):
        for fault in error.faults:
            yield (fault.setting, fault.what) if isinstance(fault, Fault) else ("", fault)


def _text(said: object) -> str:
    """What somebody sent may hold halves of characters."""
    return str(said).encode("utf-8", "replace").decode()


async def _invalid(request: Request, error: Exception) -> Response:
    """All that does not fit the description, at once."""
    assert isinstance(error, RequestValidationError)
    found = [
        {"where": _text(".".join(map(str, each["loc"]))), "what": _text(each["msg"])}
        for each in error.errors()
    ]
    detail = "; ".join(f"{each['where']}: {each['what']}" for each in found[:5])
    return problems.response(422, HTTPStatus(422).phrase, detail, instance=request.url.path, errors=found)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path, status = request.url.path, error.status_code
    detail = {
        404: f"there is nothing at {path}; /docs shows what there is",
        405: f"{request.method} is not for {path}; /docs shows what is",
    }.get(status, error.detail)
    if isinstance(error.__cause__, RecursionError):
        detail = f"the body is nested too deep; expected JSON of at most {DEEPEST} levels"
    return problems.response(status, HTTPStatus(status).phrase, detail, error.headers, instance=path)


def _describe(app: FastAPI) -> None:
    """Problems are in the description too, in place of FastAPI's own errors."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            schemas = found["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for path in found["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
