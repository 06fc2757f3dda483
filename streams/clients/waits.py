"""What signals and commands wait for, as the desks tell it.

Rules of this file: only what a desk says waits is told to wait; it names some twenty symbols a shard, and of
what time the first entry is. What is before that one has expired, or was decided and forgotten.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from schemas.text.numbers import time_text
from streams.agents.names import awaited_key
from streams.clients.workers import desks
from streams.engine.model.state import AccountState
from streams.transport.contract.machine import Awaited
from streams.transport.shard.reports import WorkerReport


def waits(told: Iterable[WorkerReport], now: int | None = None) -> dict[str, Awaited]:
    """By its key what is waited for, over all shards; `now` as in `desks`."""
    found: dict[str, Awaited] = {}
    for each in (each for desk in desks(told, now) for shard in desk.shards for each in shard.awaits):
        known = found.get(each.key)
        found[each.key] = each if known is None else _both(known, each)
    return dict(sorted(found.items()))


def _both(one: Awaited, other: Awaited) -> Awaited:
    until = min(filter(None, (one.until, other.until)), default=0)
    return one._replace(
        entries=one.entries + other.entries,
        until=until,
        since=min(one.since, other.since),
        now=max(one.now, other.now),
    )


def yet_to_decide(
    source: str,
    side: str,
    symbol: str,
    ts: int,
    accounts: Mapping[str, AccountState],
    decided: Collection[str],
    waiting: Mapping[str, Awaited],
) -> Iterator[tuple[str, str]]:
    """Each account that is yet to decide on a signal, and what it waits for, in words.

    `accounts` are those that are open, `waiting` is what all entries wait for.
    """
    own = "" if side == "flat" else symbol
    if not any(key.endswith(awaited_key("", own)) for key in waiting):
        return
    for name, state in accounts.items():
        settings = state.versions[-1]
        awaited = waiting.get(awaited_key(settings.market, own))
        if awaited is None or not settings.follows(source) or name in decided:
            continue
        if ts >= awaited.since and not _was_opened_after(state, ts, awaited.now):
            yield name, in_words(awaited)


def _was_opened_after(state: AccountState, ts: int, now: int) -> bool:
    """Not where its own time is later than all of its market: it was opened before a recorded one began."""
    opened = state.created[1] if state.created else 0
    return ts < opened <= now


def in_words(awaited: Awaited) -> str:
    until = f"; the first that waits expires after {time_text(awaited.until)}" if awaited.until else ""
    return f"waiting for {awaited.what}{until}"
