"""Each thing that the guard looks at; what is wrong is refused with what was expected.

Rules of this file: nothing here waits, and nothing that comes from outside is trusted before its check.
"""

import re
import time

from streams.web.guard.asked import CSRF_COOKIE, CSRF_HEADER, SESSION, AskedRequest
from streams.web.guard.limits import neighbourhood
from streams.web.guard.policy import FORMS, OPEN, Policy, bracketed, is_under
from streams.web.guard.seals import is_cookie
from streams.web.guard.tokens import Role
from streams.web.guard.visits import Visit
from streams.web.problems import RefusedError

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"
FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded")
_BAD_PATH = re.compile(
    rb"[^A-Za-z0-9/._~!$&'()*+,;=:@%-]"  # whatever a path has to encode
    rb"|//"
    rb"|%(?![0-9A-Fa-f]{2})"
    rb"|%(?:2[Ff]|5[Cc]|[01]|7[Ff])"  # slashes and control characters
    rb"|%25[0-9A-Fa-f]{2}"  # encoded twice
    rb"|/(?:\.|%2[Ee]){1,2}(?:[/;]|%3[Bb]|$)"
)
_BAD_QUERY = re.compile(rb"[^\x21-\x7e]")
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +(\S+)")


def check_host(asked: AskedRequest, policy: Policy) -> None:
    """It was meant for us: no other name that somebody made to lead here."""
    if asked.twice:
        said = asked.twice.decode("ascii")
        raise RefusedError(421 if said == "host" else 400, f"found two headers {said}; expected one")
    host = asked.headers.get(b"host", b"").decode("latin-1").lower()
    if host in policy.hosts or (policy.is_anywhere and host in _reached(asked, policy)):
        return
    expected = f"localhost:{policy.port}"
    raise RefusedError(
        421,
        f"the header Host does not name this server; use {expected}, or start it with --web-name NAME",
    )


def _reached(asked: AskedRequest, policy: Policy) -> tuple[str, ...]:
    """The address that the connection came to."""
    address, port = asked.scope.get("server") or ("", None)
    name = bracketed(address)
    return (f"{name}:{port}", name) if port == (443 if policy.tls else 80) else (f"{name}:{port}",)


def check_proxy(asked: AskedRequest, policy: Policy) -> None:
    """Without tokens nobody comes in through a proxy: behind it may be the world."""
    if not policy.needs_token and any(name in asked.headers for name in FORWARDED):
        raise RefusedError(
            403, "this came through a proxy: start the server with --web-name NAME, and it asks for tokens"
        )


def check_url(asked: AskedRequest, policy: Policy) -> None:
    if len(asked.raw_path) + len(asked.query) > policy.max_url:
        raise RefusedError(414, f"the address is too long; expected {policy.max_url} bytes at most")
    if (
        not asked.raw_path.startswith(b"/")
        or _BAD_PATH.search(asked.raw_path)
        or not asked.path.isprintable()
        or "\ufffd" in asked.path
    ):
        raise RefusedError(400, "the path has characters that no address of this server has")
    if _BAD_QUERY.search(asked.query):
        raise RefusedError(400, "the query has characters that must be encoded")


def check_origin(asked: AskedRequest) -> None:
    """No other site asks, except for a page that a person goes to."""
    headers = asked.headers
    origin = headers.get(b"origin")
    if origin is not None:
        scheme = b"https://" if asked.is_secure else b"http://"
        if origin.lower() != scheme + headers[b"host"].lower():
            raise RefusedError(
                403,
                "found another site in the header Origin; a proxy must pass on Host and X-Forwarded-Proto",
            )
    if headers.get(b"sec-fetch-site", b"none") in (b"same-origin", b"none"):
        return
    is_navigation = (
        headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest", b"document") == b"document"
    )
    if not (asked.is_for_page and is_navigation):
        raise RefusedError(403, "found another site in the header Sec-Fetch-Site, which is not allowed")


def check_method(asked: AskedRequest) -> None:
    if asked.method not in METHODS:
        raise RefusedError(405, "this method is not supported", allow="GET, HEAD, POST, PUT, PATCH, DELETE")


def visit(asked: AskedRequest, policy: Policy) -> tuple[Visit, bool]:
    """Who asks, and whether a token was given that is none."""
    seals, tokens = policy.seals, policy.tokens
    address = neighbourhood(asked.client)
    given = asked.headers.get(b"authorization")
    if given is not None:
        match = _BEARER.fullmatch(given)
        token = tokens.find(match[1].decode("latin-1")) if match else None
        who = token.id if token is not None else address
        return Visit(token.role if token else None, token, who, "", seals), token is None
    session = asked.cookie(SESSION) if policy.needs_token else ""
    token_id = seals.token_id(session, time.time()) if session else None
    token = tokens.by_id(token_id) if token_id is not None else None
    if token is not None:
        return Visit(token.role, token, token.id, session, seals), False
    cookie = asked.cookie(CSRF_COOKIE)
    role: Role | None = None if policy.needs_token else "trade"
    return Visit(role, None, address, cookie if is_cookie(cookie) else "", seals), False


def check_role(asked: AskedRequest, visit: Visit, is_wrong: bool, policy: Policy) -> None:
    if is_wrong:
        raise RefusedError(
            401,
            "the token in the header Authorization is not valid: make one with `ghostfill token create`",
            www_authenticate='Bearer error="invalid_token"',
        )
    if is_under(asked.path, OPEN):
        return
    if visit.role is None:
        raise RefusedError(
            401,
            "a token is needed: make one with `ghostfill token create NAME --role read`, and send it as "
            "`Authorization: Bearer gf_…`",
            www_authenticate="Bearer",
        )
    if asked.is_action and not visit.may_trade and asked.path not in policy.reading:
        raise RefusedError(
            403,
            f"this needs the role trade, and the token {visit.name} has the role {visit.role}: make another "
            "with `ghostfill token create NAME --role trade`",
        )


def check_action(asked: AskedRequest, visit: Visit, policy: Policy) -> None:
    """Nothing is done that a page of another site could have sent, or a form."""
    is_form = asked.path in FORMS
    expected = FORM if is_form else JSON
    given = asked.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if given != expected:
        raise RefusedError(415, f"expected the header Content-Type: {expected.decode()}")
    if is_form or not asked.is_from_browser or (visit.token is not None and not visit.cookie):
        return
    if not visit.cookie or not policy.seals.is_csrf(asked.headers.get(CSRF_HEADER, b""), visit.cookie):
        raise RefusedError(403, "the header X-Ghostfill-CSRF is missing or out of date: reload the page")


def check_length(asked: AskedRequest, policy: Policy) -> None:
    said = asked.headers.get(b"content-length", b"0")
    if not said.isdigit():
        raise RefusedError(400, "expected a number in the header Content-Length")
    if len(said) > 18 or int(said) > policy.max_body:
        raise too_large(policy)


def too_large(policy: Policy) -> RefusedError:
    return RefusedError(
        413, f"the body is too large; expected {policy.max_body} bytes at most", connection="close"
    )
