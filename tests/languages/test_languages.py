"""Each client of docs/languages.md, as the page has it: its signals are traded, and it reads their fills."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.catalog import catalog
from schemas.codec import decode
from schemas.messages import Signal
from schemas.partition import partition_of
from streams.local.machine.home import find_cluster
from tests.languages.page import Section, sections
from tests.languages.reading import read_until
from tests.live.documented import Person
from tests.web.stack import Stack

pytestmark = pytest.mark.languages

ALL = list(sections())
PATIENCE_S, INSTALL_S = 60, 900
TRIES = 3
UNREACHED = (
    "ENOTFOUND|EAI_AGAIN|resolve host|name resolution|no such host|Unknown host|Network is unreachable"
)
SIGNALS = catalog().topic("signals").partitions


@pytest.mark.parametrize("section", ALL, ids=lambda section: section.title)
def test_its_signals_are_traded_and_it_reads_their_fills(
    section: Section, person: Person, demo: Stack, registry: str, folder: Path
):
    shell = Shell(person, folder, {"SCHEMA_REGISTRY_URL": registry})
    for name, text in section.files.items():
        (folder / name).write_text(text, "utf-8")
    shell.sets_up(section)
    assert len(section.sends) == len(section.ids) > 0
    filled = [shell.is_filled(line, start) for line, start in zip(section.sends, section.ids, strict=True)]
    for line in section.reads:
        shell.reads(line, filled)
    for signal_id in filled:
        assert _partition(demo, signal_id) == partition_of(_symbol(person, signal_id).encode(), SIGNALS)
    lines = ", ".join(f"{name} {section.lines(name)}" for name in section.files)
    print(f"\n{section.title}: {lines} lines; traded {', '.join(filled)}")


class Shell:
    """A terminal in a folder."""

    def __init__(self, person: Person, folder: Path, more: Mapping[str, str]) -> None:
        self.person, self.folder = person, folder
        path = os.pathsep.join((str(folder / "python" / "bin"), person.environment["PATH"]))
        self.environment = {**person.environment, **more, "PATH": path, "CKJS_LINKING": "dynamic"}
        self._exports: list[str] = []

    def sets_up(self, section: Section) -> None:
        for line in section.setup:
            if line.startswith("export "):
                self._exports.append(line)
                continue
            self._needs(line)
            done = self._run(line, INSTALL_S)
            if done.returncode and re.search(UNREACHED, done.stdout + done.stderr):
                pytest.skip(f"`{line}` reaches nothing here: {(done.stdout + done.stderr)[-300:]}")
            assert not done.returncode, f"{line}: {done.stdout}{done.stderr}"

    def is_filled(self, line: str, start: str) -> str:
        """Sends until its signal is filled; gives the signal's id. Overnight a signal expires."""
        self._needs(line)
        for _ in range(TRIES):
            done = self._run(line, PATIENCE_S)
            assert not done.returncode, f"{line}: {done.stdout}{done.stderr}"
            end = time.monotonic() + PATIENCE_S / TRIES
            while time.monotonic() < end:
                for fill in self.person.fills("breakout"):
                    if str(fill.get("signal_id", "")).startswith(f"{start}-"):
                        return str(fill["signal_id"])
        decided = "ghostfill tail decisions --account breakout --from-start --timeout 2 || true"
        raise AssertionError(f"{line}: nothing was filled; {self.person.types(decided)}")

    def reads(self, line: str, wanted: list[str]) -> None:
        """Its output names all these."""
        command = ["bash", "-c", self._whole(line)]
        read_until(command, self.folder, self.environment, lambda said: all(each in said for each in wanted))

    def _needs(self, line: str) -> None:
        tool = line.split()[0]
        if shutil.which(tool, path=self.environment["PATH"]) is None:
            pytest.skip(f"there is no `{tool}` on this machine")

    def _run(self, line: str, patience_s: float) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-c", self._whole(line)], cwd=self.folder, env=self.environment,
            text=True, capture_output=True, timeout=patience_s, check=False,
        )  # fmt: skip

    def _whole(self, line: str) -> str:
        return "\n".join([*self._exports, line])


def _symbol(person: Person, signal_id: str) -> str:
    return next(
        str(fill["symbol"]) for fill in person.fills("breakout") if fill.get("signal_id") == signal_id
    )


def _partition(demo: Stack, signal_id: str) -> int:
    """In which the signal is."""
    settings = {"group.id": "look", "enable.auto.commit": False}
    consumer = Consumer({**find_cluster(demo.environment).confluent(), **settings})
    try:
        consumer.assign([TopicPartition("signals", number, 0) for number in range(SIGNALS)])
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for message in consumer.consume(1000, 1.0):
                value = message.value() or b""
                if signal_id.encode() in value:
                    if value[0] != 0:
                        found = decode("signals", message.key(), value, 1)
                        assert isinstance(found, Signal) and found.signal_id == signal_id
                    return message.partition() or 0
    finally:
        consumer.close()
    raise AssertionError(f"{signal_id} is not on signals")
