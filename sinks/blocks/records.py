"""Records as they were read: by the hundred thousand a second they need no object each.

Rules of this file: a run is consecutive records of one partition, field by field.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

MILLISECOND = 1000


class Partition(NamedTuple):
    """A partition."""

    topic: str
    partition: int


class Record(NamedTuple):
    """One record."""

    offset: int
    time: int
    """When Kafka took it, in milliseconds."""
    key: bytes | None
    value: bytes | None

    @property
    def arrived(self) -> int:
        """The same in microseconds."""
        return self.time * MILLISECOND


@dataclass(frozen=True, slots=True)
class RecordRun:
    """Consecutive records of one partition."""

    place: Partition
    offsets: list[int]
    times: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]

    @classmethod
    def of(cls, place: Partition, records: Iterable[Record]) -> "RecordRun":
        """At least one."""
        return cls(place, *(list(field) for field in zip(*records, strict=True)))

    @classmethod
    def joined(cls, runs: Sequence["RecordRun"]) -> "RecordRun":
        """Of one partition, one behind the other."""
        fields = [(run.offsets, run.times, run.keys, run.values) for run in runs]
        return cls(runs[0].place, *([*chain.from_iterable(field)] for field in zip(*fields, strict=True)))

    @property
    def size(self) -> int:
        return len(self.offsets)

    def part(self, start: int, end: int | None = None) -> "RecordRun":
        at = slice(start, end)
        return RecordRun(self.place, self.offsets[at], self.times[at], self.keys[at], self.values[at])

    def records(self) -> Iterator[Record]:
        return map(Record, self.offsets, self.times, self.keys, self.values)


class Span(NamedTuple):
    """So many records, from an offset to another."""

    first: int
    last: int
    size: int


def spans(runs: Iterable[RecordRun]) -> Mapping[Partition, Span]:
    """What of each partition is among them."""
    found: dict[Partition, Span] = {}
    for run in runs:
        before = found.get(run.place)
        first, size = (before.first, before.size) if before else (run.offsets[0], 0)
        found[run.place] = Span(first, run.offsets[-1], size + run.size)
    return found


def size_of(runs: Iterable[RecordRun]) -> int:
    return sum(run.size for run in runs)


def halves(runs: Sequence[RecordRun]) -> tuple[list[RecordRun], list[RecordRun]]:
    """The first half of the records and the second."""
    left, before = size_of(runs) // 2, list[RecordRun]()
    for number, run in enumerate(runs):
        if run.size > left:
            behind = [run.part(left), *runs[number + 1 :]]
            return before + ([run.part(0, left)] if left else []), behind
        before.append(run)
        left -= run.size
    return before, []
