"""What each worker tells several times a second: for `status`, and for standbys.

Rules of this file: nothing is decided by it. A report that is late makes a standby hasty, never wrong.
"""

from enum import StrEnum

import msgspec

from schemas.private import MarketPosition
from streams.transport.contract.machine import Awaited


class Stage(StrEnum):
    """Of a shard, in the process that owns it."""

    TAKING_OVER = "taking over"
    LIVE = "live"
    HELD = "held"
    STOPPED = "stopped"


class ShardReport(msgspec.Struct, frozen=True, array_like=True):
    """One shard of a worker."""

    shard: int
    stage: str
    number: int = -1
    """Of its last barrier."""
    inbox: int = 0
    market: MarketPosition = {}
    waiting: int = 0
    """Entries that were received and not admitted."""
    late: int = 0
    published: int = 0
    taken_in: float = 0.0
    """Seconds that its takeover took."""
    still: float = 0.0
    """Seconds since it took in an entry or a market's record, while it has some before it."""
    awaits: tuple[Awaited, ...] = ()
    """What the admitted entries wait for."""
    taken_at: int = 0
    """When its worker had taken it over; it changes hands when this changes."""


class WorkerReport(msgspec.Struct, frozen=True, array_like=True):
    """One process."""

    worker: str
    host: str
    pid: int
    version: str
    part: str
    ts: int
    started: int
    shards: tuple[ShardReport, ...] = ()
    market_time: dict[str, int] = {}
    """The newest event time of each market."""
    market_end: MarketPosition = {}
    pause: float = 0.0
    """Seconds of the last rebalance."""
    leaving: bool = False
    made: int = 0
    """When its event loop said all this; a loop that stands still says nothing new."""
    memory: int = 0
    """Bytes of the machine's memory that it holds."""
    cpu: float = 0.0
    """Seconds of a core that it has used."""


_decode = msgspec.msgpack.Decoder(WorkerReport).decode


def encode_report(report: WorkerReport) -> bytes:
    return msgspec.msgpack.encode(report)


def decode_report(value: bytes) -> WorkerReport:
    found: WorkerReport = _decode(value)
    return found
