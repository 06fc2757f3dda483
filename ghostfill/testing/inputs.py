"""What a test publishes, and the time that it makes pass.

Rules of this file: who publishes a signal or a command goes on when it is in each inbox that it concerns. So
the next record of the market finds it there, however busy the machine is.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from confluent_kafka import Producer

from ghostfill.testing.errors import NothingCameError, NotReadError
from ghostfill.testing.outputs import Outputs
from ghostfill.testing.sending import as_json, send
from ghostfill.testing.times import START, STEP, Time, datetime_of, floor
from schemas.catalog import catalog
from schemas.messages import CommandKind
from schemas.partition import shard_of
from streams.clients.commands import new_command

SHARDS = catalog().topic("inbox").partitions
CLOCK = "ghostfill.testing"
TAKEN_IN_S = 10.0


class Inputs:
    """One test's market, and the topics of all."""

    def __init__(self, producer: Producer, outputs: Outputs, market: str) -> None:
        self._producer, self._outputs = producer, outputs
        self.market = market
        self.now = START - STEP
        """The time of the newest record."""
        self._opens: dict[str, datetime] = {}
        """When the next bar of a symbol opens at the earliest."""

    def time(self, at: Time = None) -> datetime:
        """Of the next record: so much is given, or a step on."""
        found = self.now + STEP if at is None else datetime_of(at)
        self.now = max(self.now, found)
        return found

    def record(self, key: str, fields: Mapping[str, Any]) -> int:
        """Gives its offset in the market."""
        return send(self._producer, self.market, key, as_json(fields))[1]

    def bar(self, symbol: str, length: timedelta, bar: Mapping[str, Any]) -> None:
        """One with a time of its own, or the next: without a gap, however the time has gone on within it."""
        given = bar.get("ts")
        follows = max(self._opens.get(symbol, START), floor(self.now, length))
        opened = follows if given is None else datetime_of(given)
        interval = length // timedelta(microseconds=1)
        self.record(symbol, {**bar, "symbol": symbol, "ts": opened, "interval": interval})
        self._opens[symbol] = opened + length
        self.time(opened + length)

    def clock(self, to: datetime) -> int:
        """Time passes without a price; gives the record's offset."""
        self.now = max(self.now, to)
        return self.record(CLOCK, {"feed": CLOCK, "ts": to})

    def command(self, kind: CommandKind, account: str, *, by: str, **fields: Any) -> str:
        """Gives its id."""
        command_id = new_command(account, kind, by=by).command_id
        body = {"command_id": command_id, "account": account, "kind": kind, "ts": self.time(), **fields}
        self.publish("commands", account, as_json(body))
        return command_id

    def publish(self, topic: str, key: str, value: bytes) -> None:
        source, offset = send(self._producer, topic, key, value)
        shards = [shard_of(key, SHARDS)] if topic == "commands" else range(SHARDS)
        if not self._outputs.until(lambda: self._has_passed(shards, source, offset), TAKEN_IN_S):
            raise NothingCameError(f"a record of {topic} was not taken in within {TAKEN_IN_S:g} s")
        letter = self._outputs.letter(source, offset)
        if letter is not None:
            raise NotReadError(f"{value.decode(errors='replace')}: {letter.reason}")

    def _has_passed(self, shards: Iterable[int], source: tuple[str, int], offset: int) -> bool:
        is_refused = self._outputs.letter(source, offset) is not None
        return is_refused or self._outputs.has_taken_in(shards, source, offset)
