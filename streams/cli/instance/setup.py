"""What an instance is to run: the same for `up`, its file and `demo`.

Rules of this file: what is None is as usual.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from streams.clients.commands import market_of
from streams.local.kafka.kafka import HEAP
from streams.local.machine.kafka_login import OPEN
from streams.local.machine.ports import LOOPBACK

TRADER, RESULTS, DASHBOARD = PARTS = ("trader", "results", "dashboard")
WEB_PORT = 5005


@dataclass(frozen=True, slots=True)
class KafkaSetup:
    port: int | None = None
    heap: str = HEAP
    replicas: int | None = None
    bootstrap: str = ""
    """A cluster of the user's; without one there is our own."""
    auth: str = OPEN
    """Who may use our own: one of `AUTHS`."""


@dataclass(frozen=True, slots=True)
class ClickHouseSetup:
    port: int | None = None
    ticks: bool = True
    url: str = ""
    """A database of the user's; without one there is our own."""


@dataclass(frozen=True, slots=True)
class WebSetup:
    host: str = LOOPBACK
    port: int = WEB_PORT
    names: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Simulated:
    """A made-up market without end."""

    speed: str = "60x"
    seed: int = 5
    market: str | None = None
    accounts: bool = True


Recorded = Literal["ticks", "bars", "signals"]


@dataclass(frozen=True, slots=True)
class Published:
    """A recorded file."""

    kind: Recorded
    file: Path
    speed: str = "max"
    start: str | None = None
    market: str | None = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """A program of the user's."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


Feed = Simulated | Published | Own


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything."""

    parts: tuple[str, ...] = PARTS
    workers: int = 1
    markets: tuple[str, ...] = ()
    symbols: Path | None = None
    kafka: KafkaSetup = KafkaSetup()
    clickhouse: ClickHouseSetup = ClickHouseSetup()
    web: WebSetup = WebSetup()
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The settings of each, as a `create` has them."""
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    strategies: Mapping[str, Own] = field(default_factory=dict)
    file: Path | None = None
    """Where it was read."""

    def all_markets(self) -> tuple[str, ...]:
        """Those that feeds and accounts name too."""
        fed = [feed.market for feed in self.feeds.values() if not isinstance(feed, Own)]
        traded = [market_of(settings) for settings in self.accounts.values()]
        return _each_once([*self.markets, *fed, *(topic.partition(".")[2] for topic in traded)])


def _each_once(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
