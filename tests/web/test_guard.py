"""What the guard lets in, what it refuses, and what it says."""

import asyncio
import json
import logging
import time
from datetime import timedelta

import pytest

from streams.local.machine.home import Home
from streams.web.guard.guard import Guard
from streams.web.guard.limits import Open, Rate, neighbourhood
from streams.web.guard.policy import PolicyError, policy_for
from tests.web.doors import HERE, THERE, Inner, ask, asking, knock, policy, wide

JSON = {"content-type": "application/json"}
BROWSER = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
OWN = {"origin": f"http://{HERE}", **BROWSER, **JSON}


@pytest.fixture
def inner():
    return Inner()


@pytest.fixture
def here(inner, tmp_path):
    return Guard(inner, policy(tmp_path))


@pytest.fixture
def there(inner, tmp_path):
    return Guard(inner, wide(tmp_path))


def bearer(guard, role="trade", **more):
    _, text = guard.policy.tokens.create(f"a-{role}", role, **more)
    guard.policy.tokens._look_at = 0.0
    return {"authorization": f"Bearer {text}"}


# --- Whom it was meant for


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:8000"])
def test_its_own_names_are_let_in(here, host):
    assert ask(here, headers={"host": host}).status == 200
    assert knock(here, headers={"host": host}) == 101


FOREIGN = [
    None, "", "evil.example.com", "evil.example.com:8000", "localhost", "localhost:80", "localhost:8001", "localhost.:8000",
    "localhost:8000.evil.com", "user@localhost:8000", "localhost:8000@evil.com", "localhost :8000", "localhost:08000",
    "127.0.0.1.nip.io:8000", "0.0.0.0:8000", "127.1:8000", "2130706433:8000", "[::]:8000", "localhost:8000, evil.com",
    "localhost:8000/", "localhost:8000#", "192.0.2.1:8000", "\xb9ocalhost:8000",
]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_refused(here, inner, host):
    reply = ask(here, headers=[("host", host)])
    assert reply.status == 421 and "Host" in reply.detail
    assert knock(here, headers={"host": host}) == 421
    assert not inner.scopes


def test_two_hosts_are_refused(here, inner):
    assert ask(here, headers=[("host", HERE), ("host", HERE)]).status == 421
    assert not inner.scopes


@pytest.mark.parametrize(
    "name",
    ["origin", "content-length", "content-type", "authorization", "x-ghostfill-csrf", "sec-fetch-site"],
)
def test_another_header_that_decides_comes_once(here, name):
    assert ask(here, headers=[(name, "1"), (name, "1")]).status == 400


@pytest.mark.parametrize(
    ("port", "tls", "host", "status"),
    [
        (80, False, "localhost", 200), (443, True, "localhost", 200), (443, False, "localhost", 421),
        (8000, False, "trade.example.com", 200), (8000, False, "trade.example.com:8000", 200),
        (8000, False, "other.example.com:9000", 200), (8000, False, "other.example.com", 421),
        (8000, False, "192.0.2.1:8000", 200), (8000, False, "192.0.2.2:8000", 421), (8000, False, "192.0.2.1", 421),
    ],
)  # fmt: skip
def test_names_that_were_given_and_the_address_that_was_reached(inner, tmp_path, port, tls, host, status):
    names = ["Trade.example.com", "other.example.com:9000"]
    made = policy_for(Home(tmp_path), "0.0.0.0", port, names, tls=tls)
    assert ask(Guard(inner, made), path="/healthz", headers={"host": host}).status == status


@pytest.mark.parametrize(
    "name", ["", "a b", "http://a", "a/b", "a:0", "a:99999", "-", "a@b", "*.example.com"]
)
def test_a_name_that_is_none_is_told(tmp_path, name):
    with pytest.raises(PolicyError, match="expected one such as"):
        policy_for(Home(tmp_path), "127.0.0.1", 8000, [name])


