"""The web process: an HTTP server over one instance, until it is told to stop."""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from sinks.database.database import Database
from streams.local.machine import open_files
from streams.local.parts.damping import damp_logs
from streams.transport.kafka.cluster import Cluster, ClusterError
from streams.web.app import application
from streams.web.guard.guard import Guard
from streams.web.guard.policy import Policy
from streams.web.guard.wire import server_options
from streams.web.instance import watched

STOP_S = 3
"""Streams are cut after so long."""
RARELY = (10_000, 50, 20)
"""When the collector looks for cycles: everybody waits while it looks at all that is kept."""
SWITCH_S = 0.001
"""How long who answers waits for a thread that writes what ClickHouse said."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens."""

    host: str = "127.0.0.1"
    port: int = 5005
    names: tuple[str, ...] = ()
    """By which else it is reached."""
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        scheme = "https" if self.certificate else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def serve(
    cluster: Cluster,
    database: Database,
    address: Address,
    policy: Policy,
    registry_url: str | None,
    ready: Callable[[], None],
) -> None:
    """Until SIGTERM or Ctrl-C."""
    damp_logs()
    open_files.raise_limit()
    app = Guard(application(lambda: watched(cluster, database, registry_url), policy), policy)
    config = uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
        ws="websockets-sansio",
        log_config=None,
        log_level="warning",
        access_log=False,
        date_header=False,
        timeout_graceful_shutdown=STOP_S,
        **server_options(policy),
    )
    server = Server(config, ready)
    gc.set_threshold(*RARELY)
    sys.setswitchinterval(SWITCH_S)
    try:
        server.run()
    except SystemExit as error:
        raise ClusterError(
            f"{address.url} is taken by another program: stop that, or choose another --port"
        ) from error
    if not server.started:
        raise ClusterError(f"the page at {address.url} did not start; its log says why")


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        if self.started:
            gc.freeze()  # what was imported stays
            self._ready()
