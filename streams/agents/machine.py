"""One shard of the desk: the engine as the machine that the transport folds.

Rules of this file: it only translates. Entries become signals and commands, outputs become records, and what
the engine remembers becomes rows, in JSON: exact sums are wider than any other form holds.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import msgspec

from schemas.codec import encode
from schemas.dead_letters import dead_letter
from schemas.errors import MessageError
from schemas.kinds import key_of, topic_of
from schemas.messages import Command, DeadLetter, Message
from schemas.private import InboxEntry
from streams.agents.market_decoder import Fault, MarketRun
from streams.agents.names import ACCOUNTS, MARKET, SEEN
from streams.agents.times import MAX_AHEAD
from streams.agents.waits import awaited
from streams.engine.account.inbox import Entry
from streams.engine.account.shared import LateEntries
from streams.engine.account.signal_memory import SeenRow
from streams.engine.model.settings import Instruments, Settings
from streams.engine.model.settings_check import BadSettingsError, read_settings
from streams.engine.model.units import MILLISECOND
from streams.engine.shard.checkpoint import AccountRow, BarsRow, Notebook, ShardHeader, ShardRows, SymbolRow
from streams.engine.shard.shard import Shard
from streams.transport.contract.machine import Awaited, MarketRecords, Pending, Record, Row

MOST_AT_ONCE = 64
"""Accounts of a shard that have something to do at once, before they are a crowd: a twentieth of a second."""

_Row = TypeVar("_Row", AccountRow, SymbolRow, BarsRow, SeenRow)

_write = msgspec.json.Encoder().encode


class MarketHeader(msgspec.Struct, array_like=True):
    """Of one market's shard."""

    topic: str
    shard: ShardHeader


class DeskHeader(msgspec.Struct, array_like=True):
    markets: list[MarketHeader]
    late: int = 0
    unread: int = 0


