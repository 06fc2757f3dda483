"""What the transport folds: a state machine that it knows nothing else about.

Rules of this file:
- The same calls in the same order give the same records, byte for byte, on every computer and after every
  restore. A machine does no I/O and asks no clock.
- No call may wait for anything: it runs in the event loop of all shards of a process, which cuts its input so
  that a call takes about a moment. Calls come one at a time.
- What is asked at a checkpoint is asked when no key is behind.
- What raises is a broken invariant: it ends the process, and does so again wherever the shard is folded. Bad
  input is answered by records that say so.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, Self

from schemas.private import InboxEntry


class Record(NamedTuple):
    """Something to publish. Its partition is the shard."""

    topic: str
    key: bytes
    value: bytes


class Row(NamedTuple):
    """A row of a table as it is to be stored; None: gone."""

    table: str
    key: bytes
    value: bytes | None


class Pending(NamedTuple):
    """An admitted entry that may still take effect, with its offset in the inbox."""

    offset: int
    entry: InboxEntry


class Awaited(NamedTuple):
    """What entries wait for."""

    key: str
    """The same for the same, in every shard."""
    what: str
    """In words."""
    entries: int
    until: int
    """The event time up to which the first of them waits, in microseconds; 0: not known, or without end."""
    since: int = 0
    """The earliest time of an entry among them."""
    now: int = 0
    """What time it is where they wait; 0: not known."""


class Raw(NamedTuple):
    """A market record as it was read."""

    offset: int
    timestamp: int
    """The broker's, in milliseconds."""
    key: bytes | None
    value: bytes | None


class MarketRecords(Protocol):
    """Consecutive records of one market, decoded once for every shard of the process."""

    @property
    def first(self) -> int:
        """The first record's offset."""

    @property
    def end(self) -> int:
        """The offset after the last record."""

    @property
    def rows(self) -> int:
        """How much there is in it."""

    @property
    def oldest(self) -> int:
        """The first record's event time, in microseconds; 0 when it has none."""

    @property
    def newest(self) -> int:
        """The greatest event time in it, in microseconds; 0 when it has none."""

    def since(self, offset: int) -> Self:
        """The records at and after an offset."""

    def until(self, offset: int) -> Self:
        """The records before an offset."""


class Machine(Protocol):
    """One shard."""

    @property
    def late(self) -> int:
        """How many entries were late. Asked for reports, several times a second."""

    def admit(self, offset: int, entry: InboxEntry, newest: Mapping[str, int]) -> list[Record]:
        """An inbox entry arrives behind the last market record that was passed.

        `newest`: the newest event time of each market of which more has come than was passed.
        """

    def pass_market(self, topic: str, run: MarketRecords) -> list[Record]:
        """Records of one market, in their log's order: once for each, after the entries admitted before."""

    @property
    def is_behind(self) -> bool:
        """Whether any key has not come as far as the market was passed.

        A machine may leave keys behind where too many have something to do at once: each has what it would
        have had, only later. Between keys the order is then another one.
        """

    def catch_up(self) -> list[Record]:
        """A few of those come a little closer. Asked for while any is behind, and not otherwise."""

    def pending(self) -> list[int]:
        """Inbox offsets of the entries that may still take effect, ascending. Asked at each checkpoint."""

    def awaits(self) -> list[Awaited]:
        """What those entries wait for: a few words to show, which nothing depends on. Asked once a second."""

    def changed(self) -> list[Row]:
        """The rows that differ from what the last call told. Asked at each checkpoint."""

    def rows(self) -> list[Row]:
        """All rows, told in a way that depends on what happened alone, not on how the logs were cut.

        Asked by `verify` alone, of two folds that it compares.
        """

    def header(self) -> bytes:
        """Everything else that a restore needs; small. Asked together with `changed`."""

    def restore(
        self, header: bytes, tables: Mapping[str, Mapping[bytes, bytes]], pending: Iterable[Pending]
    ) -> None:
        """Become, once and when new, what told this header and rows; raises where they cannot be read."""
