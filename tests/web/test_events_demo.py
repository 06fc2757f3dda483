"""Readers of a running demo's events, over both ways: cut, slow, or gone, they have what Kafka has."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from schemas.codec import default_codec
from schemas.errors import MessageError
from schemas.kinds import kind_of
from streams.clients.kafka import read_spans
from streams.local.machine.home import Home
from streams.transport.kafka.cluster import Cluster
from streams.web.state.events import read_id
from tests.web.stack import PATIENCE_S, await_that


class Sse:
    """A reader of the stream, as EventSource is one."""

    def __init__(self, stack, last=None, **query):
        self._connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE_S)
        headers = {} if last is None else {"Last-Event-ID": last}
        self._connection.request("GET", f"/api/events?{urlencode(query, doseq=True)}", headers=headers)
        self._answer = self._connection.getresponse()
        assert (self._answer.status, self._answer.headers["content-type"].partition(";")[0]) == (
            200,
            "text/event-stream",
        )
        self.last = last

    def __iter__(self):
        return self

    def __next__(self):
        """(id, kind, document) of the next; an id alone is remembered."""
        block = {}
        while True:
            line = self._answer.readline()
            if not line.endswith(b"\n"):
                raise StopIteration
            name, _, value = line.rstrip(b"\n").decode().partition(": ")
            if name in ("id", "event", "data"):
                block[name] = value
            if line == b"\n":
                self.last = block.get("id", self.last)
                if "data" in block:
                    return self.last, block["event"], json.loads(block["data"])
                block = {}

    def begin(self):
        """Until the first id has come."""
        while self.last is None:
            line = self._answer.readline()
            if line.startswith(b"id: "):
                self.last = line[4:].strip().decode()
        return self

    def close(self):
        self._answer.close()
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def web_socket(stack, **query):
    return connect(
        f"ws://127.0.0.1:{stack.port}/api/events/ws?{urlencode(query, doseq=True)}",
        max_size=None,
        close_timeout=1,
    )


def between(stack, first, last):
    """What Kafka's topics have from one id to another, as (place, kind, document)."""
    instance = Home(stack.home).instance()
    assert instance is not None
    cluster = Cluster(instance.bootstrap)
    start, end = read_id(first), read_id(last)
    raws = read_spans(cluster, {place: (start[place], end[place]) for place in end})
    found = []
    for raw in raws:
        if raw.value is not None:
            with contextlib.suppress(MessageError):
                message = default_codec().decode(raw.topic, raw.key, raw.value)
                found.append((kind_of(message), default_codec().write_whole_json(message)))
    return found


def counted(events):
    found: dict[tuple[str, str], int] = {}
    for kind, document in events:
        key = kind, json.dumps(document, sort_keys=True)
        found[key] = found.get(key, 0) + 1
    return found


def read_for(stack, seconds, cuts, last, chance):
    """Events as a reader gets them that is cut again and again; with the last id."""
    got, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException), Sse(stack, last) as stream:
            for count, (id_, kind, document) in enumerate(stream):
                got.append((kind, document))
                last = id_
                if time.monotonic() > end or count >= chance.randint(*cuts):
                    break
        time.sleep(0.01)
    return got, last


def test_cut_again_and_again_a_reader_has_what_kafka_has(stack):
    with Sse(stack) as stream:
        first = stream.begin().last
    got, last = read_for(stack, 6, (0, 60), first, random.Random(1))
    assert len(got) > 50
    assert counted(got) == counted(between(stack, first, last))


def is_another(stack, pid):
    return stack.pid("web") != pid


def test_a_killed_server_s_next_process_tells_what_came_meanwhile(stack):
    """Killed while it is read, and again while nobody reads."""
    with Sse(stack) as stream:
        first = stream.begin().last
    got, last = read_for(stack, 2, (1000, 1000), first, random.Random(2))
    for _ in range(2):
        pid = stack.pid("web")
        os.kill(pid, signal.SIGKILL)
        more, last = read_for(stack, 3, (0, 400), last, random.Random(3))
        got += more
        await_that(partial(is_another, stack, pid))
        await_that(lambda: stack.ask("GET", "/healthz").status == 200, 2 * PATIENCE_S)
        more, last = read_for(stack, 3, (0, 400), last, random.Random(4))
        got += more
    assert len(got) > 50
    assert counted(got) == counted(between(stack, first, last))


