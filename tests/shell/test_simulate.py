"""`ghostfill simulate` on a real Kafka: it goes on where it was, keeps its pace, and the presets trade on it."""

import os
import signal
import threading
from contextlib import ExitStack
from itertools import islice

import pytest

from schemas.codec import encode
from schemas.kinds import key_of
from schemas.messages import Clock, Signal, Tick
from streams.accounts import presets
from streams.cli.commands.publish import simulate
from streams.cli.commands.publish.simulate import Feed, Outlet
from streams.cli.publishing.pacing import Pacer
from streams.clients.kafka import admin, ends, read_spans, require
from streams.engine.model.units import DAY, MINUTE, SECOND
from streams.feeds.endless_market import FEED, beats
from streams.feeds.market_day import OPEN
from streams.local.kafka import topics
from streams.transport.kafka.cluster import BOOTSTRAP
from tests.broker import running_kafka
from tests.shell.conftest import Live
from tests.shell.test_live import PATIENCE_S, await_that, worker
from tests.shell.test_pacing import EVENING, FakeClock

QUICK = ("simulate", "--no-accounts", "--speed", "max")


@pytest.fixture
def world(live, cluster, request):
    """A market of the test's own, and its topic."""
    name = f"made-{request.node.name.replace('[', '-').replace(']', '')}"[:60]
    topics.apply(cluster, [name])
    return live, name, f"ticks.{name}"


def until(minute):
    return f"2026-01-05T14:{30 + minute}Z"


def test_the_market_and_the_signals_are_published(world, capsys):
    live, name, topic = world
    expected = list(islice(beats(5, OPEN), 10))
    signals = []
    ticks = live.published(
        topic,
        lambda: signals.extend(
            live.published("signals", lambda: live.run(*QUICK, "--market", name, "--until", until(10)))
        ),
    )
    assert [(each.ts, each.price) for each in ticks if isinstance(each, Tick)] == [
        pair
        for beat in expected
        for pair in zip(beat.ticks.ts.tolist(), beat.ticks.price.tolist(), strict=True)
    ]
    assert [each for each in ticks if isinstance(each, Clock)] == [beat.clock for beat in expected]
    assert {each.feed for each in ticks if isinstance(each, Clock)} == {FEED}
    told = sorted(signals, key=lambda each: (each.ts, each.signal_id))
    assert told == sorted(
        (each for beat in expected for each in beat.signals), key=lambda each: (each.ts, each.signal_id)
    )
    assert all(isinstance(each, Signal) for each in told) and told
    said = capsys.readouterr().err
    assert f"publishing a made-up market to {topic} from 2026-01-05T14:30:00Z at full speed" in said
    assert f"{len(told)} signals in" in said and "the market is at 2026-01-05T14:40:00Z" in said


def test_a_second_start_goes_on_behind_the_newest_record(world, capsys):
    live, name, topic = world
    line = (*QUICK, "--market", name)
    first = live.published(topic, lambda: live.run(*line, "--until", until(3)))
    second = live.published(topic, lambda: live.run(*line, "--until", until(6)))
    assert [each.ts for each in first + second] == [
        ts for beat in islice(beats(5, OPEN), 6) for ts in [*beat.ticks.ts.tolist(), beat.clock.ts]
    ]
    assert live.run(*line, "--from", "2026-01-05T14:35Z") == 2
    assert "the market is at 2026-01-05T14:36:00Z" in capsys.readouterr().err


def test_it_goes_on_from_the_market_of_another(world):
    live, name, topic = world
    saturday = OPEN + 5 * DAY
    tick = Tick(symbol="X", ts=saturday, price=5)
    live.send((topic, key_of(tick), encode(tick)))
    found = live.published(topic, lambda: live.run(*QUICK, "--market", name, "--until", "2026-01-12T14:31Z"))
    monday = OPEN + 7 * DAY
    assert monday <= found[0].ts < found[-1].ts == monday + MINUTE


class Records(Outlet):
    """An outlet that notes when it was given what."""

    def __init__(self, clock):
        self.clock, self.waited, self.at = clock, 0, []

    def send_all(self, topic, keys, values):
        self.at += [(topic, self.clock.now())] * len(values)

    def send_message(self, topic, message):
        self.at.append((topic, self.clock.now()))

    def make_room(self):
        pass


