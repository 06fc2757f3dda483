"""What a web process knows before it lets anybody in."""

import asyncio
import threading
import time
from contextlib import contextmanager, nullcontext
from itertools import count, takewhile
from typing import Any

import pytest

from schemas.catalog import catalog
from schemas.codec import Codec, encode
from streams.clients.kafka import MARKET, Raw, Sender
from streams.clients.workers import wall
from streams.local.kafka import topics
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import ShardReport, WorkerReport, encode_report
from streams.web.state import topic_followers
from streams.web.state.live_state import LiveState
from streams.web.state.topic_followers import TOLD, EventFollower, PriceFollower
from tests.broker import running_kafka
from tests.sinks.loads import START, tick

PATIENCE_S = 30.0


def test_the_catalogue_says_which_topics_the_page_reads():
    said = {topic.name for topic in catalog().topics.values() if "web" in topic.readers}
    assert said == {*TOLD, MARKET}


@pytest.fixture
def market(tmp_path):
    """A cluster whose market had a tick."""
    with running_kafka(tmp_path) as kafka:
        topics.apply(kafka.cluster, ())
        sender = Sender(kafka.cluster)
        sender.send("ticks", b"S1", encode(tick(0)))
        sender.finish()
        yield kafka.cluster


@contextmanager
def never_at_rest(cluster):
    """Ticks come faster than anybody sees the end of them."""
    stopped = threading.Event()

    def send():
        sender = Sender(cluster)
        for n in takewhile(lambda _: not stopped.is_set(), count(1)):
            sender.send("ticks", b"S1", encode(tick(n)))
        sender.finish()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


async def becomes(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("around", [nullcontext, never_at_rest], ids=["a market at rest", "one that is not"])
def test_without_prices_it_is_not_whole(market, around):
    """Who opened an account then would open it at the wall's time, far ahead of a recorded market's."""

    async def scenario():
        live, loop = LiveState(), asyncio.get_running_loop()
        events, prices = EventFollower(market, live, loop, Codec()), PriceFollower(market, live, loop)
        try:
            events.start()
            await becomes(lambda: live.unread == {"prices"})
            assert not live.is_whole and not live.times
            prices.start()
            await becomes(lambda: live.is_whole)
            assert live.times["ticks"] >= START
        finally:
            for follower in (events, prices):
                follower.stop()

    with around(market):
        asyncio.run(scenario())


class Silent:
    """A reader that finds nothing new."""

    places: frozenset[Any] = frozenset()
    at_end: frozenset[Any] = frozenset()

    def __init__(self, *_):
        self.found = [Raw("workers", 0, 0, 0, b"w", encode_report(REPORT))]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self):
        time.sleep(0.01)
        found, self.found = self.found, []
        return found


REPORT = WorkerReport("w", "h", 1, "1", "desk", 1, 0, shards=(ShardReport(0, "live"),))


def test_nobody_is_silent_while_this_process_does_not_take_what_it_reads(monkeypatch):
    """A page that was busy for seconds said then that no desk ran."""
    monkeypatch.setattr(topic_followers, "Reader", Silent)
    monkeypatch.setattr(EventFollower, "_starts", lambda _: {("workers", 0): 0})

    async def scenario():
        live, began = LiveState(), wall()
        follower = EventFollower(Cluster("nowhere:9092"), live, asyncio.get_running_loop(), Codec())
        follower.start()
        try:
            time.sleep(0.3)  # the loop is busy
            assert live.heard_until == 0 and not live.workers
            await becomes(lambda: live.heard_until > began)
            assert live.workers == {"w": REPORT}
            heard = live.heard_until
            await becomes(lambda: live.heard_until > heard)
        finally:
            follower.stop()

    asyncio.run(scenario())
