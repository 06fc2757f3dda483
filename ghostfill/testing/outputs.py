"""Everything that the session's Ghostfill tells, by account, as far as somebody has asked for it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from schemas.codec import decode
from schemas.kinds import kind_of
from schemas.messages import DeadLetter, Message, Output
from schemas.private import MarketPosition, decode_entry
from streams.agents.names import ACCOUNTS, TOPICS
from streams.clients.kafka import Place, Raw, Reader, ends, require
from streams.transport.contract.names import HEADER
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.store import Header

TOLD = ("decisions", "slice-timers", "orders", "fills", "trades", "positions", "equity", "alerts")
INBOX, DEAD_LETTERS, TABLE = TOPICS.inbox, "dead-letters", TOPICS.changelogs[ACCOUNTS]
LOOK_S = 0.01
_header = msgspec.msgpack.Decoder(Header).decode


class Outputs:
    """Reads from now on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._places = require(cluster, *TOLD)
        others = require(cluster, INBOX, DEAD_LETTERS, TABLE)
        self._reader = Reader(cluster, ends(cluster, [*self._places, *others]))
        self.positions: dict[Place, int] = {}
        """Of the results: behind the last record that was read."""
        self._told: dict[str, list[Message]] = defaultdict(list)
        self._letters: dict[tuple[str, int, int], DeadLetter] = {}
        self._taken_in: dict[tuple[int, str, int], int] = {}
        """By shard and source: the last offset that its inbox holds."""
        self._stored: dict[int, MarketPosition] = {}
        """How far each shard had come in the markets at its last checkpoint."""

    def close(self) -> None:
        self._reader.close()

    def until(self, is_there: Callable[[], bool], seconds: float) -> bool:
        """Reads on until that; whether it came about."""
        end = time.monotonic() + seconds
        while not is_there():
            if time.monotonic() > end:
                return False
            for raw in self._reader.read(LOOK_S):
                self._take(raw)
        return True

    def read_to_end(self, seconds: float) -> None:
        """All that has been told up to now."""
        last = ends(self._cluster, self._places)
        self.until(lambda: all(self._has_read(place, end) for place, end in last.items()), seconds)

    def told(self, account: str, kind: str) -> list[Message]:
        return [message for message in self._told.get(account, ()) if kind_of(message) == kind]

    def letter(self, source: Place, offset: int) -> DeadLetter | None:
        """What was said of a record that nobody could read."""
        return self._letters.get((*source, offset))

    def has_taken_in(self, shards: Iterable[int], source: Place, offset: int) -> bool:
        """Whether a record is in all these inboxes."""
        return all(self._taken_in.get((shard, *source), -1) >= offset for shard in shards)

    def has_stored(self, shards: Iterable[int], market: str, offset: int) -> bool:
        """Whether all these shards have had a checkpoint since that record of the market."""
        return all(self._stored.get(shard, {}).get(market, 0) > offset for shard in shards)

    def forget(self, account: str) -> None:
        self._told.pop(account, None)

    def _has_read(self, place: Place, end: int) -> bool:
        return max(self.positions.get(place, 0), self._reader.ends.get(place, 0)) >= end

    def _take(self, raw: Raw) -> None:
        if raw.topic == INBOX:
            entry = decode_entry(raw.value)
            self._taken_in[raw.partition, entry.topic, entry.partition] = entry.offset
            return
        if raw.topic == TABLE:
            if raw.key == HEADER and raw.value is not None:
                self._stored[raw.partition] = _header(raw.value).market
            return
        message = decode(raw.topic, raw.key, raw.value)
        if isinstance(message, DeadLetter):
            self._letters[message.topic, message.partition, message.offset] = message
            return
        assert isinstance(message, Output)
        self.positions[raw.topic, raw.partition] = raw.offset + 1
        self._told[message.account].append(message)
