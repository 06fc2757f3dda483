"""Accounts that follow behind the others tell the same, however far behind they are and for how long."""

from collections.abc import Iterator
from operator import attrgetter
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Command, Decision, Fill, MarketRecord, Output, Signal, Tick
from streams.engine.market.extremes import Extremes
from streams.engine.model.settings import Level, Settings, Size
from streams.engine.model.units import ONE, SECOND
from streams.engine.shard import shard as shards
from streams.engine.shard.shard import Shard
from tests.engine.drivers import catch_up, every_record, fold
from tests.engine.keeping import normal_form
from tests.engine.rich import rich_worlds
from tests.engine.test_fold import same, trailing_world
from tests.engine.worlds import START, World, bars, columns_of, ticks, worlds

cuts_of = st.lists(st.integers(0, 60), max_size=12)


@pytest.fixture(autouse=True, scope="module")
def _one_at_a_time() -> Iterator[None]:
    usual, shards.A_FEW = shards.A_FEW, 1
    yield
    shards.A_FEW = usual


def alphabetically(told: list[Output]) -> list[Output]:
    """By account, each one's in order: between accounts there is none."""
    return sorted(told, key=attrgetter("account"))


def assert_same(world: World, cuts: list[int], seed: int) -> None:
    """One crowd that has everybody, and many crowds, against nobody ever behind."""
    cuts = [cut for cut in cuts if cut < len(world.records)]
    whole = Shard(world.accounts, world.instruments)
    together = alphabetically(fold(whole, world, cuts))
    same(together, alphabetically(every_record(world)))
    form = normal_form(whole)  # which is brought to where it stands, once
    for most in (0, 1):
        shard = Shard(world.accounts, world.instruments, most_at_once=most)
        same(alphabetically(fold(shard, world, cuts, Random(seed))), together)
        assert normal_form(shard) == form


@given(worlds(market=ticks()), cuts_of, st.integers(0, 1000))
def test_ticks(world: World, cuts: list[int], seed: int) -> None:
    assert_same(world, cuts, seed)


@given(worlds(market=bars()), cuts_of, st.integers(0, 1000))
def test_bars(world: World, cuts: list[int], seed: int) -> None:
    assert_same(world, cuts, seed)


@given(rich_worlds(st.one_of(ticks(), bars())), cuts_of, st.integers(0, 1000))
def test_where_markets_close_and_settings_change(world: World, cuts: list[int], seed: int) -> None:
    names = {settings.name for settings in world.accounts}
    world.entries = [
        (at, entry)
        for at, entry in world.entries
        if isinstance(entry, Signal) or (entry.account in names and entry.kind != "create")
    ]
    assert_same(world, cuts, seed)


@pytest.mark.parametrize("seed", range(8))
def test_trails_follow_however_far_behind(seed: int) -> None:
    dice = Random(seed)
    prices = [200.0]
    for _ in range(400):
        prices.append(prices[-1] + dice.choice((-0.5, 0, 0.5)))
    assert_same(trailing_world(prices, tuple(range(0, 400, 40))), list(range(3, 400, 3)), seed)


# What it is for --------------------------------------------------------------------------------

NAMES = [f"follower-{number}" for number in range(20)]


def busy_shard(trailing: Level | None = None) -> Shard:
    """Twenty accounts that follow the crowd's source, and one that follows its own."""
    sized = Size(mode="fixed_notional", value=1000 * ONE)
    usual = Settings(name="alone", balance=100_000 * ONE, size=sized, follow=("own",), trailing_stop=trailing)
    crowd = [msgspec.structs.replace(usual, name=name, follow=("crowd",)) for name in NAMES]
    accounts = [*crowd, usual]
    shard = Shard(accounts, most_at_once=10)
    tick(shard, 0)  # which everybody looks at
    catch_up(shard)
    return shard


def tick(shard: Shard, at: int, price: int = 100) -> list[Output]:
    record: MarketRecord = Tick(symbol="AAA", ts=START + at * SECOND, price=price * ONE)
    return shard.pass_market(columns_of([record]))


def signal(source: str, number: int, at: int) -> Signal:
    """Half a second behind that tick."""
    ts = START + at * SECOND + SECOND // 2
    return Signal(signal_id=f"{source}-{number}", source=source, symbol="AAA", side="long", ts=ts)


def filled(told: list[Output]) -> list[str]:
    return [output.account for output in told if isinstance(output, Fill)]


