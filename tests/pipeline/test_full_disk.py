"""The disk is full, then it is not: everything trades again, by itself, and until then nothing is said to be well."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sinks.database.database import URL
from streams.local.machine.home import HOME
from streams.local.machine.ports import LOOPBACK, free_ports
from streams.transport.kafka.cluster import BOOTSTRAP
from tests.broker import skip_without_kafka

SIZE = "400m"
FULL_S = 75
"""Longer than any client of Kafka waits for an answer."""
PATIENCE_S = 400
PIECE = b"\0" * 65_536


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(options, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be made here: {error}")
    if mounted.returncode:
        pytest.skip(f"no disk can be made here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Take all the space that is left."""
    with file.open("ab", buffering=0) as filler:
        try:
            while filler.write(PIECE) == len(PIECE):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


class Demo:
    """A demo whose home is on that disk."""

    def __init__(self, disk: Path) -> None:
        (self.port,) = free_ports(1)
        self.ready = disk.parent / "ready"
        inherited = {name: value for name, value in os.environ.items() if name not in (BOOTSTRAP, URL)}
        self.environment = {**inherited, HOME: str(disk / "home")}
        options = ["--speed", "60x", "--web-port", str(self.port), "--ready-file", str(self.ready)]
        self.log = disk.parent / "demo.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command("demo", *options), stdout=log, stderr=log, env=self.environment
            )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "streams.cli", *words]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = self._command(*words)
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def is_ready(self) -> bool:
        """By its own word."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}/readyz", timeout=10) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def published(self) -> dict[int, int] | None:
        """What each shard has told since it was taken over; None while they do not all work."""
        done = self.run("status", "--json")
        if done.returncode:
            return None
        found: dict[str, Any] = json.loads(done.stdout)
        return {each["shard"]: each["published"] for each in found["shards"]}

    def await_that(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, f"{what}: {self.run('status').stdout}\n{self.log.read_text()}"
            time.sleep(1)


@contextmanager
def running(disk: Path) -> Iterator[Demo]:
    demo = Demo(disk)
    try:
        demo.await_that(demo.ready.exists, "it did not start")
        yield demo
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(PATIENCE_S) == 0
    finally:
        demo.process.kill()
        demo.process.wait()


def trades(demo: Demo) -> bool:
    """Whether more is told from one look to the next."""
    before = demo.published()
    time.sleep(5)
    after = demo.published()
    return before is not None and after is not None and sum(after.values()) > sum(before.values())


@pytest.mark.kill
def test_a_full_disk_is_told_and_gone_through(disk):
    skip_without_kafka()
    with running(disk) as demo:
        demo.await_that(lambda: demo.is_ready() and trades(demo), "it did not trade")
        filler = disk / "filler"
        end = time.monotonic() + FULL_S
        was_told = False
        while time.monotonic() < end:
            fill(filler)
            was_told = was_told or not demo.is_ready()
            time.sleep(1)
        assert was_told
        filler.unlink()
        demo.await_that(lambda: demo.is_ready() and trades(demo), "it did not trade again")
        for account in ("vsr-slicer", "auto-trader-swing"):
            done = demo.run("account", "pause", account, "--wait", "60")
            assert done.returncode == 0, done.stdout + done.stderr
