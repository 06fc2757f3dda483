"""Stands before the app: it lets through only requests from known users, within the limits of size and rate.

Rules of this file:
- It knows nothing of the app but which paths are pages and which are open (`policy`).
- The order is that of trust: who was meant, where it goes, which site asks, who asks, how often, what for.
- A body reaches the app whole, or not at all.
- What the app fails at is in the log, and never in the answer.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from streams.web.guard import checks
from streams.web.guard.answers import GuardedAnswer, Message, Send
from streams.web.guard.asked import AskedRequest
from streams.web.guard.limits import Open, Rate
from streams.web.guard.policy import Policy
from streams.web.guard.visits import KEY, Visit
from streams.web.problems import RefusedError, refusal

Receive = Callable[[], Awaitable[Message]]
App = Callable[[Any, Any, Any], Awaitable[None]]
log = logging.getLogger(__name__)


class GoneError(Exception):
    """Who asked did not wait."""


class Guard:
    """ASGI middleware, to be the outermost."""

    def __init__(self, app: App, policy: Policy) -> None:
        self.app = app
        self.policy = policy
        self._open = Open(policy.max_open)
        self._rate = None if policy.rate_per_s is None else Rate(policy.rate_per_s, policy.burst)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        asked = AskedRequest(scope)
        answer = GuardedAnswer(send, asked, self.policy)
        try:
            visit = self._let_in(asked)
            with self._open.one(visit.who) as is_free:
                if not is_free:
                    raise RefusedError(
                        429,
                        f"{self.policy.max_open} requests are open already: end one first",
                        retry_after="1",
                    )
                if asked.has_body and not asked.is_websocket:
                    receive = await self._with_body(receive)
                answer.visit = visit
                await self._pass_on({**scope, KEY: visit}, receive, answer, asked)
        except RefusedError as error:
            await _refusal(error, asked)(scope, receive, answer)
        except GoneError:
            pass

    def _let_in(self, asked: AskedRequest) -> Visit:
        policy = self.policy
        checks.check_host(asked, policy)
        checks.check_proxy(asked, policy)
        checks.check_url(asked, policy)
        checks.check_origin(asked)
        checks.check_method(asked)
        visit, is_wrong = checks.visit(asked, policy)
        self._count(visit)
        checks.check_role(asked, visit, is_wrong, policy)
        if asked.is_action:
            checks.check_action(asked, visit, policy)
        checks.check_length(asked, policy)
        return visit

    def _count(self, visit: Visit) -> None:
        wait_s = self._rate.take(visit.who) if self._rate is not None else 0.0
        if wait_s:
            raise RefusedError(
                429,
                f"more than {self.policy.rate_per_s:g} requests a second: wait",
                retry_after=str(math.ceil(wait_s)),
            )

    async def _with_body(self, receive: Receive) -> Receive:
        """The same, with its body in one piece."""
        try:
            async with asyncio.timeout(self.policy.body_s):
                body = await self._body(receive)
        except TimeoutError:
            raise RefusedError(
                408, f"the body did not arrive in {self.policy.body_s:g} s", connection="close"
            ) from None
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return first.pop() if first else await receive()

        return replayed

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            body += message.get("body", b"")
            if len(body) > self.policy.max_body:
                raise checks.too_large(self.policy)
            if not message.get("more_body", False):
                return bytes(body)

    async def _pass_on(
        self, scope: Any, receive: Receive, answer: GuardedAnswer, asked: AskedRequest
    ) -> None:
        try:
            await self.app(scope, receive, answer)
        except Exception as error:
            if answer.has_ended:
                return
            if asked.is_websocket and isinstance(error, OSError):  # the client has gone
                raise
            log.exception("%s %s failed", asked.method, asked.path)
            if not answer.has_begun:
                await _failure(asked)(scope, receive, answer)
            elif asked.is_websocket:
                await answer({"type": "websocket.close", "code": 1011})


def _refusal(error: RefusedError, asked: AskedRequest) -> Response:
    if error.status == 401 and asked.is_for_page and b"authorization" not in asked.headers:
        wanted = asked.raw_path + (b"?" + asked.query if asked.query else b"")
        return RedirectResponse(f"/login?next={quote(wanted, safe='/')}", 303)
    return refusal(error, asked.shown)


def _failure(asked: AskedRequest) -> Response:
    error = RefusedError(500, "this failed, and not by your fault: the log of the web process says at what")
    return refusal(error, asked.shown)
