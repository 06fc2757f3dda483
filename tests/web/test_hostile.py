"""Ten thousand hostile requests to a real server: none gets in, none stops it."""

import asyncio
import socket
import time
from collections import Counter
from dataclasses import replace

import pytest

from streams.local.machine.home import Home
from streams.web.guard import wire
from streams.web.guard.guard import Guard
from streams.web.guard.policy import policy_for
from tests.web.hostile import MAX_BODY, Maker
from tests.web.serving import exchange, served, statuses

EACH = 5_000
AT_ONCE = 16
GOOD_EVERY = 100


class Inner:
    """An app that notes who reached it without being asked in."""

    def __init__(self) -> None:
        self.good = 0
        self.intruders: list[tuple[str, str, list[tuple[bytes, bytes]]]] = []

    async def __call__(self, scope, receive, send):
        if (b"x-good", b"yes") in scope["headers"]:
            self.good += 1
        else:
            self.intruders.append((scope.get("method", scope["type"]), scope["path"], scope["headers"]))
        if scope["type"] == "http":
            await receive()
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-type", b"application/json")],
                }
            )
            await send({"type": "http.response.body", "body": b"{}"})


@pytest.mark.parametrize("needs_token", [False, True], ids=["on this machine", "beyond it"])
def test_none_gets_in_and_none_stops_it(tmp_path, needs_token):
    inner = Inner()
    guards, tokens = [], []

    def make(port):
        policy = policy_for(Home(tmp_path), "127.0.0.1", port, ["trade.example.com"] if needs_token else [])
        policy = replace(policy, rate_per_s=None, max_body=MAX_BODY, body_s=0.3, max_open=2_000)
        tokens.append(policy.tokens.create("good", "trade")[1])
        guards.append(Guard(inner, policy))
        return guards[0], policy

    with served(make) as port:
        maker = Maker(port, tokens[0], seed=11, needs_token=needs_token)
        seen, wrong = asyncio.run(_send(maker, port))
        good = asyncio.run(exchange(port, maker.good()))
    assert not inner.intruders, inner.intruders[:3]
    assert not wrong, wrong[:3]
    assert statuses(good) == [200]
    assert sum(seen.values()) == EACH and min(seen.values()) > 50 and len(seen) >= 24
    assert inner.good == EACH // GOOD_EVERY + seen["script"] + 1
    assert not guards[0]._open._open


async def _send(maker, port):
    """Counts of each kind, and the cases that were not answered as is right."""
    seen: Counter[str] = Counter()
    wrong = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name, case):
        async with gate:
            answer = await exchange(port, case.data, hangs_up=case.hangs_up)
        found = statuses(answer) or [0]
        if not set(found) <= case.right or b"text/html" in answer or b"<script" in answer:
            wrong.append((name, case.data[:300], answer[:500]))

    async def good():
        answer = await exchange(port, maker.good())
        if statuses(answer) != [200]:
            wrong.append(("good", b"", answer[:500]))

    for _ in range(EACH // GOOD_EVERY):
        cases = [maker.case() for _ in range(GOOD_EVERY)]
        seen.update(name for name, _ in cases)
        await asyncio.gather(good(), *(one(*case) for case in cases))
    return seen, wrong


@pytest.fixture
def port(tmp_path):
    def make(port):
        policy = replace(policy_for(Home(tmp_path), "127.0.0.1", port), body_s=0.2)
        return Guard(Inner(), policy), policy

    with served(make) as port:
        yield port


def test_who_says_nothing_or_half_of_it_is_hung_up_on(port, monkeypatch):
    monkeypatch.setattr(wire, "HEAD_S", 0.2)
    begun = f"GET / HTTP/1.1\r\nhost: localhost:{port}\r\n".encode()
    for data in (b"", b"G", begun, begun + b"x-good: yes\r\n\r\n" + begun):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(30)
            client.sendall(data)
            before = time.monotonic()
            while client.recv(1 << 16):
                pass
            assert 0.1 < time.monotonic() - before < 10


def test_a_head_that_does_not_end_is_not_kept(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(30)
        client.sendall(f"GET / HTTP/1.1\r\nhost: localhost:{port}\r\nx: ".encode())
        with pytest.raises(ConnectionError):
            _pour(client)


def _pour(client):
    for _ in range(1_000):
        client.sendall(b"a" * 10_000)
        time.sleep(0.0005)


def test_a_connection_is_used_again(port):
    data = f"GET / HTTP/1.1\r\nhost: localhost:{port}\r\nx-good: yes\r\n".encode()
    answer = asyncio.run(exchange(port, (data + b"\r\n") * 50 + data + b"connection: close\r\n\r\n"))
    assert statuses(answer) == [200] * 51
