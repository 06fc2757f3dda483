"""A whole instance: Kafka, ClickHouse and its parts, kept running until Ctrl-C.

Rules of this file: what cannot go is said before anything is started. Feeds and strategies start when the
accounts of the settings are there, so that none of those misses the first records.
"""

import errno
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path

import click

from sinks.database.database import URL, Database
from streams.accounts import load_instruments
from streams.cli.instance.opening import await_ready
from streams.cli.instance.parts import Parts
from streams.cli.instance.setup import DASHBOARD, RESULTS, Published, Setup, WebSetup
from streams.cli.printing.board import Board
from streams.cli.printing.downloads import Downloads
from streams.clients.commands import newest_time
from streams.clients.kafka import market_topic
from streams.engine.model.units import SECOND
from streams.local.clickhouse.clickhouse import ClickHouse
from streams.local.kafka import topics
from streams.local.kafka.jars import KAFKA_VERSION
from streams.local.kafka.kafka import Kafka
from streams.local.machine import people
from streams.local.machine.home import CLICKHOUSE, HOME, WEB, Home, Instance
from streams.local.machine.kafka_login import SCRAM, SECRET
from streams.local.machine.ports import LOOPBACK, probe
from streams.local.parts.interrupts import Interrupts
from streams.local.parts.supervisor import Supervisor
from streams.transport.kafka.cluster import BOOTSTRAP, Cluster, ClusterError
from streams.web.guard.policy import is_local

EVERYWHERE = ("0.0.0.0", "::")
Greet = Callable[[float], Sequence[str]]
"""What is said when all is ready, so many seconds after the start."""


