"""A fresh `up`, and the README's first step and every producer of the docs word for word: each buys something."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from streams.local.machine.ports import free_ports
from tests.broker import skip_without_kafka
from tests.live.documented import (
    Person,
    blocks,
    follow_the_readme,
    prepare_the_programs,
    programs,
    run_program,
)

pytestmark = pytest.mark.live

START_S = 120


@contextmanager
def kept_running(
    words: list[str], environment: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as said:
        command = [sys.executable, "-m", "streams.cli", *words]
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_S)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Beside `up`, and `simulate` in another terminal, as the README has it."""
    skip_without_kafka()
    folder = tmp_path_factory.mktemp("documented")
    (port,) = free_ports(1)
    ready = folder / "ready"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA", "CLICK"))}
    environment = {**inherited, "GHOSTFILL_HOME": str(folder / "home"), "COLUMNS": "200"}
    (market,) = blocks("README.md", "sh", "ghostfill simulate")
    words = market.partition("#")[0].split()[1:]
    with ExitStack() as stack:
        up = ["up", "--web-port", str(port), "--ready-file", str(ready)]
        running = stack.enter_context(kept_running(up, environment, folder / "up.log"))
        end = time.monotonic() + START_S
        while not ready.exists():
            assert running.poll() is None and time.monotonic() < end, (folder / "up.log").read_text()
            time.sleep(0.2)
        stack.enter_context(kept_running(words, environment, folder / "simulate.log"))
        while "publishing" not in (folder / "simulate.log").read_text():
            assert time.monotonic() < end, (folder / "simulate.log").read_text()
            time.sleep(0.2)
        yield Person(environment)


def test_the_readme_s_first_step_ends_in_a_fill(person):
    follow_the_readme(person)


@pytest.fixture(scope="module")
def needs(person):
    return prepare_the_programs(person)


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.symbol)
def test_a_documented_producer_buys(person, needs, program, tmp_path):
    run_program(person, needs, program, tmp_path)
