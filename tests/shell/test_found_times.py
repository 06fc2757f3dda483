"""Times as people's files write them: what can be of one moment only is read, the rest is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from streams.engine.units import SECOND
from streams.files.entries import read_signals
from streams.files.faults import BadRows, FileError
from streams.files.forms import Form
from streams.files.market import MarketReader

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
    times = [ts for part in MarketReader("ticks", bad, "X", form).read(path) for ts in part.ts.tolist()]
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
