"""Runs of records of one partition: one Faust event holds many records.

Rules of this file:
- A batch knows its place: its epoch (from one seek to the next) and its number in it, counted from 0.
- Only what was acknowledged without a gap may be committed.
"""

from collections import deque
from typing import Any, Protocol

import faust

from streams.transport.contract.machine import Raw


class RecordBatch(list[Raw]):
    """Consecutive records of one partition, at least one."""

    __slots__ = ("epoch", "number", "partition", "topic")

    def __init__(self, topic: str, partition: int, epoch: int, number: int, records: list[Raw]) -> None:
        super().__init__(records)
        self.topic = topic
        self.partition = partition
        self.epoch = epoch
        self.number = number

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}, offsets {self[0].offset} to {self[-1].offset}"


class BatchSchema(faust.Schema[Any, Any]):
    """The event's value is the batch, as it is."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> None:
        return None

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.value


class Delivered(Protocol):
    """What is told of a message that went to an agent."""

    offset: int
    acked: bool


class Progress:
    """The delivered batches of one partition in one epoch."""

    def __init__(self) -> None:
        self._open: deque[Delivered] = deque()
        self._done: int | None = None

    def deliver(self, message: Delivered) -> None:
        self._forget_done()
        self._open.append(message)

    def committable(self) -> int | None:
        """The offset after the last batch before the first that is not acknowledged; None: nothing yet."""
        self._forget_done()
        return self._done

    def _forget_done(self) -> None:
        while self._open and self._open[0].acked:
            self._done = self._open.popleft().offset + 1


class SkippedBatchError(Exception):
    """A batch never came. Its records would be lost if what follows were committed."""


class InOrder:
    """Sees that every batch comes, each after the one before it."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], tuple[int, int]] = {}

    def check(self, batch: RecordBatch) -> None:
        place = (batch.topic, batch.partition)
        epoch, number = self._last.get(place, (batch.epoch, -1))
        expected = number + 1 if epoch == batch.epoch else 0
        if batch.number != expected:
            raise SkippedBatchError(
                f"{batch.topic}-{batch.partition}: batch {batch.number} came where {expected} was expected, "
                f"at offset {batch[0].offset}"
            )
        self._last[place] = (batch.epoch, batch.number)
