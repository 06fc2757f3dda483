"""When the first record of a market was, as far as its feeds tell.

Rules of this file: a file that cannot be read is told by whoever publishes it.
"""

from collections.abc import Iterable

from streams.cli.instance.setup import Feed, Own, Published, Simulated
from streams.clients.kafka import market_topic
from streams.feeds.market_day import OPEN
from streams.files.values.faults import BadRows, FileError


def first_time(feeds: Iterable[Feed], topic: str) -> int:
    """Of that market; 0: none of them tells."""
    found = [
        _first_time(feed)
        for feed in feeds
        if not isinstance(feed, Own) and market_topic(feed.market) == topic
    ]
    return min((each for each in found if each is not None), default=0)


def _first_time(feed: Simulated | Published) -> int | None:
    if isinstance(feed, Simulated):
        return OPEN
    if feed.kind == "signals":
        return None
    from streams.files.market_files import MarketFileReader  # with Arrow, for who has a recorded market

    try:
        return MarketFileReader(feed.kind, BadRows(), feed.symbol).first_time(feed.file)
    except FileError:
        return None
