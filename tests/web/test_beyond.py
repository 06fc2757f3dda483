"""Beyond this machine: a page of its own process, over https, for who has a token."""

import json
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from streams.local.machine.ports import free_ports
from tests.certificates import Certificates
from tests.web.stack import READY_S, await_that, reply_to

pytestmark = pytest.mark.smoke


@pytest.fixture(scope="module")
def beyond(stack, tmp_path_factory):
    """Asks it over https: method, path, token; answers with status and document."""
    folder = tmp_path_factory.mktemp("beyond")
    made = Certificates(folder)
    (port,) = free_ports(1)
    words = ["--host", "0.0.0.0", "--port", str(port), "--ready-file", str(folder / "ready")]
    certificate = ["--tls-cert", made.file("broker.pem"), "--tls-key", made.file("broker.key")]
    command = [sys.executable, "-m", "streams.cli", "web", *words, *certificate]
    trusting = ssl.create_default_context(cafile=made.file("ca.pem"))

    def ask(method, path, token=None, body=None, scheme="https"):
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        url = f"{scheme}://127.0.0.1:{port}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        reply = reply_to(request, trusting if scheme == "https" else None)
        return reply.status, reply.body

    process = subprocess.Popen(command, env=stack.environment, stderr=subprocess.DEVNULL)
    try:
        await_that(lambda: process.poll() is None and (folder / "ready").exists(), READY_S)
        yield ask
    finally:
        process.terminate()
        process.wait(30)


def token(stack, name, role):
    said = stack.run("token", "create", name, "--role", role)
    return next(word for word in said.split() if word.startswith("gf_"))


def test_who_has_no_token_sees_that_it_runs_and_nothing_else(beyond):
    assert beyond("GET", "/healthz") == (200, b"ok\n")
    for path in ("/api/accounts", "/api/events", "/metrics", "/api/openapi.json"):
        assert beyond("GET", path)[0] == 401, path
    assert beyond("POST", "/api/kill", body={})[0] == 401
    assert beyond("GET", "/api/accounts", "gf_made_up")[0] == 401


def test_who_may_read_reads_and_who_may_trade_trades(beyond, stack):
    reads, trades = token(stack, "beyond-read", "read"), token(stack, "beyond-trade", "trade")
    pause = ("POST", "/api/accounts/auto-trader-swing/pause?wait=30")
    resume = ("POST", "/api/accounts/auto-trader-swing/resume?wait=30")
    await_that(lambda: beyond("GET", "/api/accounts", reads)[0] == 200)
    names = {each["account"] for each in json.loads(beyond("GET", "/api/accounts", reads)[1])["items"]}
    assert names == {each["account"] for each in stack.all("/api/accounts")}
    assert beyond(*pause, reads, {})[0] == 403
    assert stack.get("/api/accounts/auto-trader-swing")["status"] == "active"
    assert beyond(*pause, trades, {})[0] == 200
    assert beyond(*resume, trades, {})[0] == 200
    for name in ("beyond-read", "beyond-trade"):
        stack.run("token", "revoke", name)
    await_that(lambda: beyond("GET", "/api/accounts", reads)[0] == 401)
    assert beyond(*pause, trades, {})[0] == 401


def test_nothing_is_said_in_the_clear(beyond):
    with pytest.raises((OSError, urllib.error.URLError)):
        beyond("GET", "/healthz", scheme="http")
