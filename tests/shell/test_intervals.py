"""How long bars are that do not say it, and when they are known."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from schemas.columns import Columns
from streams.engine.market.record_checks import own_times, take
from streams.engine.model.units import SECOND
from streams.files.market_files import MarketFileReader
from streams.files.order import in_known_order
from streams.files.values.faults import BadRows
from streams.files.values.intervals import DAY, HOUR, Interval, interval_of
from tests.shell.test_command import run

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC)


def bars_file(folder: Path, rows: list[tuple[datetime, str]], name: str = "b.csv") -> Path:
    lines = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ},{symbol},1,1,1,1" for moment, symbol in rows)
    path = folder / name
    path.write_text("\n".join(["ts,symbol,open,high,low,close", *lines, ""]))
    return path


def read(path: Path, **said: str) -> tuple[list[tuple[str, datetime, datetime]], BadRows]:
    """Each bar's symbol, open and end, as they come."""
    bad = BadRows()
    given = {symbol: interval_of(text) for symbol, text in said.items()}
    found = []
    for columns in MarketFileReader("bars", bad, intervals=given).read(path):
        for number, ts, end in zip(columns.symbol, columns.ts, own_times(columns), strict=True):
            found.append(
                (columns.names[number], *(datetime.fromtimestamp(x / SECOND, UTC) for x in (ts, end)))
            )
    return found, bad


def ends(folder: Path, opens: list[datetime], **said: str) -> list[datetime]:
    return [end for _, _, end in read(bars_file(folder, [(each, "X") for each in opens]), **said)[0]]


def test_each_symbol_has_its_own_and_bars_come_when_they_are_known(tmp_path):
    rows = [
        (at("2026-01-05"), "DAY"), (at("2026-01-05"), "HOUR"), (at("2026-01-05T01:00"), "HOUR"),
        (at("2026-01-06"), "DAY"), (at("2026-01-06"), "HOUR"), (at("2026-01-06T01:00"), "HOUR"),
    ]  # fmt: skip
    found, bad = read(bars_file(tmp_path, rows))
    assert [(symbol, f"{end:%d %H}") for symbol, _, end in found] == [
        ("HOUR", "05 01"), ("HOUR", "05 02"), ("DAY", "06 00"), ("HOUR", "06 01"), ("HOUR", "06 02"), ("DAY", "07 00"),
    ]  # fmt: skip
    assert bad.interval_lines() == ["bars of 1d: DAY", "bars of 1h: HOUR"] and bad.lines() == []


