"""The engine against the oracle: two engines, one text."""

from collections.abc import Callable, Iterable
from functools import partial
from math import isclose
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import (
    Alert,
    Decision,
    Equity,
    Fill,
    Order,
    Output,
    Position,
    SliceTimer,
    Trade,
)
from tests.engine.drivers import by_account, in_batches
from tests.engine.oracle import run
from tests.engine.worlds import World, bars, ticks, worlds

LEFT_OUT: dict[type, tuple[str, ...]] = {
    Decision: ("plan_id",),
    Alert: ("text",),
    SliceTimer: ("condition",),
}
"""What only the engine says."""


class _near:  # noqa: N801
    """A measured value: a float, compared as one."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, _near)
        if self.value is None or other.value is None:
            return self.value is other.value
        return isclose(self.value, other.value, rel_tol=1e-9, abs_tol=1e-9)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return repr(self.value)


def row(output: Output) -> tuple[object, ...]:
    """Everything that an output tells, but what only the engine says."""
    named = LEFT_OUT.get(type(output), ())
    values = {name: getattr(output, name) for name in output.__struct_fields__ if name not in named}
    return tuple(
        (name, _near(each) if name in ("measured", "limit") else each) for name, each in values.items()
    )


def of(kind: type, told: Iterable[Output]) -> list[Any]:
    return [output for output in told if isinstance(output, kind)]


def last_told(kind: type, told: Iterable[Output], *key: str) -> list[Any]:
    """What was told last of each: an order's state, a position's at each record."""
    return list({tuple(getattr(each, name) for name in key): each for each in of(kind, told)}.values())


def slices(told: Iterable[Output]) -> list[SliceTimer]:
    """Those that were armed, came due, or were cancelled before that."""
    timers = [each for each in of(SliceTimer, told) if each.state != "cancelled" or each.order_id is None]
    return sorted(timers, key=lambda each: (each.ts, each.slice_id, each.state))


def orders(told: Iterable[Output]) -> list[Order]:
    return sorted(last_told(Order, told, "order_id"), key=lambda order: order.order_id)


def compare(world: World, cuts: list[int]) -> None:
    ours = by_account(in_batches(world, [cut for cut in cuts if cut < len(world.records)]))
    theirs = by_account(run(world.accounts, world.records, world.entries, world.instruments))
    for account in {*ours, *theirs}:
        listed: dict[str, Callable[[list[Output]], list[Any]]] = {
            kind.__name__: partial(of, kind) for kind in (Decision, Fill, Trade, Equity, Alert)
        }
        listed |= {"SliceTimer": slices, "Order": orders}
        listed["Position"] = lambda told: last_told(Position, told, "position_id", "ts")
        for name, kind in listed.items():
            mine = [row(output) for output in kind(ours.get(account, []))]
            other = [row(output) for output in kind(theirs.get(account, []))]
            assert mine == other, name


signals_only = {"with_commands": False}


@given(worlds(market=ticks(), **signals_only), st.lists(st.integers(0, 60), max_size=4))
def test_ticks(world: World, cuts: list[int]) -> None:
    compare(world, cuts)


@given(worlds(market=bars(), **signals_only), st.lists(st.integers(0, 50), max_size=4))
def test_bars(world: World, cuts: list[int]) -> None:
    compare(world, cuts)


@given(worlds(market=st.one_of(ticks(), bars())), st.lists(st.integers(0, 60), max_size=4))
def test_orders_by_hand(world: World, cuts: list[int]) -> None:
    compare(world, cuts)


@given(worlds(market=bars(), trails=True), st.lists(st.integers(0, 50), max_size=4))
def test_trails_on_bars(world: World, cuts: list[int]) -> None:
    compare(world, cuts)


@pytest.mark.long
@settings(max_examples=20_000, derandomize=False)
@given(worlds(market=st.one_of(ticks(), bars()), **signals_only), st.lists(st.integers(0, 60), max_size=4))
def test_many(world: World, cuts: list[int]) -> None:
    compare(world, cuts)


@pytest.mark.long
@settings(max_examples=5_000, derandomize=False)
@given(worlds(market=st.one_of(ticks(), bars())), st.lists(st.integers(0, 60), max_size=4))
def test_many_orders_by_hand(world: World, cuts: list[int]) -> None:
    compare(world, cuts)
