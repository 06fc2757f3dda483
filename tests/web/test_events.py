"""Who follows the events misses none and gets none twice: cut anywhere, slow, or come back to another process."""

import asyncio
import base64
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
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from schemas.codec import Codec, default_codec, encode
from schemas.errors import MessageError
from schemas.kinds import kind_of, topic_of
from schemas.messages import Decision, Fill, Signal
from streams.clients.kafka import Raw, read_spans
from streams.local.home import Home
from streams.transport.cluster import Cluster
from streams.web import events as module
from streams.web.events import BEGINNING, Events, Interest, Sent, read_id, write_id
from streams.web.following import TOLD, by_time
from streams.web.live import Event, Live, Place
from tests.web.stack import PATIENCE_S, await_that

# Ids


OFFSETS = st.dictionaries(
    st.tuples(st.sampled_from(TOLD), st.integers(0, 7)), st.integers(0, 1 << 61), max_size=40
)


@given(OFFSETS)
def test_an_id_is_read_as_it_was_written(at):
    found = read_id(write_id(at))
    assert {place: offset for place, offset in found.items() if offset} == {
        place: offset for place, offset in at.items() if offset
    }
    assert set(found) >= set(at)


def packed(document):
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(document)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "ü",
        "AAAA",
        "\x00",
        "!",
        *map(packed, ([1], 5, {"0": 5}, {"99": [1]}, {"fills": [1]}, {"0": ["a"]})),
    ],
)
def test_what_is_no_id_is_told_so(text):
    with pytest.raises(
        MessageError, match=r"last event id: found .* expected the id of an event that was sent"
    ):
        read_id(text)


def test_an_id_of_nothing_is_one():
    assert read_id(write_id({})) == {}


# A log without Kafka: what was said, and who reads it


def fill(number, account="a"):
    return Fill(
        fill_id=f"f{number}",
        order_id="o",
        account=account,
        symbol="X",
        side="buy",
        quantity=1,
        price=1,
        fee=0,
        ts=number,
    )


class Log:
    """Partitions of records, as Kafka would keep them; two topics of two partitions."""

    PLACES = (("fills", 0), ("fills", 1), ("decisions", 0), ("decisions", 1))

    def __init__(self, patch, kept=10_000):
        self.records: dict[Any, list[Raw]] = {place: [] for place in self.PLACES}
        self.first = dict.fromkeys(self.PLACES, 0)
        self.reads = 0
        patch.setattr(module, "KEPT", kept)
        patch.setattr(module, "read_spans", self._spans)
        patch.setattr(
            module, "beginnings", lambda cluster, places: {place: self.first[place] for place in places}
        )

    def write(self, place, message, time=0):
        raws = self.records[place]
        topic, partition = place
        raws.append(Raw(topic, partition, len(raws), time, b"", encode(message)))

    def ends(self):
        return {place: len(raws) for place, raws in self.records.items()}

    def _spans(self, cluster, spans):
        self.reads += 1
        for place, (start, end) in spans.items():
            yield from self.records[place][max(start, self.first[place]) : end]


class Process:
    """A web process that follows the log from somewhere on."""

    def __init__(self, log, past=3, is_whole=True):
        self.log, self.live = log, Live()
        self.events = Events(Cluster("nowhere:1"), self.live, Codec())
        self.at = {place: max(0, end - past) for place, end in log.ends().items()}
        self.live.take((), (), [], dict(self.at))
        if is_whole:
            self.read()
            self.live.unread.clear()

    def read(self):
        """What there is more."""
        raws = by_time(
            raw
            for place, end in self.log.ends().items()
            for raw in self.log.records[place][self.at[place] : end]
        )
        self.at = self.log.ends()
        told = [
            Event(Place(raw.topic, raw.partition, raw.offset), raw.timestamp, default_codec().decode(raw.topic, raw.key, raw.value))
            for raw in raws
        ]  # fmt: skip
        self.live.take((), (), told, dict(self.at))


async def taken(follower, count):
    """The next that are events."""
    found: list[Sent] = []
    while len(found) < count:
        sent = await asyncio.wait_for(anext(follower), 5)
        if sent.kind != BEGINNING:
            found.append(sent)
    return found


