"""However the market is cut into batches and whatever records are left out: the same bytes.

Here quiet minutes are columns however few they are.
"""

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Command, Decision, Equity, Fill, MarketRecord, Output, Signal, Tick, Trade
from streams.engine.execution import equity
from streams.engine.model.settings import Level, Settings, Size
from streams.engine.model.units import MINUTE, ONE, SECOND
from streams.engine.shard.shard import Shard
from streams.engine.shard.told import Told, ToldMinutes
from tests.engine.drivers import by_account, every_record, in_batches
from tests.engine.rich import rich_worlds
from tests.engine.soundness import assert_told_soundly
from tests.engine.worlds import START, World, bars, columns_of, ticks, worlds


@pytest.fixture(autouse=True, scope="module")
def _all_minutes_as_columns() -> Iterator[None]:
    usual, equity.LEAST_ROWS = equity.LEAST_ROWS, 1
    yield
    equity.LEAST_ROWS = usual


def same(left: list[Output], right: list[Output]) -> None:
    first, second = by_account(left), by_account(right)
    for account in {*first, *second}:
        assert_told_soundly(second.get(account, []))
        for one, two in zip(first.get(account, []), second.get(account, []), strict=False):
            assert one == two
        assert len(first.get(account, [])) == len(second.get(account, []))
    assert msgspec.msgpack.encode(first) == msgspec.msgpack.encode(second)


@given(worlds(market=ticks()), st.lists(st.integers(0, 60), max_size=6))
def test_ticks(world: World, cuts: list[int]) -> None:
    same(in_batches(world, [cut for cut in cuts if cut < len(world.records)]), every_record(world))


def test_an_id_is_kept_for_an_account_that_is_behind_another_in_a_batch() -> None:
    """The first account has come to 300 s, and to another id, when the second is at the repeat of 30 s."""
    sized = Size(mode="fixed_notional", value=1000 * ONE)
    accounts = [Settings(name=name, balance=100_000 * ONE, size=sized, dedupe_for=MINUTE) for name in "pq"]
    records: list[MarketRecord] = [
        Tick(symbol="AAA", ts=START + at * SECOND, price=100 * ONE) for at in (0, 30, 300, 301)
    ]
    entries: list[tuple[int, Signal | Command]] = [
        (0, Signal(signal_id=name, source="s", symbol="AAA", side="long", ts=START + at * SECOND))
        for name, at in (("a", 0), ("a", 30), ("b", 300))
    ]
    told = by_account(in_batches(World(accounts, records, entries), [1]))
    for name in "pq":
        verdicts = [output.decision for output in told[name] if isinstance(output, Decision)]
        assert verdicts == ["accepted", "duplicate", "accepted"]


