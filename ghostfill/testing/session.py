"""What the tests of one pytest session share, and what each has of its own in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from ghostfill.testing.inputs import Inputs
from ghostfill.testing.outputs import Outputs
from ghostfill.testing.running import Running
from ghostfill.testing.world import Ghostfill
from streams.clients.kafka import market_topic


class Session:
    """One Ghostfill after the other, each for as many tests as it has markets."""

    def __init__(self, folder: Path, named: Mapping[str, str], symbols: Path | None) -> None:
        self._folder = folder
        self._named = named
        self._symbols = symbols
        self._starts = 0
        self._number = 0
        self._running: Running | None = None
        self._outputs: Outputs | None = None

    @contextmanager
    def world(self) -> Iterator[Ghostfill]:
        """One test's own market and accounts."""
        running, outputs = self._with_room()
        self._number += 1
        inputs = Inputs(self._producer, outputs, market_topic(running.markets.pop(0)))
        world = Ghostfill(running, outputs, inputs, self._number)
        try:
            yield world
        finally:
            world.close()

    def stop(self) -> None:
        if self._outputs is not None:
            self._outputs.close()
        if self._running is not None:
            self._running.stop()
        self._running = self._outputs = None

    def _with_room(self) -> tuple[Running, Outputs]:
        if self._running is None or not self._running.markets:
            self.stop()
            self._starts += 1
            folder = self._folder / str(self._starts)
            folder.mkdir()
            self._running = Running(folder, self._named, self._symbols)
            self._running.start()
            cluster = self._running.cluster
            self._outputs = Outputs(cluster)
            self._producer = Producer({**cluster.confluent(), "linger.ms": 0, "acks": "all", "log_level": 0})
        assert self._outputs is not None
        return self._running, self._outputs
