"""What all shards of a process share."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streams.transport.contract.machine import Machine
from streams.transport.contract.names import Names
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Ends
from streams.transport.kafka.publisher import Publisher
from streams.transport.shard.reading.markets import MarketLog
from streams.transport.shard.turns import Turns


class RowsTable(Protocol):
    """A copy of one table's rows, for others to read. Told in the event loop: neither waits nor raises."""

    def keep(self, shard: int, key: bytes, value: bytes | None) -> None:
        """What a checkpoint stored, once it is there for good; None: gone."""

    def forget(self, shard: int) -> None:
        """The shard is another worker's from now on."""


def wall_time() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class ShardSetup:
    """One process that folds."""

    cluster: Cluster
    names: Names
    engine: str
    """The version of what the machine does: another version may fold to other bytes."""
    make: Callable[[int], Machine]
    """A new machine for a shard."""
    markets: Mapping[str, MarketLog]
    publisher: Publisher
    ends: Ends
    tables: Mapping[str, RowsTable] = field(default_factory=dict)
    """Where stored rows can be read."""
    wall: Callable[[], int] = wall_time
    """The time of day, in microseconds."""
    checkpoint_after: float = 1.0
    """Seconds between checkpoints while something happens."""
    quiet_checkpoint_after: float = 30.0
    """The same while nothing but the market moves: half a minute of it is walked again in a second."""
    turns: Turns = field(default_factory=Turns)
    """In which keys that were left behind come closer."""
    lag: int = 50_000
    """Microseconds: a market that is further behind the wall is read as a backlog."""
    most_waiting: int = 64
    """Barriers that may wait to be read back."""
