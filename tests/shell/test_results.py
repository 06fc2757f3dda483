"""The result files: columns, exact values, last states."""

import csv
from pathlib import Path

import msgspec
import pytest

from schemas.messages import Decision, Equity, Fill, Order, Position, SliceTimer, Trade
from streams.engine.model.units import ONE, SECOND
from streams.files.writing.layouts import EVERY_ROW, LAST_STATE
from streams.files.writing.results import Results

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
    with Results(tmp_path) as results:
        results.add([FILL])
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
    with Results(tmp_path) as results:
        results.add([loss, decision])
    (row,) = rows_of(tmp_path / "trades.csv")
    assert [
        row[name] for name in ("trade_id", "account", "symbol", "exit_reason", "signal_id", "source")
    ] == [f"'{odd}"] * 6
    assert (row["tags"], row["outcome"]) == (f"'{odd};b", "loss")
    assert [row[name] for name in ("pnl", "fees", "confidence")] == ["-1", "-0.00000001", "-0.5"]
    (row,) = rows_of(tmp_path / "decisions.csv")
    assert (row["reason"], row["measured"], row["limit"]) == (f"'{odd}", "-0.25", "-1.0")


def test_numbers_that_were_measured_and_texts_with_commas(tmp_path):
    with Results(tmp_path) as results:
        results.add(
            [
                Decision(
                    decision_id="d1",
                    ts=NOON,
                    account="a, b",
                    decision="refused",
                    reason="vsr",
                    measured=0.1,
                    limit=3.0,
                ),
                Equity(
                    equity_id="e1",
                    ts=NOON,
                    account="a",
                    equity=ONE,
                    cash=ONE,
                    unrealised=-1,
                    drawdown=ONE // 4,
                ),
            ]
        )
    assert (tmp_path / "decisions.csv").read_text().splitlines()[1] == (
        '2026-01-02T12:00:00Z,"a, b",,,refused,vsr,0.1,3.0,d1,,,'
    )
    assert (
        (tmp_path / "equity.csv")
        .read_text()
        .splitlines()[1]
        .startswith("2026-01-02T12:00:00Z,a,1,1,-0.00000001,0.25,")
    )


def test_an_order_is_one_row_in_its_last_state(tmp_path):
    with Results(tmp_path) as results:
        results.add([ORDER, change(ORDER, order_id="o2")])
        results.add([change(ORDER, state="partially_filled", filled=ONE // 2)])
        results.add([change(ORDER, state="filled", filled=ONE)])
        results.add([change(ORDER, order_id="o2", reason="not_reached")])
        results.finish()
    assert [
        (row["order_id"], row["state"], row["filled"], row["reason"])
        for row in rows_of(tmp_path / "orders.csv")
    ] == [
        ("o1", "filled", "1", ""),
        ("o2", "accepted", "0", "not_reached"),
    ]


def test_slices_and_positions_are_as_they_were_last(tmp_path):
    with Results(tmp_path) as results:
        results.add(
            [SLICE, change(SLICE, slice_id="p1.2", number=2), POSITION, change(POSITION, position_id="l2")]
        )
        results.add([change(SLICE, state="skipped", reason="momentum", measured=54.5, limit=75.0)])
        results.add([change(POSITION, quantity=0), change(POSITION, position_id="l2", mark=2 * ONE)])
        results.finish()
    assert [(row["slice_id"], row["state"], row["measured"]) for row in rows_of(tmp_path / "slices.csv")] == [
        ("p1.1", "skipped", "54.5"),
        ("p1.2", "armed", ""),
    ]
    assert [(row["position_id"], row["mark"]) for row in rows_of(tmp_path / "positions.csv")] == [("l2", "2")]


def test_a_run_that_fails_leaves_the_results_of_the_one_before(tmp_path):
    with Results(tmp_path) as results:
        results.add([FILL])
    before = (tmp_path / "fills.csv").read_bytes()
    with pytest.raises(TypeError), Results(tmp_path) as results:
        results.add([change(FILL, fill_id="f2"), change(FILL, price="much")])
    assert (tmp_path / "fills.csv").read_bytes() == before
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]
