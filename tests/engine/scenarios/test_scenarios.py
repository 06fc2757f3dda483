"""Runs each line of the tables: the whole market at once, in batches of one and three, and beside another account.

Rules of this file: what was told when it happened is kept apart from the last words, which tell every open order again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from schemas.messages import Output
from streams.accounts import account_with
from streams.engine.model.settings import Settings
from streams.engine.results.last_words import last_words
from streams.engine.results.statistics import Statistics
from streams.engine.shard.shard import Shard
from streams.engine.simulate import simulate

from .accounts import Given, given_of
from .expect import failures, wanted, wrong_figures
from .given import Record, batches, inputs_of, market_of
from .invariants import check
from .table import Row, read_rows
from .tell import said

TABLES = sorted(Path(__file__).parent.glob("[0-9]*.txt"))
ROWS = [row for table in TABLES for row in read_rows(table)]
BATCHES = (1, 3)
NEIGHBOUR = account_with("auto-trader", {"participation": "10%"}, name="neighbour")
"""Trades every signal of a row in an account of its own: accounts do not compete."""

pack = msgspec.msgpack.encode


@dataclass
class Story:
    """What a run told."""

    outputs: list[Output]
    last_words: list[Output]
    """What is still open when the market ends."""
    drops: Counter[str]

    @property
    def whole(self) -> list[Output]:
        return self.outputs + self.last_words

    def same_as(self, other: "Story") -> bool:
        return self.drops == other.drops and pack(self.outputs) == pack(other.outputs) and self.ends_as(other)

    def ends_as(self, other: "Story") -> bool:
        return pack(self.last_words) == pack(other.last_words)


def simulated(
    row: Row, given: Given, records: list[Record], length: int, neighbours: Sequence[Settings] = ()
) -> Story:
    drops: Counter[str] = Counter()
    entries = [arrival.entry for arrival in inputs_of(row.inputs)]
    market = batches(records, length)
    accounts = [*neighbours, given.settings]
    *steps, end = (
        [output for output in step if output.account == given.settings.name]
        for step in simulate(accounts, market, entries, given.instruments, drops=drops)
    )
    return Story([output for step in steps for output in step], end, drops)


def arriving(row: Row, given: Given, records: list[Record], length: int) -> Story:
    """As live: an input is admitted when so many records were read."""
    arrivals = inputs_of(row.inputs)
    shard = Shard([given.settings], given.instruments)
    outputs: list[Output] = []
    start = 0
    for stop in [*sorted({arrival.after for arrival in arrivals}), len(records)]:
        for columns in batches(records[start:stop], length):
            outputs += shard.pass_market(columns)
        start = stop
        for number, arrival in enumerate(arrivals):
            if arrival.after == stop:
                outputs += shard.admit(arrival.entry, number)
    return Story(outputs, last_words(shard), shard.gatekeeper.dropped)


def figures(given: Given, outputs: list[Output], records: list[Record]) -> dict[str, object]:
    """The statistics of the account over its market's time."""
    statistics = Statistics(given.settings)
    for output in outputs:
        statistics.add(output)
    return statistics.summary(records[0].ts, records[-1].ts)


def told(row: Row, problems: list[str], story: Story) -> str:
    happened = [said(output) for output in story.outputs]
    return "\n".join(
        [
            "",
            str(row),
            "what is wrong:",
            *(f"  {problem}" for problem in problems),
            "what happened:",
            *(f"  {line}" for line in happened or ["nothing"]),
            *(f"  end {said(output)}" for output in story.last_words),
            *([f"  dropped {dict(story.drops)}"] if story.drops else []),
        ]
    )


def differences(name: str, first: Story, again: Story) -> list[str]:
    if again.same_as(first):
        return []
    return [f"{name} another thing happened:", *(f"  {said(output)}" for output in again.whole)]


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_scenario(row: Row) -> None:
    given = given_of(row.account)
    records = market_of(row.market)
    live = any(arrival.after for arrival in inputs_of(row.inputs))
    run = arriving if live else simulated
    story = run(row, given, records, max(len(records), 1))
    wishes = wanted(row.expect)
    problems = failures(wishes, story.outputs, story.last_words, story.drops)
    problems += wrong_figures(wishes, figures(given, story.whole, records))
    try:
        check(given.settings, story.whole)
    except AssertionError as broken:
        problems.append(f"an invariant: {broken}")
    for length in BATCHES:
        problems += differences(f"in batches of {length}", story, run(row, given, records, length))
    if not live:
        beside = simulated(row, given, records, max(len(records), 1), [NEIGHBOUR])
        problems += differences("beside another account", story, beside)
    if problems:
        pytest.fail(told(row, problems, story), pytrace=False)
