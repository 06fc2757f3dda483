"""The parts of an instance as command lines, in the order in which they start.

Rules of this file: a part finds Kafka, ClickHouse and its home in its environment; a part of ours says with a
file that it is ready.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.text.numbers import time_text
from streams.cli.instance.setup import DASHBOARD, RESULTS, TRADER, Feed, Own, Published, Setup, Simulated
from streams.cli.options.params import TIME
from streams.clients.kafka import market_topic
from streams.engine.model.units import SECOND
from streams.local.machine.home import WEB, Home
from streams.local.parts.command import STOP_S, Command
from streams.local.parts.program import Program
from streams.transport.process.worker import STOP_SECONDS as DESK_SECONDS
from streams.transport.strict_faust.running import STOP_SECONDS as APP_SECONDS

GHOSTFILL: tuple[str, ...] = (sys.executable, "-m", "streams.cli")
ACCOUNTS = "accounts"
SOON = 2 * SECOND
"""A publisher has started by then, so those of one start are in step."""
A_BIT_S = 5.0
"""More than a part gives itself to stop: it says why it did not, and then ends by itself."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Makes them."""

    home: Home
    setup: Setup
    environment: Mapping[str, str]

    def ours(self) -> Iterator[Command]:
        setup = self.setup
        if TRADER in setup.parts:
            yield self._part("gate", "worker", "--part", "gate", patience_s=APP_SECONDS + A_BIT_S)
            yield from self._desks()
        if RESULTS in setup.parts:
            yield self._part("sink", "sink", *([] if setup.clickhouse.ticks else ["--no-ticks"]))
        if DASHBOARD in setup.parts:
            yield self._part(WEB, "web", *_web_options(setup))
        if TRADER in setup.parts and setup.accounts and setup.file:
            yield self._command(ACCOUNTS, "account", "open", str(setup.file), ends=True)

    def theirs(self, newest: Mapping[str, int], now: int) -> Iterator[Command]:
        """Feeds and strategies, beside the trader. A file goes on behind the newest record of its market."""
        if TRADER not in self.setup.parts:
            return
        for name, feed in self.setup.feeds.items():
            yield self._feed(name, feed, newest, now)
        for name, own in self.setup.strategies.items():
            yield self._program(name, own)

    def _desks(self) -> Iterator[Command]:
        options = [word for name in self.setup.all_markets() for word in ("--market", name)]
        if self.setup.symbols is not None:
            options += ["--symbols", str(self.setup.symbols.absolute())]
        for number in range(1, self.setup.workers + 1):
            name = "desk" if number == 1 else f"desk-{number}"
            yield self._part(name, "worker", "--part", "desk", *options, patience_s=DESK_SECONDS + A_BIT_S)

    def _feed(self, name: str, feed: Feed, newest: Mapping[str, int], now: int) -> Command:
        match feed:
            case Simulated():
                return self._part(name, "simulate", *_simulate_options(feed))
            case Published():
                options = _publish_options(feed, newest.get(market_topic(feed.market), 0), now)
                words = (*GHOSTFILL, "publish", feed.kind, str(feed.file), *options)
                return self._program(name, Own(words, self.home.folder), ends=True)
            case Own():
                return self._program(name, feed, ends=True)

    def _part(self, name: str, *words: str, patience_s: float = STOP_S) -> Command:
        """One that comes back by a name of its own."""
        return self._command(name, *words, "--instance", f"{self.home.name()}-{name}", patience_s=patience_s)

    def _command(self, name: str, *words: str, patience_s: float = STOP_S, ends: bool = False) -> Command:
        ready = self.home.run / f"{name}.ready"
        command = [*GHOSTFILL, *words, "--ready-file", str(ready)]
        return Command(name, command, self._log(name), ready, self.environment, patience_s, ends=ends)

    def _program(self, name: str, own: Own, *, ends: bool = False) -> Program:
        environment = {**self.environment, **own.environment}
        return Program(name, own.command, self._log(name), self.home.run, environment, own.folder, ends=ends)

    def _log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"


def _web_options(setup: Setup) -> list[str]:
    web = setup.web
    names = [word for name in web.names for word in ("--name", name)]
    files = _options(("--tls-cert", web.tls_cert), ("--tls-key", web.tls_key))
    return ["--host", web.host, "--port", str(web.port), *names, *files]


def _simulate_options(feed: Simulated) -> list[str]:
    accounts = "--accounts" if feed.accounts else "--no-accounts"
    return [*_options(("--speed", feed.speed), ("--seed", feed.seed), ("--market", feed.market)), accounts]


def _publish_options(feed: Published, newest: int, now: int) -> list[str]:
    start = max(newest, TIME.read(feed.start) if feed.start else 0) or None
    clock = [] if feed.speed == "max" else _options(("--from", _text(start)), ("--at", _text(now + SOON)))
    return [
        *_options(("--speed", feed.speed), ("--symbol", feed.symbol), ("--after", _text(newest or None))),
        *(_options(("--market", feed.market)) if feed.kind != "signals" else []),
        *clock,
    ]


def _text(time: int | None) -> str | None:
    return None if time is None else str(time_text(time))


def _options(*pairs: tuple[str, object]) -> list[str]:
    """Those that have a value."""
    return [word for name, value in pairs if value is not None for word in (name, str(value))]
