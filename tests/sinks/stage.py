"""The sink between a real Kafka and a real ClickHouse engine, each a process that may be killed and comes back.

Rules of this file:
- Nothing inside a process is touched. What a sink says is in its log; an end that nobody asked for is a failure.
- What was published is remembered as counts and sums; what the tables hold is asked of them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import clickhouse_connect

from streams.local.machine.ports import free_ports
from streams.local.parts.child import start_child
from streams.local.parts.logs import last_lines
from streams.transport.kafka.cluster import Cluster
from tests.sinks.server import PASSWORD, PASSWORDS

PATIENCE = 60.0
LOOK = 0.05
NAME = "ghostfill"


class Process:
    """One of ours, by its command line."""

    def __init__(self, folder: Path, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        self.folder, self.name = folder, name
        self.log = folder / f"{name}.log"
        self.ready_file = folder / f"{name}.ready"
        self._command = [sys.executable, "-m", *command, "--ready-file", str(self.ready_file)]
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> "Process":
        self.ready_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = start_child(self._command, log, self._environment)
        return self

    def await_ready(self) -> "Process":
        self.until(self.ready_file.exists)
        return self

    def until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while not condition():
            self.check()
            assert time.monotonic() < end, f"{self.name}, after {patience:g} s: {self.said()}"
            time.sleep(LOOK)

    def check(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} ended with {self.process.poll()}: {self.said()}"

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def end(self, patience: float = 20.0) -> int:
        """A clean stop."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(patience)

    def drop(self) -> None:
        """At the end of a test, however it ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        return last_lines(self.log)


class Stage:
    """A ClickHouse and a sink."""

    def __init__(
        self, folder: Path, cluster: Cluster, data: Path | None = None, port: int | None = None
    ) -> None:
        """`port`: where the sink looks for ClickHouse, if something stands in between."""
        folder.mkdir(exist_ok=True)
        (self.port,) = free_ports(1)
        self.server = Process(
            folder, "server",
            ["sinks.serve", "--folder", str(data or folder / "clickhouse"), "--port", str(self.port)], PASSWORDS,
        )  # fmt: skip
        self._folder, self._cluster = folder, cluster
        self.sink = self.new_sink(port or self.port)

    def new_sink(self, port: int, *options: str, name: str = "sink", database: str = NAME) -> Process:
        url = f"http://127.0.0.1:{port}/{database}"
        environment = {**self._cluster.environment(), "CLICKHOUSE_URL": url, "CLICKHOUSE_PASSWORD": PASSWORD}
        return Process(self._folder, name, ["streams.cli", "sink", "--instance", name, *options], environment)

    def start(self) -> "Stage":
        self.server.start().await_ready()
        self.sink.start().await_ready()
        return self

    def client(self) -> Any:
        return clickhouse_connect.get_client(
            host="127.0.0.1",
            port=self.port,
            database=NAME,
            password=PASSWORD,
            autogenerate_session_id=False,
            tz_mode="aware",
        )

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        client = self.client()
        try:
            return [tuple(row) for row in client.query(query).result_rows]
        finally:
            client.close()

    def one(self, query: str) -> Any:
        ((found,),) = self.ask(query)
        return found

    def drop(self) -> None:
        self.sink.drop()
        self.server.drop()