@pytest.mark.parametrize(
    ("host", "names", "needs"),
    [
        ("127.0.0.1", [], False), ("localhost", [], False), ("::1", [], False), ("127.0.0.9", [], False),
        ("0.0.0.0", [], True), ("::", [], True), ("192.0.2.1", [], True), ("box.lan", [], True),
        ("127.0.0.1", ["trade.example.com"], True),
    ],
)  # fmt: skip
def test_who_needs_a_token(tmp_path, host, names, needs):
    assert policy_for(Home(tmp_path), host, 8000, names).needs_token is needs


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "x-real-ip", "forwarded"])
def test_without_tokens_nobody_comes_through_a_proxy(here, name):
    reply = ask(here, headers={name: "203.0.113.9"})
    assert reply.status == 403 and "--web-name" in reply.detail


# --- Where it goes

TRICKS = [
    "//", "//evil.com/", "/api//x", "/api/..", "/..", "/.", "/a/../b", "/a/./b", "/a/..;/b", "/%2e%2e/x", "/a/%2E/b",
    "/a/.%2e/b", "/a/%2e%2e%3bx/b", "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a%00", "/a%0d%0aSet-Cookie:x", "/a%1f", "/a%7f", "/a%",
    "/a%zz", "/a%2", "/a%252fb", "/a%252e", "/%c0%af", "/%ff", "/a%c2%80", "/a%e2%80%ae", "/a b", "/a\tb", "/a\x00b", "/\xe9",
    "/<script>", '/"', "/a|b", "/a^b", "/a`b", "/{a}", "", "api", "*", "http://localhost:8000/", "/a?b=\x00", "/a?\xff",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
def test_tricks_in_a_path_are_refused(here, inner, path):
    assert ask(here, path=path).status == 400
    assert knock(here, path=path) == 400
    assert not inner.scopes


@pytest.mark.parametrize(
    "path",
    ["/", "/api/accounts/my-account_1.x", "/s/BTC-USD", "/s/VOD.L", "/s/%C3%A9", "/s/a%20b", "/s/100%25", "/.well-known/x", "/a...b", "/x?a=%2f&b=%00"],
)  # fmt: skip
def test_plain_paths_are_let_in(here, path):
    assert ask(here, path=path).status == 200


def test_a_long_address_is_refused(here):
    assert ask(here, path="/" + "a" * 8191).status == 200
    assert ask(here, path="/" + "a" * 8192).status == 414
    assert ask(here, path="/?" + "a" * 8192).status == 414


def test_a_problem_does_not_carry_what_was_sent(here):
    reply = ask(here, path="/<script>alert(1)</script>")
    assert json.loads(reply.body)["instance"].startswith("/<script>") and reply.header(
        "content-type"
    ).endswith("json")
    assert reply.header("x-content-type-options") == "nosniff"


# --- Which site asks

ORIGINS = [
    "null", "", "http://evil.com", "https://localhost:8000", "http://localhost", "http://localhost:8001", "http://127.0.0.1:8000",
    "http://localhost:8000.evil.com", "http://localhost:8000/", "localhost:8000", "http://user@localhost:8000", "file://",
    "chrome-extension://abc", f"http://{HERE}, http://evil.com",
]  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_other_origins_are_refused(here, inner, origin, method):
    reply = ask(here, method, headers={"origin": origin, **JSON})
    assert reply.status == 403 and "Origin" in reply.detail
    assert knock(here, headers={"origin": origin}) == 403
    assert not inner.scopes


def test_the_own_origin_may_ask(here):
    assert ask(here, headers={"origin": f"http://{HERE}"}).status == 200
    assert knock(here, headers={"origin": f"http://{HERE}", "sec-fetch-site": "same-origin"}) == 101
    assert ask(here, headers={"origin": f"https://{HERE}"}, scheme="https").status == 200


NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("site", "method", "path", "more", "status"),
    [
        ("same-origin", "GET", "/api/accounts", {}, 200),
        ("none", "GET", "/api/accounts", NAVIGATION, 200),
        ("cross-site", "GET", "/", NAVIGATION, 200),
        ("same-site", "GET", "/accounts/mine", NAVIGATION, 200),
        ("cross-site", "GET", "/", {}, 403),
        ("cross-site", "GET", "/", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, 403),
        ("cross-site", "GET", "/", {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403),
        ("cross-site", "GET", "/api/accounts", NAVIGATION, 403),
        ("cross-site", "GET", "/api", NAVIGATION, 403),
        ("cross-site", "GET", "/live/positions", NAVIGATION, 403),
        ("cross-site", "GET", "/metrics", NAVIGATION, 403),
        (
            "cross-site",
            "GET",
            "/assets/page.js",
            {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
            403,
        ),
        ("same-site", "GET", "/api/accounts", {}, 403),
        ("whatever", "GET", "/api/accounts", {}, 403),
        ("cross-site", "POST", "/", {**NAVIGATION, **JSON}, 403),
        (
            "cross-site",
            "POST",
            "/login",
            {**NAVIGATION, "content-type": "application/x-www-form-urlencoded"},
            403,
        ),
    ],
)
def test_other_sites_may_only_lead_to_a_page(here, site, method, path, more, status):
    assert ask(here, method, path, {"sec-fetch-site": site, **more}).status == status


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"])
def test_other_methods_are_refused(here, inner, method):
    asks = {"origin": f"http://{HERE}", "access-control-request-method": "POST"}
    reply = ask(here, method, headers={**asks, **JSON})
    assert reply.status == 405 and not inner.scopes
    assert not [name for name, _ in reply.headers if name.startswith("access-control")]


def test_no_script_and_no_style_stands_in_a_page(here):
    policy = ask(here).header("content-security-policy")
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "style-src 'self';" in policy
    assert "unsafe" not in policy


def test_an_app_cannot_share_its_answers_with_other_sites(here, inner):
    inner.headers = [(b"Access-Control-Allow-Origin", b"*"), (b"X-Frame-Options", b"ALLOWALL")]
    reply = ask(here)
    assert not reply.header("Access-Control-Allow-Origin") and not reply.header("X-Frame-Options")
    assert reply.header("x-frame-options") == "DENY"


# --- Actions


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "text/plain; application/json"]
)  # fmt: skip
def test_an_action_is_json(here, inner, method, kind):
    reply = ask(here, method, headers=[("content-type", kind)] if kind is not None else [])
    assert reply.status == 415 and "application/json" in reply.detail
    assert not inner.scopes


