"""What a shard says of accounts and entries as such: names, answers given twice, lateness, the books that are stored."""

import json
from typing import Any

import msgspec
import pytest

from schemas.messages import Bar, Command, Decision, Fill, Output, Signal, Tick
from streams.engine.model.settings import Commission, Settings, Size
from streams.engine.model.units import MINUTE, ONE, SECOND
from streams.engine.shard.checkpoint import Notebook, ShardHeader, ShardRows
from streams.engine.shard.shard import Shard
from tests.engine.worlds import START, columns_of


def account(name: str, **more: object) -> Settings:
    return Settings(name=name, balance=10_000 * ONE, size=Size(mode="quantity"), **more)  # type: ignore[arg-type]


def tick(second: int, price: int, symbol: str = "X") -> Tick:
    return Tick(symbol=symbol, ts=START + second * SECOND, price=price * ONE)


def long(name: str, second: int) -> Signal:
    return Signal(
        signal_id=name, source="s", symbol="X", side="long", ts=START + second * SECOND, quantity=ONE
    )


def create(name: str, command_id: str, second: int) -> Command:
    settings = json.dumps(msgspec.to_builtins(account(name)))
    return Command(
        command_id=command_id, account=name, kind="create", ts=START + second * SECOND, settings=settings
    )


def answers(told: list[Output]) -> list[tuple[str, str, int]]:
    return [
        (each.decision, each.reason, (each.ts - START) // SECOND)
        for each in told
        if isinstance(each, Decision)
    ]


def test_two_accounts_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="two accounts are named 'a'"):
        Shard([account("a"), account("a")])


def test_a_create_that_comes_again_is_given_the_same_answer_and_another_is_told_that_it_exists() -> None:
    shard = Shard([account("older")])
    first = shard.admit(create("a", "c1", 5), 0)
    shard.pass_market(columns_of([tick(60, 100)]))
    assert answers(first) == [("accepted", "", 5)]
    assert shard.admit(create("a", "c1", 5), 1) == first
    assert answers(shard.admit(create("a", "c2", 70), 2)) == [("refused", "exists", 70)]
    assert answers(shard.admit(create("a", "c3", 7), 3)) == [("refused", "exists", 60)]
    assert len(shard.accounts) == 2


@pytest.mark.parametrize(
    ("without", "reason"), [("side", "no_side"), ("symbol", "no_symbol"), ("quantity", "no_quantity")]
)
def test_an_order_that_says_too_little_is_told_what_is_missing(without: str, reason: str) -> None:
    shard = Shard([account("a")])
    shard.pass_market(columns_of([tick(0, 100)]))
    whole: dict[str, Any] = {"symbol": "X", "side": "buy", "quantity": ONE, "order_type": "market"}
    given = {**whole, without: None}
    command = Command(command_id="c", account="a", kind="place", ts=START + SECOND, **given)
    told = shard.admit(command, 1) + shard.pass_market(columns_of([tick(2, 100)]))
    assert [answer[:2] for answer in answers(told)] == [("refused", reason)]


def test_an_account_of_the_start_was_created_by_nobody() -> None:
    shard = Shard([account("a")])
    assert answers(shard.admit(create("a", "c1", 5), 0)) == [("refused", "exists", 5)]


def test_a_command_for_nobody_is_refused_and_a_signal_that_nobody_follows_says_nothing() -> None:
    shard = Shard([account("a", follow=("other",))])
    stranger = Command(command_id="c1", account="b", kind="pause", ts=START)
    assert answers(shard.admit(stranger, 0)) == [("refused", "no_account", 0)]
    assert shard.admit(long("s1", 0), 1) == []
    assert shard.pending() == []


def test_an_entry_that_is_late_for_two_accounts_is_late_once() -> None:
    shard = Shard([account(name, latency=each * SECOND) for name, each in (("a", 1), ("b", 1), ("c", 60))])
    shard.pass_market(columns_of([tick(0, 100), tick(10, 100)]))
    told = shard.admit(long("s1", 5), 0)
    assert answers(told) == [("late", "late", 10), ("late", "late", 10)]
    assert shard.late == 1
    shard.admit(long("s2", 11), 1)
    assert shard.late == 1
    shard.admit(Command(command_id="c1", account="a", kind="pause", ts=START + 9 * SECOND), 2)
    assert shard.late == 2


def test_what_is_stored_of_an_accounts_books_is_what_its_fills_say() -> None:
    """Two fees of 1.5 on 10 bought at 100 and sold at 103."""
    shard = Shard([account("a", commission=Commission(per_order=3 * ONE // 2))])
    told = shard.admit(long("s1", 0), 0)
    told += shard.pass_market(columns_of([tick(0, 100), tick(1, 103)]))
    flat = Signal(signal_id="s2", source="s", symbol="X", side="flat", ts=START + SECOND)
    told += shard.admit(flat, 1)
    told += shard.pass_market(columns_of([tick(2, 103)]))
    state = shard.accounts[0].state
    assert [fill.fee for fill in told if isinstance(fill, Fill)] == [3 * ONE // 2, 3 * ONE // 2]
    assert (state.fees, state.realised, state.cash) == (3 * ONE, 3 * ONE, 10_000 * ONE)


def test_settled_rows_remember_the_raw_ticks_that_the_next_is_measured_by() -> None:
    """A jump of 20% is allowed: 145 lies too far from 118 and from 100, and 121 near enough to 145 and to 118."""
    shard = Shard([account("a")])
    shard.pass_market(columns_of([tick(0, 100), tick(1, 118)]))
    again = restored(shard, Notebook(shard).settled())
    again.pass_market(columns_of([tick(2, 145), tick(3, 121)]))
    assert again.gatekeeper.dropped == {"jump": 1}
    assert (again.market.symbols["X"].mark, again.market.symbols["X"].count) == (121 * ONE, 3)


def test_a_symbol_that_had_only_bars_has_no_raw_tick_to_be_measured_by() -> None:
    shard = Shard([account("a")])
    price = 100 * ONE
    shard.pass_market(
        columns_of(
            [Bar(symbol="X", ts=START, open=price, high=price, low=price, close=price, interval=MINUTE)]
        )
    )
    again = restored(shard, Notebook(shard).settled())
    again.pass_market(columns_of([tick(61, 300)]))
    assert not again.gatekeeper.dropped
    assert again.market.symbols["X"].mark == 300 * ONE


def restored(shard: Shard, rows: ShardRows) -> Shard:
    again = Shard([])
    Notebook(again).restore(ShardHeader(shard.market.time), rows, {})
    return again
