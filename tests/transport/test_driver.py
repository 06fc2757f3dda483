"""Workers on a real Kafka that are killed, that fail, that stand still. Nothing may be skipped, and nothing
committed that was not done. Plain Faust must fail where ours holds, or the test shows nothing."""

import signal
import time
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.broker import make_topics
from tests.proxy import kafka_behind_proxy
from tests.transport.copies import (
    PARTITIONS,
    Worker,
    committed,
    copied,
    stored,
    wait_for,
    without_repeats,
    write,
)

OURS = "tests.transport.copier"
PLAIN = "tests.transport.plain_faust"
BOTH = pytest.mark.parametrize(
    "module", [pytest.param(OURS, id="ours"), pytest.param(PLAIN, id="plain", marks=pytest.mark.long)]
)


class World:
    """A source, a target and the workers between them."""

    def __init__(self, cluster, topics, folder, **target_settings):
        names = topics({"source": PARTITIONS})
        self.name = f"copy-{names['source']}"
        names |= topics({"target": PARTITIONS}, **target_settings)
        self.cluster, self.folder = cluster, folder
        self.source, self.target = names["source"], names["target"]
        self.written = 0

    def write(self, *values):
        assert len(values) % PARTITIONS == 0
        write(self.cluster, self.source, values)
        self.written += len(values)

    def write_many(self, number):
        self.write(*(b"%d" % each for each in range(self.written, self.written + number)))

    def worker(self, module=OURS, *fault):
        return Worker(
            module, self.folder, self.cluster.bootstrap, self.name, self.source, self.target, *fault
        )

    @property
    def committed(self):
        return committed(self.cluster, self.name, self.source)

    @property
    def is_done(self):
        return sum(self.committed) == self.written

    def missing(self):
        """Source offsets that a reader of the target never sees, by partition."""
        offsets = copied(self.cluster, self.target)
        each = self.written // PARTITIONS
        return {
            partition: gone
            for partition in range(PARTITIONS)
            if (gone := sorted(set(range(each)) - set(without_repeats(offsets[partition]))))
        }


@pytest.fixture
def world(cluster, topics, tmp_path):
    made = World(cluster, topics, tmp_path)
    make_changelog(made)
    return made


def make_changelog(world):
    """Faust wants it under this name."""
    wanted = NewTopic(f"{world.name}-last-changelog", PARTITIONS, 1, config={"cleanup.policy": "compact"})
    for made in (client := AdminClient(world.cluster.confluent())).create_topics([wanted]).values():
        made.result()
    wait_for(lambda: wanted.topic in client.list_topics(timeout=5).topics)


def test_a_clean_stop_repeats_nothing(world):
    world.write_many(2000)
    with world.worker() as worker:
        wait_for(lambda: any(copied(world.cluster, world.target).values()))
        worker.process.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
        assert worker.words == ""
    world.write_many(2000)
    with world.worker() as worker:
        wait_for(lambda: world.is_done)
        worker.process.send_signal(signal.SIGINT)
        assert worker.wait() == 0
    offsets = copied(world.cluster, world.target)
    assert all(offsets[partition] == list(range(1000)) for partition in range(PARTITIONS))


def test_what_was_not_acknowledged_is_not_committed(world):
    world.write_many(200)
    with world.worker(OURS, "hang", "stone"):
        wait_for(lambda: world.is_done)
        world.write(*[b"stone"] * PARTITIONS)
        world.write_many(200)
        time.sleep(2)
        assert world.committed == [50] * PARTITIONS
    with world.worker():
        wait_for(lambda: world.is_done)
    assert world.missing() == {}


@BOTH
def test_an_error_in_an_agent(world, module):
    world.write_many(40)
    world.write(*[b"poison"] * PARTITIONS)
    world.write_many(40)
    with world.worker(module, "raise", "poison") as worker:
        if module == OURS:
            assert worker.wait() == 70
            assert "told to fail" in worker.words
            assert all(offset <= 10 for offset in world.committed)
        else:
            wait_for(lambda: world.is_done)
    if module == OURS:
        with world.worker():
            wait_for(lambda: world.is_done)
        assert world.missing() == {}
    else:
        assert world.missing() == {partition: [10] for partition in range(PARTITIONS)}