def test_a_program_acts_without_more(here, inner):
    assert ask(here, "POST", headers={"content-type": "Application/JSON; charset=utf-8"}).status == 200
    assert inner.visit.may_trade and inner.visit.name == ""


def page(guard):
    """A page that a browser has: its cookie, and the token in it."""
    reply = ask(guard, path="/page", headers={"sec-fetch-site": "none", **NAVIGATION})
    return {"cookie": reply.cookie("ghostfill_csrf")}, {"x-ghostfill-csrf": reply.body.decode()}


def test_a_page_acts_with_its_token_only(here, inner):
    cookie, token = page(here)
    other_cookie, other_token = page(here)
    inner.scopes.clear()
    for refused in ({}, cookie, token, {**cookie, **other_token}, {**other_cookie, **token}):
        reply = ask(here, "POST", headers={**OWN, **refused})
        assert reply.status == 403 and "reload the page" in reply.detail
    for sign in (BROWSER, {"origin": f"http://{HERE}"}, {"sec-fetch-mode": "cors"}, cookie):
        assert ask(here, "POST", headers={**sign, **JSON}).status == 403
    assert not inner.scopes
    assert ask(here, "POST", headers={**OWN, **cookie, **token}).status == 200


def test_a_page_outlives_the_process(here, inner, tmp_path):
    cookie, token = page(here)
    assert ask(Guard(inner, policy(tmp_path)), "POST", headers={**OWN, **cookie, **token}).status == 200
    elsewhere = Guard(inner, policy(tmp_path / "other"))
    assert ask(elsewhere, "POST", headers={**OWN, **cookie, **token}).status == 403


def test_a_cookie_is_given_once_and_kept_from_scripts(here):
    reply = ask(here, path="/page")
    assert "HttpOnly" in reply.header("set-cookie") and "SameSite=Strict" in reply.header("set-cookie")
    assert "Secure" not in reply.header("set-cookie")
    assert "Secure" in ask(here, path="/page", scheme="https").header("set-cookie")
    cookie, token = page(here)
    again = ask(here, path="/page", headers=cookie)
    assert not again.header("set-cookie") and again.body.decode() == token["x-ghostfill-csrf"]
    assert not ask(here).header("set-cookie")


