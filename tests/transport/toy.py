"""A machine without trading: counters that fire when the market's number comes high enough."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.private import InboxEntry
from streams.transport.contract.machine import Awaited, Pending, Raw, Record, Row


@dataclass(frozen=True)
class Numbers:
    """A run of market records: (time, number)."""

    first: int
    numbers: tuple[tuple[int, int], ...]

    @property
    def end(self) -> int:
        return self.first + len(self.numbers)

    @property
    def rows(self) -> int:
        return len(self.numbers)

    @property
    def oldest(self) -> int:
        return self.numbers[0][0] if self.numbers else 0

    @property
    def newest(self) -> int:
        return max((time for time, _ in self.numbers), default=0)

    def since(self, offset: int) -> "Numbers":
        return Numbers(offset, self.numbers[offset - self.first :])

    def until(self, offset: int) -> "Numbers":
        return Numbers(self.first, self.numbers[: offset - self.first])


NUMBER = struct.Struct("<qq")


def decode(topic: str, raws: Sequence[Raw]) -> Numbers:
    return Numbers(raws[0].offset, tuple(NUMBER.unpack(raw.value or b"") for raw in raws))


class Counter(msgspec.Struct):
    seen: int = 0
    fired: int = 0
    level: int | None = None


class Toy:
    """An entry (key, level) takes effect `latency` after its time; its key then fires once at its level."""

    latency = 0

    def __init__(self) -> None:
        self.time = self.late = 0
        self.counters: dict[str, Counter] = {}
        self.waiting: list[tuple[int, int, str, int]] = []
        self.touched: set[str] = set()

    def admit(self, offset: int, entry: InboxEntry, newest: Mapping[str, int]) -> list[Record]:
        key, level = msgspec.msgpack.decode(entry.payload, type=tuple[str, int])
        if entry.ts + self.latency > self.time:
            self.waiting.append((entry.ts + self.latency, offset, key, level))
            self.waiting.sort()
            return []
        self.late += 1
        return self._arm(key, level)

    is_behind = False

    def catch_up(self) -> list[Record]:
        raise AssertionError("nobody is behind")

    def pass_market(self, topic: str, run: Any) -> list[Record]:
        return [record for time, number in run.numbers for record in self._step(time, number)]

    def _step(self, time: int, number: int) -> list[Record]:
        told, self.time = [], max(self.time, time)
        while self.waiting and self.waiting[0][0] <= self.time:
            told += self._arm(*self.waiting.pop(0)[2:])
        for key, counter in sorted(self.counters.items()):
            if counter.level is not None and number >= counter.level:
                counter.level, counter.fired = None, counter.fired + 1
                told += self._tell(key, "fired", number)
        return told

    def _arm(self, key: str, level: int) -> list[Record]:
        counter = self.counters.setdefault(key, Counter())
        counter.seen, counter.level = counter.seen + 1, level
        return self._tell(key, "armed", level)

    def _tell(self, key: str, what: str, number: int) -> list[Record]:
        self.touched.add(key)
        counter = self.counters[key]
        said = f"{what} {counter.seen} {counter.fired} {number} {self.time}".encode()
        name = f"{key}-{counter.seen}-{what}".encode()
        return [Record("out", name, said), Record("state", key.encode(), said)]

    def pending(self) -> list[int]:
        return sorted(offset for _, offset, _, _ in self.waiting)

    def awaits(self) -> list[Awaited]:
        return [Awaited("level", "a higher level", len(self.waiting), 0)] if self.waiting else []

    def changed(self) -> list[Row]:
        keys, self.touched = sorted(self.touched), set()
        return [Row("counters", key.encode(), msgspec.msgpack.encode(self.counters[key])) for key in keys]

    def rows(self) -> list[Row]:
        self.touched = set(self.counters)
        return self.changed()

    def header(self) -> bytes:
        return msgspec.msgpack.encode((self.time, self.late))

    def restore(
        self, header: bytes, tables: Mapping[str, Mapping[bytes, bytes]], pending: Iterable[Pending]
    ) -> None:
        self.time, self.late = msgspec.msgpack.decode(header)
        for key, row in tables["counters"].items():
            self.counters[key.decode()] = msgspec.msgpack.decode(row, type=Counter)
        for offset, entry in pending:
            name, level = msgspec.msgpack.decode(entry.payload, type=tuple[str, int])
            self.waiting.append((entry.ts + self.latency, offset, name, level))
        self.waiting.sort()
