"""However the market is cut into batches and whatever records are left out: the same bytes."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Output
from tests.engine.drivers import by_account, every_record, in_batches
from tests.engine.worlds import World, bars, ticks, worlds


def same(left: list[Output], right: list[Output]) -> None:
    first, second = by_account(left), by_account(right)
    for account in {*first, *second}:
        for one, two in zip(first.get(account, []), second.get(account, []), strict=False):
            assert one == two
        assert len(first.get(account, [])) == len(second.get(account, []))
    assert msgspec.msgpack.encode(first) == msgspec.msgpack.encode(second)


@given(worlds(market=ticks()), st.lists(st.integers(0, 60), max_size=6))
def test_ticks(world: World, cuts: list[int]) -> None:
    same(in_batches(world, [cut for cut in cuts if cut < len(world.records)]), every_record(world))


@given(worlds(market=bars()), st.lists(st.integers(0, 50), max_size=6))
def test_bars(world: World, cuts: list[int]) -> None:
    same(in_batches(world, [cut for cut in cuts if cut < len(world.records)]), every_record(world))
