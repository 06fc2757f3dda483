"""What all shards of a process share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from streams.transport.cluster import Cluster
from streams.transport.logs import Ends
from streams.transport.machine import Machine
from streams.transport.markets import Market
from streams.transport.publisher import Publisher


@dataclass(frozen=True, slots=True)
class Names:
    """The topics of a fold."""

    inbox: str
    barriers: str
    changelogs: Mapping[str, str]
    """Of each table of the machine; the first also holds the headers."""
    compacted: frozenset[str]
    """Public topics that are written within checkpoints."""


@dataclass(slots=True)
class Setup:
    """One process that folds."""

    cluster: Cluster
    names: Names
    engine: str
    """The version of what the machine does: another version may fold to other bytes."""
    make: Callable[[int], Machine]
    """A new machine for a shard."""
    markets: Mapping[str, Market]
    publisher: Publisher
    ends: Ends
    wall: Callable[[], int]
    """The time of day, in microseconds."""
    checkpoint_after: float = 1.0
    """Seconds between checkpoints while something happens."""
    quiet_checkpoint_after: float = 5.0
    """The same while nothing but the market moves."""
    lag: int = 50_000
    """Microseconds: a market that is further behind the wall is read as a backlog."""
    most_waiting: int = field(default=64)
    """Barriers that may wait to be read back."""