def test_nobody_waits_for_a_crowd() -> None:
    shard = busy_shard()
    told = shard.admit(signal("crowd", 1, 0), 1) + tick(shard, 1)
    assert (told, shard.is_behind) == ([], True)
    told = shard.admit(signal("own", 2, 1), 2) + tick(shard, 2)
    assert filled(told) == ["alone"]
    crowd: list[Output] = []
    while not filled(crowd):
        crowd += shard.catch_up()
    assert filled(crowd) == NAMES[:1]
    crowd += catch_up(shard)
    assert filled(crowd) == NAMES
    assert {output.ts for output in crowd if isinstance(output, Fill)} == {START + SECOND}


def test_a_crowd_has_its_entries_when_it_comes_to_them() -> None:
    shard = busy_shard()
    told = shard.admit(signal("crowd", 1, 0), 1) + tick(shard, 1)
    told += shard.admit(signal("crowd", 1, 1), 2) + tick(shard, 2)
    assert told == []
    told = catch_up(shard)
    verdicts = [output.decision for output in told if isinstance(output, Decision)]
    assert verdicts.count("accepted") == verdicts.count("duplicate") == len(NAMES)
    assert shard.late == 0


def test_who_changes_settings_is_not_behind() -> None:
    """The market remembers bars from when an account wants them, so it must want them at the same record."""
    shard = busy_shard()
    shard.admit(signal("crowd", 1, 0), 1)
    command = Command(command_id="c", account=NAMES[0], kind="change", ts=START + SECOND, settings="{}")
    told = shard.admit(command, 2)
    assert not shard.is_behind and told == []
    shard.admit(signal("crowd", 2, 0), 3)
    assert filled(tick(shard, 2)) == 2 * NAMES[:1]
    assert sorted(filled(catch_up(shard))) == sorted(2 * NAMES[1:])


def test_a_late_entry_counts_once_in_all_crowds() -> None:
    shard = busy_shard()
    shard.admit(signal("crowd", 1, 0), 1)
    tick(shard, 60)
    shard.admit(signal("crowd", 2, 0), 2)
    catch_up(shard)
    assert shard.late == 1


def test_who_joins_the_others_again_is_in_front() -> None:
    shard = busy_shard()
    shard.admit(signal("crowd", 1, 0), 1)
    tick(shard, 1)
    catch_up(shard)
    shard.most_at_once = None
    assert filled(shard.admit(signal("crowd", 2, 1), 2) + tick(shard, 2)) == NAMES


def test_stops_of_those_who_joined_the_others_follow_from_where_they_were() -> None:
    shard = busy_shard(Level(kind="amount", value=5 * ONE))
    shard.admit(signal("crowd", 1, 0), 1)
    tick(shard, 1)
    tick(shard, 2, price=110)
    catch_up(shard)
    shard.most_at_once = None
    assert filled(tick(shard, 3, price=105)) == NAMES


def test_who_are_too_few_once_those_are_left_out_who_wait_for_settings_are_no_crowd() -> None:
    shard = busy_shard()
    for number, name in enumerate(NAMES[9:]):
        change = Command(command_id=name, account=name, kind="change", ts=START + SECOND, settings="{}")
        shard.admit(change, number)
    shard.admit(signal("crowd", 1, 0), 20)
    assert not shard.is_behind
    assert filled(tick(shard, 1)) == NAMES


def test_who_has_something_of_their_own_to_do_is_not_part_of_a_crowd() -> None:
    """At the same record the crowd's signal takes effect, and that of one alone."""
    shard = busy_shard()
    shard.admit(signal("crowd", 1, 0), 1)
    catch_up(shard)
    shard.admit(signal("own", 2, 0), 2)
    assert filled(tick(shard, 1)) == ["alone"]
    assert filled(catch_up(shard)) == NAMES


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1), st.integers(0, 9), st.data())
def test_extremes_that_began_at_different_times_join(
    batches: list[tuple[int, int]], later: int, data: st.DataObject
) -> None:
    whole, part = Extremes([], []), Extremes([], [])
    for count, (high, fall) in enumerate(batches, 1):
        for extremes in (whole, part)[: 1 + (count > later)]:
            extremes.push(count, high, high - fall)
    since = data.draw(st.integers(0, len(batches)))
    expected = whole.since(since)
    for one, other in ((whole.copy(), part), (part.copy(), whole)):
        one.join(other)
        assert one.since(since) == expected
        assert one.highs == whole.highs and one.lows == whole.lows
