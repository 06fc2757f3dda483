"""Files of signals and commands."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from schemas.messages import Command, Signal
from streams.engine.model.units import ONE, SECOND
from streams.files.entries import read_commands, read_signals
from streams.files.values.faults import BadRows

NOON = 1_767_355_200 * SECOND
FULL = Signal(
    signal_id="s1",
    source="tracker",
    symbol="AAPL",
    side="long",
    ts=NOON,
    confidence=0.7,
    price=100 * ONE,
    take_profit=10_250_000_000,
    stop_loss=98 * ONE,
    quantity=10 * ONE,
    expires_at=NOON + 60 * SECOND,
    features={"vsr": 3.5, "momentum": 80.0, "x": 1.0},
    theories={"trend": 0.4},
    tags=("a", "b"),
    note="a note",
    extra={"venue": '"XNAS"'},
)


def signals(path: Path, symbol: str | None = None) -> tuple[list[Signal], list[str]]:
    bad = BadRows()
    return list(read_signals(path, bad, symbol)), bad.lines()


def commands(path: Path) -> tuple[list[Command], list[str]]:
    bad = BadRows()
    return list(read_commands(path, bad)), bad.lines()


def test_a_signal_in_each_format(tmp_path):
    csv_text = (
        "id,source,ticker,side,time,confidence,price,tp,sl,qty,expires,features,theories,tags,comment,vsr,momentum,venue\n"
        's1,tracker,AAPL,BUY,2026-01-02T12:00:00Z,0.7,100,102.5,98,10,1767355260,"{""x"": 1}","{""trend"": 0.4}",'
        "a;b,a note,3.5,80,XNAS\n"
    )
    json_text = (
        '{"signal_id":"s1","source":"tracker","symbol":"AAPL","side":"long","ts":1767355200000,"confidence":0.7,'
        '"price":"100","take_profit":102.50,"stop_loss":98,"quantity":10,"expires_at":"2026-01-02T12:01:00Z",'
        '"features":{"vsr":3.5,"momentum":80,"x":1},"theories":{"trend":0.4},"tags":["a","b"],"note":"a note",'
        '"venue":"XNAS"}\n'
    )
    (tmp_path / "s.csv").write_text(csv_text)
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(csv_text.encode()))
    (tmp_path / "s.jsonl").write_text(json_text)
    row = {
        "signal_id": "s1", "source": "tracker", "symbol": "AAPL", "side": "long", "ts": NOON, "confidence": 0.7,
        "price": 100.0, "take_profit": 102.5, "stop_loss": 98, "quantity": 10, "expires_at": NOON + 60 * SECOND,
        "features": '{"x": 1}', "theories": '{"trend": 0.4}', "tags": "a b", "note": "a note", "vsr": 3.5,
        "momentum": 80, "venue": "XNAS",
    }  # fmt: skip
    pyarrow.parquet.write_table(pa.Table.from_pylist([row]), tmp_path / "s.parquet")
    for name in ("s.csv", "s.csv.gz", "s.jsonl", "s.parquet"):
        assert signals(tmp_path / name) == ([FULL], []), name


def test_what_a_short_file_leaves_out_is_filled_in(tmp_path):
    (tmp_path / "scan.v2.csv").write_text("ts,side\n1767355200,long\n1767355201,exit\n")
    found, bad = signals(tmp_path / "scan.v2.csv", "X")
    assert found == [
        Signal(signal_id="scan-X-2026-01-02T12:00:00Z-long", source="scan", symbol="X", side="long", ts=NOON),
        Signal(
            signal_id="scan-X-2026-01-02T12:00:01Z-flat",
            source="scan",
            symbol="X",
            side="flat",
            ts=NOON + SECOND,
        ),
    ]
    assert bad == []


def test_bad_signals_are_told_and_left_out(tmp_path):
    (tmp_path / "s.csv").write_text(
        "ts,symbol,side,confidence,features,tp\n"
        "0,X,up,,,\n"
        "0,X,long,high,,\n"
        "0,X,long,,{x},\n"
        "0,,long,,,\n"
        "0,X,long,,,0\n"
        "later,X,long,,,\n"
        "0,X,,,,\n"
        "0,X,short,,,1\n"
    )
    found, bad = signals(tmp_path / "s.csv")
    assert [signal.signal_id for signal in found] == ["s-X-1970-01-01T00:00:00Z-short"]
    assert bad[0] == "7 bad rows were left out:"
    assert sorted(line.split(", ", 1)[1] for line in bad[1:]) == [
        'line 2, side: found "up"; expected long or short or flat',
        'line 3, confidence: found "high"; expected a number',
        'line 4, features: found "{x}"; expected a JSON object of numbers',
        'line 5, symbol: found ""; expected a symbol',
        'line 6, tp: found "0"; expected a decimal number below 92 thousand million and above 0',
        'line 7, ts: found "later"; expected a time such as 2026-01-02T14:30:00Z, or a number since 1970',
        'line 8, side: found ""; expected a side',
    ]


def test_commands(tmp_path):
    (tmp_path / "c.jsonl").write_text(
        '{"command_id":"c1","account":"a","kind":"pause","ts":0}\n'
        '{"account":"a","kind":"PLACE","ts":1,"symbol":"X","side":"buy","order_type":"limit","quantity":1.5,'
        '"limit_price":"100.25","time_in_force":"day"}\n'
        '{"account":"a","kind":"change","ts":2,"settings":{"stop_loss":"2%"},"plans":["p1"]}\n'
        '{"account":"a","kind":"halt","ts":2}\n'
        '{"account":"a","kind":"change","ts":2,"settings":{"stop_loss":2}}\n'
    )
    found, bad = commands(tmp_path / "c.jsonl")
    assert found == [
        Command(command_id="c1", account="a", kind="pause", ts=0),
        Command(
            command_id="c-2", account="a", kind="place", ts=SECOND, symbol="X", side="buy", order_type="limit",
            quantity=ONE * 3 // 2, limit_price=10_025_000_000, time_in_force="DAY",
        ),
        Command(
            command_id="c-3", account="a", kind="change", ts=2 * SECOND, settings='{"stop_loss":{"kind":"percent","value":2000000}}', plans=("p1",)
        ),
    ]  # fmt: skip
    assert sorted(bad)[2].startswith('c.jsonl, line 5, settings: found "{"stop_loss":2}"; expected settings')
    assert sorted(bad)[1].startswith(
        'c.jsonl, line 4, kind: found "halt"; expected create or change or pause'
    )