def test_over_tls_a_cookie_is_this_host_s_alone(here, there):
    """A neighbour, or whoever sits between without TLS, could put one of the plain name in its place."""
    given = ask(here, path="/page", scheme="https").header("set-cookie")
    name, _, rest = given.partition("=")
    assert name == "__Host-ghostfill_csrf"
    assert "Path=/;" in rest and "Secure" in rest and "Domain" not in rest
    value = rest.partition(";")[0]
    for sent, is_known in ((name, True), ("ghostfill_csrf", False)):
        again = ask(here, path="/page", headers={"cookie": f"{sent}={value}"}, scheme="https")
        assert bool(again.header("set-cookie")) is not is_known
    token, _ = there.policy.tokens.create("phone", "trade")
    session = there.policy.seals.session(token.id, time.time())
    for sent, status in (("__Host-ghostfill_session", 200), ("ghostfill_session", 401)):
        asks = {"host": THERE, "cookie": f"{sent}={session}"}
        assert ask(there, headers=asks, scheme="https").status == status


# --- Who asks


@pytest.mark.parametrize(
    "path", ["/api/accounts", "/api", "/live/x", "/metrics", "/readyz", "/api/openapi.json"]
)
def test_data_needs_a_token(there, inner, path):
    reply = ask(there, path=path, headers={"host": THERE})
    assert reply.status == 401 and reply.header("www-authenticate") == "Bearer"
    assert "ghostfill token create" in reply.detail
    assert knock(there, path, headers={"host": THERE}) == 401
    assert not inner.scopes


def test_this_machine_needs_a_token_too_once_others_reach_it(there):
    assert ask(there, client=("127.0.0.1", 1)).status == 401


def test_a_page_leads_to_the_login(there, inner):
    reply = ask(there, path="/accounts/a%20b?x=1&y=/%2f", headers={"host": THERE})
    assert reply.status == 303
    assert reply.header("location") == "/login?next=/accounts/a%2520b%3Fx%3D1%26y%3D/%252f"
    assert ask(there, "POST", "/accounts", {"host": THERE, **JSON}).status == 401
    assert not inner.scopes


@pytest.mark.parametrize("path", ["/healthz", "/assets/page.css", "/login"])
def test_some_doors_are_open(there, inner, path):
    assert ask(there, path=path, headers={"host": THERE}).status == 200
    assert inner.visit.role is None


@pytest.mark.parametrize("path", ["/healthzz", "/assetsx/page.css", "/loginx", "/HEALTHZ"])
def test_what_is_named_like_an_open_door_is_none(there, path):
    assert ask(there, path=path, headers={"host": THERE}).status == 303


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer gf_",
        "Bearer gf_00000000_" + "A" * 43,
        "Basic Z2Y6",
        "Bearer \xff",
        "gf_00000000_" + "A" * 43,
        "Bearer a b",
    ],
)
def test_a_wrong_token_is_refused(there, here, inner, given):
    reply = ask(there, headers={"host": THERE, "authorization": given})
    assert reply.status == 401 and "invalid_token" in reply.header("www-authenticate")
    assert ask(here, headers={"authorization": given}).status == 401
    assert not inner.scopes


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text + "A",
        str.lower,
        lambda text: text.replace("gf_", "gf-"),
    ],
)
def test_a_token_that_is_nearly_right_is_refused(there, change):
    given = bearer(there)["authorization"].removeprefix("Bearer ")
    assert ask(there, headers={"host": THERE, "authorization": f"Bearer {change(given)}"}).status == 401


def test_a_reader_reads_and_a_trader_trades(inner, tmp_path):
    there = Guard(inner, wide(tmp_path, reading=frozenset({"/api/sql"})))
    reader, trader = ({"host": THERE, **bearer(there, role)} for role in ("read", "trade"))
    assert ask(there, headers=reader).status == 200
    assert knock(there, headers=reader) == 101
    assert ask(there, "POST", "/api/sql", {**reader, **JSON}).status == 200
    inner.scopes.clear()
    reply = ask(there, "POST", headers={**reader, **JSON})
    assert reply.status == 403 and "role trade" in reply.detail and "a-read" in reply.detail
    assert not inner.scopes
    assert ask(there, "POST", headers={**trader, **JSON}).status == 200
    assert inner.visit.name == "a-trade"


