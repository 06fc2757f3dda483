"""A person's way in, and out."""

from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from streams.web.guard import login
from streams.web.guard.guard import Guard
from tests.web.doors import THERE, Inner, ask, policy, wide

FORM = {"host": THERE, "content-type": "application/x-www-form-urlencoded"}


def app(rules):
    made = FastAPI(openapi_url=None)
    made.include_router(login.router(rules))
    made.mount("/", Inner())
    return Guard(made, rules)


@pytest.fixture
def there(tmp_path):
    return app(wide(tmp_path))


def enter(there, token, wanted="/accounts", **more):
    body = urlencode({"token": token, "next": wanted}).encode()
    return ask(there, "POST", "/login", {**FORM, "content-length": str(len(body)), **more}, body)


def test_a_token_becomes_a_login(there):
    _, text = there.policy.tokens.create("phone", "trade")
    reply = enter(there, f" {text} ", "/accounts?x=1")
    assert reply.status == 303 and reply.header("location") == "/accounts?x=1"
    assert all(word in reply.header("set-cookie") for word in ("HttpOnly", "SameSite=Strict", "Max-Age="))
    assert "Secure" not in reply.header("set-cookie") and text not in reply.header("set-cookie")
    session = {"host": THERE, "cookie": reply.cookie("ghostfill_session")}
    assert ask(there, path="/api/accounts", headers=session).status == 200
    assert ask(there, path="/login", headers=session).status == 303
    out = ask(there, "POST", "/logout", {**FORM, **session})
    assert (
        out.status == 303
        and "ghostfill_session=;" in out.header("set-cookie")
        and "Max-Age=0" in out.header("set-cookie")
    )


def test_over_tls_the_cookie_stays_there(tmp_path):
    there = app(wide(tmp_path, tls=True))
    _, text = there.policy.tokens.create("phone", "trade")
    body = urlencode({"token": text}).encode()
    reply = ask(there, "POST", "/login", {**FORM, "content-length": str(len(body))}, body, scheme="https")
    given = reply.header("set-cookie")
    assert reply.header("location") == "/" and "; Secure" in given
    assert given.startswith("__Host-ghostfill_session=") and "Domain" not in given
    session = {"host": THERE, "cookie": given.partition(";")[0]}
    assert ask(there, path="/api/accounts", headers=session, scheme="https").status == 200
    out = ask(there, "POST", "/logout", {**FORM, **session}, scheme="https")
    assert out.header("set-cookie").startswith("__Host-ghostfill_session=;")


def test_a_wrong_token_is_told_and_not_shown(there):
    reply = enter(there, "<script>alert(1)</script>", '"><script>')
    assert reply.status == 401 and b"This token is not valid here" in reply.body
    assert b"<script" not in reply.body and not reply.header("set-cookie")


def test_the_page_needs_no_script(there):
    reply = ask(there, path="/login?next=%2Fa%22b%3Cscript%3E", headers={"host": THERE})
    assert reply.status == 200 and reply.header("content-type").startswith("text/html")
    assert b"<script" not in reply.body and b'value="/a&quot;b&lt;script&gt;"' in reply.body


def test_who_guesses_waits(there):
    _, text = there.policy.tokens.create("phone", "trade")
    assert [enter(there, "wrong").status for _ in range(12)] == [401] * 10 + [429] * 2
    reply = enter(there, text)
    assert reply.status == 429 and int(reply.header("retry-after")) <= 6
    body = urlencode({"token": text}).encode()
    elsewhere = ask(
        there, "POST", "/login", {**FORM, "content-length": str(len(body))}, body, client=("192.0.2.9", 1)
    )
    assert elsewhere.status == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.com"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": f"http://{THERE}", "sec-fetch-site": "same-origin"}, 303),
        ({"content-type": "application/json"}, 415),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_other_sites_log_nobody_in(there, headers, status):
    _, text = there.policy.tokens.create("phone", "trade")
    assert enter(there, text, **headers).status == status


@pytest.mark.parametrize(
    "body", [b"", b"token", b"token=%ff", b"\xff\xfe", b"&" * 50, b"token=a&" * 50, b"token=" + b"a" * 5000]
)  # fmt: skip
def test_a_form_that_is_none_is_a_wrong_token(there, body):
    assert ask(there, "POST", "/login", {**FORM, "content-length": str(len(body))}, body).status == 401


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("/", "/"), ("/accounts/mine?x=1&y=%2f#z", "/accounts/mine?x=1&y=%2f#z"),
        ("", "/"), ("//evil.com", "/"), ("///evil.com", "/"), ("/\\evil.com", "/"), ("\\\\evil.com", "/"), ("https://evil.com", "/"),
        ("javascript:alert(1)", "/"), ("/\t/evil.com", "/"), ("/\n/evil.com", "/"), (" //evil.com", "/"), ("/a\r\nSet-Cookie: x=y", "/"),
        ("evil.com", "/"), ("/login", "/"), ("/logout", "/"), ("/\xe9", "/"),
    ],
)  # fmt: skip
def test_a_login_leads_to_a_path_of_this_server(text, to):
    assert login.local(text) == to


def test_on_this_machine_nobody_logs_in(tmp_path):
    reply = ask(app(policy(tmp_path)), path="/login?next=/accounts")
    assert reply.status == 303 and reply.header("location") == "/accounts"