def trailing_world(prices: list[float], entered_at: tuple[int, ...] = (0,)) -> World:
    """Longs behind a stop that trails by two."""
    account = Settings(
        name="acct",
        balance=100_000 * ONE,
        size=Size(mode="fixed_notional", value=1000 * ONE),
        position_mode="per_signal",
        trailing_stop=Level(kind="amount", value=2 * ONE),
    )
    records: list[MarketRecord] = [
        Tick(symbol="AAA", ts=START + at * SECOND // 10, price=round(price * 2) * ONE // 2)
        for at, price in enumerate(prices)
    ]
    entries: list[tuple[int, Signal | Command]] = [
        (0, Signal(signal_id=str(at), source="s", symbol="AAA", side="long", ts=records[at].ts))
        for at in entered_at
    ]
    return World([account], records, entries)


def test_a_trail_that_a_batch_nearly_reached_has_followed_it() -> None:
    """The second batch falls before it rises: its extremes alone look like a hit."""
    told = in_batches(trailing_world([100, 108.5, 111, 109]), [1, 3])
    assert [(fill.price, fill.purpose) for fill in told if isinstance(fill, Fill)] == [
        (100 * ONE, "entry"),
        (109 * ONE, "trailing_stop"),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_trails_follow_however_the_market_is_cut(seed: int) -> None:
    dice = Random(seed)
    prices = list(accumulate(dice.choice((-0.5, 0, 0.5)) for _ in range(1500)))
    world = trailing_world([200 + price for price in prices], tuple(range(0, 1500, 50)))
    whole = every_record(world)
    assert sum(isinstance(output, Trade) for output in whole) > 10
    for step in (1, 3, 7, 40, 400):
        same(in_batches(world, list(range(step, 1500, step))), whole)


def test_a_breaker_trips_though_an_entry_came_while_its_room_was_shared_out() -> None:
    """Two positions share the room; what one of them has lost already must not be shared out again."""
    account = Settings(
        name="acct",
        balance=100_000 * ONE,
        size=Size(mode="fixed_notional", value=10_000 * ONE),
        daily_loss=ONE // 100,
    )
    prices = [("AAA", 100), ("BBB", 100), ("AAA", 95.5), ("AAA", 93), ("BBB", 95.5), ("BBB", 95.5)]
    records: list[MarketRecord] = [
        Tick(symbol=symbol, ts=START + at * SECOND, price=round(price * 2) * ONE // 2)
        for at, (symbol, price) in enumerate(prices)
    ]
    entries = [
        (behind, Signal(signal_id=str(behind), source="s", symbol=symbol, side="long", ts=ts))
        for behind, symbol, ts in ((0, "AAA", START), (1, "BBB", START), (3, "AAA", START + 30 * SECOND))
    ]
    world = World([account], records, [*entries])
    told = in_batches(world, list(range(1, len(records))))
    assert [(output.ts, output.reason) for output in told if isinstance(output, Decision)][2:] == [
        (START + 4 * SECOND, "daily_loss")
    ]
    same(told, every_record(world))


@pytest.mark.parametrize("seed", range(8))
def test_breakers_trip_at_the_same_record_however_the_market_is_cut(seed: int) -> None:
    """Positions of three symbols, long and short, while entries come that wait and positions that end."""
    dice = Random(seed)
    account = Settings(
        name="acct",
        balance=10_000 * ONE,
        size=Size(mode="quantity"),
        position_mode="per_signal",
        daily_loss=ONE // 200,
        max_drawdown=ONE // 100,
        latency=2 * SECOND,
        time_limit=40 * SECOND,
    )
    prices = dict.fromkeys(("AAA", "BBB", "CCC"), 200)
    records: list[MarketRecord] = []
    entries: list[tuple[int, Signal | Command]] = []
    for at in range(1200):
        symbol = dice.choice(list(prices))
        prices[symbol] += dice.choice((-1, 0, 1))
        ts = START + at * SECOND // 10
        records.append(Tick(symbol=symbol, ts=ts, price=prices[symbol] * ONE // 2))
        if at % 20 == 0:
            quantity = dice.randint(5, 20) * ONE
            signal = Signal(str(at), "s", symbol, "long" if dice.random() < 0.5 else "short", ts)
            entries.append((at, msgspec.structs.replace(signal, quantity=quantity)))
        if at % 300 == 299:
            entries.append((at, Command(command_id=str(at), account="acct", kind="resume", ts=ts)))
    world = World([account], records, entries)
    told = every_record(world)
    assert [output for output in told if isinstance(output, Decision) and output.decision == "tripped"]
    same(in_batches(world, sorted(dice.sample(range(1, 1200), 60))), told)
    same(in_batches(world, [at for at, _ in entries if at]), told)


@pytest.mark.parametrize(
    ("prices", "trips"),
    [
        ((100, 109, 101, 100), 0),  # the peak before it was limited
        ((100, 101, 109, 100), 1),  # at which it was
        ((100, 101, 109, 109, 100), 1),
        ((100, 101, 109, 110, 102), 0),
    ],
)
def test_the_peak_of_a_drawdown_begins_where_it_is_limited(prices: tuple[int, ...], trips: int) -> None:
    """However the market is cut: which records an account looks at follows from its other limits."""
    account = Settings(
        name="acct",
        balance=100_000 * ONE,
        size=Size(mode="fixed_notional", value=50_000 * ONE),
        daily_loss=ONE // 2,
    )
    records: list[MarketRecord] = [
        Tick(symbol="AAA", ts=START + at * SECOND, price=price * ONE) for at, price in enumerate(prices)
    ]
    settings = f'{{"max_drawdown": {ONE // 25}}}'
    change = Command(command_id="c", account="acct", kind="change", ts=START, settings=settings)
    enter = Signal(signal_id="1", source="s", symbol="AAA", side="long", ts=START)
    world = World([account], records, [(0, enter), (3, change)])
    told = every_record(world)
    decided = [output.decision for output in told if isinstance(output, Decision)]
    assert decided.count("tripped") == trips
    same(in_batches(world, [3]), told)


@given(rich_worlds(st.one_of(ticks(), bars())), st.lists(st.integers(0, 60), max_size=6))
def test_where_markets_close_and_settings_change(world: World, cuts: list[int]) -> None:
    names = {settings.name for settings in world.accounts}
    world.entries = [
        (at, entry)
        for at, entry in world.entries
        if isinstance(entry, Signal) or (entry.account in names and entry.kind != "create")
    ]
    same(in_batches(world, [cut for cut in cuts if cut < len(world.records)]), every_record(world))


@given(worlds(market=bars()), st.lists(st.integers(0, 50), max_size=6))
def test_bars(world: World, cuts: list[int]) -> None:
    same(in_batches(world, [cut for cut in cuts if cut < len(world.records)]), every_record(world))


@pytest.mark.parametrize(
    ("side", "bids", "asks", "ends_by"),
    [
        ("long", (100, 100, 0, 100), (101, 101, 121, 101), "take_profit"),
        ("short", (99, 99, 119, 99), (100, 100, 0, 100), "stop_loss"),
    ],
)
def test_where_a_quote_lacks_a_side_its_price_stands_for_it_beside_another_symbol(
    side: Literal["long", "short"], bids: tuple[int, ...], asks: tuple[int, ...], ends_by: str
) -> None:
    ten = Level(kind="amount", value=10 * ONE)
    plain = Settings(name="acct", balance=100_000 * ONE, size=Size(mode="quantity"))
    account = msgspec.structs.replace(plain, **{ends_by: ten})
    records: list[MarketRecord] = []
    for at, (price, bid, ask) in enumerate(zip((100, 100, 120, 100), bids, asks, strict=True)):
        ts = START + at * SECOND
        records.append(Tick(symbol="AAA", ts=ts, price=price * ONE, bid=bid * ONE, ask=ask * ONE))
        records.append(Tick(symbol="BBB", ts=ts, price=7 * ONE, bid=7 * ONE, ask=7 * ONE))
    entry = Signal(signal_id="a", source="s", symbol="AAA", side=side, ts=START, quantity=ONE)
    told = in_batches(World([account], records, [(0, entry)]), [])
    assert [fill.purpose for fill in told if isinstance(fill, Fill)] == ["entry", ends_by]


def test_quiet_minutes_are_columns_and_those_that_64_bits_cannot_hold_are_not() -> None:
    for balance, is_column in ((10**15, True), (1 << 62, False)):
        account = Settings(name="acct", balance=balance, size=Size(mode="quantity"))
        records: list[MarketRecord] = [
            Tick(symbol="AAA", ts=START + at * MINUTE, price=100 * ONE + at) for at in range(9)
        ]
        entry = Signal(signal_id="a", source="s", symbol="AAA", side="long", ts=START, quantity=ONE)
        world = World([account], records, [(0, entry)])
        same(in_batches(world, [1]), every_record(world))
        told = list(_folded(world))
        assert sum(isinstance(part, ToldMinutes) for each in told for part in each.parts) == is_column
        assert sum(isinstance(output, Equity) for each in told for output in each) == 9


def test_quiet_minutes_have_the_marks_of_symbols_that_were_quiet_themselves() -> None:
    account = Settings(name="acct", balance=100_000 * ONE, size=Size(mode="quantity"))
    records: list[MarketRecord] = [
        Tick(symbol=symbol, ts=START + at * MINUTE, price=100 * ONE) for at, symbol in enumerate("ABBBBBBBB")
    ]
    entry = Signal(signal_id="a", source="s", symbol="A", side="long", ts=START, quantity=ONE)
    world = World([account], records, [(0, entry)])
    same(in_batches(world, [1]), every_record(world))


def _folded(world: World) -> Iterator[Told]:
    shard = Shard(world.accounts, world.instruments)
    for number, (_, entry) in enumerate(world.entries):
        shard.admit(entry, number)
    yield from shard.fold(shard.gatekeeper.check(columns_of(world.records)))
