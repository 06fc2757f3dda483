"""What the views say: the last state of each thing, whatever was written twice and in whatever order."""

from itertools import permutations

import pytest

from schemas.messages import Equity, Order, SliceTimer
from sinks.database.migrate import apply_views
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.world import ONE, at, bought, equity, trade, world

VIEWS = (
    "orders_now slices_now positions_open day_ends daily slice_fills slice_results theory_results equity_peaks"
    " plan_entries plan_fills trade_excursions closed_trades"
).split()


@pytest.fixture(scope="module")
def client(server):
    with database(server, "viewed") as client:
        yield client


@pytest.fixture
def fresh(client):
    for table in ("orders", "slices", "positions", "equity", "fills", "trades"):
        client.command(f"TRUNCATE TABLE {table}")
    return client


def order(state, ts, filled=0, reason=""):
    return Order(
        order_id="a-o1", account="a", symbol="X", side="buy", order_type="limit", state=state, quantity=3 * ONE,
        filled=filled * ONE, ts=at(ts), created=at("10:00"), reason=reason,
    )  # fmt: skip


LIFE = [
    order("accepted", "10:00", reason="not_reached"),
    order("partially_filled", "10:05", 1),
    order("partially_filled", "10:05", 2),
    order("filled", "10:05", 3),
]


@pytest.mark.parametrize("told", list(permutations(range(4))))
def test_an_order_s_last_state_in_whatever_order_it_came(fresh, told):
    fill(fresh, [LIFE[at] for at in told])
    assert fresh.query("SELECT toString(state), filled FROM orders_now").result_rows == [("filled", 3)]


def test_a_slice_s_last_state(fresh):
    def slice_timer(number, state):
        return SliceTimer(
            slice_id=f"a-p1.{number}", account="a", plan_id="a-p1", symbol="X", side="buy", signal_id="s", number=number,
            of=2, state=state, ts=at("10:00"), due=at("10:00"), quantity=ONE, condition="", arrival=ONE,
        )  # fmt: skip

    fill(fresh, [slice_timer(1, "released"), slice_timer(1, "armed"), slice_timer(2, "armed")])
    found = fresh.query("SELECT number, toString(state) FROM slices_now ORDER BY number").result_rows
    assert found == [(1, "released"), (2, "armed")]


def test_views_are_replaced_at_each_start(client):
    apply_views(client)
    found = client.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
    )
    assert {name for (name,) in found.result_rows} == set(VIEWS)


@pytest.fixture(scope="module")
def told_once_and_twice(server):
    messages = [each for each in world() if type(each).__name__ != "Signal"]
    with database(server, "viewed_once") as once, database(server, "viewed_twice") as twice:
        fill(once, messages)
        fill(twice, messages)
        fill(twice, [*messages[:1], *messages])  # in places of their own
        yield once, twice


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_there_twice(told_once_and_twice, name):
    columns = "* EXCEPT (k_offset)" if name in ("orders_now", "slices_now", "positions_open") else "*"
    once, twice = (
        client.query(f"SELECT {columns} FROM {name} ORDER BY ALL").result_rows
        for client in told_once_and_twice
    )
    assert once == twice != []


# Slices ----------------------------------------------------------------------------------------


def test_a_slice_that_filled_in_pieces_among_those_of_another(fresh):
    """Slice 1: two units for 23; slice 2: two for 42. All four left at 30."""
    pieces = [(1, 10), (2, 20), (1, 13), (2, 22)]
    begin, end = at("10:00"), at("11:00")
    fills = [
        each
        for order, (number, price) in enumerate(pieces, 1)
        for each in bought(
            "a", order, begin + order, "X", "buy", 1, price, 0, 1, plan="a-p1", number=number, arrival=10
        )
    ]
    fill(fresh, [*fills, trade("a", 1, "X", "long", 4, 16.25, 30, begin, end, 55, 0, "take_profit", 65)])
    assert fresh.query("SELECT number, pnl FROM slice_results ORDER BY number").result_rows == [
        (1, 37),
        (2, 18),
    ]
    asked = "number, fills, filled, paid, fees, price, others_price, first_price, best_price"
    assert fresh.query(f"SELECT {asked} FROM plan_fills ORDER BY number").result_rows == [
        (1, 2, 2, 23, 0, 11.5, 21, 11.5, 11.5),
        (2, 2, 2, 42, 0, 21, 11.5, 11.5, 11.5),
    ]
    same = "account, plan_id, number, symbol, side, trade_id, lot_id, ts, k_time, fills, filled, paid, fees, arrival, sign"
    each, both = (
        fresh.query(f"SELECT {same} FROM {view} ORDER BY number").result_rows
        for view in ("slice_fills", "plan_fills")
    )
    assert each == both


