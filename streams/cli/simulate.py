"""`ghostfill simulate`: a made-up market and the signals of producers that watch it, published without end.

Rules of this file: it goes on where the market is, never back. A broker that is away is waited for: no record
is left out, and the pace goes on from there.
"""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import click
from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.codec import encode
from schemas.kinds import key_of
from schemas.messages import Message
from schemas.numbers import time_text
from schemas.tick_writer import write_ticks
from streams.cli.asking import ask
from streams.cli.many import example
from streams.cli.pacing import Pacer, WallClock
from streams.cli.params import SPEED, TIME
from streams.clients import desk_table
from streams.clients.asking import new_command, newest_time
from streams.clients.kafka import LOOK_S, MARKET, market_topic, require
from streams.clients.settings_texts import create_settings
from streams.engine.units import MILLISECOND, SECOND
from streams.feeds.market import Beat, beats
from streams.feeds.producers import FOLLOWED
from streams.local.home import find_cluster
from streams.local.interrupts import Interrupts
from streams.simulated_market import OPEN
from streams.transport.cluster import Cluster, ClusterError

LEAST_SLEEP = 20 * MILLISECOND
LONGEST_SLEEP = 200 * MILLISECOND
"""After so long it looks whether it is to end."""
QUEUE = 1_000
"""Records that wait for a broker; when there are more, the market waits too."""
PATIENCE_S = 2.0
"""A broker that takes nothing for longer is told."""
LAST_WORDS_S = 10.0
ACCOUNTS_S = 20.0


@click.command(epilog=example("ghostfill simulate\nghostfill simulate --speed 600x --seed 11 --no-accounts"))
@click.option(
    "--speed", type=SPEED, default="60x", show_default=True, metavar="1x|60x|max",
    help="Market time over wall time; max: as fast as it goes.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=5, show_default=True, help="Which market.")
@click.option("--market", metavar="NAME", help="The market ticks.NAME.")
@click.option(
    "--from", "start", type=TIME, metavar="TIME",
    help="The market time to begin at; usually behind the market's newest record, or 2026-01-05T14:30Z.",
)  # fmt: skip
@click.option("--until", "end", type=TIME, metavar="TIME", help="The market time to end at; usually never.")
@click.option(
    "--accounts/--no-accounts", "has_accounts", default=True, show_default=True,
    help="Open an account for each preset that has none.",
)  # fmt: skip
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Written when it publishes."
)
def simulate(
    speed: float | None,
    seed: int,
    market: str | None,
    start: int | None,
    end: int | None,
    has_accounts: bool,
    ready_file: Path | None,
) -> None:
    """Publish a made-up market and signals about it, until Ctrl-C.

    Six symbols trade from 9:30 to 16:00 in New York, Monday to Friday, day after day; nights pass in two
    minutes of market time. A producer for each preset watches them and sends signals with its own source.
    Started again, it goes on behind the market's newest record. The same seed is the same market.
    """
    cluster = find_cluster(os.environ)
    topic = market_topic(market)
    require(cluster, topic, "signals")
    start = _start(newest_time(cluster, topic), start)
    if has_accounts:
        open_accounts(cluster, topic)
    with Interrupts() as interrupts:
        outlet = Outlet(cluster, lambda: interrupts.count > 0)
        pace = f"{speed:g} times its speed" if speed is not None else "full speed"
        _say(f"publishing a made-up market to {topic} from {time_text(start)} at {pace}; Ctrl-C ends it")
        feed = Feed(outlet, topic, Pacer(speed, clock=StoppedClock(outlet.check)))
        if ready_file is not None:
            ready_file.write_text(f"{os.getpid()}\n")
        with suppress(Stopped):
            for beat in beats(seed, start):
                if end is not None and beat.clock.ts > end:
                    break
                feed.publish(beat)
        left = outlet.finish()
    _say(feed.told())
    if left:
        raise ClusterError(f"Kafka at {cluster.bootstrap} did not take the last {left:,} of them")


def _start(newest: int, wanted: int | None) -> int:
    """Behind the newest record, or where it is wanted if that is not before it."""
    if wanted is None:
        return newest + 1 if newest else OPEN
    if wanted <= newest:
        raise click.UsageError(f"--from: the market is at {time_text(newest)} and goes never back")
    return wanted


def _say(line: str) -> None:
    click.echo(line, err=True)


# Accounts --------------------------------------------------------------------------------------


