"""What the tests of one pytest session share, and what each has of its own in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer

from ghostfill.testing.inputs import Inputs
from ghostfill.testing.outputs import Outputs
from ghostfill.testing.running import Running
from ghostfill.testing.world import Ghostfill
from streams.clients.kafka import market_topic


class Started(NamedTuple):
    """One Ghostfill that runs, and how it is spoken to."""

    running: Running
    outputs: Outputs
    producer: Producer


class Session:
    """One Ghostfill after the other, each for as many tests as it has markets."""

    def __init__(self, folder: Path, named: Mapping[str, str], symbols: Path | None) -> None:
        self._folder = folder
        self._named = named
        self._symbols = symbols
        self._starts = 0
        self._number = 0
        self._started: Started | None = None

    @contextmanager
    def world(self) -> Iterator[Ghostfill]:
        """One test's own market and accounts."""
        started = self._with_room()
        self._number += 1
        market = market_topic(started.running.markets.pop(0))
        inputs = Inputs(started.producer, started.outputs, market)
        world = Ghostfill(started.running, started.outputs, inputs, self._number)
        try:
            yield world
        finally:
            world.close()

    def stop(self) -> None:
        if self._started is not None:
            self._started.outputs.close()
            self._started.running.stop()
            self._started = None

    def _with_room(self) -> Started:
        if self._started is None or not self._started.running.markets:
            self.stop()
            self._starts += 1
            folder = self._folder / str(self._starts)
            folder.mkdir()
            self._started = _start(Running(folder, self._named, self._symbols, self._number + 1))
        return self._started


def _start(running: Running) -> Started:
    try:
        running.start()
        settings = {**running.cluster.confluent(), "linger.ms": 0, "acks": "all", "log_level": 0}
        return Started(running, Outputs(running.cluster), Producer(settings))
    except BaseException:
        running.stop()
        raise
