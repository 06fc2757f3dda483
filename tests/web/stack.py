"""`ghostfill demo` as it is, for tests that look at the page and ask the API: one for all tests of a process."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from streams.local.machine.ports import free_ports
from tests.broker import skip_without_kafka

READY_S = 120.0
PATIENCE_S = 60.0
SPEED = "240x"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    """By names in small letters, as the server writes them."""
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def reply_to(request: urllib.request.Request, trusting: ssl.SSLContext | None = None) -> Reply:
    """A refusal is a reply too."""
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S, context=trusting) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read())


class Stack:
    """A running demo."""

    def __init__(self, home: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.home, self.port, self.process = home, port, process
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment_of(home)

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Everything that is answered."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}{path}", data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        return reply_to(request)

    def get(self, path: str) -> Any:
        """What the API says; a problem is an error."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    def pages(self, path: str, limit: int = 500) -> Iterator[list[Any]]:
        """What a list has, page after page."""
        cursor = None
        while True:
            more = urlencode({"limit": limit, **({} if cursor is None else {"cursor": cursor})})
            page = self.get(f"{path}{'&' if '?' in path else '?'}{more}")
            yield page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def all(self, path: str) -> list[Any]:
        return [each for page in self.pages(path) for each in page]

    def send(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and document, also of a problem."""
        reply = self.ask(method, path, {} if body is None else body)
        return reply.status, reply.document

    def run(self, *words: str) -> str:
        """What the command says."""
        command = [sys.executable, "-m", "streams.cli", *words]
        done = subprocess.run(
            command, env=self.environment, text=True, capture_output=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pid(self, part: str) -> int:
        """The process of one part: kafka, clickhouse, gate, desk, sink, web or market."""
        folder = "kafka" if part == "kafka" else "run"
        return int((self.home / folder / f"{part}.pid").read_text("ascii"))


def await_that(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What it answers when that is true."""
    end = time.monotonic() + patience_s
    while True:
        try:
            found = condition()
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
            found = None
        if found:
            return found
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)


def environment_of(home: Path) -> dict[str, str]:
    """Nothing but that home: no cluster and no database that the shell names."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA", "CLICK"))}
    return {**inherited, "GHOSTFILL_HOME": str(home), "COLUMNS": "200"}


@contextmanager
def started(folder: Path, speed: str = SPEED) -> Iterator[Stack]:
    """A demo from its first record on, when accounts have traded."""
    (port,) = free_ports(1)
    home = folder / "home"
    command = [sys.executable, "-m", "streams.cli", "demo", "--speed", speed, "--web-port", str(port)]
    log = folder / "demo.log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment_of(home), stdout=said, stderr=said)
    stack = Stack(home, port, process)
    try:
        await_that(lambda: process.poll() is None and stack.get("/api/trades?limit=1")["items"], READY_S)
        yield stack
    except AssertionError:
        print(log.read_text("utf-8", "replace")[-4_000:])  # noqa: T201
        raise
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    skip_without_kafka()
    with started(tmp_path_factory.mktemp("stack")) as found:
        yield found
