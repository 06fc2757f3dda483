"""A shard as rows that can be written down, only those that changed, and taken up again.

Rules of this file: caches, watches and queues are made anew; the entries that wait are read from where they
came from. A row is an array: a new field goes last and has a default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.columns import Ints
from schemas.messages import Command, Signal
from streams.engine.account.account import Account
from streams.engine.account.inbox import Waits
from streams.engine.account.signal_memory import SeenRow
from streams.engine.execution import trailing
from streams.engine.market.bars import Bars, PastBar
from streams.engine.market.extremes import Three
from streams.engine.market.symbol_table import SymbolNames, Things
from streams.engine.market.symbols import SymbolState
from streams.engine.model.state import AccountState
from streams.engine.shard.shard import Shard

MANY = 64
"""So many extremes of a column are worth looking for those that nobody asks for any more."""


class AccountRow(msgspec.Struct, array_like=True):
    number: int
    """Its place among the accounts of the shard."""
    state: AccountState
    waits: Waits


class SymbolRow(msgspec.Struct, array_like=True):
    state: SymbolState
    """Of each interval's bars the one that may still grow; the others are in rows of their own."""
    raw: tuple[int, int] = (0, 0)
    """Its two newest raw ticks."""
    extremes: Three | None = None


class BarsRow(msgspec.Struct, array_like=True):
    """Bars of a symbol that have ended."""

    symbol: str
    interval: int
    bars: list[PastBar]


class ShardHeader(msgspec.Struct, array_like=True):
    """Everything else of a shard."""

    time: int
    """Event time of the market."""
    dropped: dict[str, int] = {}
    late: int = 0


@dataclass(slots=True)
class ShardRows:
    """Rows of one shard, each kind by itself."""

    accounts: list[AccountRow] = field(default_factory=list)
    symbols: list[SymbolRow] = field(default_factory=list)
    bars: list[BarsRow] = field(default_factory=list)
    seen: list[SeenRow] = field(default_factory=list)
    """In the order in which they were written."""