async def none_comes(follower):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(follower), 0.05)


def names(sent):
    return [json.loads(each.data)["fill_id" if each.kind == "fill" else "decision_id"] for each in sent]


@pytest.fixture
def log():
    with pytest.MonkeyPatch.context() as patch:
        yield Log(patch)


def test_it_begins_with_where_it_begins(log):
    log.write(("fills", 0), fill(1))

    async def scenario():
        process = Process(log)
        follower = process.events.follow(Interest(), None)
        beginning = await anext(follower)
        assert (beginning.kind, beginning.data, read_id(beginning.id)) == (BEGINNING, b"", log.ends())
        log.write(("fills", 0), fill(2))
        process.read()
        (sent,) = await taken(follower, 1)
        assert (sent.kind, names([sent]), read_id(sent.id)) == ("fill", ["f2"], log.ends())
        await none_comes(follower)

    asyncio.run(scenario())


def test_only_what_is_wanted_comes(log):
    async def scenario():
        process = Process(log)
        wanted = [
            Interest(frozenset({"a"}), frozenset()),
            Interest(frozenset(), frozenset({"decision"})),
            Interest(frozenset({"b"}), frozenset({"fill"})),
            Interest(frozenset({"c"}), frozenset()),
        ]
        followers = [process.events.follow(each, None) for each in wanted]
        for each in followers:
            await anext(each)
        log.write(("fills", 0), fill(1, "a"), 1)
        log.write(("fills", 1), fill(2, "b"), 2)
        log.write(("decisions", 0), Decision(decision_id="d1", ts=1, account="a", decision="accepted"), 3)
        process.read()
        assert names(await taken(followers[0], 2)) == ["f1", "d1"]
        assert names(await taken(followers[1], 1)) == ["d1"]
        assert names(await taken(followers[2], 1)) == ["f2"]
        for each in followers:
            await none_comes(each)

    asyncio.run(scenario())


def test_a_signal_belongs_to_no_account():
    event = Event(Place("signals", 0, 0), 0, Signal(signal_id="s", source="s", symbol="X", side="long", ts=1))
    assert event in Interest()
    assert event not in Interest(frozenset({"a"}))


def test_what_was_there_before_is_no_news(log):
    """A process that has just started reads a little of the past first."""
    for number in range(5):
        log.write(("fills", 0), fill(number))

    async def scenario():
        process = Process(log, is_whole=False)
        follower = process.events.follow(Interest(), None)
        first = asyncio.ensure_future(anext(follower))
        await asyncio.sleep(0.02)
        process.read()
        await asyncio.sleep(0.1)
        assert not first.done()
        process.live.unread.clear()
        assert read_id((await asyncio.wait_for(first, 5)).id) == log.ends()
        await none_comes(follower)

    asyncio.run(scenario())


def test_who_comes_back_to_a_process_that_has_just_started_gets_nothing_twice(log):
    for number in range(9):
        log.write(("fills", 0), fill(number))

    async def scenario():
        last = write_id(log.ends())
        process = Process(log, past=5, is_whole=False)
        follower = process.events.follow(Interest(), last)
        first = asyncio.ensure_future(anext(follower))
        await asyncio.sleep(0.02)
        process.read()
        log.write(("fills", 0), fill(9))
        process.read()
        process.live.unread.clear()
        await asyncio.wait_for(first, 5)
        assert names(await taken(follower, 1)) == ["f9"]
        await none_comes(follower)

    asyncio.run(scenario())


WRITES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 4)), max_size=60)