def test_an_expired_token_is_none(there):
    assert ask(there, headers={"host": THERE, **bearer(there, life=timedelta(seconds=-1))}).status == 401


def test_a_login_ends_with_its_token(there, inner):
    token, _ = there.policy.tokens.create("phone", "trade")
    session = {
        "host": THERE,
        "cookie": f"ghostfill_session={there.policy.seals.session(token.id, time.time())}",
    }
    assert ask(there, path="/page", headers=session).status == 200
    act = {**session, **JSON, "origin": f"http://{THERE}"}
    assert ask(there, "POST", headers=act).status == 403
    assert ask(there, "POST", headers={**act, "x-ghostfill-csrf": inner.visit.csrf}).status == 200
    there.policy.tokens.revoke("phone")
    there.policy.tokens._look_at = 0.0
    assert ask(there, headers=session).status == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text.replace(".", ".9", 1),
        lambda text: "00000000" + text[8:],
    ],
)
def test_a_login_that_was_made_up_is_none(there, change):
    token, _ = there.policy.tokens.create("phone", "trade")
    cookie = change(there.policy.seals.session(token.id, time.time()))
    assert ask(there, headers={"host": THERE, "cookie": f"ghostfill_session={cookie}"}).status == 401


def test_an_old_login_is_none(there):
    token, _ = there.policy.tokens.create("phone", "trade")
    cookie = there.policy.seals.session(token.id, time.time() - 7 * 24 * 3600 - 1)
    assert ask(there, headers={"host": THERE, "cookie": f"ghostfill_session={cookie}"}).status == 401


def test_a_stream_ends_with_its_token(tmp_path):
    there = Guard(None, wide(tmp_path))  # type: ignore[arg-type]
    sent = []

    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
            sent.append(number)
            there.policy.tokens.revoke("a-read")
            there.policy.tokens._look_at = 0.0

    there.app = stream
    reply = ask(there, path="/live/x", headers={"host": THERE, **bearer(there, "read")})
    assert reply.body == b"0" and sent == [0]


# --- How much, how often


def test_a_large_body_is_refused(inner, tmp_path):
    here = Guard(inner, policy(tmp_path, max_body=10))
    assert ask(here, "POST", headers={**JSON, "content-length": "10"}, body=b"1234567890").status == 200
    chunked = {**JSON, "transfer-encoding": "chunked"}
    assert ask(here, "POST", headers=chunked, body=[b"12345", b"67890"]).status == 200
    assert inner.bodies == [b"1234567890"] * 2
    assert ask(here, "POST", headers={**JSON, "content-length": "11"}).status == 413
    assert ask(here, "POST", headers=chunked, body=[b"12345", b"678901", b"never read"]).status == 413
    assert ask(here, "GET", headers=chunked, body=[b"12345", b"678901"]).status == 413
    for length in ("-1", "x", "9" * 5000, "1e3", "0x1", "\xb2"):
        assert ask(here, "POST", headers={**JSON, "content-length": length}).status in (400, 413)
    assert len(inner.bodies) == 2


def test_a_slow_body_is_given_up(inner, tmp_path):
    here = Guard(inner, policy(tmp_path, body_s=0.05))
    assert ask(here, "POST", headers={**JSON, "content-length": "5"}, body=[]).status == 408
    assert not inner.scopes


def test_who_goes_before_the_body_is_there_is_not_answered(here, inner):
    async def gone():
        return {"type": "http.disconnect"}

    async def send(message):
        pytest.fail("nobody listens")

    ask(here, "POST", headers=JSON)
    scope = inner.scopes.pop()
    scope["headers"].append((b"content-length", b"5"))
    asyncio.run(here(scope, gone, send))
    assert not inner.scopes


