"""The pages' addresses: each page, its live changes, and the files that it needs."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from urllib.parse import parse_qsl, unquote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from streams.accounts import presets
from streams.web.api.common import Here, NotThereError
from streams.web.api.events import HEADERS
from streams.web.guard.visits import visit_of
from streams.web.instance import Instance
from streams.web.pages import views
from streams.web.pages.accounts_wish import COLUMNS, AccountsWish
from streams.web.pages.channels import Channels
from streams.web.pages.limits import limits
from streams.web.pages.rendering import marked, page
from streams.web.pages.views import Make, View

router = APIRouter(include_in_schema=False)
ACCOUNT = "/accounts/"
MAKES: dict[str, Make] = {"/": views.overview(), "/signals": views.signals, "/system": views.system}
MAKES_WITH: dict[str, Callable[[Mapping[str, str]], Make]] = {
    "/": lambda asked: views.overview(AccountsWish.of(asked)),
    "/signals": lambda asked: views.signals_with(asked["find"]) if asked.get("find") else views.signals,
    "/trace": lambda asked: views.trace(asked.get("signal_id", ""), asked.get("source", "")),
}
"""Pages that are asked for something."""
ASKED = {"/": ("find", "sort", "page"), "/signals": ("find",), "/trace": ("signal_id", "source")}
"""By these names."""


def make_of(page: str) -> Make:
    """What makes a page's view; behind a question mark is what it is asked for."""
    path, asked = _asked(page)
    if asked:
        return MAKES_WITH[path](asked)
    if path.startswith(ACCOUNT) and len(path) > len(ACCOUNT):
        return views.account(unquote(path.removeprefix(ACCOUNT)))
    if path not in MAKES:
        raise NotThereError(f"there is no page {path}")
    return MAKES[path]


def without_others_words(page: str) -> str:
    """The page as all see it who look at it: what a link adds for others makes no other page."""
    return _asking(*_asked(page))


def _asked(page: str) -> tuple[str, dict[str, str]]:
    path, _, query = page.partition("?")
    return path, {name: text for name, text in parse_qsl(query) if name in ASKED.get(path, ())}


@router.get("/")
async def overview(request: Request, here: Here) -> Response:
    wish = AccountsWish.of(request.query_params)
    facts = {"presets": presets(), "wish": wish, "columns": COLUMNS}
    return await _page(request, here, wish.link, "overview.html.jinja", **facts)


@router.get("/accounts")
async def accounts() -> Response:
    return RedirectResponse("/")


@router.get("/accounts/{name}")
async def account(request: Request, here: Here, name: str) -> Response:
    state = here.live.accounts.get(name)
    settings = limits(state.versions[-1]) if state is not None else {}
    path = f"{ACCOUNT}{name}"
    return await _page(request, here, path, "account.html.jinja", known=state is not None, limits=settings)


@router.get("/signals")
async def signals(request: Request, here: Here, find: str = "") -> Response:
    known = sorted({symbol for prices in here.live.prices.values() for symbol in prices})
    sources = sorted({each for state in here.live.accounts.values() for each in state.versions[-1].follow})
    found = {"symbols": known, "sources": sources, "find": find}
    return await _page(request, here, _asking("/signals", {"find": find}), "signals.html.jinja", **found)


@router.get("/trace")
async def trace(request: Request, here: Here, signal_id: str, source: str = "") -> Response:
    path = _asking("/trace", {"signal_id": signal_id, "source": source})
    return await _page(request, here, path, "trace.html.jinja")


def _asking(path: str, asked: Mapping[str, str]) -> str:
    given = {name: value for name, value in asked.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


@router.get("/system")
async def system(request: Request, here: Here) -> Response:
    return await _page(request, here, "/system", "system.html.jinja")


@router.get("/docs")
async def docs(request: Request) -> Response:
    return HTMLResponse(page("docs.html.jinja", version=version()))


async def _page(request: Request, here: Instance, path: str, template: str, **facts: object) -> Response:
    view: View = await make_of(path)(here)
    pieces = {name: marked(text) for name, text in view.pieces.items()}
    here_is = path.partition("?")[0]
    csrf = visit_of(request).csrf
    return HTMLResponse(
        page(template, view=view, pieces=pieces, here=here_is, csrf=csrf, version=version(), **facts)
    )


@router.get("/live")
async def live(request: Request, here: Here, page: str) -> Response:
    """A page's changes."""
    channels: Channels = request.app.state.channels
    changes = channels.watch(without_others_words(page), make_of(page))
    return StreamingResponse(changes, media_type="text/event-stream", headers=HEADERS)


# Files -----------------------------------------------------------------------------------------

OWN = resources.files("streams.web.pages").joinpath("assets")
REPORT = resources.files("sinks.report")
SWAGGER = resources.files("fastapi_swagger").joinpath("resources")
LIGHTWEIGHT = resources.files("litecharts").joinpath("js", "lightweight-charts.js")
FILES: dict[str, tuple[tuple[Traversable, ...], str]] = {
    "page.css": ((REPORT.joinpath("colours.css"), OWN.joinpath("page.css")), "text/css"),
    "page.js": (tuple(map(OWN.joinpath, ("changes.js", "actions.js", "page.js"))), "text/javascript"),
    "charts.js": ((OWN.joinpath("charts.js"),), "text/javascript"),
    "drawing.js": ((OWN.joinpath("drawing.js"),), "text/javascript"),
    "docs.js": ((OWN.joinpath("docs.js"),), "text/javascript"),
    "docs.css": ((OWN.joinpath("docs.css"),), "text/css"),
    "icon.svg": ((OWN.joinpath("icon.svg"),), "image/svg+xml"),
    "lightweight.js": ((LIGHTWEIGHT,), "text/javascript"),
    "swagger.js": ((SWAGGER.joinpath("swagger-ui-bundle.js"),), "text/javascript"),
    "swagger.css": ((SWAGGER.joinpath("swagger-ui.css"),), "text/css"),
}
"""By name: what it is made of, and its type."""
OURS = ("page.css", "page.js", "charts.js", "drawing.js", "docs.js", "docs.css")


@router.get("/assets/{name}")
def asset(request: Request, name: str) -> Response:
    if name not in FILES:
        raise NotThereError(f"there is no file {name}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(_packed(name) if packed else _content(name), headers=headers, media_type=FILES[name][1])


def _content(name: str) -> bytes:
    return b"\n".join(file.read_bytes() for file in FILES[name][0])


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_content(name), 6)


@cache
def version() -> str:
    """Changes with our files, so that nobody keeps old ones."""
    own = b"".join(_content(name) for name in OURS)
    return f"{metadata.version('ghostfill')}-{hashlib.blake2b(own, digest_size=4).hexdigest()}"