@given(WRITES, st.randoms(use_true_random=False), st.integers(1, 12))
def test_cut_anywhere_nothing_is_missed_and_nothing_comes_twice(writes, chance, kept):
    """Times go back and forth; memory holds little; the follower is slow, is cut, and comes back elsewhere."""

    async def scenario(log):
        process = Process(log)
        follower, last, got = process.events.follow(Interest(), None), None, []
        last = (await anext(follower)).id
        count = 0

        async def take(most):
            nonlocal last
            for sent in await taken(follower, most):
                got.append(sent)
                last = sent.id

        for place, time_, size in writes:
            for _ in range(size):
                log.write(log.PLACES[place], message_for(log.PLACES[place], count), time_)
                count += 1
            process.read()
            match chance.randint(0, 3):
                case 0:
                    await take(chance.randint(0, count - len(got)))
                case 1:
                    await follower.aclose()
                    process = Process(log) if chance.random() < 0.5 else process
                    follower = process.events.follow(Interest(), last)
        await take(count - len(got))
        assert sorted(names(got), key=number_of) == [name_for(log, number) for number in range(count)]
        for _, of_place in groupby(sorted(got, key=place_of), key=place_of):
            numbers = [number_of(name) for name in names(of_place)]
            assert numbers == sorted(numbers)
        assert read_id(last) == log.ends()

    def message_for(place, number):
        if place[0] == "fills":
            found = fill(number)
        else:
            found = Decision(decision_id=f"f{number}", ts=1, account="a", decision="accepted")
        where[number] = place
        return found

    def name_for(log, number):
        return f"f{number}"

    def number_of(name):
        return int(name[1:])

    def place_of(sent):
        return where[number_of(names([sent])[0])]

    where = {}
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(scenario(Log(patch, kept)))


def test_a_slow_reader_gets_from_kafka_what_memory_has_no_more():
    async def scenario(log):
        process = Process(log)
        slow, quick = (process.events.follow(Interest(), None) for _ in range(2))
        await anext(slow)
        await anext(quick)
        for number in range(50):
            log.write(("fills", number % 2), fill(number), number)
            process.read()
            assert names(await taken(quick, 1)) == [f"f{number}"]
        assert names(await taken(slow, 50)) == [f"f{number}" for number in range(50)]
        await none_comes(slow)

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(scenario(Log(patch, kept=3)))


def test_what_kafka_has_deleted_is_not_looked_for(log, monkeypatch):
    for number in range(5):
        log.write(("fills", 0), fill(number))
    log.first[("fills", 0)] = 3
    monkeypatch.setattr(module, "CHUNK", 1)

    async def scenario():
        follower = Process(log).events.follow(Interest(), write_id({}))
        assert names(await taken(follower, 2)) == ["f3", "f4"]
        await none_comes(follower)
        assert log.reads == 2

    asyncio.run(scenario())


def test_an_id_of_another_instance_goes_on_from_now(log):
    log.write(("fills", 0), fill(0))

    async def scenario():
        process = Process(log)
        follower = process.events.follow(
            Interest(), write_id(dict.fromkeys(log.PLACES, 1 << 40) | {("alerts", 5): 7})
        )
        await anext(follower)
        await none_comes(follower)

        follower = process.events.follow(Interest(), write_id(dict.fromkeys(log.PLACES, 1 << 40)))
        await anext(follower)
        coming = asyncio.ensure_future(taken(follower, 1))
        await asyncio.sleep(0.05)
        log.write(("fills", 0), fill(1))
        process.read()
        (sent,) = await coming
        assert (names([sent]), read_id(sent.id)) == (["f1"], log.ends())

    asyncio.run(scenario())


def test_a_partition_keeps_its_order_whatever_its_times_say():
    raws = [
        Raw("a", 0, 0, 9, None, None),
        Raw("a", 0, 1, 1, None, None),
        Raw("b", 0, 0, 5, None, None),
        Raw("a", 0, 2, 12, None, None),
        Raw("b", 0, 1, 10, None, None),
    ]
    assert [(raw.topic, raw.offset) for raw in by_time(raws)] == [
        ("b", 0),
        ("a", 0),
        ("a", 1),
        ("b", 1),
        ("a", 2),
    ]


# Over a running demo


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
        ("after=nonsense", "last event id: found 'nonsense', expected the id of an event that was sent"),
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


def test_topics_and_kinds_belong_together():
    assert {topic_of(fill(1)), "positions", "signals"} <= set(TOLD)
    assert {"fill", "position", "slice-timer", "dead-letter"} <= set(module.KINDS)
    assert "tick" not in module.KINDS
