"""Connections that ask for nothing: they make room for those that do, and no log is filled with them."""

import logging
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from streams.local.machine.home import Home
from streams.local.parts.damping import EVERY_S, Damper
from streams.web.guard import wire
from streams.web.guard.connections import Connections
from streams.web.guard.guard import Guard
from streams.web.guard.policy import policy_for
from tests.web.serving import served

FAR, FARTHER, HERE = "203.0.113.7", "203.0.113.8", "127.0.0.1"


class Held:
    """A connection that notes whether it was hung up on."""

    def __init__(self):
        self.has_ended = False

    def hang_up(self):
        self.has_ended = True


def entered(connections, address, count):
    held = [Held() for _ in range(count)]
    assert all(connections.enter(each, address) for each in held)
    return held


def ended(held):
    return [at for at, each in enumerate(held) if each.has_ended]


def test_whoever_asks_for_nothing_the_longest_makes_room():
    connections = Connections(in_all=3, of_each=10)
    held = entered(connections, FAR, 3)
    connections.work(held[0])
    entered(connections, FARTHER, 1)
    assert ended(held) == [1] and len(connections) == 3
    connections.rest(held[0])
    entered(connections, HERE, 1)
    assert ended(held) == [1, 2]


def test_none_that_is_being_answered_is_hung_up_on():
    connections = Connections(in_all=2, of_each=10)
    held = entered(connections, FAR, 2)
    for each in held:
        connections.work(each)
    assert not connections.enter(Held(), FARTHER) and ended(held) == []
    connections.leave(held[0])
    assert connections.enter(Held(), FARTHER)


def test_an_address_has_its_own_share():
    """Except for those of this machine: a proxy's stand for everybody behind it."""
    connections = Connections(in_all=100, of_each=3)
    mine, others, near = (
        entered(connections, address, count) for address, count in ((FAR, 3), (FARTHER, 3), (HERE, 50))
    )
    near += entered(connections, "::1", 10) + entered(connections, "::ffff:127.0.0.1", 10)
    entered(connections, FAR, 2)
    assert ended(mine) == [0, 1] and ended(others) == ended(near) == []
    same = [f"2001:db8:1:2::{last:x}" for last in range(1, 5)]
    first, *_ = [entered(connections, address, 1) for address in same]
    assert ended(first) == [0]


def test_who_left_takes_no_room():
    connections = Connections(in_all=2, of_each=2)
    for _ in range(10):
        (held,) = entered(connections, FAR, 1)
        connections.leave(held)
        connections.leave(held)
        connections.rest(held)
    assert len(connections) == 0 and not ended(entered(connections, FAR, 2))


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A server that has room for 40."""
    monkeypatch.setattr(wire, "HEAD_S", 30.0)

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                pass
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
            await receive()
            while (await receive())["type"] != "http.disconnect":
                pass
        await send({"type": "http.response.body", "body": b"second\n"})

    def make(port):
        policy = replace(policy_for(Home(tmp_path), "127.0.0.1", port), max_connections=40)
        return Guard(app, policy), policy

    with served(make) as port:
        yield port


def opened(port, said=b""):
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(said)
    return client


def head(port, path="/x", more=""):
    return f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{more}\r\n".encode()


def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_half_open_sockets_do_not_stop_the_page(few):
    """Nor what is being answered on another connection: a stream, or a WebSocket."""
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    with ExitStack() as kept:
        stream = kept.enter_context(opened(few, head(few, "/stream")))
        web_socket = kept.enter_context(opened(few, head(few, "/api/events/ws", upgrade)))
        assert b"200" in stream.recv(1_000) and b"101" in web_socket.recv(1_000)
        halves = []
        for count in range(4):
            halves += [
                kept.enter_context(opened(few, b"GET / HTTP/1.1\r\nHost: " * (at % 2))) for at in range(50)
            ]
            began = time.monotonic()
            with opened(few, head(few)) as client:
                assert b" 200 " in client.recv(1_000), count
            assert time.monotonic() - began < 10
        time.sleep(0.2)
        assert sum(map(is_open, halves)) <= 40
        assert is_open(stream) and is_open(web_socket)
        for _ in range(3):  # one that has its answer, and one that has left, keep no place
            web_socket.close()
            with opened(few, head(few)) as client:
                assert b" 200 " in client.recv(1_000)


def test_so_many_files_may_be_open_as_the_user_may():
    code = (
        "import resource; from streams.local.machine import open_files as files\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]; resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))\n"
        "files.raise_limit(); print(files.limit(), hard)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    now, hard = map(int, said.stdout.split())
    assert now == (min(hard, 65_536) if hard > 0 else 65_536)


# Logs --------------------------------------------------------------------------------------------


class Lines(logging.Handler):
    def __init__(self, damper):
        super().__init__()
        self.addFilter(damper)
        self.said: list[str] = []

    def emit(self, record):
        self.said.append(record.getMessage())


@pytest.fixture
def damped():
    clock = [0.0]
    lines = Lines(Damper(3, lambda: clock[0]))
    log = logging.getLogger("tests.damped")
    log.addHandler(lines)
    log.propagate = False
    yield log, lines.said, clock
    log.removeHandler(lines)


def test_a_flood_of_one_kind_is_a_few_lines_and_hides_no_other(damped):
    log, said, clock = damped
    for number in range(1_000):
        log.error("no room for %d", number)
        if number == 500:
            log.error("something else")
    assert said == [
        "no room for 0",
        "no room for 1",
        "no room for 2 (similar messages are left out for 60 s)",
        "something else",
    ]
    clock[0] = EVERY_S
    for number in range(2):
        log.error("again %d", number)
    assert said[4:] == ["again 0", "again 1"]


def test_what_was_left_out_is_told_later(damped):
    log, said, clock = damped
    for minute in range(3):
        clock[0] = minute * EVERY_S
        for number in range(5):
            log.error("no room %d", number)
    assert said[3:6] == [
        "no room 0 (2 similar messages were left out before it)",
        "no room 1",
        "no room 2 (similar messages are left out for 60 s)",
    ]


def test_other_errors_of_one_place_are_another_kind(damped):
    log, said, _ = damped
    for number in range(10):
        for error in (ValueError(), KeyError()):
            try:
                raise error
            except Exception:
                log.exception("%d failed", number)
    assert len(said) == 6