@BOTH
def test_a_record_that_kafka_does_not_take(cluster, topics, tmp_path, module):
    world = World(cluster, topics, tmp_path, max_message_bytes="2000")
    make_changelog(world)
    world.write_many(40)
    world.write(*[b"x" * 3000] * PARTITIONS)
    with world.worker(module) as worker:
        if module == OURS:
            assert worker.wait() == 70
            assert "MessageSizeTooLarge" in worker.words
            assert all(offset <= 10 for offset in world.committed)
        else:
            wait_for(lambda: world.is_done)
            assert world.missing()


def test_a_process_that_stood_still_sends_nothing_more(world):
    world.write_many(400)
    with world.worker() as worker:
        wait_for(lambda: world.is_done)
        worker.process.send_signal(signal.SIGSTOP)
        world.write_many(400)
        time.sleep(2.6)
        before = len(stored(world.cluster, world.target))
        worker.process.send_signal(signal.SIGCONT)
        assert worker.wait() == 70
        assert "stood still" in worker.words
    assert len(stored(world.cluster, world.target)) == before


def test_two_workers_share_and_take_over(world):
    world.write_many(4000)
    with world.worker() as first, world.worker() as second:
        wait_for(lambda: world.is_done)
        first.kill()
        world.write_many(4000)
        wait_for(lambda: world.is_done)
        assert second.process.poll() is None
    assert world.missing() == {}


def read_and_kill(world, module):
    """A worker that is killed while it reads."""
    world.write_many(2000)
    done, end = sum(world.committed), time.monotonic() + 20
    with world.worker(module) as worker:
        while sum(world.committed) == done and time.monotonic() < end:
            assert worker.process.poll() is None, worker.words


def kill_often(world, kills):
    """What is missing when the last worker has finished."""
    for _ in range(kills):
        read_and_kill(world, OURS)
    with world.worker():
        wait_for(lambda: world.is_done, 60)
    return world.missing()


def has_jumped(world):
    """Whether a copy was made of a record whose predecessor was never copied."""
    return any(
        after > before + 1
        for offsets in copied(world.cluster, world.target).values()
        for before, after in pairwise(without_repeats(offsets))
    )


@pytest.fixture(scope="module")
def slow_kafka(tmp_path_factory):
    with kafka_behind_proxy(tmp_path_factory.mktemp("slow")) as (kafka, proxy):
        yield kafka.cluster, proxy


@contextmanager
def on_a_slow_wire(slow_kafka, folder, latency=0.03):
    cluster, proxy = slow_kafka
    made = World(cluster, partial(make_topics, cluster), folder)
    make_changelog(made)
    proxy.latency = latency
    yield made
    proxy.latency = 0.0


@pytest.fixture
def slow_world(slow_kafka, tmp_path):
    with on_a_slow_wire(slow_kafka, tmp_path) as made:
        yield made


@pytest.mark.long
def test_kills_skip_nothing_when_the_wire_is_slow(slow_world):
    assert kill_often(slow_world, 2) == {}


@pytest.mark.long
def test_many_kills_skip_nothing_when_the_wire_is_slow(slow_world):
    assert kill_often(slow_world, 8) == {}


@pytest.mark.long
def test_plain_faust_skips_when_the_wire_is_slow(slow_kafka, tmp_path_factory):
    for latency in (0.03, 0.01, 0.1) * 3:  # how slow it must be depends on the machine
        with on_a_slow_wire(slow_kafka, tmp_path_factory.mktemp("plain"), latency) as world:
            for _ in range(4):
                read_and_kill(world, PLAIN)
                if has_jumped(world):
                    return
    pytest.fail("it skipped nothing: the tests above show nothing")