@pytest.mark.smoke
def test_both_ways_tell_the_same(stack):
    with Sse(stack) as stream:
        first = stream.begin().last
        told = [next(stream) for _ in range(300)]
    with web_socket(stack, after=first) as over:
        beginning = json.loads(over.recv(PATIENCE_S))
        assert (beginning["event"], beginning["data"], beginning["id"]) == (None, None, first)
        found = [json.loads(over.recv(PATIENCE_S)) for _ in range(600)]
    by_both = counted((each["event"], each["data"]) for each in found)
    assert all(
        by_both.get(key, 0) >= count for key, count in counted((kind, data) for _, kind, data in told).items()
    )
    middle = found[299]["id"]
    with web_socket(stack, after=middle) as over:
        over.recv(PATIENCE_S)
        again = [json.loads(over.recv(PATIENCE_S)) for _ in range(100)]
    seen = counted((each["event"], each["data"]) for each in found[:300])
    assert not any(key in seen for key in counted((each["event"], each["data"]) for each in again))


def test_filters_leave_out_the_rest(stack):
    account = max(stack.get("/api/performance"), key=lambda row: row["trades"])["account"]
    with Sse(stack, account=account, kind=["equity", "decision"]) as stream:
        found = [next(stream) for _ in range(30)]
    assert {(kind, data["account"]) for _, kind, data in found} <= {
        ("equity", account),
        ("decision", account),
    }
    with web_socket(stack, kind="signal") as over:
        over.recv(PATIENCE_S)
        assert {json.loads(over.recv(PATIENCE_S))["event"] for _ in range(5)} == {"signal"}


def test_documents_are_those_of_the_lists(stack):
    with Sse(stack, kind="fill") as stream:
        _, _, document = next(stream)

    def listed():
        found = stack.get(f"/api/fills?account={document['account']}&limit=200")["items"]
        return [each for each in found if each["fill_id"] == document["fill_id"]]

    assert await_that(listed) == [document]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("after=nonsense", "last event id: found 'nonsense', expected the id of an event from this server"),
        ("kind=nothing", "kind: found 'nothing', expected one of signal, command, decision"),
        ("kind=tick", "kind: found 'tick', expected one of signal, command, decision"),
    ],
)
def test_what_cannot_be_followed_is_told(stack, query, word):
    found = stack.ask("GET", f"/api/events?{query}")
    assert (found.status, found.headers["content-type"]) == (422, "application/problem+json")
    assert found.document["detail"].startswith(word)
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{stack.port}/api/events/ws?{query}"),
    ):
        pass
    answer = refused.value.response
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert json.loads(answer.body)["detail"].startswith(word)


def test_a_wrong_header_is_told_too(stack):
    found = stack.ask("GET", "/api/events", headers={"Last-Event-ID": "nonsense"})
    assert (found.status, found.document["status"]) == (422, 422)


def test_who_does_not_read_slows_nobody(stack):
    """Ten that read nothing, with small windows, and one that reads late and has missed nothing."""
    with contextlib.ExitStack() as idle:
        for _ in range(10):
            one = idle.enter_context(socket.create_connection(("127.0.0.1", stack.port)))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            one.sendall(f"GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{stack.port}\r\n\r\n".encode())
        late = idle.enter_context(web_socket(stack))
        with Sse(stack) as stream:
            first = stream.begin().last
            got: list[Any] = []
            reader = threading.Thread(target=lambda: got.extend(next(stream) for _ in range(150)))
            reader.start()
            slowest = 0.0
            while reader.is_alive():
                began = time.monotonic()
                stack.ask("GET", "/healthz")
                slowest = max(slowest, time.monotonic() - began)
                reader.join(0.1)
        assert len(got) == 150 and slowest < 10
        assert counted((kind, data) for _, kind, data in got) == counted(between(stack, first, got[-1][0]))
        beginning = json.loads(late.recv(PATIENCE_S))["id"]
        found = [json.loads(late.recv(PATIENCE_S)) for _ in range(150)]
        assert counted((each["event"], each["data"]) for each in found) == counted(
            between(stack, beginning, found[-1]["id"])
        )


def test_who_goes_is_no_failure(stack):
    log = stack.home / "logs" / "web.log"
    before = log.read_text("utf-8", "replace").count(" failed\n")
    for _ in range(3):
        with web_socket(stack) as over:
            over.recv(PATIENCE_S)
        with Sse(stack) as stream:
            stream.begin()
    with contextlib.suppress(OSError), web_socket(stack) as over:
        over.socket.shutdown(socket.SHUT_RDWR)
    time.sleep(1)
    assert log.read_text("utf-8", "replace").count(" failed\n") == before