def test_sixty_minutes_take_a_minute():
    clock = FakeClock()
    outlet = Records(clock)
    feed = Feed(outlet, "ticks", Pacer(60, clock=clock))
    found = list(islice(beats(5, OPEN), 60))
    for beat in found:
        feed.publish(beat)
    due = [ts for beat in found for ts in [*beat.ticks.ts.tolist(), beat.clock.ts]]
    first = due[0]
    late = [
        at - EVENING - (ts - first) / 60
        for (_, at), ts in zip([each for each in outlet.at if each[0] == "ticks"], due, strict=True)
    ]
    assert min(late) > -SECOND / 1000 and max(late) < SECOND / 100
    assert clock.now() - EVENING == pytest.approx(60 * SECOND, rel=0.01)
    assert (feed.ticks, feed.newest) == (len(due) - 60, OPEN + 60 * MINUTE)


def test_what_was_waited_for_a_broker_is_not_made_up_for():
    clock = FakeClock()
    outlet = Records(clock)
    feed = Feed(outlet, "ticks", Pacer(60, clock=clock))
    first, second, third = islice(beats(5, OPEN), 3)
    feed.publish(first)
    clock.sleep(100 * SECOND)
    outlet.waited = 100 * SECOND
    feed.publish(second)
    feed.publish(third)
    assert clock.now() - EVENING == pytest.approx(103 * SECOND, rel=0.01)


def test_a_signal_ends_it_and_it_says_what_it_did(world, tmp_path, capsys):
    live, name, topic = world

    def end():
        await_that(lambda: ends(live.cluster, [(topic, 0)])[topic, 0] > 100)
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=end)
    stopper.start()
    ready = tmp_path / "ready"
    assert live.run("simulate", "--no-accounts", "--market", name, "--ready-file", str(ready)) == 0
    stopper.join()
    assert ready.read_text() == f"{os.getpid()}\n"
    assert "ticks and" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.live
def test_a_broker_that_is_away_is_waited_for(world, kafka, monkeypatch, capsys):
    """Every record comes once and in order, whenever the broker was there."""
    live, _, topic = world
    monkeypatch.setattr(simulate, "QUEUE", 50)
    monkeypatch.setattr(simulate, "PATIENCE_S", 0.25)
    outlet = Outlet(live.cluster, lambda: False)
    feed = Feed(outlet, topic, Pacer(600))
    found = list(islice(beats(5, OPEN), 20))

    def publish():
        for beat in found:
            feed.publish(beat)

    def broken():
        publisher = threading.Thread(target=publish)
        publisher.start()
        await_that(lambda: feed.ticks > 300)
        kafka.stop()
        await_that(lambda: "does not answer: the market waits for it" in capsys.readouterr().err)
        kafka.start()
        publisher.join(PATIENCE_S)
        outlet.finish(PATIENCE_S)
        admin.cache_clear()

    came = live.published(topic, broken)
    assert [each.ts for each in came] == [
        ts for beat in found for ts in [*beat.ticks.ts.tolist(), beat.clock.ts]
    ]
    assert "the market goes on" in capsys.readouterr().err


@pytest.fixture
def desk(tmp_path, monkeypatch):
    with ExitStack() as stack:
        cluster = stack.enter_context(running_kafka(tmp_path / "kafka")).cluster
        stack.callback(admin.cache_clear)
        topics.apply(cluster)
        monkeypatch.setenv(BOOTSTRAP, cluster.bootstrap)
        stack.enter_context(worker("gate", tmp_path, cluster))
        stack.enter_context(worker("desk", tmp_path, cluster))
        yield Live(cluster, monkeypatch)


@pytest.mark.live
def test_every_preset_has_an_account_and_trades(desk, capsys):
    ready = desk.cluster
    act = ("simulate", "--speed", "max", "--until", "2026-01-05T16:30Z")
    assert desk.run(*act) == 0
    said = capsys.readouterr().out
    assert all(f"create {preset}: accepted" in said for preset in presets())

    def traded():
        places = require(ready, "fills")
        spans = {place: (0, end) for place, end in ends(ready, places).items()}
        accounts = {raw.key for raw in read_spans(ready, spans)}
        return accounts >= {b"vsr-slicer", b"auto-trader"}

    await_that(traded)
    assert desk.run("simulate", "--speed", "max", "--until", "2026-01-05T16:31Z") == 0
    assert "create" not in capsys.readouterr().out
