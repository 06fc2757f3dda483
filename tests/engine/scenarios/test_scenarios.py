"""Runs each line of the tables: the whole market at once, in batches of one and three, and beside another account."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from schemas.messages import Output
from streams.accounts import account_with
from streams.engine.settings import Settings
from streams.engine.shard import Shard
from streams.engine.simulate import simulate
from streams.engine.stats import Statistics

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


def simulated(
    row: Row, given: Given, records: list[Record], length: int, neighbours: Sequence[Settings] = ()
) -> tuple[list[Output], Counter[str]]:
    drops: Counter[str] = Counter()
    entries = [arrival.entry for arrival in inputs_of(row.inputs)]
    market = batches(records, length)
    outputs = [
        output
        for step in simulate([*neighbours, given.settings], market, entries, given.instruments, drops=drops)
        for output in step
        if output.account == given.settings.name
    ]
    return outputs, drops


def arriving(row: Row, given: Given, records: list[Record], length: int) -> tuple[list[Output], Counter[str]]:
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
    return outputs, shard.gatekeeper.dropped


def figures(given: Given, outputs: list[Output], records: list[Record]) -> dict[str, object]:
    """The statistics of the account over its market's time."""
    statistics = Statistics(given.settings)
    for output in outputs:
        statistics.add(output)
    return statistics.summary(records[0].ts, records[-1].ts)


def told(row: Row, problems: list[str], outputs: list[Output], drops: Counter[str]) -> str:
    happened = [said(output) for output in outputs]
    return "\n".join(
        [
            "",
            str(row),
            "what is wrong:",
            *(f"  {problem}" for problem in problems),
            "what happened:",
            *(f"  {line}" for line in happened or ["nothing"]),
            *([f"  dropped {dict(drops)}"] if drops else []),
        ]
    )


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_scenario(row: Row) -> None:
    given = given_of(row.account)
    records = market_of(row.market)
    live = any(arrival.after for arrival in inputs_of(row.inputs))
    run = arriving if live else simulated
    outputs, drops = run(row, given, records, max(len(records), 1))
    wishes = wanted(row.expect)
    problems = failures(wishes, outputs, drops) + wrong_figures(wishes, figures(given, outputs, records))
    try:
        check(given.settings, outputs)
    except AssertionError as broken:
        problems.append(f"an invariant: {broken}")
    for length in BATCHES:
        again, again_drops = run(row, given, records, length)
        if pack(again) != pack(outputs) or again_drops != drops:
            problems.append(f"in batches of {length} another thing happened:")
            problems += [f"  {said(output)}" for output in again]
    if not live:
        beside, _ = simulated(row, given, records, max(len(records), 1), [NEIGHBOUR])
        if pack(beside) != pack(outputs):
            problems.append("beside another account another thing happened:")
            problems += [f"  {said(output)}" for output in beside]
    if problems:
        pytest.fail(told(row, problems, outputs, drops), pytrace=False)
