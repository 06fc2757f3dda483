"""The embedded ClickHouse: the engine and its HTTP protocol, as a child process, durable in a folder.

Rules of this file:
- A folder keeps its port while it is free, so that clients find it again.
- Passwords go into the child's environment, which its user alone can read; a command line everybody can.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sinks.database.database import NAME
from streams.files.writing.whole import write_whole
from streams.local.machine.ports import LOOPBACK, free_ports, is_free
from streams.local.parts.command import Command
from streams.transport.kafka.cluster import ClusterError

SERVER: tuple[str, ...] = (sys.executable, "-m", "sinks.serve")


class ClickHouse(Command):
    """One server over one folder, kept running by the supervisor."""

    def __init__(
        self, folder: Path, port: int | None, log: Path, ready_file: Path, passwords: Mapping[str, str]
    ) -> None:
        """`passwords`: by the variables that the server looks for them in."""
        folder.mkdir(parents=True, exist_ok=True)
        self.port = _choose_port(folder, port)
        told = ["--folder", str(folder / "data"), "--port", str(self.port), "--ready-file", str(ready_file)]
        super().__init__(
            name="clickhouse",
            command=[*SERVER, *told],
            log=log,
            ready_file=ready_file,
            environment={**os.environ, **passwords},
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/{NAME}"


def _choose_port(folder: Path, wanted: int | None) -> int:
    """The last one, where it is free; a port that was asked for must be."""
    file = folder / "port"
    kept = int(file.read_text("ascii")) if file.exists() else None
    if wanted is not None and not is_free(wanted):
        raise ClusterError(
            f"port {wanted} of {LOOPBACK} is taken: stop what listens there, or choose another for ClickHouse"
        )
    port = wanted or (kept if kept and is_free(kept) else free_ports(1)[0])
    write_whole(file, str(port))
    return port
