"""What signals and commands wait for, as the desks tell it.

Rules of this file: only what a desk says waits is told to wait; it names some twenty symbols a shard.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from schemas.numbers import time_text
from streams.agents.waits import key_of
from streams.clients.workers import desks
from streams.engine.settings import Settings
from streams.transport.machine import Awaited
from streams.transport.reports import WorkerReport


def waits(told: Iterable[WorkerReport], now: int | None = None) -> dict[str, Awaited]:
    """By its key what is waited for, over all shards; `now` as in `desks`."""
    found: dict[str, Awaited] = {}
    for each in (each for desk in desks(told, now) for shard in desk.shards for each in shard.awaits):
        known = found.get(each.key)
        found[each.key] = each if known is None else _both(known, each)
    return dict(sorted(found.items()))


def _both(one: Awaited, other: Awaited) -> Awaited:
    until = min(filter(None, (one.until, other.until)), default=0)
    return one._replace(entries=one.entries + other.entries, until=until)


def yet_to_decide(
    source: str,
    side: str,
    symbol: str,
    accounts: Mapping[str, Settings],
    decided: Collection[str],
    waiting: Mapping[str, Awaited],
) -> Iterator[tuple[str, str]]:
    """Each account that is yet to decide on a signal, and what it waits for, in words.

    `accounts` are those that are open, `waiting` is what all entries wait for.
    """
    own = "" if side == "flat" else symbol
    if not any(key.endswith(key_of("", own)) for key in waiting):
        return
    for name, settings in accounts.items():
        follows = not settings.follow or source in settings.follow
        awaited = waiting.get(key_of(settings.market, own))
        if follows and name not in decided and awaited is not None:
            yield name, in_words(awaited)


def in_words(awaited: Awaited) -> str:
    until = f"; the first that waits expires after {time_text(awaited.until)}" if awaited.until else ""
    return f"waiting for {awaited.what}{until}"