class Notebook:
    """What was written down of a shard."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self._told = NOTHING

    def header(self) -> ShardHeader:
        shard = self.shard
        return ShardHeader(shard.market.time, dict(shard.gatekeeper.dropped), shard.late)

    def changed(self) -> ShardRows:
        """The rows that differ from what the last call told."""
        rows = ShardRows(seen=self.shard.shared.signals.take_rows())
        for account in self.shard.accounts:
            if account.take_changed():
                rows.accounts.append(AccountRow(account.number, account.state, account.inbox.waits()))
        symbols, now = self.shard.market.symbols, MarketTold.of(self.shard)
        for symbol in now.since(self._told):
            state = symbols.get(symbol)
            if state is None:  # a raw tick was all that came
                continue
            rows.bars += now.ended_since(self._told, state)
            rows.symbols.append(self._symbol_row(state))
        self._told = now
        return rows

    def settled(self) -> ShardRows:
        """All rows, as they follow from what happened, however the market was cut into batches.

        The shard goes on as it would have: what lay behind is brought to where it stands.
        """
        shard = self.shard
        now = shard.front.now()
        rows = ShardRows(seen=[shard.signals_that_count()])
        for account in shard.accounts:
            if now is not None:
                trailing.settle(account, now)
            rows.accounts.append(AccountRow(account.number, account.state, account.inbox.waits()))
        for symbol, state in sorted(shard.market.symbols.items()):
            rows.symbols.append(SymbolRow(state, shard.gatekeeper.raw.of(symbol)))
        return rows

    def _symbol_row(self, state: SymbolState) -> SymbolRow:
        symbol, shard = state.symbol, self.shard
        newest = {interval: Bars(bars.newest) for interval, bars in state.bars.items()}
        extremes = shard.shared.ranges.symbols.get(symbol)
        if extremes is not None and max(len(each.highs) + len(each.lows) for each in extremes) > MANY:
            counts = sorted(set(self._looked_back_to(symbol)))
            for each in extremes:
                each.thin(counts)
        raw = shard.gatekeeper.raw.of(symbol)
        return SymbolRow(msgspec.structs.replace(state, bars=newest), raw, extremes)

    def _looked_back_to(self, symbol: str) -> Iterator[int]:
        """The counts since which somebody may ask how far prices went."""
        watchlist = self.shard.front.watchlists[symbol]
        for (number, key), watch in zip(watchlist.owners, watchlist.watches, strict=True):
            state = self.shard.accounts[number].state
            yield watch.since
            follower = state.lots.get(key) or state.orders.get(key)
            if follower is not None:
                yield follower.seen

    def restore(self, header: ShardHeader, rows: ShardRows, entries: Mapping[int, Signal | Command]) -> None:
        """Make a new shard what told these rows; `entries` are those that were pending, by number."""
        shard = self.shard
        shard.shared.late.count = header.late
        shard.gatekeeper.dropped.update(header.dropped)
        shard.gatekeeper.time = shard.market.time = header.time
        self._restore_symbols(rows)
        shard.shared.signals.restore(rows.seen)
        for row in sorted(rows.accounts, key=lambda row: row.number):
            account = Account(row.state.versions[-1], shard.instruments, row.state, row.number, shard.shared)
            account.take_changed()
            account.inbox.restore(row.waits, entries)
            shard.take_up(account)
        shard.resume()

    def _restore_symbols(self, rows: ShardRows) -> None:
        shard = self.shard
        ended = {(row.symbol, row.interval): row.bars for row in rows.bars}
        states = []
        for row in rows.symbols:
            symbol = row.state.symbol
            bars = {
                interval: Bars(known.newest, ended.get((symbol, interval), []))
                for interval, known in row.state.bars.items()
            }
            states.append(msgspec.structs.replace(row.state, bars=bars))
            if row.extremes is not None:
                shard.shared.ranges.symbols[symbol] = row.extremes
        raw = {row.state.symbol: row.raw for row in rows.symbols if row.raw[0]}
        shard.market.symbols = shard.market.symbols.with_states(states)
        shard.gatekeeper.raw = shard.gatekeeper.raw.with_(raw)
        self._told = MarketTold.of(shard)


class MarketTold(NamedTuple):
    """How far the market had come when its rows were told: what has changed since is to be told."""

    names: SymbolNames
    counts: Ints
    """Of records, by the symbol's place."""
    raw_names: SymbolNames
    raw: Ints
    ended: dict[int, Things]
    """Bars, by interval."""

    @classmethod
    def of(cls, shard: Shard) -> "MarketTold":
        symbols, raw = shard.market.symbols, shard.gatekeeper.raw
        ended = {interval: table.columns().things[0].copy() for interval, table in symbols.bars.items()}
        counts = symbols.firsts().copy()[None]
        return cls(symbols.names, counts, raw.names, raw.table.columns().numbers.copy(), ended)

    def since(self, before: "MarketTold") -> list[str]:
        """The symbols of which anything has changed."""
        changed = _changed(self.names, self.counts, before.counts if before.names is self.names else None)
        changed += _changed(
            self.raw_names, self.raw, before.raw if before.raw_names is self.raw_names else None
        )
        return list(dict.fromkeys(changed))

    def ended_since(self, before: "MarketTold", state: SymbolState) -> Iterator[BarsRow]:
        """The intervals of which a bar has ended."""
        place = self.names.places[state.symbol]
        for interval, bars in state.bars.items():
            known = before.ended.get(interval, ()) if before.names is self.names else ()
            former = known[place] if place < len(known) else None
            if bars.ended and former is not bars.ended:
                yield BarsRow(state.symbol, interval, bars.ended)


NOTHING = MarketTold(SymbolNames(), np.zeros((1, 0), np.int64), SymbolNames(), np.zeros((2, 0), np.int64), {})


def _changed(names: SymbolNames, now: Ints, before: Ints | None) -> list[str]:
    """Symbols whose columns differ; where they were numbered otherwise, all."""
    if before is None:
        before = now[:, :0]
    known = before.shape[1]
    differs = np.concatenate(((now[:, :known] != before).any(axis=0), now[:, known:].any(axis=0)))
    every = list(names.places)
    return [every[place] for place in np.flatnonzero(differs).tolist()]
