"""Who follows the events misses none and gets none twice: cut anywhere, slow, or come back to another process."""

import asyncio
import base64
import json
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec, default_codec, encode
from schemas.errors import MessageError
from schemas.kinds import topic_of
from schemas.messages import Decision, Fill, Signal
from streams.clients.kafka import Raw
from streams.transport.kafka.cluster import Cluster
from streams.web.state import events as module
from streams.web.state import replays
from streams.web.state.events import BEGINNING, Events, Interest, Sent, read_id, write_id
from streams.web.state.live_state import Event, LiveState, Place
from streams.web.state.topic_followers import TOLD, by_time

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


def test_an_id_of_a_former_version_is_read_as_it_was_meant():
    """Ids hold a topic by its place in the list: a new one goes to its end."""
    kept = "i6EwkQGhMZECoTKRA6EzkQShNJEFoTWRBqE2kQehN5EIoTiRCaE5kQqiMTCRCw"
    meant = (
        "signals", "commands", "decisions", "slice-timers", "orders", "fills", "trades", "equity", "alerts",
        "dead-letters", "positions",
    )  # fmt: skip
    assert read_id(kept) == {(topic, 0): number for number, topic in enumerate(meant, start=1)}


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
        MessageError, match=r"last event id: found .* expected the id of an event from this server"
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

    def _spans(self, cluster, spans, ahead):
        self.reads += 1
        for place, (start, end) in spans.items():
            yield from self.records[place][max(start, self.first[place]) : end]


class Process:
    """A web process that follows the log from somewhere on."""

    def __init__(self, log, past=3, is_whole=True):
        self.log, self.live = log, LiveState()
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


def test_those_who_come_back_share_what_is_in_memory(monkeypatch):
    """Twelve begin again at the beginning and most stop taking: none holds up another, and all get everything."""
    monkeypatch.setattr(module, "PIECE", 20)
    monkeypatch.setattr(replays, "STALLED_S", 0.05)
    monkeypatch.setattr(replays, "LOOK_S", 0.01)

    async def scenario(log):
        process = Process(log)
        room = process.events._replays
        most = 0

        async def look():
            nonlocal most
            while True:
                most = max(most, sum(len(piece._events) for piece in room._held))
                await asyncio.sleep(0.001)

        watching = asyncio.create_task(look())
        followers = [process.events.follow(Interest(), write_id({})) for _ in range(12)]
        first = await asyncio.gather(*(taken(each, 1) for each in followers))
        got = [begun + await taken(each, 199) for begun, each in zip(first, followers, strict=True)]
        watching.cancel()
        for each in got:
            assert sorted(int(name[1:]) for name in names(each)) == list(range(200))
        assert 0 < most <= replays.PIECES * 20
        for each in followers:
            await each.aclose()
        assert not room._held

    with pytest.MonkeyPatch.context() as patch:
        log = Log(patch, kept=3)
        for number in range(200):
            log.write(log.PLACES[number % 2], fill(number), number)
        asyncio.run(scenario(log))


def test_who_takes_slowly_gives_way_to_others(monkeypatch):
    """One event a moment: a piece of five thousand would be kept for hours."""
    monkeypatch.setattr(replays, "SLOW_S", 0.1)
    monkeypatch.setattr(replays, "LOOK_S", 0.01)

    async def scenario():
        room = replays.Replays()
        slow = [await room.begin() for _ in range(replays.PIECES)]
        for piece in slow:
            piece.fill([Event(log_place, 0, fill(1))] * 5_000)

        async def take():
            while True:
                for piece in slow:
                    piece.next()
                await asyncio.sleep(0.01)

        taking = asyncio.create_task(take())
        async with asyncio.timeout(2):
            await room.begin()
        taking.cancel()
        assert [piece.was_given_back for piece in slow].count(True) == 1

    log_place = Place("fills", 0, 1)
    asyncio.run(scenario())


def test_of_large_records_fewer_are_read_at_once(log, monkeypatch):
    monkeypatch.setattr(module, "PIECE_BYTES", 100_000)
    for number in range(30):
        log.write(("fills", number % 2), fill(number, "a" * 30_000), number)

    async def scenario():
        process = Process(log)
        process.events._told.clear()
        follower = process.events.follow(Interest(), write_id({}))
        assert sorted(int(name[1:]) for name in names(await taken(follower, 30))) == list(range(30))
        assert log.reads >= 7
        await follower.aclose()

    asyncio.run(scenario())


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
    monkeypatch.setattr(module, "PIECE", 1)

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


def test_topics_and_kinds_belong_together():
    assert {topic_of(fill(1)), "positions", "signals"} <= set(TOLD)
    assert {"fill", "position", "slice-timer", "dead-letter"} <= set(module.KINDS)
    assert "tick" not in module.KINDS
