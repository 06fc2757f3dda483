"""What the entries of a shard wait for, in words: for people who ask why nothing happens.

Rules of this file: it looks and changes nothing. It looks at so many entries and no more, however many wait.
"""

from itertools import islice

from schemas.text.numbers import time_text
from streams.agents.names import awaited_key
from streams.engine.model.units import FOREVER, MINUTE
from streams.engine.shard.shard import Shard
from streams.transport.contract.machine import Awaited

MOST_SYMBOLS = 20
MOST_ENTRIES = 1_000
SOON = MINUTE
"""What is due so soon behind the market's newest record waits for no time."""


def awaited(shard: Shard, topic: str) -> list[Awaited]:
    """What accounts wait for in one market, each with how many times an entry waits for it in an account."""
    if not shard.shared.waiting:
        return []
    found: dict[str, list[list[int]]] = {}
    entries = (entry for account in shard.accounts for entry in account.waiting_entries())
    for symbol, *times in islice(entries, MOST_ENTRIES):
        if symbol in found or len(found) < MOST_SYMBOLS:
            found.setdefault(symbol, []).append(times)
    return [_awaited(shard, topic, symbol, waiting) for symbol, waiting in sorted(found.items())]


def _awaited(shard: Shard, topic: str, symbol: str, waiting: list[list[int]]) -> Awaited:
    since, due, expiry = map(min, zip(*waiting, strict=True))
    has_begun = shard.market.time > -FOREVER
    is_known = symbol in shard.market.symbols if symbol else has_begun
    later = due if has_begun and due > shard.market.time + SOON else 0
    what = record_in_words(symbol, topic, is_known=is_known, later=later)
    until = expiry if has_begun and expiry < FOREVER else 0
    return Awaited(
        awaited_key(topic, symbol), what, len(waiting), until, since, shard.market.time if has_begun else 0
    )


def record_in_words(symbol: str, topic: str, *, is_known: bool, later: int) -> str:
    which = "next" if is_known else "first"
    name = f"{symbol}'s {which} tick" if symbol else f"the {which} record"
    return f"{name} in market {topic}" + (f" of {time_text(later)} or later" if later else "")