def test_too_many_requests_wait(inner, tmp_path):
    there = Guard(inner, wide(tmp_path, rate_per_s=0.01, burst=3))
    mine, others = {"host": THERE, **bearer(there, "read")}, {"host": THERE, **bearer(there, "trade")}
    assert [ask(there, headers=mine).status for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ask(there, headers=mine).header("retry-after") in ("99", "100")
    assert ask(there, headers=others).status == 200
    assert [ask(there, path="/healthz", headers={"host": THERE}).status for _ in range(4)] == [
        200,
        200,
        200,
        429,
    ]
    assert ask(there, path="/healthz", headers={"host": THERE}, client=("192.0.2.8", 1)).status == 200


def test_so_many_are_open_at_once(inner, tmp_path):
    async def slow(scope, receive, send):
        await asyncio.sleep(0.05)
        await inner(scope, receive, send)

    here = Guard(slow, policy(tmp_path, max_open=2))

    async def several():
        other = asking(here, client=("192.0.2.8", 1))
        return [reply.status for reply in await asyncio.gather(*(asking(here) for _ in range(4)), other)]

    assert asyncio.run(several()) == [200, 200, 429, 429, 200]
    assert ask(here).status == 200


def test_the_rate_is_that_of_a_bucket():
    now = 0.0
    rate = Rate(10, 5, remembered=3, clock=lambda: now)
    assert [rate.take("a") for _ in range(5)] == [0.0] * 5
    assert rate.take("a") == pytest.approx(0.1) and rate.wait_s("a") == pytest.approx(0.1)
    now = 0.1
    assert rate.take("a") == 0.0 and rate.take("a") > 0
    now = 10.0
    assert [rate.take("a") for _ in range(5)] == [0.0] * 5 and rate.take("a") > 0
    for who in range(100):
        rate.take(str(who))
    assert len(rate._full_at) == 3


def test_who_has_gone_is_forgotten():
    held = Open(1)
    with held.one("a") as first, held.one("a") as second:
        assert first and not second
    assert not held._open


@pytest.mark.parametrize(
    ("address", "found"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "20010db800010002::/64"), ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80000000000000::/64"), ("", ""), ("a:b", "a:b")],
)  # fmt: skip
def test_a_neighbour_counts_as_one(address, found):
    assert neighbourhood(address).lstrip("0") == found.lstrip("0")


# --- How it answers


@pytest.mark.parametrize("path", ["/", "/api/x", "/<bad>"])
def test_every_answer_makes_a_browser_careful(here, path):
    reply = ask(here, path=path)
    assert reply.header("content-security-policy").startswith("default-src 'none'; script-src 'self';")
    assert "unsafe-eval" not in reply.header("content-security-policy")
    assert reply.header("x-content-type-options") == "nosniff"
    assert reply.header("x-frame-options") == "DENY"
    assert reply.header("cache-control") == "no-store"
    assert (
        reply.header("cross-origin-opener-policy")
        == reply.header("cross-origin-resource-policy")
        == "same-origin"
    )
    assert reply.header("referrer-policy") == "same-origin"
    assert not reply.header("strict-transport-security")


def test_what_a_response_says_of_caching_stands(here, inner):
    inner.headers = [(b"cache-control", b"max-age=60"), (b"content-security-policy", b"default-src 'self'")]
    reply = ask(here)
    assert reply.header("cache-control") == "max-age=60"
    assert reply.header("content-security-policy") == "default-src 'self'"


@pytest.mark.parametrize(
    ("host", "is_promised"), [(THERE, True), ("localhost:8000", False), ("127.0.0.1:8000", False)]
)
def test_tls_is_promised_for_names_of_its_own(inner, tmp_path, host, is_promised):
    there = Guard(inner, wide(tmp_path, tls=True))
    reply = ask(there, path="/healthz", headers={"host": host}, scheme="https")
    assert bool(reply.header("strict-transport-security")) is is_promised


def test_what_fails_is_in_the_log_and_not_in_the_answer(tmp_path, caplog):
    async def fails(scope, receive, send):
        raise RuntimeError("a secret of the machine")

    here = Guard(fails, policy(tmp_path))
    with caplog.at_level(logging.ERROR):
        reply = ask(here)
    assert reply.status == 500 and "log" in reply.detail and b"secret" not in reply.body
    assert "a secret of the machine" in caplog.text
    assert knock(here) == 500


def test_what_fails_half_way_is_not_answered_twice(tmp_path, caplog):
    async def fails(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("late")

    assert ask(Guard(fails, policy(tmp_path))).status == 200
    assert "late" in caplog.text
