"""A machine without trading that forgives nothing: every account chains a digest of all that befell it.

Rules of this file: an entry (account, level) arms its account; the first number of the market that reaches the
level fires it. Each output, and so each later one, depends on every market record before it and on where the
market stood when its entry was admitted. Half of the accounts are patient: their entries take effect a while
after their own time. A third are slow: what they tell comes behind what the others tell.
"""

import zlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from schemas.private import InboxEntry
from streams.transport.contract.machine import Awaited, Pending, Raw, Record, Row
from tests.transport.toy import NUMBER, Numbers

ACCOUNTS = 40
LEVELS = range(880, 1000)
"""Numbers of the market are below 1000."""


class Account(msgspec.Struct):
    steps: int = 0
    digest: int = 0
    level: int | None = None


class Waiting(msgspec.Struct, frozen=True, order=True):
    due: int
    offset: int
    account: int
    level: int


def shard_of(account: int, shards: int) -> int:
    return account % shards


def decode(topic: str, raws: Sequence[Raw]) -> Numbers:
    return Numbers(raws[0].offset, tuple(NUMBER.unpack(raw.value or b"") for raw in raws))


class Chains:
    """One shard's accounts."""

    def __init__(self, names: Mapping[str, str], patience: int, *, all_patient: bool = False) -> None:
        self.names = names
        """The topics `out` and `state` in Kafka."""
        self.patience = patience
        """Microseconds that a patient account's entries wait."""
        self.all_patient = all_patient
        self.time = self.total = self.late = 0
        self.accounts: dict[int, Account] = {}
        self.waiting: list[Waiting] = []
        self._armed: dict[int, int] = {}
        self._touched: set[int] = set()
        self._slow: deque[Record] = deque()

    def admit(self, offset: int, entry: InboxEntry, newest: Mapping[str, int]) -> list[Record]:
        account, level = msgspec.msgpack.decode(entry.payload, type=tuple[int, int])
        due = entry.ts + self._patience(account)
        if due > self.time:
            self.waiting.append(Waiting(due, offset, account, level))
            self.waiting.sort()
            return []
        self.late += self._patience(account) > 0
        return self._arm(account, level)

    def _patience(self, account: int) -> int:
        return self.patience if self.all_patient or account // 4 % 2 else 0

    def pass_market(self, topic: str, run: Any) -> list[Record]:
        told: list[Record] = []
        for time, number in run.numbers:
            self.time, self.total = max(self.time, time), self.total + number
            while self.waiting and self.waiting[0].due <= self.time:
                due = self.waiting.pop(0)
                told += self._arm(due.account, due.level)
            for account in sorted(each for each, level in self._armed.items() if number >= level):
                del self._armed[account]
                self.accounts[account].level = None
                told += self._tell(account, f"fired {number}")
        return told

    def _arm(self, account: int, level: int) -> list[Record]:
        self.accounts.setdefault(account, Account()).level = level
        self._armed[account] = level
        return self._tell(account, f"armed {level}")

    def _tell(self, name: int, what: str) -> list[Record]:
        account = self.accounts[name]
        account.steps += 1
        account.digest = zlib.crc32(f"{what} {self.time} {self.total}".encode(), account.digest)
        self._touched.add(name)
        said = f"{what} at {self.time} {self.total}: {account.digest}".encode()
        told = [
            Record(self.names["out"], f"{name}/{account.steps}".encode(), said),
            Record(self.names["state"], str(name).encode(), said),
        ]
        if name % 3:
            return told
        self._slow.extend(told)
        return []

    @property
    def is_behind(self) -> bool:
        return bool(self._slow)

    def catch_up(self) -> list[Record]:
        return [self._slow.popleft()]

    def awaits(self) -> list[Awaited]:
        return []

    def pending(self) -> list[int]:
        return sorted(each.offset for each in self.waiting)

    def changed(self) -> list[Row]:
        assert not self.is_behind, "a checkpoint of accounts at different places"
        names, self._touched = sorted(self._touched), set()
        return [row for name in names for row in self._rows(name)]

    def rows(self) -> list[Row]:
        """Every row there is."""
        return [row for name in sorted(self.accounts) for row in self._rows(name)]

    def _rows(self, name: int) -> list[Row]:
        account, key = self.accounts[name], str(name).encode()
        return [
            Row("accounts", key, msgspec.msgpack.encode(account)),
            Row("marks", key, msgspec.msgpack.encode((account.steps, account.digest))),
        ]

    def header(self) -> bytes:
        return msgspec.msgpack.encode((self.time, self.total, self.late))

    def restore(
        self, header: bytes, tables: Mapping[str, Mapping[bytes, bytes]], pending: Iterable[Pending]
    ) -> None:
        self.time, self.total, self.late = msgspec.msgpack.decode(header, type=tuple[int, int, int])
        for key, row in sorted(tables["accounts"].items(), key=itemgetter(0)):
            account = self.accounts[int(key)] = msgspec.msgpack.decode(row, type=Account)
            mark = msgspec.msgpack.decode(tables["marks"][key], type=tuple[int, int])
            assert mark == (account.steps, account.digest), f"the rows of {key!r} are of different moments"
            if account.level is not None:
                self._armed[int(key)] = account.level
        for offset, entry in pending:
            name, level = msgspec.msgpack.decode(entry.payload, type=tuple[int, int])
            due = entry.ts + self._patience(name)
            self.waiting.append(Waiting(due, offset, name, level))
        self.waiting.sort()
