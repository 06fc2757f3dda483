"""A shard that was put down between two calls and taken up again goes on as if nothing had been."""

from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Command, Output
from streams.engine.model.settings import Level
from streams.engine.model.units import ONE
from streams.engine.shard.checkpoint import MANY, Notebook
from streams.engine.shard.shard import Shard
from tests.engine.keeping import Store, normal_form
from tests.engine.rich import rich_worlds
from tests.engine.test_fold import trailing_world
from tests.engine.worlds import World, bars, columns_of, ticks, worlds

Snapshots = frozenset[int]
"""After which calls; none: after each."""


def run(
    world: World, cuts: list[int], snapshots: Snapshots, *, restoring: bool
) -> tuple[list[Output], list[bytes]]:
    """All outputs, and the state's normal form at the end and wherever a snapshot was taken."""
    entries = {number * 3: entry for number, (_, entry) in enumerate(world.entries)}
    arrivals = [(at, number * 3) for number, (at, _) in enumerate(world.entries)]
    shard = Shard(world.accounts, world.instruments, at_any_time=True)
    notebook, store = Notebook(shard), Store()
    told: list[Output] = []
    forms: list[bytes] = []
    places = sorted(
        {
            0,
            *(cut for cut in cuts if cut < len(world.records)),
            *(at for at, _ in arrivals),
            len(world.records),
        }
    )
    calls = 0

    def after_call() -> None:
        nonlocal shard, notebook, calls
        if not snapshots or calls in snapshots:
            store.keep(notebook)
            if restoring:
                pending = {number: entries[number] for number in shard.pending()}
                shard = Shard([], world.instruments, at_any_time=True)
                notebook = store.restore(shard, pending)
        calls += 1

    after_call()
    for start, end in pairwise((*places, len(world.records))):
        while arrivals and arrivals[0][0] <= start:
            number = arrivals.pop(0)[1]
            told += shard.admit(entries[number], number)
            after_call()
        if end > start:
            told += shard.pass_market(columns_of(world.records[start:end]))
            after_call()
    forms.append(normal_form(shard))
    return told, forms


def check(world: World, cuts: list[int], snapshots: Snapshots) -> None:
    whole, form = run(world, cuts, snapshots, restoring=False)
    told, restored = run(world, cuts, snapshots, restoring=True)
    for one, two in zip(told, whole, strict=False):
        assert one == two
    assert len(told) == len(whole)
    for left, right in zip(restored, form, strict=True):
        assert msgspec.json.decode(left) == msgspec.json.decode(right)
    assert restored == form


@pytest.mark.parametrize("drift", [-0.2, 0.0, 0.2])
def test_what_lies_far_back_is_kept_in_a_few_bytes(drift: float) -> None:
    """Positions that nothing closes follow a market that falls or rises for a thousand batches."""
    dice = Random(7)
    prices = [500 + drift * n + dice.choice((-1, 0, 1)) for n in range(1000)]
    world = trailing_world(prices, tuple(range(0, 900, 100)))
    account = msgspec.structs.replace(world.accounts[0], trailing_stop=None)
    far = msgspec.structs.replace(account, name="far", trailing_stop=Level(kind="amount", value=1000 * ONE))
    close = [
        (990, Command(command_id=f"c{n}", account=name, kind="close_all", ts=world.records[990].ts))
        for n, name in enumerate(("acct", "far"))
    ]
    world = World([account, far], world.records, [*world.entries, *close])
    check(world, list(range(1000)), frozenset(range(0, 2000, 97)))
    shard = Shard(world.accounts, world.instruments, at_any_time=True)
    notebook = Notebook(shard)
    for number, (_, entry) in enumerate(world.entries[:9]):
        shard.admit(entry, number)
    for at in range(950):
        shard.pass_market(columns_of(world.records[at : at + 1]))
    [row] = notebook.changed().symbols
    assert row.extremes is not None
    assert max(len(each.highs) + len(each.lows) for each in row.extremes) <= MANY


places = st.lists(st.integers(0, 60), max_size=8)
snapshots = st.frozensets(st.integers(0, 40), max_size=5)


@given(worlds(market=ticks(), accounts=3), places, snapshots)
def test_ticks(world: World, cuts: list[int], snapshots: Snapshots) -> None:
    check(world, cuts, snapshots)


@given(worlds(market=bars(), accounts=3), places, snapshots)
def test_bars(world: World, cuts: list[int], snapshots: Snapshots) -> None:
    check(world, cuts, snapshots)


@given(rich_worlds(st.one_of(ticks(), bars())), places, snapshots)
def test_where_accounts_come_and_change(world: World, cuts: list[int], snapshots: Snapshots) -> None:
    check(world, cuts, snapshots)
