"""What a fold told: every message in the order of records, or quiet minutes apart, some at a time."""

from typing import Any

import numpy as np

from schemas.messages import Decision, Output
from streams.engine.account.equity_rows import EquityRows
from streams.engine.model.units import MINUTE, ONE
from streams.engine.shard.told import Told, ToldMinutes
from tests.engine.worlds import START

NUMBERS = {"a": 0, "b": 1}


def decision(account: str, name: str) -> Decision:
    return Decision(decision_id=name, ts=START, account=account, decision="accepted", reason="")


def minutes(account: str, rows: list[int], before: int) -> ToldMinutes:
    worth = np.array(rows) * ONE
    columns = START + np.array(rows) * MINUTE, worth, worth + 1, worth + 2, worth + 3
    equity = EquityRows(account, before, *columns, cash=4, realised=5, reserved=6, balance=7)
    return ToldMinutes(np.array(rows), NUMBERS[account], equity)


def told_of_two() -> Told:
    told = Told(records=9)
    told.add(-1, [decision("a", "a1")], NUMBERS)
    told.parts.append(minutes("a", [1, 3, 8], before=4))
    told.add(3, [decision("a", "a2"), decision("b", "b1")], NUMBERS)
    told.add(2, [decision("b", "b2")], NUMBERS)
    told.parts.append(minutes("b", [3, 5], before=0))
    return told


def name_of(output: Output) -> Any:
    return output.decision_id if isinstance(output, Decision) else getattr(output, "equity_id", None)


def test_every_message_in_the_order_of_records() -> None:
    names = [name_of(output) for output in told_of_two()]
    assert names == ["a1", "a-e5", "b2", "a-e6", "a2", "b1", "b-e1", "b-e2", "a-e7"]


def test_minutes_apart() -> None:
    told = told_of_two()
    assert told.records == 9
    assert [(part.row, part.number, name_of(part.outputs[0])) for part in told.events()] == [
        (-1, 0, "a1"),
        (2, 1, "b2"),
        (3, 0, "a2"),
        (3, 1, "b1"),
    ]
    assert [(part.number, len(part.equity)) for part in told.minutes()] == [(0, 3), (1, 2)]


def test_some_of_the_minutes_are_the_same_rows() -> None:
    whole = minutes("a", [1, 3, 8], before=4)
    rows = list(whole.equity.messages())
    assert [(row.ts, row.equity, row.unrealised, row.drawdown, row.exposure) for row in rows] == [
        (START + at * MINUTE, at * ONE, at * ONE + 1, at * ONE + 2, at * ONE + 3) for at in (1, 3, 8)
    ]
    for first, end, found in ((0, 9, [0, 1, 2]), (1, 3, [0]), (2, 9, [1, 2]), (4, 8, [])):
        some = whole.between(first, end)
        assert some.number == whole.number and some.rows.tolist() == [whole.rows[at] for at in found]
        assert list(some.equity.messages()) == [rows[at] for at in found]
