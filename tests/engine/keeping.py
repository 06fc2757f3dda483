"""A shard put down as bytes and taken up again, as a checkpoint does."""

from collections.abc import Mapping

import msgspec

from schemas.messages import Command, Output, Signal
from streams.engine.account.signal_memory import SeenRow
from streams.engine.execution import trailing
from streams.engine.market.column import BUY, MARK, SELL
from streams.engine.market.moment import Moment
from streams.engine.model.state import Lot
from streams.engine.model.units import FOREVER
from streams.engine.rules import exit_levels
from streams.engine.shard.checkpoint import AccountRow, BarsRow, Notebook, ShardHeader, ShardRows, SymbolRow
from streams.engine.shard.shard import Shard
from tests.engine.worlds import World

pack = msgspec.json.encode


class Store:
    """Rows by key, the newest of each: what a compacted log keeps."""

    def __init__(self) -> None:
        self.header = b""
        self.rows: dict[str, dict[str, bytes]] = {"accounts": {}, "symbols": {}, "bars": {}, "seen": {}}

    def keep(self, notebook: Notebook) -> None:
        self.header = pack(notebook.header())
        rows = notebook.changed()
        self.rows["accounts"].update({str(row.number): pack(row) for row in rows.accounts})
        self.rows["symbols"].update({row.state.symbol: pack(row) for row in rows.symbols})
        self.rows["bars"].update({f"{row.symbol} {row.interval}": pack(row) for row in rows.bars})
        for row in rows.seen:
            self.rows["seen"][str(len(self.rows["seen"]))] = pack(row)

    def restore(self, shard: Shard, entries: Mapping[int, Signal | Command]) -> Notebook:
        notebook = Notebook(shard)
        rows = ShardRows(
            [msgspec.json.decode(row, type=AccountRow) for row in self.rows["accounts"].values()],
            [msgspec.json.decode(row, type=SymbolRow) for row in self.rows["symbols"].values()],
            [msgspec.json.decode(row, type=BarsRow) for row in self.rows["bars"].values()],
            [msgspec.json.decode(row, type=SeenRow) for row in self.rows["seen"].values()],
        )
        notebook.restore(msgspec.json.decode(self.header, type=ShardHeader), rows, entries)
        return notebook


def normal_form(shard: Shard) -> bytes:
    """Everything that decides what comes, brought to where the market stands.

    What follows prices may be brought up to date sooner or later, and what counts no more may be forgotten
    sooner or later: that is no difference.
    """
    now = shard.front.now()
    for account in shard.accounts:
        if now is not None:
            for lot in account.state.lots.values():
                _bring(shard, now, lot)
            for order in account.state.orders.values():
                trailing.bring(account, now, order)
                if order.extreme is not None:
                    order.seen = 0
    accounts = [
        AccountRow(account.number, account.state, account.inbox.waits()) for account in shard.accounts
    ]
    gate = shard.gatekeeper
    seen = shard.signals_that_count()
    symbols = dict(sorted(shard.market.symbols.items()))
    checks = [gate.time, sorted(gate.raw.items()), sorted(gate.dropped.items())]
    return pack([accounts, symbols, checks, seen, shard.late, shard.pending()])


def _bring(shard: Shard, now: Moment, lot: Lot) -> None:
    account = next(account for account in shard.accounts if lot.lot_id in account.state.lots)
    settings, ranges = account.terms_of(lot.terms), shard.shared.ranges
    which = SELL if lot.side > 0 else BUY
    high, low, _ = ranges.at(now, lot.symbol, which, lot.seen)
    best = high if lot.side > 0 else low
    if settings.trailing_stop is not None and not lot.asleep and abs(best) < FOREVER:
        exit_levels.ratchet(lot, settings, best, account.instrument(lot.symbol).tick_size)
    high, low, count = ranges.at(now, lot.symbol, MARK, lot.seen)
    if high > -FOREVER:
        lot.high = high if lot.high is None else max(lot.high, high)
        lot.low = low if lot.low is None else min(lot.low, low)
    lot.seen = count


def told_by(outputs: list[Output]) -> bytes:
    return pack(outputs)


def new_shard(world: World) -> Shard:
    return Shard(world.accounts, world.instruments, at_any_time=True)
