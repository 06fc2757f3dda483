"""Commands that speak to Kafka, run in this process against the embedded one."""

import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from schemas.codec import decode, encode
from schemas.kinds import key_of
from schemas.messages import Command, Decision
from streams.cli.main import main
from streams.clients.kafka import Reader, Sender, ends, read_spans, require
from streams.local.kafka import topics
from streams.transport.kafka.cluster import BOOTSTRAP, Cluster


def run(line: list[str] | str) -> int:
    """The exit code of a command line."""
    try:
        main(line.split() if isinstance(line, str) else line)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(scope="session")
def catalogue(cluster: Cluster) -> Cluster:
    """The cluster with all topics and the market `crypto`."""
    topics.apply(cluster, ["crypto"])
    return cluster


@pytest.fixture
def live(catalogue: Cluster, monkeypatch: pytest.MonkeyPatch) -> "Live":
    monkeypatch.setenv(BOOTSTRAP, catalogue.bootstrap)
    return Live(catalogue, monkeypatch)


class Live:
    """The cluster, as a test looks at it."""

    def __init__(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster = cluster
        self._monkeypatch = monkeypatch

    def run(self, *words: str, stdin: str | None = None) -> int:
        if stdin is not None:
            self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        return run(list(words))

    def published(self, topic: str, act: Callable[[], object]) -> list[Any]:
        """The messages that come on a topic while something is done."""
        before = ends(self.cluster, require(self.cluster, topic))
        act()
        after = ends(self.cluster, before)
        raws = list(read_spans(self.cluster, {place: (before[place], after[place]) for place in before}))
        return [decode(raw.topic, raw.key, raw.value) for raw in sorted(raws, key=lambda raw: raw.timestamp)]

    def send(self, *records: tuple[str, bytes, bytes]) -> None:
        sender = Sender(self.cluster)
        for record in records:
            sender.send(*record)
        sender.finish()


@pytest.fixture
def desk(live: Live) -> Iterator["FakeDesk"]:
    """Answers commands: what its `answer` says, or accepted."""
    fake = FakeDesk(live.cluster)
    yield fake
    fake.stop()


class FakeDesk:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.commands: list[Command] = []
        self.answer: Callable[[Command], list[dict[str, Any]]] = lambda command: [{"decision": "accepted"}]
        self._stopped = threading.Event()
        self._reader = Reader(cluster, ends(cluster, require(cluster, "commands")))
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        sender = Sender(self.cluster)
        while not self._stopped.is_set():
            for raw in self._reader.read():
                command = decode(raw.topic, raw.key, raw.value)
                assert isinstance(command, Command)
                self.commands.append(command)
                for number, said in enumerate(self.answer(command)):
                    decision = Decision(
                        decision_id=f"{command.command_id}-{number}",
                        ts=command.ts,
                        account=command.account,
                        command_id=command.command_id,
                        **said,
                    )
                    sender.send("decisions", key_of(decision), encode(decision))
                sender.finish()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._reader.close()
