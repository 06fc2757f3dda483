"""The tables: which topic fills each, and with what.

Rules of this file: a record of a results topic is one row; a market's record is none, one or many.
"""

from typing import NamedTuple

DEAD_LETTERS = "dead_letters"
TICKS, BARS = "ticks", "bars"
MARKETS = ("ticks", "bars")
"""Topics of markets; `ticks.NAME` are more of them."""


class ResultTable(NamedTuple):
    """A table whose rows are the messages of one topic."""

    name: str
    topic: str
    kind: str


TABLES = {
    topic: ResultTable(name, topic, kind)
    for name, topic, kind in (
        ("signals", "signals", "signal"),
        ("decisions", "decisions", "decision"),
        ("slices", "slice-timers", "slice-timer"),
        ("orders", "orders", "order"),
        ("fills", "fills", "fill"),
        ("trades", "trades", "trade"),
        ("positions", "positions", "position"),
        ("equity", "equity", "equity"),
        ("alerts", "alerts", "alert"),
        (DEAD_LETTERS, "dead-letters", "dead-letter"),
    )
}
"""By topic."""


def is_market(topic: str) -> bool:
    return topic.partition(".")[0] in MARKETS
