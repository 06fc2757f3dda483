"""An embedded ClickHouse for the moment: over a folder that goes away with it.

Rules of this file: whatever ends the moment, an error, Ctrl-C or SIGTERM, no process and no folder stays.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sinks.database.database import SERVER_PASSWORD, SERVER_READER_PASSWORD, Database, DatabaseError
from streams.local.clickhouse.clickhouse import SERVER
from streams.local.machine.ports import LOOPBACK
from streams.local.parts.child import LOOK_S, start_child
from streams.local.parts.logs import last_lines

PREFIX = "ghostfill-"
PATIENCE_S = 60.0
DYING_S = 1.0
"""So long after its last connection a server that died may still be seen."""


@contextmanager
def passing_clickhouse() -> Iterator[Database]:
    """An empty database that nobody else knows of."""
    with _sigterm_unwinds(), tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder, password = Path(name), secrets.token_urlsafe(32)
        log, ready_file = folder / "log", folder / "ready"
        told = ["--folder", str(folder / "data"), "--port", "0", "--ready-file", str(ready_file)]
        environment = {**os.environ, SERVER_PASSWORD: password, SERVER_READER_PASSWORD: password}
        with log.open("wb") as file:
            server = start_child([*SERVER, *told], file, environment)
        try:
            port = _port(server, ready_file, log)
            database = Database(LOOPBACK, port, password=password, embedded=True)
            database.make()
            yield database
        except DatabaseError as error:
            if died := _death(server):
                raise DatabaseError(f"the embedded ClickHouse {died}\n{last_lines(log)}".rstrip()) from error
            raise
        finally:
            server.kill()  # there is nothing to be kept
            server.wait()


def _port(server: "subprocess.Popen[bytes]", ready_file: Path, log: Path) -> int:
    """As soon as it listens there."""
    end = time.monotonic() + PATIENCE_S
    while True:
        said = ready_file.read_text("ascii") if ready_file.exists() else ""
        if said.endswith("\n"):
            _, port = said.split()
            return int(port)
        if server.poll() is not None:
            raise DatabaseError("the embedded ClickHouse does not start")
        if time.monotonic() > end:
            raise DatabaseError(f"the embedded ClickHouse is not there after {PATIENCE_S:g} seconds")
        time.sleep(LOOK_S)


def _death(server: "subprocess.Popen[bytes]") -> str:
    """How it ended, if it has."""
    try:
        code = server.wait(DYING_S)
    except subprocess.TimeoutExpired:
        return ""
    return f"ended by signal {-code}" if code < 0 else f"ended with {code}"


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """As Ctrl-C does; by itself it would end the process where it stands."""
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