class Ghostfill:
    """One instance in its home."""

    def __init__(
        self, home: Home, setup: Setup, environment: Mapping[str, str], ready_file: Path | None
    ) -> None:
        self.home = home
        self.setup = setup
        self.environment = _with_named(setup, environment)
        self.ready_file = ready_file
        self.began = time.monotonic()
        self.kafka = Kafka(home.kafka, setup.kafka.port, heap=setup.kafka.heap, log=home.logs / "kafka.log")
        self.database = Database.from_environment(self.environment)
        """The user's; None where it is our own, or none is asked."""
        self.clickhouse: ClickHouse | None = None
        self.newest: dict[str, int] = {}
        """The event time at the end of each market that a file is published to."""

    def run(self, greet: Greet) -> None:
        self._check()
        with self.home.locked():
            _remove(self.ready_file)
            for part in Parts(self.home, self.setup, {}).ours():
                part.end_orphan()
            if DASHBOARD in self.setup.parts:
                _check_page(self.setup.web)
            self.clickhouse = self._own_clickhouse()
            with self._cluster() as cluster:
                topics.apply(cluster, self.setup.all_markets(), replicas=self.setup.kafka.replicas)
                files = [feed for feed in self.setup.feeds.values() if isinstance(feed, Published)]
                for topic in {market_topic(feed.market) for feed in files}:
                    self.newest[topic] = await_ready(partial(newest_time, cluster, topic))
                with self._told(cluster):
                    self._supervise(cluster, greet)

    def _check(self) -> None:
        if self.setup.symbols is not None:
            load_instruments(str(self.setup.symbols))
        if DASHBOARD in self.setup.parts and RESULTS not in self.setup.parts and self.database is None:
            raise click.UsageError(
                f"the part {DASHBOARD} shows results: run the part {RESULTS} too, or name their ClickHouse "
                f"with {URL}"
            )

    def _own_clickhouse(self) -> ClickHouse | None:
        if self.database is not None or RESULTS not in self.setup.parts:
            return None
        log, ready = self.home.logs / "clickhouse.log", self.home.run / "clickhouse.ready"
        passwords = self.home.clickhouse_passwords()
        return ClickHouse(self.home.clickhouse, self.setup.clickhouse.port, log, ready, passwords)

    @contextmanager
    def _cluster(self) -> Iterator[Cluster]:
        """The user's cluster where one is named, else our own, from here on and not longer."""
        named = Cluster.from_environment(self.environment)
        if named is not None:
            yield named
            return
        if self.setup.kafka.auth == SCRAM:
            self.kafka.password = self.home.secret(SECRET)
        click.echo(f"Starting Kafka {KAFKA_VERSION}")
        try:
            yield self.kafka.start(progress=Downloads(f"Kafka {KAFKA_VERSION}"))
        finally:
            self.kafka.stop()

    def _supervise(self, cluster: Cluster, greet: Greet) -> None:
        """Runs the parts until Ctrl-C and says what they do."""
        environment = {**self.environment, **cluster.environment(), HOME: str(self.home.folder)}
        parts = Parts(self.home, self.setup, environment)
        board = Board()
        board.say(*self._addresses(cluster), "")
        with Interrupts() as interrupts:
            supervisor = Supervisor(interrupts, board.show)
            try:
                if self.kafka.is_running:
                    supervisor.adopt(self.kafka)
                supervisor.start([self.clickhouse] if self.clickhouse else [])
                supervisor.start(parts.ours())
                supervisor.run(until=lambda: supervisor.all_done)
                if not interrupts.count:
                    supervisor.start(parts.theirs(self.newest, _now()))
                supervisor.run(until=lambda: supervisor.all_ready)
                if not interrupts.count:
                    _touch(self.ready_file)
                    board.say(*greet(time.monotonic() - self.began))
                supervisor.run()
            finally:
                _remove(self.ready_file)
                supervisor.stop()

    @contextmanager
    def _told(self, cluster: Cluster) -> Iterator[None]:
        """Others find this instance from here on and not longer."""
        self.home.tell(
            Instance(
                pid=os.getpid(),
                bootstrap=cluster.bootstrap,
                protocol=cluster.protocol,
                ghostfill=metadata.version("ghostfill"),
                kafka=KAFKA_VERSION if self.kafka.is_running else "",
                endpoints=self._endpoints(),
                markets=list(self.setup.all_markets()),
                symbols=None if self.setup.symbols is None else str(self.setup.symbols.absolute()),
            )
        )
        try:
            yield
        finally:
            self.home.untell()

    def _endpoints(self) -> dict[str, str]:
        page = {WEB: page_url(self.setup.web)} if DASHBOARD in self.setup.parts else {}
        return {**({CLICKHOUSE: self.clickhouse.url} if self.clickhouse else {}), **page}

    def _addresses(self, cluster: Cluster) -> list[str]:
        kafka = f"Apache Kafka {KAFKA_VERSION}, embedded" if self.kafka.is_running else "yours"
        said = {
            "settings": self.setup.file,
            "home": self.home.folder,
            "logs": self.home.logs,
            "kafka": f"{cluster.bootstrap} ({kafka})",
            "clickhouse": f"{self.clickhouse.url} (embedded)" if self.clickhouse else None,
            "page": self._endpoints().get(WEB),
            "others": self._others(),
        }
        if self.database is not None:
            said["clickhouse"] = f"{self.database.url} (yours)"
        lines = [f"  {name:12}{value}" for name, value in said.items() if value is not None]
        return [f"Ghostfill {metadata.version('ghostfill')}", *lines]

    def _others(self) -> str | None:
        """Who else can log in to this machine, and what they may use; None: nobody."""
        found = people.others()
        if not found:
            return None
        web = self.setup.web
        is_page_open = DASHBOARD in self.setup.parts and not web.names and is_local(web.host)
        may_use = [
            *(["Kafka"] if self.kafka.is_running and not self.kafka.password else []),
            *(["the page"] if is_page_open else []),
        ]
        what = "but cannot use this Ghostfill"
        if may_use:
            what = f"and may use {' and '.join(may_use)}: see docs/security.md"
        return f"{people.in_words(found)} can log in to this machine, {what}"


def page_url(web: WebSetup) -> str:
    """As a browser on this machine reaches it, or by its first name where it is there for others."""
    if web.host in EVERYWHERE:
        host = web.names[0] if web.names else LOOPBACK
    else:
        host = f"[{web.host}]" if ":" in web.host else web.host
    place = host if re.search(r":\d+$", host) else f"{host}:{web.port}"
    return f"{'https' if web.tls_cert else 'http'}://{place}"


def _check_page(web: WebSetup) -> None:
    try:
        probe(web.host, web.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ClusterError(
                f"port {web.port} of {web.host} is taken, and the page needs it: choose another with "
                f"--web-port {web.port + 1}, or stop the program that listens there"
            ) from None
        raise ClusterError(
            f"the page cannot listen on {web.host}, port {web.port}: {error.strerror}; choose another with "
            "--web-host or --web-port"
        ) from None


def _with_named(setup: Setup, environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment does not name is as the settings say."""
    said = {BOOTSTRAP: setup.kafka.bootstrap, URL: setup.clickhouse.url}
    lacking = {name: value for name, value in said.items() if value and not environment.get(name, "").strip()}
    return {**environment, **lacking}


def _now() -> int:
    return round(time.time() * SECOND)


def _touch(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        ready_file.touch()


def _remove(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.unlink(missing_ok=True)
