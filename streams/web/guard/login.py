"""A person's way in: a page that takes a token and keeps its login in a cookie.

Rules of this file: it needs no script; what a person typed is never shown again.
"""

import math
import re
import time
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from streams.web.guard.answers import cookie
from streams.web.guard.asked import SESSION, AskedRequest
from streams.web.guard.limits import Rate, neighbourhood
from streams.web.guard.policy import Policy
from streams.web.guard.seals import SESSION_S
from streams.web.guard.visits import visit_of

HOME_PAGE = "/"
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ghostfill: log in</title>
<link rel="stylesheet" href="/assets/page.css">
</head>
<body class="login">
<main>
<h1>Ghostfill</h1>
<form method="post" action="/login">
<p><label for="token">Token</label></p>
<p><input id="token" name="token" type="password" autocomplete="current-password" required autofocus></p>
<input name="next" type="hidden" value="{next}">
<p><button type="submit">Log in</button></p>
</form>
<p role="status">{said}</p>
<p>No token? On the machine that runs Ghostfill: <code>ghostfill token create NAME --role read</code></p>
</main>
</body>
</html>
"""


def router(policy: Policy) -> APIRouter:
    """GET and POST /login, POST /logout."""
    login = Login(policy)
    found = APIRouter(include_in_schema=False)
    found.add_api_route("/login", login.show, methods=["GET"])
    found.add_api_route("/login", login.enter, methods=["POST"])
    found.add_api_route("/logout", login.leave, methods=["POST"])
    return found


class Login:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._failures = Rate(policy.failed_logins_a_minute / 60, policy.failed_logins_a_minute)

    async def show(self, request: Request) -> Response:
        wanted = local(request.query_params.get("next", ""))
        return RedirectResponse(wanted, 303) if visit_of(request).role is not None else _page(wanted)

    async def enter(self, request: Request) -> Response:
        form = _form(await request.body())
        wanted = local(form.get("next", ""))
        asked = AskedRequest(request.scope)
        who = neighbourhood(asked.client)
        wait_s = math.ceil(self._failures.wait_s(who))
        if wait_s:
            said = f"Too many wrong tokens: wait {wait_s} s."
            return _page(wanted, said, 429, {"Retry-After": str(wait_s)})
        token = self._policy.tokens.find(form.get("token", "").strip())
        if token is None:
            self._failures.take(who)
            return _page(wanted, "This token is not valid here: it is unknown, expired or revoked.", 401)
        session = self._policy.seals.session(token.id, time.time())
        return _moved(wanted, cookie(SESSION, session, is_secure=asked.is_secure, seconds=SESSION_S))

    async def leave(self, request: Request) -> Response:
        secure = AskedRequest(request.scope).is_secure
        return _moved("/login", cookie(SESSION, "", is_secure=secure, seconds=0))


def local(text: str) -> str:
    """Where to go after the login: a path of this server, and nothing else."""
    is_ours = _LOCAL.fullmatch(text) is not None and not text.startswith(("/login", "/logout"))
    return text if is_ours else HOME_PAGE


def _form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode("utf-8"), max_num_fields=8)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _moved(to: str, set_cookie: str) -> Response:
    return RedirectResponse(to, 303, {"Set-Cookie": set_cookie})


def _page(
    wanted: str, said: str = "", status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return HTMLResponse(_PAGE.format(next=escape(wanted), said=escape(said)), status, headers)