def open_accounts(cluster: Cluster, topic: str) -> None:
    """One for each preset that has none, named like it, that follows the preset's producer."""
    there = {held.name for held in desk_table.accounts(cluster, FOLLOWED)}
    sets = {} if topic == MARKET else {"market": topic}
    missing = [
        new_command(preset, "create", settings=create_settings(preset, preset, [source], sets, None))
        for preset, source in FOLLOWED.items()
        if preset not in there
    ]
    if missing:
        ask(missing, ACCOUNTS_S)


# Publishing ------------------------------------------------------------------------------------


class Stopped(Exception):  # noqa: N818
    """It was asked to end."""


class StoppedClock(WallClock):
    """The wall's, for who may be asked to end while it sleeps."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def sleep(self, microseconds: int) -> None:
        self._check()
        super().sleep(min(max(microseconds, LEAST_SLEEP), LONGEST_SLEEP))


class Outlet:
    """Gives records to Kafka in their order, however long it is away."""

    def __init__(self, cluster: Cluster, is_stopped: Callable[[], bool]) -> None:
        self.cluster = cluster
        self.waited = 0
        """Microseconds that were waited for a broker, not yet made up for."""
        self._is_stopped = is_stopped
        self._failure: KafkaError | None = None
        patient = {"acks": "all", "enable.idempotence": True, "delivery.timeout.ms": 0}
        flat = {"linger.ms": 5, "queue.buffering.max.messages": QUEUE, "reconnect.backoff.max.ms": 1_000}
        told_of = {"delivery.report.only.error": True, "on_delivery": self._fail, "log_level": 0}
        as_java = {"partitioner": "murmur2_random"}
        self._producer = Producer(cluster.confluent() | patient | flat | told_of | as_java)

    def check(self) -> None:
        if self._is_stopped():
            raise Stopped

    def send_all(self, topic: str, keys: Iterable[bytes], values: Iterable[bytes]) -> None:
        for key, value in zip(keys, values, strict=True):
            self._send(topic, key, value)
        self._producer.poll(0)
        self._raise_failure()

    def send(self, topic: str, message: Message) -> None:
        self.send_all(topic, [key_of(message)], [encode(message)])

    def _send(self, topic: str, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key)
                return
            except BufferError:
                self.drain()
            except KafkaException as error:
                raise ClusterError(f"{topic}, key {key!r}: {error.args[0].str()}") from error

    def drain(self) -> None:
        """Until Kafka has everything."""
        began, is_told = time.monotonic(), False
        while self._producer.flush(LOOK_S):
            self.check()
            if not is_told and time.monotonic() - began > PATIENCE_S:
                is_told = True
                _say(f"Kafka at {self.cluster.bootstrap} takes nothing: the market waits for it")
        self.waited += round((time.monotonic() - began) * SECOND)
        if is_told:
            _say("Kafka is there again: the market goes on")

    def finish(self) -> int:
        """How many records Kafka has not taken."""
        left = self._producer.flush(LAST_WORDS_S)
        self._raise_failure()
        return left

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise ClusterError(
                f"Kafka at {self.cluster.bootstrap} did not take a record: {self._failure.str()}"
            )

    def _fail(self, error: KafkaError | None, record: object) -> None:
        self._failure = self._failure or error


class Feed:
    """Publishes beats at a pace, and knows what it has published."""

    def __init__(self, outlet: Outlet, topic: str, pacer: Pacer) -> None:
        self.outlet, self.topic, self.pacer = outlet, topic, pacer
        self.ticks = self.signals = self.newest = 0
        self.began = time.monotonic()

    def publish(self, beat: Beat) -> None:
        if len(beat.ticks):
            keys, values = write_ticks(beat.ticks)
            for run in self.pacer.runs(beat.due()):
                self._send(keys[run], values[run])
                self.ticks += run.stop - run.start
                self.newest = int(beat.ticks.ts[run][-1])
        self.pacer.wait(beat.ends())
        for signal in beat.signals:
            self.outlet.send("signals", signal)
            self.signals += 1
        self.outlet.send(self.topic, beat.clock)
        self.newest = beat.clock.ts
        if self.pacer.speed is None:
            self.outlet.drain()

    def _send(self, keys: list[bytes], values: list[bytes]) -> None:
        self.outlet.send_all(self.topic, keys, values)
        if self.pacer.at is not None:
            self.pacer.at += self.outlet.waited
        self.outlet.waited = 0

    def told(self) -> str:
        if not self.newest:
            return "published nothing"
        seconds = time.monotonic() - self.began
        return (
            f"published {self.ticks:,} ticks and {self.signals:,} signals in {seconds:.1f} s; "
            f"the market is at {time_text(self.newest)}"
        )
