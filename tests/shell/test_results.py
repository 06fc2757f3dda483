"""The result files: columns, exact values, last states."""

import csv
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Decision, Equity, Fill, Order, Position, SliceTimer, Trade
from streams.engine.account.equity_rows import EquityRows
from streams.engine.model.units import ONE, SECOND
from streams.engine.shard.told import Told, ToldAt, ToldMinutes
from streams.files.writing import lines
from streams.files.writing.column_texts import decimal_texts, time_texts
from streams.files.writing.layouts import EVERY_ROW, LAST_STATE
from streams.files.writing.lines import LineMaker
from streams.files.writing.results import Results
from streams.files.writing.text import decimal_text, time_text
from tests.result_files import told_of, write_results

TRADE_COLUMNS = (
    "trade_id,account,symbol,side,quantity,entry_price,exit_price,entry_ts,exit_ts,pnl,pnl_pct,fees,"
    "exit_reason,outcome,signal_id"
)
NOON = 1_767_355_200 * SECOND

FILL = Fill(
    fill_id="f1", order_id="o1", account="a", symbol="X", side="buy", quantity=100 * ONE, price=9_950_000_000,
    fee=0, ts=NOON + 123_456,
)  # fmt: skip
ORDER = Order(
    order_id="o1", account="a", symbol="X", side="buy", order_type="limit", state="accepted", quantity=ONE,
    filled=0, ts=NOON, created=NOON,
)  # fmt: skip
SLICE = SliceTimer(
    slice_id="p1.1", account="a", plan_id="p1", symbol="X", side="buy", signal_id="s1", number=1, of=2,
    state="armed", ts=NOON, due=NOON, quantity=ONE, condition="", arrival=ONE,
)  # fmt: skip
POSITION = Position(
    position_id="l1", account="a", symbol="X", side="long", quantity=ONE, average_price=ONE, cost=ONE, mark=ONE,
    unrealised=0, realised=0, fees=0, ts=NOON, opened=NOON,
)  # fmt: skip
change = msgspec.structs.replace


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(
    ("file", "first"),
    [
        ("fills.csv", "fill_id,order_id,account,symbol,side,quantity,price,fee,ts"),
        ("trades.csv", TRADE_COLUMNS),
        ("decisions.csv", "ts,account,symbol,signal_id,decision,reason,measured,limit"),
        ("equity.csv", "ts,account,equity,cash,unrealised,drawdown"),
    ],
)
def test_the_first_columns_are_promised(tmp_path, file, first):
    with Results(tmp_path):
        pass
    assert (tmp_path / file).read_text().startswith(first + ",")


def test_every_field_of_a_message_has_a_column():
    elsewhere: dict[type, set[str]] = {Trade: {"theories"}}
    for layout in (*EVERY_ROW, *LAST_STATE):
        fields = set(layout.message.__struct_fields__)
        assert fields - set(layout.columns) == elsewhere.get(layout.message, set())


def test_a_row_is_exact(tmp_path):
    write_results(tmp_path, told_of([FILL]))
    text = (tmp_path / "fills.csv").read_bytes()
    assert b"\r" not in text
    assert text.splitlines()[1].startswith(b"f1,o1,a,X,buy,100,99.5,0,2026-01-02T12:00:00.123456Z,entry,")


