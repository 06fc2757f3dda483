"""The fold without Kafka: recorded markets and signals in, everything that happened out."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from schemas.columns import Columns
from schemas.messages import Command, Signal
from streams.engine.market.record_checks import Checked
from streams.engine.model.settings import Instruments, Settings
from streams.engine.results.last_words import last_words
from streams.engine.shard.shard import Shard
from streams.engine.shard.told import Told


def simulate(
    accounts: Sequence[Settings],
    market: Iterable[Columns],
    entries: Iterable[Signal | Command],
    instruments: Instruments | None = None,
    drops: Counter[str] | None = None,
) -> Iterator[Told]:
    """Fold a file's market; the last holds what is still open and why it waits.

    Entries take effect in the order of their time, then of the file; commands for other accounts mean
    nothing. `drops` counts the records that were dropped. How many there are of `Told`, and of how many
    records, follows from the market alone.
    """
    entries = list(entries)
    changes = any(isinstance(entry, Command) and entry.kind == "change" for entry in entries)
    shard = Shard(accounts, instruments, at_any_time=changes)
    if drops is not None:
        shard.gatekeeper.dropped = drops
    known = [entry for entry in entries if isinstance(entry, Signal) or entry.account in shard.numbers]
    waiting = deque(enumerate(sorted(known, key=lambda entry: entry.ts)))
    for checked in _in_file_order(shard, market):
        last = int(checked.time[-1])
        told = Told()
        while waiting and waiting[0][1].ts <= last:
            number, entry = waiting.popleft()
            if outputs := shard.admit(entry, number):
                told.add(number - len(known), outputs, shard.numbers)
        yield told
        yield from shard.fold(checked)
    told = Told()
    told.add(-1, last_words(shard), shard.numbers)
    yield told


def _in_file_order(shard: Shard, market: Iterable[Columns]) -> Iterator[Checked]:
    """Accepted records of equal event time in symbol order, whatever batch they came in."""
    held: Checked | None = None
    for columns in market:
        checked = shard.gatekeeper.check(columns)
        if not len(checked):
            continue
        if held is not None:
            head = int(checked.time.searchsorted(held.time[0], side="right"))
            held = _joined(held, checked.take(slice(0, head))) if head else held
            if head == len(checked):
                continue
            yield _sorted(held)
            checked = checked.take(slice(head, len(checked)))
        end = int(checked.time.searchsorted(checked.time[-1]))
        if end:
            yield _sorted(checked.head(end))
        held = checked.take(slice(end, len(checked)))
    if held is not None:
        yield _sorted(held)


def _sorted(checked: Checked) -> Checked:
    names = checked.columns.names
    if len(names) == 1:
        return checked
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    places = rank[checked.columns.symbol]
    in_order = (places[1:] >= places[:-1]) | (checked.time[1:] > checked.time[:-1])
    return checked if in_order.all() else checked.take(np.lexsort((places, checked.time)))


def _joined(first: Checked, second: Checked) -> Checked:
    """Two runs as one, with one list of names."""
    one, two = first.columns, second.columns
    names = list(dict.fromkeys([*one.names, *two.names]))
    places = {name: at for at, name in enumerate(names)}
    symbol = [np.array([places[name] for name in each.names], np.int32)[each.symbol] for each in (one, two)]
    return Checked(
        Columns(
            names,
            np.concatenate(symbol),
            np.concatenate((one.ts, two.ts)),
            np.concatenate((one.price, two.price)),
            np.concatenate((one.size, two.size)),
            np.concatenate((one.bid, two.bid)),
            np.concatenate((one.ask, two.ask)),
            *(_optional(one, two, field) for field in ("kind", "open", "high", "low", "interval")),
        ),
        np.concatenate((first.time, second.time)),
    )


def _optional(one: Columns, two: Columns, field: str) -> np.ndarray | None:
    left, right = getattr(one, field), getattr(two, field)
    if left is None and right is None:
        return None
    parts = [
        np.zeros(len(columns), np.int8 if field == "kind" else np.int64) if part is None else part
        for part, columns in ((left, one), (right, two))
    ]
    return np.concatenate(parts)