def test_a_daily_stop_fills_no_hour_before_its_bar_is_complete(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ["ts,symbol,open,high,low,close"]
    for day in range(5, 9):
        low = 90 if day == 7 else 99
        lines.append(f"2026-01-0{day},DAY,100,101,{low},100")
        lines += [f"2026-01-0{day}T{hour:02}:00,HOUR,50,51,49,50" for hour in range(24)]
    Path("b.csv").write_text("\n".join(lines))
    Path("s.csv").write_text("ts,symbol,side\n2026-01-06T12:00,DAY,long\n")
    Path("a.yaml").write_text("balance: 1000\nsize: {fixed_notional: 100}\nstop_loss: 5%\n")
    assert run("replay --bars b.csv --signals s.csv --account a.yaml --out out") == 0
    fills = [line.split(",") for line in Path("out/fills.csv").read_text().splitlines()[1:]]
    assert [(fill[4], fill[6]) for fill in fills] == [("buy", "100"), ("sell", "95")]
    decision = Path("out/decisions.csv").read_text().splitlines()[1]
    assert decision.startswith("2026-01-07T00:00:00Z"), "at the first bar's end, not an hour after its open"


def test_days_are_days_over_weekends_holidays_and_changes_of_clocks(tmp_path):
    opens = [at(f"2026-03-{day:02}", NEW_YORK) for day in (4, 5, 6, 7, 8, 9, 10)]
    assert ends(tmp_path, opens) == [*opens[1:], at("2026-03-11", NEW_YORK)], "the 8th has 23 hours"
    opens = [at(f"2025-10-{day:02}", BERLIN) for day in (24, 25, 26, 27, 28)]
    assert ends(tmp_path, opens) == [*opens[1:], at("2025-10-29", BERLIN)], "the 26th has 25 hours"
    days = (2, 5, 6, 7, 9, 12)
    assert ends(tmp_path, [at(f"2026-01-{day:02}") for day in days]) == [
        at(f"2026-01-{day + 1:02}") for day in days
    ]
    assert ends(tmp_path, [at("2026-01-02"), at("2026-01-05")])[0] == at("2026-01-03"), (
        "a Friday and a Monday"
    )


@pytest.mark.parametrize(
    ("opens", "last"),
    [
        (["2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01"], "2026-04-01"),
        (["2025-12-01", "2026-01-02", "2026-02-02", "2026-03-02"], "2026-04-01"),
        (["2026-02-01", "2026-03-01"], "2026-04-01"),
    ],
)
def test_a_month_ends_with_the_month(tmp_path, opens, last):
    firsts = [at(each).replace(day=1) for each in opens]
    assert ends(tmp_path, [at(each) for each in opens]) == [*firsts[1:], at(last)]


def test_months_by_their_last_day_by_local_midnight_and_several_at_once(tmp_path):
    labelled = [at(each) for each in ("2026-01-31", "2026-02-28", "2026-03-31")]
    assert ends(tmp_path, labelled) == [at(each) for each in ("2026-02-01", "2026-03-01", "2026-04-01")]
    local = [at(f"2026-{month:02}-01", BERLIN) for month in range(1, 6)]
    assert ends(tmp_path, local)[:-1] == local[1:]
    quarters = [at(each) for each in ("2025-07-01", "2025-10-01", "2026-01-01", "2026-04-01")]
    assert ends(tmp_path, quarters) == [*quarters[1:], at("2026-07-01")]
    four_weeks = [at(each) for each in ("2026-01-05", "2026-02-02", "2026-03-02", "2026-03-30")]
    assert ends(tmp_path, four_weeks) == [*four_weeks[1:], at("2026-04-27")]


def test_a_week_is_seven_days_or_ends_where_the_next_one_begins(tmp_path):
    opens = [at(each) for each in ("2026-01-05", "2026-01-12", "2026-01-20", "2026-01-26", "2026-02-02")]
    assert ends(tmp_path, opens) == [
        at(f"2026-{each}") for each in ("01-12", "01-19", "01-26", "02-02", "02-09")
    ]


def test_the_most_frequent_gap_and_a_row_that_does_not_fit(tmp_path):
    times = ["09:00", "10:00", "10:17", "11:00", "13:00", "14:00", "14:00"]
    found, bad = read(bars_file(tmp_path, [(at(f"2026-01-05T{each}"), "X") for each in times]))
    assert [f"{end:%H:%M}" for _, _, end in found] == [
        "10:00",
        "11:00",
        "11:17",
        "12:00",
        "14:00",
        "15:00",
        "15:00",
    ]
    assert [line.split(":")[0] for line in bad.lines()] == ["b.csv, line 4", "b.csv, line 8"]
    assert bad.intervals == {"X": ["1h"]}


def test_many_rows_that_do_not_fit_are_counted(tmp_path):
    times = [f"{hour:02}:{minute}" for hour in range(9, 17) for minute in ("00", "20")]
    _, bad = read(bars_file(tmp_path, [(at(f"2026-01-05T{each}"), "X") for each in times]), X="1h")
    assert len(bad.lines()) == 4 and bad.lines()[-1] == "b.csv: and 5 more rows that do not fit"


def test_the_only_bar_of_a_symbol_is_as_long_as_the_longest_of_its_file(tmp_path):
    path = bars_file(tmp_path, [(at("2026-01-05"), "A"), (at("2026-01-05"), "B"), (at("2026-01-06"), "A")])
    assert {symbol: end for symbol, _, end in read(path)[0]}["B"] == at("2026-01-06")
    assert ends(tmp_path, [at("2026-01-05")]) == [at("2026-01-05T00:01")], "nothing tells"


def test_what_a_person_says_goes_before_what_is_found(tmp_path):
    opens = [at("2026-01-05"), at("2026-01-05T01:00")]
    path = bars_file(tmp_path, [(each, symbol) for each in opens for symbol in "AB"])
    found, bad = read(path, A="15m", **{"": "1d"})
    assert {(symbol, end - start) for symbol, start, end in found} == {
        ("A", at("2026-01-05T00:15") - opens[0]),
        ("B", at("2026-01-06") - opens[0]),
    }
    assert bad.intervals == {"A": ["15m"], "B": ["1d"]}


@pytest.mark.parametrize("text", ["5m", "1h", "4h", "1d", "1w", "1mo", "3mo", "90s", "1500ms", "7us"])
def test_an_interval_is_written_as_it_is_read(text):
    assert str(interval_of(text)) == text


def test_the_order_does_not_depend_on_how_the_file_was_cut():
    random = np.random.default_rng(3)
    ts = np.sort(random.integers(0, 3 * DAY, 400)) // HOUR * HOUR
    late = random.random(400) < 0.05
    ts[late] -= HOUR * 5
    symbol = random.integers(0, 3, 400).astype(np.int32)
    interval = np.array([HOUR, 4 * HOUR, DAY])[symbol]
    ones = np.arange(400)
    whole = Columns(["A", "B", "C"], symbol, ts, ones, ones, ones, ones, interval=interval)
    expected = [row for part in in_known_order(iter([whole])) for row in part.price.tolist()]
    assert sorted(expected) == ones.tolist() and expected != ones.tolist()
    for size in (1, 7, 64):
        cuts = (take(whole, slice(start, start + size)) for start in range(0, 400, size))
        assert [row for part in in_known_order(cuts) for row in part.price.tolist()] == expected


@pytest.mark.parametrize(
    ("lengths", "is_mixed", "told"),
    [
        (("1h", "1h", "1h"), False, "1h"), (("1h", "1h", ""), False, "1h"), (("", "", ""), False, "1h"),
        (("1h", "30m", "1h"), True, "30m and 1h"), (("30m", "30m", ""), True, "30m and 1h"),
    ],
)  # fmt: skip
def test_bars_are_mixed_only_where_those_that_are_used_differ(tmp_path, lengths, is_mixed, told):
    rows = "".join(f"{hour * 3600},X,1,1,1,1,{length}\n" for hour, length in enumerate(lengths))
    (tmp_path / "b.csv").write_text(f"ts,symbol,open,high,low,close,interval\n{rows}")
    bad = BadRows()
    reader = MarketFileReader("bars", bad)
    survey = reader.survey(tmp_path / "b.csv")
    assert survey.is_mixed() == is_mixed
    assert sum(len(part) for part in reader.read(tmp_path / "b.csv", survey=survey)) == 3
    assert bad.interval_lines() == [f"bars of {told}: X"]


def test_an_interval_shows_itself_in_its_largest_unit():
    assert [str(Interval(each)) for each in (DAY, 7 * DAY, 25 * HOUR, 0)] == ["1d", "1w", "25h", "0w"]


def test_signals_that_bear_a_bar_s_start_are_told_and_can_be_shifted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("b.csv").write_text(
        "Date,Open,High,Low,Close\n"
        + "".join(f"2026-01-{day:02},{day},99,1,{day}.5\n" for day in (5, 6, 7, 8, 9))
    )
    Path("s.csv").write_text("Date,side\n2026-01-06,1\n2026-01-06,buy\n")
    Path("a.yaml").write_text("balance: 1000\nsize: {fixed_notional: 7}\n")
    line = "replay --bars b.csv --symbol X --signals s.csv --account a.yaml --out out"

    def prices(words: str = "") -> list[str]:
        assert run(f"{line} {words}") == 0
        return [fill.split(",")[6] for fill in Path("out/fills.csv").read_text().splitlines()[1:]]

    assert prices() == ["6"], "the second has the same id"
    warning = "2 of 2 signals look stamped with the bar's start; `--signals-at close` shifts them"
    assert warning in capsys.readouterr().err
    assert prices("--signals-at close") == ["7"]
    assert prices("--signals-at open") == ["6"]
    assert "stamped" not in capsys.readouterr().err
    Path("s.csv").write_text("Date,side\n2026-01-06T16:00,1\n2026-01-07T16:00,-1\n")
    assert prices()[0] == "7"
    assert "stamped" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--interval long", "an interval such as 5m, 1h, 1d, 1w or 1mo"),
        ("--interval X=0s", "an interval such as"),
    ],
)
def test_an_interval_that_is_none(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    bars_file(tmp_path, [(at("2026-01-05"), "X")])
    assert run(f"replay --bars b.csv --account auto-trader --out out {words}") == 2
    assert said in " ".join(capsys.readouterr().err.split())