# Days ------------------------------------------------------------------------------------------


def days(client, *columns):
    return client.query(f"SELECT {', '.join(columns)} FROM daily ORDER BY account, day").result_rows


def day_end(number, day, worth, ended, year_days=365):
    return equity(
        "a", number, at("00:00", day), worth, worth, 0, worth - 1000, 0, day=ended, year_days=year_days
    )


def test_a_first_day_under_way(fresh):
    fill(fresh, [equity("a", 1, at("10:00"), 990, 490, 0, -10, 0.01)])
    assert days(fresh, "day", "pnl", "return", "complete") == [("2026-01-05", -10, None, False)]
    assert days(fresh, "begins", "ends") == [(None, None)]


def test_the_day_under_way_follows_the_last_that_ended(fresh):
    fill(fresh, [day_end(1, 6, 1010, "2026-01-05"), equity("a", 2, at("10:00", 6), 1000, 1000, 0, 0, 0)])
    assert days(fresh, "day", "pnl", "complete") == [("2026-01-05", 10, True), ("2026-01-06", -10, False)]


def test_no_day_is_under_way_right_behind_midnight(fresh):
    fill(fresh, [day_end(1, 6, 1010, "2026-01-05")])
    assert days(fresh, "day", "complete") == [("2026-01-05", True)]


def test_what_happens_at_midnight_belongs_to_the_next_day(fresh):
    """The day's row comes first, then that of the fill, whose id is the greater: as a number, not as text."""
    fill(fresh, [equity("a", 10, at("00:00", 6), 1020, 1020, 0, 20, 0), day_end(9, 6, 1010, "2026-01-05")])
    assert days(fresh, "day", "equity", "complete") == [
        ("2026-01-05", 1010, True),
        ("2026-01-06", 1020, False),
    ]
    [sold] = [
        each for each in world() if getattr(each, "trade_id", "") == "a-t3" and hasattr(each, "exit_ts")
    ]
    fields = {name: getattr(sold, name) for name in sold.__struct_fields__}
    fill(fresh, [type(sold)(**{**fields, "exit_ts": at("00:00", 6)})])
    assert days(fresh, "day", "trades") == [("2026-01-05", 0), ("2026-01-06", 1)]


def test_a_closed_day_has_no_return_and_is_part_of_the_next(fresh):
    fill(
        fresh,
        [
            day_end(1, 6, 1000, "2026-01-05"),
            day_end(2, 7, 1100, "2026-01-06", None),
            day_end(3, 8, 1210, "2026-01-07"),
        ],
    )
    assert days(fresh, "pnl", "return") == [(0, 0.0), (100, None), (110, 0.21)]


def test_nothing_has_a_return_behind_a_ruin(fresh):
    fill(
        fresh,
        [day_end(1, 6, 500, "2026-01-05"), day_end(2, 7, -5, "2026-01-06"), day_end(3, 8, 10, "2026-01-07")],
    )
    assert days(fresh, "return", "sharpe") == [(-0.5, None), (-1.01, None), (None, None)]


def test_rows_of_an_older_schema_have_a_day_too(fresh):
    """Theirs says neither which day ended nor what the account began with."""
    fill(fresh, [
        Equity(equity_id="a-e1", ts=at("00:00", 6), account="a", equity=ONE, cash=ONE, unrealised=0, drawdown=0, day_end=True)
    ])  # fmt: skip
    assert days(fresh, "day", "equity", "return") == [("2026-01-05", 1, None)]
