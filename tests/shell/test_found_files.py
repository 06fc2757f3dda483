"""Files as people have them: from data frames, spreadsheets, vendors, exchanges and other programs."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from schemas.columns import Columns
from streams.engine.model.units import MINUTE, ONE, SECOND
from streams.files.entries import read_signals
from streams.files.market_files import MarketFileReader
from streams.files.tables.forms import Form
from streams.files.values.faults import BadRows, FileError
from tests.shell.test_command import run

NOON = 1_767_355_200 * SECOND
"""2026-01-02T12:00:00Z"""
DAYS = [(NOON - 720 * MINUTE) + day * 1440 * MINUTE for day in range(31)]
"""From the 2nd of January on."""


def read(path: Path, kind="bars", form: Form = Form()) -> tuple[Columns, BadRows]:  # noqa: B008
    bad = BadRows()
    (columns,) = MarketFileReader(kind, bad, "X", form).read(path)
    return columns, bad


def bars(folder: Path, text: str, form: Form = Form(), name: str = "b.csv") -> Columns:  # noqa: B008
    (folder / name).write_text(text)
    return read(folder / name, form=form)[0]


def test_a_data_frame_s_index_without_a_name_is_the_time(tmp_path):
    frame = pd.DataFrame({"Open": [1.0, 2], "High": [3.0, 3], "Low": [1.0, 1], "Close": [2.0, 2]})
    frame.index = pd.to_datetime(["2026-01-02", "2026-01-03"])
    frame.to_csv(tmp_path / "b.csv")
    assert read(tmp_path / "b.csv")[0].ts.tolist() == DAYS[:2]
    frame.reset_index(names="Unnamed: 0").to_csv(tmp_path / "b.csv", index=False)
    assert read(tmp_path / "b.csv")[0].ts.tolist() == DAYS[:2]


def test_an_index_that_counts_rows_is_no_time_and_no_feature(tmp_path):
    frame = pd.DataFrame(
        {"ts": ["2026-01-02T12:00"], "symbol": ["X"], "side": ["long"], "vsr": [3.5], "%": [1]}
    )
    frame.to_csv(tmp_path / "s.csv")
    (signal,) = read_signals(tmp_path / "s.csv", BadRows())
    assert signal.features == {"vsr": 3.5, "%": 1.0} and signal.extra == {}
    frame.drop(columns="ts").to_csv(tmp_path / "s.csv")
    with pytest.raises(FileError, match=r"s\.csv: no column ts; found symbol, side, vsr, %"):
        list(read_signals(tmp_path / "s.csv", BadRows()))


def test_an_index_in_parquet_that_has_no_name_is_the_time(tmp_path):
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    frame = pd.DataFrame(prices, index=pd.to_datetime(["2026-01-02", "2026-01-03"]))
    frame.to_parquet(tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet")[0].ts.tolist() == DAYS[:2]


@pytest.mark.parametrize("name", ["index", "Index"])
def test_a_column_that_is_called_index_is_the_time_where_it_holds_times(tmp_path, name):
    header = f"{name},open,high,low,close\n"
    assert bars(tmp_path, f"{header}2026-01-02,1,1,1,1\n").ts.tolist() == DAYS[:1]
    for number in ("0", "0.0", "77", " 3"):
        with pytest.raises(FileError, match=rf"b\.csv: no column ts; found {name}, bar_time, open"):
            bars(tmp_path, f"{name},bar_time,open,high,low,close\n{number},2026-01-02,1,1,1,1\n")
    text = "index,Unnamed: 0,open,high,low,close\n0,2026-01-02,1,1,1,1\n"
    assert bars(tmp_path, text).ts.tolist() == DAYS[:1]


def test_a_column_of_signals_that_is_called_index_is_a_feature_and_no_time(tmp_path):
    (tmp_path / "s.csv").write_text("index,symbol,side\n0,X,long\n")
    with pytest.raises(FileError, match="no column ts; found index, symbol, side"):
        list(read_signals(tmp_path / "s.csv", BadRows()))
    (tmp_path / "s.csv").write_text("index,ts,symbol,side\n4500,2026-01-02T12:00,X,long\n")
    (signal,) = read_signals(tmp_path / "s.csv", BadRows())
    assert (signal.ts, signal.features) == (NOON, {"index": 4500.0})


@pytest.mark.parametrize(
    "name",
    [
        "timestamp_utc",
        "Gmt time",
        "UTC Time",
        "time_ms",
        "unix_timestamp",
        "<DATETIME>",
        "Open Time",
        "date (UTC)",
    ],
)
def test_names_of_a_time(tmp_path, name):
    assert bars(tmp_path, f"{name},open,high,low,close\n2026-01-02T12:00,1,1,1,1\n").ts.tolist() == [NOON]


def test_of_two_times_the_one_that_says_utc(tmp_path):
    text = "timestamp,timestamp_utc,open,high,low,close\n2026-01-02T07:00,2026-01-02T12:00,1,1,1,1\n"
    assert bars(tmp_path, text).ts.tolist() == [NOON]


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("2026-01-02", "12:00"), ("2026-01-02", "12:00:00.000"), ("20260102", "120000"), ("20260102", "1200"),
        ("2026/01/02", "12:00:00"), ("2026.01.02", "12:00"), ("13/01/2026", "12:00"), ("01/13/2026", "12:00 PM"),
        ("2026/1/2", "12:00"),
    ],
)  # fmt: skip
def test_a_date_and_a_time_are_one(tmp_path, date, time):
    columns = bars(tmp_path, f"<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n{date},{time},1,1,1,1\n")
    day = 11 * 1440 * MINUTE if "13" in date else 0
    assert columns.ts.tolist() == [NOON + day]


def test_a_date_and_a_time_of_a_signal_are_no_features(tmp_path):
    (tmp_path / "s.csv").write_text("Date,Time,symbol,side\n2026-01-02,9:30,X,BUY\n")
    (signal,) = read_signals(tmp_path / "s.csv", BadRows())
    assert signal.ts == NOON - 150 * MINUTE and signal.features == {} and signal.extra == {}


@pytest.mark.parametrize(
    "text",
    [
        "Jan 02, 2026", "02 Jan 2026", "2-Jan-2026", "2026/01/02", "20260102 00:00", "2026.01.02 00:00:00",
    ],
)  # fmt: skip
def test_dates_that_can_be_one_day_only(tmp_path, text):
    assert bars(tmp_path, f'date,open,high,low,close\n"{text}",1,1,1,1\n').ts.tolist() == DAYS[:1]


def dated(*dates: str) -> str:
    return "Date,Open,High,Low,Close\n" + "".join(f"{date},1,1,1,1\n" for date in dates)


@pytest.mark.parametrize("mark", ["/", ".", "-"])
def test_the_order_of_a_date_is_found_in_the_whole_file(tmp_path, mark):
    days_first = dated(*(f"{day:02}{mark}01{mark}2026" for day in range(2, 32)))
    assert bars(tmp_path, days_first).ts.tolist() == DAYS[:30]
    months_first = dated(*(f"1{mark}{day}{mark}26" for day in range(2, 32)))
    assert bars(tmp_path, months_first).ts.tolist() == DAYS[:30]


def test_a_date_that_may_be_of_two_days_is_refused_with_how_to_say_it(tmp_path):
    text = dated("01/05/2026", "02/05/2026")
    with pytest.raises(FileError, match=r'b\.csv, Date: "01/05/2026" may have .* --dates dmy or --dates mdy'):
        bars(tmp_path, text)
    may, january = 1_777_593_600, 1_767_571_200
    assert bars(tmp_path, text, Form(dates="dmy")).ts[0] == may * SECOND
    assert bars(tmp_path, text, Form(dates="mdy")).ts[0] == january * SECOND


def test_a_file_of_both_orders_is_not_guessed(tmp_path):
    with pytest.raises(FileError, match="--dates dmy or --dates mdy"):
        bars(tmp_path, dated("31/01/2026", "01/31/2026"))
    (tmp_path / "b.csv").write_text(dated("31/01/2026", "01/31/2026"))
    _, bad = read(tmp_path / "b.csv", form=Form(dates="dmy"))
    assert 'b.csv, line 3, Date: found "01/31/2026"; expected a time' in bad.lines()[1]


def test_thousands_and_currencies(tmp_path):
    text = 'date,open,high,low,close/last,volume\n2026-01-02,"1,234.50","$1,300",1.5,$2,"12,345,678"\n'
    columns = bars(tmp_path, text)
    assert columns.open is not None and columns.high is not None
    assert (columns.open[0], columns.high[0], columns.price[0], columns.size[0]) == (
        123_450_000_000, 1300 * ONE, 2 * ONE, 12_345_678 * ONE,
    )  # fmt: skip


def test_a_comma_that_may_be_a_decimal_mark_is_not_taken_for_thousands(tmp_path):
    (tmp_path / "b.csv").write_text(
        "ts;open;high;low;close\n0;1,234;1,234;1,234;1,234\n60;1,234.5;2;1;1\n120;2;2;1;1\n"
    )
    columns, bad = read(tmp_path / "b.csv")
    assert columns.ts.tolist() == [60 * SECOND, 120 * SECOND]
    assert 'b.csv, line 2, open: found "1,234"; expected a decimal number' in bad.lines()[1]


def test_a_file_without_a_header_has_the_columns_that_are_said(tmp_path):
    path = tmp_path / "k.csv"
    path.write_text("\n1767355200,90.54,1.10,x\n1767355260,90.45,1.0,y\n1767355320,90\n1767355380,no,1,y\n")
    with pytest.raises(
        FileError, match=r"line 2: found 1767355200, 90\.54, 1\.10, x; .* give them with --columns"
    ):
        read(path, "ticks")
    columns, bad = read(path, "ticks", Form(columns=("ts", "price", "size")))
    assert columns.price.tolist() == [9_054_000_000, 9_045_000_000]
    assert [line.split(":")[0] for line in bad.lines()[1:]] == ["k.csv, line 4", "k.csv, line 5, price"]
    with pytest.raises(FileError, match="found 4 columns; --columns names 5"):
        read(path, "ticks", Form(columns=("ts", "price", "size", "bid", "ask")))


def test_the_columns_that_are_said_are_not_those_of_a_file_with_a_header(tmp_path):
    columns = bars(
        tmp_path, "ts,close,low,high,open\n0,2,1,4,3\n", Form(columns=("ts", "open", "high", "low", "close"))
    )
    assert columns.price.tolist() == [2 * ONE]


def test_the_newest_first_is_read_from_the_end_and_told(tmp_path):
    (tmp_path / "b.csv").write_text(dated("2026-01-06", "2026-01-05", "2026-01-02"))
    columns, bad = read(tmp_path / "b.csv")
    assert columns.ts.tolist() == [DAYS[0], DAYS[3], DAYS[4]] and bad.intervals == {"X": ["1d"]}
    assert bad.lines() == ["b.csv: the newest come first; read from the end"]
    (tmp_path / "t.csv").write_text("ts,price\n2,1\n1,2\n1,3\n0,4\n")
    columns, bad = read(tmp_path / "t.csv", "ticks")
    assert (columns.price // ONE).tolist() == [4, 3, 2, 1] and len(bad.lines()) == 1
    assert MarketFileReader("ticks", BadRows(), "X").first_time(tmp_path / "t.csv") == 0


def test_one_symbol_after_the_other_is_put_in_order_and_told(tmp_path):
    text = "ts,symbol,price\n" + "".join(
        f"{ts},{symbol},{ts + 1}\n" for symbol in "AB" for ts in range(0, 90, 10)
    )
    (tmp_path / "t.csv").write_text(text)
    columns, bad = read(tmp_path / "t.csv", "ticks")
    assert columns.ts.tolist() == sorted(columns.ts.tolist()) and columns.symbol[:4].tolist() == [0, 1, 0, 1]
    assert bad.lines() == ["t.csv: one symbol comes after the other; put in the order of time"]


def test_a_late_record_stays_where_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("ts,symbol,price\n0,A,1\n100,A,1\n200,B,1\n90,A,1\n300,B,1\n")
    columns, bad = read(tmp_path / "t.csv", "ticks")
    assert (columns.ts // SECOND).tolist() == [0, 100, 200, 90, 300] and bad.lines() == []


CANDLES = [[1767355200000, 1.5, 2, 1, 1.25, 108.14853839], [1767355500000, 1.25, 2, 1, 1.5, 82]]


@pytest.mark.parametrize("name", ["b.json", "b.json.gz", "b.jsonl", "b.feather", "objects.json"])
def test_candles_as_exchanges_and_freqtrade_write_them(tmp_path, name):
    path = tmp_path / name
    if name == "b.feather":
        frame = pd.DataFrame(CANDLES, columns=["date", "open", "high", "low", "close", "volume"])
        frame["date"] = pd.to_datetime(frame["date"], unit="ms", utc=True)
        pyarrow.feather.write_feather(pa.Table.from_pandas(frame), path, compression="lz4")
    elif name == "b.jsonl":
        path.write_text("\n".join(map(json.dumps, CANDLES)))
    elif name == "objects.json":
        keys = ("date", "open", "high", "low", "close", "volume")
        path.write_text(json.dumps([dict(zip(keys, candle, strict=True)) for candle in CANDLES], indent=1))
    else:
        text = json.dumps(CANDLES).encode()
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    columns, bad = read(path)
    assert columns.ts.tolist() == [NOON, NOON + 5 * MINUTE] and bad.lines() == []
    assert columns.price.tolist() == [125_000_000, 150_000_000]
    assert columns.size.tolist() == [10_814_853_839, 82 * ONE]
    assert columns.interval is not None and columns.interval.tolist() == [5 * MINUTE] * 2


def test_trades_as_exchanges_write_them_and_a_row_that_is_none(tmp_path):
    rows = [[1767355200000, "1", None, "sell", 0.5, 23.0, 11.5], [1767355201000, "2"]]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    columns, bad = read(tmp_path / "t.json", "ticks")
    assert (columns.price.tolist(), columns.size.tolist()) == ([ONE // 2], [23 * ONE])
    assert bad.lines()[1] == 't.json, row 2: found "[1767355201000, "2"]"; expected a JSON object'


@pytest.mark.parametrize(
    ("word", "side"),
    [("BUY", "long"), ("Sell", "short"), ("1", "long"), ("-1", "short"), ("0", "flat"), ("-1.0", "short"), ("LONG", "long"), ("exit", "flat")],
)  # fmt: skip
def test_words_for_a_side(tmp_path, word, side):
    (tmp_path / "s.csv").write_text(f"ts,symbol,side\n0,X,{word}\n")
    assert [each.side for each in read_signals(tmp_path / "s.csv", BadRows())] == [side]


def test_numbers_for_a_side_in_parquet(tmp_path):
    table = pa.table({"ts": [0, 1, 2], "symbol": ["X"] * 3, "signal": pa.array([1.0, -1.0, 0.0])})
    pyarrow.parquet.write_table(table, tmp_path / "s.parquet")
    assert [each.side for each in read_signals(tmp_path / "s.parquet", BadRows())] == [
        "long",
        "short",
        "flat",
    ]


def test_a_rewritten_file_has_new_ids_and_a_repeated_row_the_same(tmp_path):
    def ids(*rows: str) -> list[str]:
        (tmp_path / "s.csv").write_text("\n".join(["ts,symbol,side", *rows]))
        return [each.signal_id for each in read_signals(tmp_path / "s.csv", BadRows())]

    first = ids("0,X,long", "1,X,short")
    assert not {*first} & {*ids("5,X,long", "6,X,short")}
    assert ids("0,X,long", "0,X,buy", "0,X,short") == [first[0], first[0], "s-X-1970-01-01T00:00:00Z-short"]


@pytest.mark.parametrize("is_float", [True, False])
def test_a_number_that_is_finer_than_a_unit_is_told_and_one_that_is_nothing_refused(tmp_path, is_float):
    prices = ["1.123456789", "0.1", "0.000000001", "27.847339630126953"]
    path = tmp_path / ("t.parquet" if is_float else "t.csv")
    if is_float:
        table = pa.table({"ts": list(range(4)), "price": np.array(prices, np.float64)})
        pyarrow.parquet.write_table(table, path)
    else:
        path.write_text("ts,price\n" + "".join(f"{ts},{price}\n" for ts, price in enumerate(prices)))
    columns, bad = read(path, "ticks")
    assert columns.price.tolist() == [112_345_679, ONE // 10, 2_784_733_963]
    assert dict(bad.rounded) == {path.name: 2}
    assert (
        bad.lines()[0]
        == f"{path.name}: 2 rows have a number finer than 0.00000001, which was rounded to that"
    )
    assert "expected a number that is not below 0.00000001" in bad.lines()[2]


def test_the_noise_of_doubles_is_not_finer_than_a_unit(tmp_path):
    pyarrow.parquet.write_table(
        pa.table({"ts": [0, 1], "price": [0.1 + 0.2, 90.1 + 18.04853839]}), tmp_path / "t.pq"
    )
    columns, bad = read(tmp_path / "t.pq", "ticks")
    assert columns.price.tolist() == [30_000_000, 10_814_853_839] and not bad.rounded


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("ts,symbol,price\n0,AAPL,100.000000001\n60,AAPL,101\n")
    Path("s.csv").write_text("ts,symbol,side\n0,APPL,long\n1,appl,long\n2,ZZZ,long\n")
    Path("none.csv").write_text("ts,symbol,side\nsoon,AAPL,long\n0,AAPL,up\n")


REPLAY = "replay --ticks t.csv --signals s.csv --account auto-trader --out out"


def test_symbols_that_the_market_never_has_are_told_with_the_nearest(files, capsys):
    assert run(REPLAY) == 0
    said = capsys.readouterr().err
    assert "APPL: 1 signals or commands, and no market record; did you mean AAPL?" in said
    assert "appl: 1 signals or commands, and no market record; did you mean AAPL?" in said
    assert "ZZZ: 1 signals or commands, and no market record\n" in said
    assert "t.csv: 1 rows have a number finer than" in said
    read = json.loads(Path("out/summary.json").read_text())["input"]
    assert read["unknown_symbols"]["APPL"] == {"entries": 1, "nearest": "AAPL"}
    assert read["rounded_rows"] == {"t.csv": 1}


@pytest.mark.parametrize(
    "words", ["--signals none.csv", "--commands none.csv", "--ticks none.csv", "--bars none.csv"]
)
def test_a_file_of_which_no_row_is_good_ends_with_1(files, capsys, words):
    text = (
        "ts,symbol,price,open,high,low,close,account,kind,side\nsoon,AAPL,1,1,1,1,1,auto-trader,pause,long\n"
    )
    Path("none.csv").write_text(text)
    assert run(f"{REPLAY} {words}") == 1
    said = capsys.readouterr().err
    assert "none.csv: none of its 1 rows is valid" in said and "none.csv, line 2, ts" in said
    assert not Path("out/summary.json").exists()


def test_a_file_with_a_header_only_is_no_failure(files):
    Path("none.csv").write_text("ts,symbol,side\n")
    assert run(REPLAY.replace("s.csv", "none.csv")) == 0
