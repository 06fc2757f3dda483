"""A file's fold: the order of equal records across symbols and the size of the batches change nothing."""

from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Clock, MarketRecord, Output
from streams.engine.simulate import simulate
from tests.engine.worlds import World, bars, columns_of, ticks, worlds


def replay(world: World, records: list[MarketRecord], cuts: list[int]) -> tuple[list[Output], Counter[str]]:
    places = sorted({0, *(cut for cut in cuts if cut < len(records)), len(records)})
    batches = [columns_of(records[a:b]) for a, b in pairwise(places)]
    drops: Counter[str] = Counter()
    entries = [entry for _, entry in world.entries]
    told = [
        output
        for outputs in simulate(world.accounts, batches, entries, world.instruments, drops)
        for output in outputs
    ]
    return told, drops


def reordered(records: list[MarketRecord], dice: Random) -> list[MarketRecord]:
    """Records of one instant in another order of symbols; each symbol's own order stays."""
    mixed: list[MarketRecord] = []
    run: list[MarketRecord] = []
    for record in [*records, None]:
        if run and (record is None or record.ts != run[0].ts):
            symbols = sorted({_name(each) for each in run})
            dice.shuffle(symbols)
            mixed += sorted(run, key=lambda each: symbols.index(_name(each)))
            run = []
        if record is not None:
            run.append(record)
    return mixed


def _name(record: MarketRecord) -> str:
    return record.feed if isinstance(record, Clock) else record.symbol


@given(
    worlds(market=st.one_of(ticks(), bars()), live=False),
    st.lists(st.integers(0, 60), max_size=6),
    st.randoms(use_true_random=False),
)
def test_order_of_equals_and_batches_change_nothing(world: World, cuts: list[int], dice: Random) -> None:
    whole = replay(world, world.records, [])
    assert replay(world, world.records, cuts) == whole
    assert replay(world, reordered(world.records, dice), cuts) == whole
