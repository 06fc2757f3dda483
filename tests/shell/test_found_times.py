"""Times as people's files write them: what can be of one moment only is read, the rest is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from streams.engine.model.units import SECOND
from streams.files.entries import read_signals
from streams.files.market_files import MarketFileReader
from streams.files.tables.forms import Form
from streams.files.values.faults import BadRows, FileError

NAMED = Form()
BOTH = "--dates dmy or --dates mdy$"
THREE = "--dates dmy, --dates mdy or --dates ymd$"


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def ticks(path: Path, *rows: str, header: str = "ts,price", form: Form = NAMED) -> tuple[list[int], BadRows]:
    path.write_text("\n".join([header, *rows, ""]))
    return read(path, form)


def read(path: Path, form: Form = NAMED) -> tuple[list[int], BadRows]:
    bad = BadRows()
    times = [ts for part in MarketFileReader("ticks", bad, "X", form).read(path) for ts in part.ts.tolist()]
    return times, bad


def signals(path: Path, *rows: str) -> list[tuple[int, int | None]]:
    path.write_text("\n".join(["ts,expires_at,symbol,side", *rows, ""]))
    return [(signal.ts, signal.expires_at) for signal in read_signals(path, BadRows())]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            ["05/01/2026,05/02/2026,X,long", "06/01/2026,13/02/2026,X,long"],
            [("2026-01-05", "2026-02-05"), ("2026-01-06", "2026-02-13")],
        ),
        (
            ["05/13/2026,06/01/2026,X,long", "05/02/2026,06/02/2026,X,long"],
            [("2026-05-13", "2026-06-01"), ("2026-05-02", "2026-06-02")],
        ),
    ],
)
def test_every_time_of_a_file_tells_the_order_of_day_and_month(tmp_path, rows, expected):
    assert signals(tmp_path / "s.csv", *rows) == [(moment(ts), moment(end)) for ts, end in expected]


def test_times_that_tell_different_orders_are_not_guessed(tmp_path):
    with pytest.raises(FileError, match=f's.csv, ts: "05/13/2026" may have the day .* {BOTH}'):
        signals(tmp_path / "s.csv", "05/13/2026,13/05/2026,X,long")


def test_the_order_is_that_of_the_whole_file_however_long_it_is(tmp_path):
    path = tmp_path / "t.parquet"
    dates = ["05/01/2026"] * 70_000 + ["13/01/2026"]
    pyarrow.parquet.write_table(pa.table({"ts": dates, "price": [1.0] * len(dates)}), path)
    assert set(read(path)[0]) == {moment("2026-01-05"), moment("2026-01-13")}
    dates[0] = "01/14/2026"
    pyarrow.parquet.write_table(pa.table({"ts": dates, "price": [1.0] * len(dates)}), path)
    with pytest.raises(FileError, match=BOTH):
        read(path)


def test_a_date_of_no_order_does_not_decide_one(tmp_path):
    times, bad = ticks(tmp_path / "t.csv", "45/01/2026,1", "13/01/2026,1")
    assert times == [moment("2026-01-13")]
    assert 't.csv, line 2, ts: found "45/01/2026"; expected a time' in bad.lines()[1]


@pytest.mark.parametrize(
    "date",
    [
        " 15/01/2026 10:00", "15/01/2026 10:00 ", " 2026/1/15 10:00", "\t20260115 10:00", " 2026-01-15 10:00",
        " 2026-01-15, 10:00:00", "2026-1-15 10:00", " 15.1.2026 10:00", " 1768471200",
    ],
)  # fmt: skip
def test_spaces_around_a_time_are_nothing(tmp_path, date):
    times, bad = ticks(tmp_path / "t.csv", f'"{date}",1', f'" {date} ",1')
    assert times == [moment("2026-01-15T10:00")] * 2 and not bad.lines()


@pytest.mark.parametrize("date", ["15/01/2026", "2026/1/15", "2026.01.15", " 2026-01-15", "20260115 00:00"])
@pytest.mark.parametrize("odd", ["Day", "2026-01-14", "Jan 14, 2026"])
def test_a_cell_of_another_form_leaves_the_others_as_they_are(tmp_path, date, odd):
    times, bad = ticks(tmp_path / "t.csv", f'"{odd}",1', f"{date},1", f"{date},1")
    assert times[-2:] == [moment("2026-01-15")] * 2 and len(times) == 3 - (odd == "Day") == 3 - len(bad)


@pytest.mark.parametrize("dates", [["26-01-05", "26-01-06"], ["05/01/26"], ["13/01/26"]])
def test_a_year_of_two_digits_is_not_guessed(tmp_path, dates):
    rows = [f"{date},1" for date in dates]
    with pytest.raises(FileError, match=f'"{dates[0]}" may have the day, the month or the year .* {THREE}'):
        ticks(tmp_path / "t.csv", *rows)


@pytest.mark.parametrize(
    ("date", "order", "expected"),
    [
        ("26-01-05", "ymd", "2026-01-05"), ("26-1-5 9:30", "ymd", "2026-01-05T09:30"), ("05/01/26", "dmy", "2026-01-05"),
        ("05/01/26", "mdy", "2026-05-01"), ("31/12/99", "dmy", "1999-12-31"), ("99.12.31", "ymd", "1999-12-31"),
        ("31/12/99", None, "1999-12-31"), ("99.12.31", None, "1999-12-31"), ("1/13/26", None, "2026-01-13"),
        ("00-01-05", None, "2000-01-05"),
    ],
)  # fmt: skip
def test_a_year_of_two_digits_that_is_said_or_can_be_nothing_else(tmp_path, date, order, expected):
    assert ticks(tmp_path / "t.csv", f"{date},1", form=Form(dates=order))[0] == [moment(expected)]


def test_a_cell_is_told_as_it_stands_in_the_file(tmp_path):
    _, bad = ticks(tmp_path / "t.csv", " 13/01/2026 10:00,1", "01/14/2026,1", form=Form(dates="mdy"))
    assert 't.csv, line 2, ts: found " 13/01/2026 10:00"; expected a time' in bad.lines()[1]


def joined(path: Path, *rows: str) -> tuple[list[int], BadRows]:
    return ticks(path, *(f"{row},1" for row in rows), header="Date,Time,price")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["20260105,0", "20260105,100", "20260105,200"], ["05T00:00", "05T01:00", "05T02:00"]),
        (["20260105,2355", "20260106,0", "20260106,5", "20260106,10"], ["05T23:55", "06T00:00", "06T00:05", "06T00:10"]),
        (["20260105,5", "20260105,10", "20260105,101500"], ["05T00:00:05", "05T00:00:10", "05T10:15"]),
        (["20260105,1000", "20260105,95959", "20260105,0"], ["05T00:10", "05T09:59:59", "05T00:00"]),
        (["2026-01-05,930", "2026-01-05,10", "2026-01-05,1600"], ["05T09:30", "05T00:10", "05T16:00"]),
        (["05/01/2026,930", "13/01/2026,10"], ["05T09:30", "13T00:10"]),
        (["20260105.0,0.0", "20260105,930.0"], ["05T00:00", "05T09:30"]),
        (["2026-01-05,00", "2026-01-05,09", "2026-01-05,23"], ["05T00:00", "05T09:00", "05T23:00"]),
        (["20260105,0", "20260106,0"], ["05", "06"]),
        (["1/5/2026 0:00, 9:30 ", "1/13/2026 12:00 AM,10", "1/13/2026,30"], ["05T09:30", "13T00:10", "13T00:30"]),
        (["20260105,", "20260105,930"], ["05T09:30"]),
        (["20260105,noon", "20260105,930"], ["05T09:30"]),
    ],
)  # fmt: skip
def test_a_clock_that_lost_its_zeros_is_as_long_as_the_longest_of_its_file(tmp_path, rows, expected):
    times, _ = joined(tmp_path / "t.csv", *rows)
    assert times[: len(expected)] == [moment(f"2026-01-{each}") for each in expected]


def test_numbers_of_date_and_time_in_parquet(tmp_path):
    clocks = [*[0] * 70_000, 5, 93_000]
    for kind in (pa.int64(), pa.float64()):
        columns = {"Date": pa.array([20260105] * len(clocks), kind), "Time": pa.array(clocks, kind)}
        path = tmp_path / "t.parquet"
        pyarrow.parquet.write_table(pa.table({**columns, "price": [1.0] * len(clocks)}), path)
        times, bad = read(path)
        assert times[-3:] == [moment(f"2026-01-05T{each}") for each in ("00:00", "00:00:05", "09:30")]
        assert not bad.lines()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_kind_of_text_is_as_good_as_another(tmp_path, kind):
    times = pa.array(["20260105 93000", "13/01/2026 100000", None, "20260114 10"]).cast(kind)
    pyarrow.parquet.write_table(pa.table({"ts": times, "price": [1.0] * 4}), tmp_path / "t.parquet")
    expected = [moment(f"2026-01-{each}") for each in ("05T09:30", "13T10:00", "14T00:00:10")]
    assert read(tmp_path / "t.parquet")[0] == expected


def test_a_number_that_may_be_an_hour_or_minutes_is_not_guessed(tmp_path):
    said = r't\.csv, date time: found "10", which may be an hour or minutes, .* expected 10:00 or 00:10$'
    with pytest.raises(FileError, match=said):
        joined(tmp_path / "t.csv", "20260105,0", "20260105,5", "20260105,10")


@pytest.mark.parametrize("clock", ["morning", "93000123", "9.30", "930 "])
def test_a_time_of_day_is_never_a_whole_time(tmp_path, clock):
    times, bad = joined(tmp_path / "t.csv", "2026-01-05,16:00", f"2026-01-06,{clock}")
    assert times[0] == moment("2026-01-05T16:00") and len(times) + len(bad) == 2
    if len(bad):
        assert f'line 3, date time: found "2026-01-06 {clock}"; expected a time' in bad.lines()[1]
        with pytest.raises(FileError, match="none of its 1 rows is valid"):
            joined(tmp_path / "t.csv", f"2026-01-06,{clock}")


@pytest.mark.parametrize("time", ["2026-01-05T09:30:00Z", "1767605400000", "5.1.2026 09:30", " 1767605400"])
def test_a_time_that_has_its_day_needs_no_date(tmp_path, time):
    form = Form(dates="dmy")
    assert ticks(tmp_path / "t.csv", f"2026-01-05,{time},1", header="Date,Time,price", form=form)[0] == [
        moment("2026-01-05T09:30")
    ]


def test_a_date_and_digits_in_one_column(tmp_path):
    rows = ["20260105 93000,1", "20260105 100000,1", "20260106 10,1"]
    expected = ["05T09:30", "05T10:00", "06T00:00:10"]
    assert ticks(tmp_path / "t.csv", *rows)[0] == [moment(f"2026-01-{each}") for each in expected]
    assert ticks(tmp_path / "t.csv", "2026-01-05 10,1")[0] == [moment("2026-01-05T10:00")]
