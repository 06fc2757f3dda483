"""A ClickHouse for tests: the embedded one as a process, and the one that CLICKHOUSE_URL names, if any."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect

from sinks.database.database import READER, SERVER_PASSWORD, SERVER_READER_PASSWORD

PATIENCE = 30.0
URL = "CLICKHOUSE_URL"
PASSWORD, READER_PASSWORD = "of-the-owner", "of-the-reader"
PASSWORDS = {SERVER_PASSWORD: PASSWORD, SERVER_READER_PASSWORD: READER_PASSWORD}


@dataclass(frozen=True)
class Server:
    """Where one is reached."""

    host: str
    port: int
    user: str = "default"
    password: str = PASSWORD
    embedded: bool = True
    pid: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    def client(self, **options: Any) -> Any:
        known = {"username": self.user, "password": self.password}
        if options.get("username") == READER:
            known["password"] = READER_PASSWORD
        return clickhouse_connect.get_client(host=self.host, port=self.port, **(known | options))


@contextmanager
def embedded(folder: Path, *options: str, program: Sequence[str] = ("-m", "sinks.serve")) -> Iterator[Server]:
    """A process that serves a folder; ended at the end."""
    ready = folder / "clickhouse.ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, *program, "--folder", str(folder / "clickhouse"), "--port", "0"]
    environment = {**os.environ, **PASSWORDS}
    with subprocess.Popen([*command, "--ready-file", str(ready), *options], env=environment) as process:
        try:
            end = time.monotonic() + PATIENCE
            while not ready.exists() or not ready.read_text("ascii").endswith("\n"):
                assert process.poll() is None and time.monotonic() < end, "the server does not come up"
                time.sleep(0.02)
            pid, port = map(int, ready.read_text("ascii").split())
            yield Server("127.0.0.1", port, pid=pid)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def named() -> Server | None:
    """The one of the environment."""
    if not os.environ.get(URL):
        return None
    url = urlsplit(os.environ[URL])
    return Server(url.hostname or "", url.port or 8123, url.username or "default", url.password or "", False)
