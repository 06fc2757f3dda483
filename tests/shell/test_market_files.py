"""Files of ticks and bars in every format."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from schemas.columns import BAR, Columns
from streams.engine.model.units import MINUTE, ONE, SECOND
from streams.files.market_files import MarketFileReader
from streams.files.values.faults import BadRows, FileError

NOON = 1_767_355_200 * SECOND
TICKS = """\
ts,symbol,price,size,bid,ask
2026-01-02T12:00:00Z,AAPL,100.1,5,100,100.2
2026-01-02T12:00:01Z,MSFT,200,,,
2026-01-02T12:00:02Z,AAPL,,,100.1,100.3
"""
JSON_TICKS = """\
{"ts":"2026-01-02T12:00:00Z","symbol":"AAPL","price":100.1,"size":5,"bid":"100","ask":100.2}
{"ts":1767355201,"symbol":"MSFT","price":200}

{"ts":1767355202000,"symbol":"AAPL","price":null,"bid":100.10,"ask":100.3}
"""
EXPECTED = [
    ("AAPL", NOON, 10_010_000_000, 5 * ONE, 100 * ONE, 10_020_000_000),
    ("MSFT", NOON + SECOND, 200 * ONE, -1, 0, 0),
    ("AAPL", NOON + 2 * SECOND, 0, -1, 10_010_000_000, 10_030_000_000),
]


def read(path: Path, kind="ticks", symbol: str | None = None) -> tuple[list[Columns], BadRows]:
    bad = BadRows()
    return list(MarketFileReader(kind, bad, symbol).read(path)), bad


def rows(batches: list[Columns]) -> Iterator[tuple[object, ...]]:
    for columns in batches:
        fields = (columns.ts, columns.price, columns.size, columns.bid, columns.ask)
        for symbol, *values in zip(
            columns.symbol.tolist(), *(field.tolist() for field in fields), strict=True
        ):
            yield (columns.names[symbol], *values)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", TICKS),
        ("a.csv.gz", TICKS),
        ("a.csv", TICKS.replace("\n", "\r\n")),
        ("a.csv", "\ufeff" + TICKS),
        ("a.csv", "\n\n" + TICKS.replace("\n", "\n\n")),
        ("a.csv", TICKS.replace(",", ";")),
        ("a.tsv", TICKS.replace(",", "\t")),
        ("a.csv", TICKS.replace("ts,symbol,price,size,bid,ask", "Time,Ticker,Last,QTY,Bid_Price,Ask Price")),
        ("a.csv", TICKS.replace("ts,symbol,price,size,bid,ask", "T, s ,P,v,bid,ask")),
        ("a.csv", TICKS.replace("2026-01-02T12:00:0", "176735520").replace("Z", "")),
        ("a.csv", TICKS.replace("AAPL", '"AAPL"')),
        (
            "a.jsonl",
            JSON_TICKS,
        ),
    ],
)
def test_ticks_from_text(tmp_path, name, text):
    batches, bad = read(written(tmp_path, name, text))
    assert list(rows(batches)) == EXPECTED
    assert bad.lines() == []


def test_ticks_from_parquet(tmp_path):
    times = np.array(["2026-01-02T12:00:00", "2026-01-02T12:00:01", "2026-01-02T12:00:02"], "datetime64[ns]")
    table = pa.table(
        {
            "Timestamp": pa.array(times, pa.timestamp("ns", "UTC")),
            "symbol": pa.array(["AAPL", "MSFT", "AAPL"]).dictionary_encode(),
            "price": [100.1, 200.0, None],
            "size": pa.array([5, None, None], pa.int32()),
            "bid": [100.0, float("nan"), 100.1],
            "ask": [100.2, None, 100.3],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    batches, bad = read(tmp_path / "a.parquet")
    assert list(rows(batches)) == EXPECTED
    assert len(bad) == 0


def test_a_file_without_symbols_takes_the_one_that_is_named(tmp_path):
    path = written(tmp_path, "a.csv", "ts,price\n0,1\n")
    assert list(rows(read(path, symbol="X")[0])) == [("X", 0, ONE, -1, 0, 0)]
    with pytest.raises(
        FileError, match=r"^a\.csv: no column symbol; found ts, price; name the symbol with --symbol$"
    ):
        read(path)


def test_a_price_that_is_not_positive_is_left_to_the_engine_to_drop(tmp_path):
    path = written(tmp_path, "a.csv", "ts,symbol,price,bid,ask\n0,X,0,0,0\n1,X,-5,-1,2\n")
    batches, bad = read(path)
    assert list(rows(batches)) == [("X", 0, -1, -1, 0, 0), ("X", SECOND, -1, -1, -1, 2 * ONE)]
    assert len(bad) == 0


def test_bars(tmp_path):
    text = "Date,Open,High,Low,Close,Volume\n0,10,12,9,11,5\n300,11,11,10,10.5,\n900,10,10,10,10,0\n"
    (columns,), bad = read(written(tmp_path, "X.csv", text), "bars", "X")
    assert columns.kind is not None and columns.kind.tolist() == [BAR] * 3
    assert columns.ts.tolist() == [0, 300 * SECOND, 900 * SECOND]
    assert [
        None if column is None else column.tolist() for column in (columns.open, columns.high, columns.low)
    ] == [[10 * ONE, 11 * ONE, 10 * ONE], [12 * ONE, 11 * ONE, 10 * ONE], [9 * ONE, 10 * ONE, 10 * ONE]]
    assert columns.price.tolist() == [11 * ONE, 1_050_000_000, 10 * ONE]
    assert columns.size.tolist() == [5 * ONE, -1, 0]
    assert columns.interval is not None and columns.interval.tolist() == [5 * MINUTE] * 3
    assert len(bad) == 0


def test_a_file_may_name_its_intervals(tmp_path):
    text = "t,s,o,h,l,c,interval\n0,A,1,1,1,1,1h\n0,B,1,1,1,1,60000000\n600,B,1,1,1,1,\n900,B,1,1,1,1,long\n"
    batches, bad = read(written(tmp_path, "b.csv", text), "bars")
    intervals = [length for each in batches if each.interval is not None for length in each.interval.tolist()]
    assert intervals == [MINUTE, 10 * MINUTE, 60 * MINUTE], "in the order in which they end"
    assert bad.lines()[1:] == ['b.csv, line 5, interval: found "long"; expected a duration such as 5m']


def test_bad_rows_are_told_and_the_rest_goes_on(tmp_path):
    text = "ts,symbol,price,size\n0,X,1,1\nsoon,X,1,1\n\n1,,1,1\n1,X,one,1\n1,X,1,-1\n1,X\n2,X,2,\n"
    batches, bad = read(written(tmp_path, "a.csv", text))
    assert [row[:3] for row in rows(batches)] == [("X", 0, ONE), ("X", 2 * SECOND, 2 * ONE)]
    lines = bad.lines()
    assert lines[0] == "5 bad rows were left out:"
    assert sorted(lines[1:]) == [
        'a.csv, line 3, ts: found "soon"; expected a time such as 2026-01-02T14:30:00Z, or a number since 1970',
        'a.csv, line 5, symbol: found ""; expected a symbol of 1 to 100 characters that can be seen, and no space at its ends',
        'a.csv, line 6, price: found "one"; expected a decimal number below 92 thousand million',
        'a.csv, line 7, size: found "-1"; expected a decimal number below 92 thousand million, 0 or more',
        'a.csv, line 8: found "1,X"; expected 4 columns, not 2',
    ]


def test_only_the_first_few_bad_rows_are_shown_and_all_are_counted(tmp_path):
    text = "ts,symbol,price\n0,X,1\n" + "x,X,1\n" * 25
    _, bad = read(written(tmp_path, "a.csv", text))
    assert len(bad.lines()) == 1 + 10 + 1
    assert bad.lines()[-1] == "and 15 more"


def test_bad_lines_of_json_and_rows_of_parquet(tmp_path):
    _, bad = read(written(tmp_path, "a.jsonl", '{"ts":0,"symbol":"X","price":1}\n{"ts"\n[1]\n'))
    assert bad.lines()[1:] == [
        'a.jsonl, line 2: found "{"ts""; expected a JSON object',
        'a.jsonl, line 3: found "[1]"; expected a JSON object',
    ]
    pyarrow.parquet.write_table(
        pa.table({"ts": [0, None], "symbol": ["X", "X"], "price": [1.0, 2.0]}), tmp_path / "a.parquet"
    )
    _, bad = read(tmp_path / "a.parquet")
    assert bad.lines()[1].startswith('a.parquet, row 2, ts: found ""; expected a time')


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "the file is empty"),
        ("a.csv", "symbol,price\nX,1\n", "no column ts; found symbol, price; expected one of ts, timestamp"),
        ("a.csv", "ts,symbol,bid\n0,X,1\n", "no column price"),
        ("a.csv", "ts,symbol,price,price\n0,X,1,1\n", "the column price is named twice"),
        ("a.xlsx", "", "not a format that can be read; expected csv"),
        ("a.parquet", "no", "cannot be read"),
        ("a.csv.gz", "", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, text, said):
    with pytest.raises(FileError, match=said):
        read(written(tmp_path, name, text))


def test_text_that_is_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"ts,symbol,price\n0,\xff,1\n")
    with pytest.raises(FileError, match="cannot be read"):
        read(tmp_path / "a.csv")
    (tmp_path / "a.csv.gz").write_bytes(b"no")
    with pytest.raises(FileError, match="cannot be read"):
        read(tmp_path / "a.csv.gz")


def test_names_stay_the_same_numbers_over_a_long_file(tmp_path):
    lines = [f"{at},S{at * 7919 % 300},1.5" for at in range(300_000)]
    batches, _ = read(written(tmp_path, "a.csv", "\n".join(["ts,symbol,price", *lines]) + "\n"))
    assert len(batches) > 1
    assert [row[0] for row in rows(batches)] == [line.split(",")[1] for line in lines]
