"""When a market begins that has no record yet, as far as its feeds tell.

Rules of this file: a file that cannot be read is told by whoever publishes it.
"""

from collections.abc import Iterable

from streams.cli.setup import Feed, Own, Published, Simulated
from streams.clients.kafka import market_topic
from streams.files.faults import BadRows, FileError
from streams.files.market import MarketReader
from streams.simulated_market import OPEN


def beginnings(feeds: Iterable[Feed]) -> dict[str, int]:
    """The time of each market's first record, by its topic."""
    found: dict[str, int] = {}
    for feed in feeds:
        if not isinstance(feed, Own) and (first := _first_time(feed)) is not None:
            topic = market_topic(feed.market)
            found[topic] = min(first, found.get(topic, first))
    return found


def _first_time(feed: Simulated | Published) -> int | None:
    if isinstance(feed, Simulated):
        return OPEN
    if feed.kind == "signals":
        return None
    try:
        return MarketReader(feed.kind, BadRows(), feed.symbol).first_time(feed.file)
    except FileError:
        return None