@pytest.mark.parametrize("odd", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1", "'=1"])
def test_no_text_becomes_a_formula(tmp_path, odd):
    loss = Trade(
        trade_id=odd, account=odd, symbol=odd, side="long", quantity=ONE, entry_price=ONE, exit_price=ONE,
        entry_ts=NOON, exit_ts=NOON, pnl=-ONE, pnl_pct=-ONE, fees=-1, exit_reason=odd, outcome="loss",
        signal_id=odd, gross_pnl=-ONE, source=odd, tags=(odd, "b"), confidence=-0.5,
    )  # fmt: skip
    decision = Decision(
        decision_id="d", ts=NOON, account="a", decision="refused", reason=odd, measured=-0.25, limit=-1.0
    )
    write_results(tmp_path, told_of([loss, decision]))
    (row,) = rows_of(tmp_path / "trades.csv")
    assert [
        row[name] for name in ("trade_id", "account", "symbol", "exit_reason", "signal_id", "source")
    ] == [f"'{odd}"] * 6
    assert (row["tags"], row["outcome"]) == (f"'{odd};b", "loss")
    assert [row[name] for name in ("pnl", "fees", "confidence")] == ["-1", "-0.00000001", "-0.5"]
    (row,) = rows_of(tmp_path / "decisions.csv")
    assert (row["reason"], row["measured"], row["limit"]) == (f"'{odd}", "-0.25", "-1.0")


def test_numbers_that_were_measured_and_texts_with_commas(tmp_path):
    decision = Decision(
        decision_id="d1", ts=NOON, account="a, b", decision="refused", reason="vsr", measured=0.1, limit=3.0
    )
    row = Equity(
        equity_id="e1", ts=NOON, account="a, b", equity=ONE, cash=ONE, unrealised=-1, drawdown=ONE // 4
    )
    write_results(tmp_path, told_of([decision, row]))
    assert (tmp_path / "decisions.csv").read_text().splitlines()[1] == (
        '2026-01-02T12:00:00Z,"a, b",,,refused,vsr,0.1,3.0,d1,,,'
    )
    assert (
        (tmp_path / "equity.csv")
        .read_text()
        .splitlines()[1]
        .startswith('2026-01-02T12:00:00Z,"a, b",1,1,-0.00000001,0.25,')
    )


def test_an_order_is_one_row_in_its_last_state(tmp_path):
    write_results(
        tmp_path,
        told_of([ORDER, change(ORDER, order_id="o2")]),
        told_of([change(ORDER, state="partially_filled", filled=ONE // 2)]),
        told_of([change(ORDER, state="filled", filled=ONE)]),
        told_of([change(ORDER, order_id="o2", reason="not_reached")]),
    )
    assert [
        (row["order_id"], row["state"], row["filled"], row["reason"])
        for row in rows_of(tmp_path / "orders.csv")
    ] == [
        ("o1", "filled", "1", ""),
        ("o2", "accepted", "0", "not_reached"),
    ]


def test_slices_and_positions_are_as_they_were_last(tmp_path):
    write_results(
        tmp_path,
        told_of(
            [SLICE, change(SLICE, slice_id="p1.2", number=2), POSITION, change(POSITION, position_id="l2")]
        ),
        told_of([change(SLICE, state="skipped", reason="momentum", measured=54.5, limit=75.0)]),
        told_of([change(POSITION, quantity=0), change(POSITION, position_id="l2", mark=2 * ONE)]),
    )
    assert [(row["slice_id"], row["state"], row["measured"]) for row in rows_of(tmp_path / "slices.csv")] == [
        ("p1.1", "skipped", "54.5"),
        ("p1.2", "armed", ""),
    ]
    assert [(row["position_id"], row["mark"]) for row in rows_of(tmp_path / "positions.csv")] == [("l2", "2")]


def test_a_run_that_fails_leaves_the_results_of_the_one_before(tmp_path):
    write_results(tmp_path, told_of([FILL]))
    before = (tmp_path / "fills.csv").read_bytes()
    with pytest.raises(TypeError):
        write_results(tmp_path, told_of([change(FILL, fill_id="f2"), change(FILL, price="much")]))
    assert (tmp_path / "fills.csv").read_bytes() == before
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


UNITS = [
    0,
    1,
    -1,
    99,
    100,
    -100,
    ONE,
    -ONE,
    ONE // 2,
    12_300_000_000,
    (1 << 63) - 1,
    -(1 << 63),
    5,
    5,
    5,
    5,
    7,
]


def test_texts_of_a_column_are_those_of_its_numbers():
    assert decimal_texts(np.array(UNITS)).to_pylist() == [decimal_text(units) for units in UNITS]
    for times in ([NOON, NOON + 1], [NOON, 0, 2 * NOON]):
        assert time_texts(np.array(times)).to_pylist() == [time_text(each) for each in times]


@given(st.lists(st.one_of(st.sampled_from(UNITS), st.integers(-(1 << 63), (1 << 63) - 1)), min_size=1))
def test_texts_of_any_column(units):
    assert decimal_texts(np.array(units)).to_pylist() == [decimal_text(each) for each in units]


def told_of_two():
    """Quiet minutes of two accounts, in the order of records, between rows of other kinds."""
    minutes = [
        ToldMinutes(np.array([1, 2, 4, 5, 6, 7]) + number, number, _equity(account, before=number))
        for number, account in enumerate(("-a", "b c"))
    ]
    day_end = Equity("b c-e9", NOON, "b c", 1, 2, 3, 4, day_end=True, day="2026-01-02", year_days=252)
    told = Told(records=9)
    told.parts += [
        minutes[0],
        ToldAt(0, 0, [Equity("-a-e1", NOON, "-a", 1, 2, 3, 4)]),
        ToldAt(3, 1, [change(FILL, account="b c"), day_end]),
        minutes[1],
        ToldAt(-1, 1, [change(FILL, fill_id="f0", account="b c")]),
    ]
    return told


def test_quiet_minutes_are_written_as_their_messages_are(tmp_path):
    told = told_of_two()
    write_results(tmp_path / "columns", told, accounts=2)
    write_results(tmp_path / "messages", told_of(told), accounts=2)
    for name in ("equity.csv", "fills.csv"):
        assert (tmp_path / "columns" / name).read_bytes() == (tmp_path / "messages" / name).read_bytes()
    assert [row["equity_id"] for row in rows_of(tmp_path / "columns" / "equity.csv")] == [
        "'-a-e1", "'-a-e1", "'-a-e2", "b c-e2", "b c-e9", "b c-e3", "'-a-e3", "'-a-e4", "b c-e4",
        "'-a-e5", "b c-e5", "'-a-e6", "b c-e6", "b c-e7",
    ]  # fmt: skip


@pytest.mark.parametrize("most", [1, 4, 8, 100])
def test_lines_that_are_made_piece_by_piece_and_apart_give_the_same_files(tmp_path, monkeypatch, most):
    told = told_of_two()
    write_results(tmp_path / "whole", told, accounts=2)
    monkeypatch.setattr(lines, "MOST", most)
    makers = [LineMaker([number], of=2) for number in range(2)]
    with Results(tmp_path / "pieces") as results:
        apart = [list(maker.lines(_alone(told, number))) for number, maker in enumerate(makers)]
        assert len(apart[0]) == len(apart[1]) == max(1, -(-told.records // max(1, most // 2)))
        for pieces in zip(*apart, strict=True):
            results.add(pieces)
    for name in ("equity.csv", "fills.csv"):
        assert (tmp_path / "pieces" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def _alone(told, number):
    """What one account told, where it is the only one."""
    alone = Told(told.records)
    alone.parts = [part._replace(number=0) for part in told.parts if part.number == number]
    return alone


def _equity(account, before):
    ts = NOON + 60 * SECOND * np.arange(6)
    steps = np.array([0, 7, 700, -7, ONE, -ONE // 2])
    return EquityRows(account, before, ts, steps + ONE, steps, np.abs(steps), 3 * steps, 5 * ONE, -1, 0, ONE)
