"""The application: the page and the API over one instance, and what its errors say."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from importlib import metadata
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from schemas.errors import MessageError
from sinks.accounts import UnknownAccountError
from sinks.database import AwayError, DatabaseError
from sinks.questions import QuestionError
from streams.accounts import SettingsError
from streams.transport.cluster import ClusterError
from streams.web import problems
from streams.web.api import accounts, asking, events, lists, signals, system, trading
from streams.web.api.common import NotThereError
from streams.web.api.models import Problem
from streams.web.commanding import BusyError
from streams.web.door import login
from streams.web.door.policy import Policy
from streams.web.instance import Instance
from streams.web.pages import charts, routes
from streams.web.pages.channels import Channels

TEXT = """Paper trading as a stream. Times are ISO in UTC; prices, quantities and money are decimals as text.

Errors are `application/problem+json` and say what to do. Lists are pages: give `next` as `cursor`."""

STATUS: dict[type[Exception], int] = {
    MessageError: 422,
    SettingsError: 422,
    QuestionError: 422,
    DatabaseError: 422,
    UnknownAccountError: 404,
    NotThereError: 404,
    AwayError: 503,
    ClusterError: 503,
    BusyError: 503,
}
"""What an error of ours is to who asked."""

Watched = Callable[[], AbstractAsyncContextManager[Instance]]


def application(watched: Watched, policy: Policy) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with watched() as instance:
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
    for part in (accounts, trading, signals, lists, asking, system):
        api.include_router(part.router)
    api.include_router(events.router)
    app.include_router(api)
    app.include_router(system.health)
    app.include_router(login.router(policy))
    app.include_router(charts.router)
    app.include_router(routes.router)
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, _handler(status))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    _describe(app)
    return app


def _handler(status: int) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        return problems.response(status, HTTPStatus(status).phrase, str(error), instance=request.url.path)

    return handle


def _invalid(request: Request, error: Exception) -> Response:
    """All that does not fit the description, at once."""
    assert isinstance(error, RequestValidationError)
    found = [{"where": ".".join(map(str, each["loc"])), "what": each["msg"]} for each in error.errors()]
    detail = "; ".join(f"{each['where']}: {each['what']}" for each in found[:5])
    return problems.response(422, "Unprocessable Content", detail, instance=request.url.path, errors=found)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = "there is nothing here; /docs shows what there is" if error.status_code == 404 else error.detail
    phrase = HTTPStatus(error.status_code).phrase
    return problems.response(error.status_code, phrase, detail, error.headers, instance=request.url.path)


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
