"""`ghostfill simulate`: a made-up market and the signals of producers that watch it, published without end.

Rules of this file: it goes on where the market is, never back. What it needs and is not there yet is waited
for; so is a broker that goes away: no record is left out, and the pace goes on from there.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from schemas.codec import encode
from schemas.kinds import key_of
from schemas.market.tick_writer import write_ticks
from schemas.messages import Message
from schemas.text.numbers import time_text
from streams.cli.instance.opening import await_ready, open_accounts
from streams.cli.options.many import example
from streams.cli.options.params import SPEED, TIME
from streams.cli.publishing.pacing import Pacer, WallClock
from streams.clients.commands import newest_time
from streams.clients.kafka import LOOK_S, MARKET, Sender, market_topic, require
from streams.clients.settings_texts import create_settings
from streams.engine.model.units import MILLISECOND, SECOND
from streams.feeds.endless_market import Beat, beats
from streams.feeds.market_day import OPEN
from streams.feeds.producers import FOLLOWED
from streams.local.machine.home import find_cluster
from streams.local.parts.interrupts import Interrupts
from streams.transport.kafka.cluster import Cluster

LEAST_SLEEP = 20 * MILLISECOND
LONGEST_SLEEP = 200 * MILLISECOND
"""After so long it looks whether it is to end."""
QUEUE = 1_000
"""Records that wait for a broker; when there are more, the market waits too."""
PATIENCE_S = 2.0
"""A broker that takes nothing for longer is told."""
LAST_WORDS_S = 10.0


@click.command(epilog=example("ghostfill simulate\nghostfill simulate --speed 600x --seed 11 --no-accounts"))
@click.option(
    "--speed", type=SPEED, default="60x", show_default=True, metavar="1x|60x|max",
    help="How fast market time passes: 1 is real time, 60 a minute a second, max as fast as possible.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), default=5, show_default=True, help="Seed of the made-up market."
)
@click.option("--market", metavar="NAME", help="Publish to the market ticks.NAME (default: ticks).")
@click.option(
    "--from", "start", type=TIME, metavar="TIME",
    help="Market time to begin at (default: behind the newest record, or 2026-01-05T14:30Z).",
)  # fmt: skip
@click.option("--until", "end", type=TIME, metavar="TIME", help="Market time to end at (default: never).")
@click.option(
    "--accounts/--no-accounts", "has_accounts", default=True, show_default=True,
    help="Open an account for each preset that has none.",
)  # fmt: skip
@click.option("--instance", metavar="NAME", help="Name of this process in Kafka's logs.")
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
    instance: str | None,
    ready_file: Path | None,
) -> None:
    """Publish a made-up market and signals about it, until Ctrl-C.

    Six symbols trade from 9:30 to 16:00 in New York, Monday to Friday, day after day; nights pass in two
    minutes of market time. A producer for each preset watches them and sends signals with its own source.
    It waits for the topics, and for a desk that opens the accounts. Started again, it goes on behind the
    market's newest record. The same seed is the same market.
    """
    cluster = find_cluster(os.environ)
    topic = market_topic(market)
    await_ready(lambda: require(cluster, topic, "signals"))
    newest = await_ready(lambda: newest_time(cluster, topic))
    start = _start(newest, start)
    if has_accounts:
        open_accounts(cluster, accounts_of(topic), lambda _: start)
    with Interrupts() as interrupts:
        outlet = Outlet(cluster, lambda: interrupts.count > 0, instance or "simulate")
        pace = f"{speed:g} times its speed" if speed is not None else "full speed"
        _say(f"publishing a made-up market to {topic} from {time_text(start)} at {pace}; Ctrl-C stops it")
        feed = Feed(outlet, topic, Pacer(speed, clock=StoppedClock(outlet.check)))
        if ready_file is not None:
            ready_file.write_text(f"{os.getpid()}\n")
        with suppress(StopAskedError):
            for beat in beats(seed, start):
                if end is not None and beat.clock.ts > end:
                    break
                feed.publish(beat)
        _say(feed.told())
        outlet.finish(LAST_WORDS_S)


def _start(newest: int, wanted: int | None) -> int:
    """Behind the newest record, or where it is wanted if that is not before it."""
    if wanted is None:
        return newest + 1 if newest else OPEN
    if wanted <= newest:
        raise click.UsageError(f"--from: the market is already at {time_text(newest)}; expected a later time")
    return wanted


def _say(line: str) -> None:
    click.echo(line, err=True)


def accounts_of(topic: str) -> dict[str, str]:
    """The settings of an account for each preset, named like it, that follows the preset's producer."""
    sets = {} if topic == MARKET else {"market": topic}
    return {
        preset: create_settings(preset, preset, [source], sets, None) for preset, source in FOLLOWED.items()
    }


class StopAskedError(Exception):
    """It was asked to end."""


class StoppedClock(WallClock):
    """The wall's, for who may be asked to end while it sleeps."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def sleep(self, microseconds: int) -> None:
        self._check()
        super().sleep(min(max(microseconds, LEAST_SLEEP), LONGEST_SLEEP))


class Outlet(Sender):
    """A sender that waits, however long Kafka is away."""

    def __init__(self, cluster: Cluster, is_stopped: Callable[[], bool], name: str = "simulate") -> None:
        patient = {"delivery.timeout.ms": 0, "reconnect.backoff.max.ms": 1_000}
        super().__init__(cluster, {**patient, "queue.buffering.max.messages": QUEUE, "client.id": name})
        self.waited = 0
        """Microseconds that were waited for a broker, not yet made up for."""
        self._is_stopped = is_stopped

    def check(self) -> None:
        if self._is_stopped():
            raise StopAskedError

    def send_message(self, topic: str, message: Message) -> None:
        self.send_all(topic, [key_of(message)], [encode(message)])

    def make_room(self) -> None:
        """Waits until Kafka has everything."""
        began, is_told = time.monotonic(), False
        while self._producer.flush(LOOK_S):
            self.check()
            if not is_told and time.monotonic() - began > PATIENCE_S:
                is_told = True
                _say(f"Kafka at {self.cluster.bootstrap} does not answer: the market waits for it")
        self.waited += round((time.monotonic() - began) * SECOND)
        if is_told:
            _say("Kafka answers again: the market goes on")


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
            self.outlet.send_message("signals", signal)
            self.signals += 1
        self.outlet.send_message(self.topic, beat.clock)
        self.newest = beat.clock.ts
        if self.pacer.speed is None:
            self.outlet.make_room()

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