class DeskMachine:
    """One shard: its accounts, in each market that the desk reads."""

    def __init__(
        self,
        shard: int,
        markets: Sequence[str] = ("ticks",),
        instruments: Instruments | None = None,
        accounts: Sequence[Settings] = (),
    ) -> None:
        """`accounts` are there from the beginning; a restored shard has those of its rows."""
        self.shard = shard
        self._late = LateEntries()
        self.unread = 0
        """Entries that could not be read."""
        self._markets = tuple(markets)
        self._instruments = instruments
        self._seen: dict[str, deque[tuple[int, int]]] = {topic: deque() for topic in markets}
        """The rows of ids of each market: their numbers and the newest turn in each."""
        self._next_seen = 0
        self._begin(accounts)

    @property
    def late(self) -> int:
        """How many entries were late in any account."""
        return self._late.count

    def _begin(self, accounts: Sequence[Settings]) -> None:
        self._shards = {topic: self._new_shard(topic, accounts) for topic in self._markets}
        self._first = self._shards[self._markets[0]]
        self._notebooks = {topic: Notebook(shard) for topic, shard in self._shards.items()}

    def _new_shard(self, topic: str, accounts: Sequence[Settings]) -> Shard:
        mine = [settings for settings in accounts if settings.market == topic]
        return Shard(
            mine, self._instruments, topic=topic, max_ahead=MAX_AHEAD, at_any_time=True,
            most_at_once=MOST_AT_ONCE, late=self._late,
        )  # fmt: skip

    # What comes in -----------------------------------------------------------------------------

    def admit(
        self, offset: int, entry: InboxEntry, newest: Mapping[str, int] = MappingProxyType({})
    ) -> list[Record]:
        """An inbox entry arrives behind the last market record that was passed."""
        try:
            message = entry.message()
        except MessageError as error:
            self.unread += 1
            everywhere = entry.kind == "signal"
            return [] if everywhere and self.shard else [_record(_letter_of(entry, error))]
        if not self.is_behind:
            self._late.forget()
        shards = [self._shard_of(message)] if isinstance(message, Command) else self._shards.values()
        return [
            _record(output)
            for shard in shards
            for output in shard.admit(message, offset, newest.get(shard.topic or "", 0))
        ]

    def _shard_of(self, command: Command) -> Shard:
        """The market of its account; of a new one, that which its settings name."""
        for shard in self._shards.values():
            if command.account in shard.numbers:
                return shard
        if command.kind == "create":
            try:
                return self._shards.get(read_settings(command.settings).market, self._first)
            except BadSettingsError:
                pass
        return self._first

    def pass_market(self, topic: str, run: MarketRecords) -> list[Record]:
        """Records of one market, in their log's order."""
        assert isinstance(run, MarketRun)
        told = [_record(output) for output in self._shards[topic].pass_market(run.columns, run.batches)]
        if self.shard == 0:
            told += [_record(_letter(topic, fault)) for fault in run.faults]
        return told

    @property
    def is_behind(self) -> bool:
        """Whether accounts have not come as far as the market was passed."""
        return any(shard.is_behind for shard in self._shards.values())

    def catch_up(self) -> list[Record]:
        """A few of them come a little closer."""
        behind = [shard for shard in self._shards.values() if shard.is_behind]
        return [_record(output) for shard in behind for output in shard.catch_up()]

    # What is written down ----------------------------------------------------------------------

    def pending(self) -> list[int]:
        """Inbox offsets of the entries that may still take effect, ascending."""
        waiting: set[int] = set()
        for shard in self._shards.values():
            waiting.update(shard.shared.waiting)
        return sorted(waiting)

    def awaits(self) -> list[Awaited]:
        """What those entries wait for."""
        return [each for topic, shard in self._shards.items() for each in awaited(shard, topic)]

    def changed(self) -> list[Row]:
        """The rows that differ from what the last call told."""
        told: list[Row] = []
        for topic, notebook in self._notebooks.items():
            rows = notebook.changed()
            accounts = notebook.shard.accounts
            told += [Row(ACCOUNTS, _key(accounts[row.number].name), _write(row)) for row in rows.accounts]
            told += [Row(MARKET, _key(f"{topic}/{row.state.symbol}"), _write(row)) for row in rows.symbols]
            told += [
                Row(MARKET, _key(f"{topic}@{row.interval}/{row.symbol}"), _write(row)) for row in rows.bars
            ]
            told += self._seen_rows(topic, notebook.shard, rows.seen)
        return told

    def _seen_rows(self, topic: str, shard: Shard, rows: list[SeenRow]) -> list[Row]:
        """New rows, and the end of those in which nothing counts any more."""
        told = []
        known = self._seen[topic]
        for row in rows:
            told.append(Row(SEEN, _seen_key(topic, self._next_seen), _write(row)))
            known.append((self._next_seen, row.newest))
            self._next_seen += 1
        while known and known[0][1] < shard.market.time - shard.shared.signals.keep:
            told.append(Row(SEEN, _seen_key(topic, known.popleft()[0]), None))
        return told

    def rows(self) -> list[Row]:
        """All rows, told in a way that depends on what happened alone, not on how the logs were cut."""
        told: list[Row] = []
        for topic, notebook in self._notebooks.items():
            rows = notebook.settled()
            accounts = notebook.shard.accounts
            told += [Row(ACCOUNTS, _key(accounts[row.number].name), _write(row)) for row in rows.accounts]
            told += [Row(MARKET, _key(f"{topic}/{row.state.symbol}"), _write(row)) for row in rows.symbols]
            told += [Row(SEEN, _key(topic), _write(row)) for row in rows.seen]
        return told

    def header(self) -> bytes:
        """Everything else that a restore needs; small."""
        markets = [MarketHeader(topic, notebook.header()) for topic, notebook in self._notebooks.items()]
        return _write(DeskHeader(markets, self.late, self.unread))

    def restore(
        self, header: bytes, tables: Mapping[str, Mapping[bytes, bytes]], pending: Iterable[Pending]
    ) -> None:
        """Become, once and when new, what told this header and these rows."""
        found = msgspec.json.decode(header, type=DeskHeader)
        self.unread = found.unread
        self._begin(())
        entries: dict[int, Entry] = {each.offset: each.entry.message() for each in pending}
        accounts = _read(tables.get(ACCOUNTS, {}), AccountRow)
        for market in found.markets:
            topic = market.topic
            if topic not in self._shards:
                raise ValueError(
                    f"this shard knows the market {topic}, which the desk does not read any more"
                )
            rows = ShardRows(
                accounts=[row for row in accounts.values() if row.state.versions[-1].market == topic],
                symbols=list(_read(tables.get(MARKET, {}), SymbolRow, f"{topic}/").values()),
                bars=list(_read(tables.get(MARKET, {}), BarsRow, f"{topic}@").values()),
                seen=self._read_seen(topic, tables.get(SEEN, {})),
            )
            self._notebooks[topic].restore(market.shard, rows, entries)
        self._late.count = found.late

    def _read_seen(self, topic: str, table: Mapping[bytes, bytes]) -> list[SeenRow]:
        rows = _read(table, SeenRow, f"{topic}/")
        numbers = {int(key.rpartition("/")[2]): row for key, row in rows.items()}
        found = [(number, numbers[number]) for number in sorted(numbers)]
        self._seen[topic].extend((number, row.newest) for number, row in found)
        self._next_seen = max([self._next_seen, *(number + 1 for number in numbers)])
        return [row for _, row in found]


def _key(name: str) -> bytes:
    return name.encode()


def _seen_key(topic: str, number: int) -> bytes:
    return f"{topic}/{number}".encode()


def _read(table: Mapping[bytes, bytes], kind: type[_Row], prefix: str = "") -> dict[str, _Row]:
    """The rows whose keys begin so. A topic's name has neither a slash nor an at sign."""
    found = ((key.decode(), value) for key, value in table.items())
    decode = msgspec.json.Decoder(kind).decode
    return {key: decode(value) for key, value in found if key.startswith(prefix)}


def _record(message: Message) -> Record:
    return Record(topic_of(message), key_of(message), encode(message))


def _letter(topic: str, fault: Fault) -> DeadLetter:
    """A record of a market that nobody can read, as far as it is not too long to keep."""
    raw = fault.raw
    ts = raw.timestamp * MILLISECOND
    return dead_letter(topic, 0, raw.offset, ts=ts, key=raw.key, value=raw.value, reason=fault.reason)


def _letter_of(entry: InboxEntry, error: MessageError) -> DeadLetter:
    place = entry.topic, entry.partition, entry.offset
    return dead_letter(*place, ts=entry.ts, key=None, value=bytes(entry.payload), reason=str(error))
