"""Every question: on nothing, on a world whose answers a person can compute, and asked in other ways."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sinks.asking.questions import QuestionError, answer, ask, questions, read
from sinks.database.database import DatabaseError
from tests.sinks.answering import told
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.world import world

OURS = [name for name in questions() if not name.startswith("report-")]
"""The others belong to the report."""
ANSWERS = (Path(__file__).parent / "world_answers.txt").read_text("utf-8")
NEEDED = {"trace": {"signal_id": "s1"}}
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def expected() -> dict[str, str]:
    sections = (section.split("\n", 1) for section in ANSWERS.split("\n## ")[1:])
    return {
        name: "\n".join(line for line in text.strip().splitlines() if not line.startswith("#"))
        for name, text in sections
    }


@pytest.fixture(scope="module")
def empty(server):
    with database(server, "asked_nothing") as client:
        yield client


@pytest.fixture(scope="module")
def small(server):
    with database(server, "asked_world") as client:
        fill(client, world(), NOON)
        yield client


@pytest.mark.parametrize("name", questions())
def test_nothing_is_an_answer_with_columns(empty, name):
    found = ask(empty, name, **NEEDED.get(name, {}))
    assert found.rows == [] and found.columns and len(found.types) == len(found.columns)


@pytest.mark.parametrize("name", expected())
def test_a_small_world(small, name):
    assert told(ask(small, name, **NEEDED.get(name, {}))) == expected()[name]


def test_every_question_of_ours_has_its_hand_made_answer():
    assert set(OURS) == set(expected())


@pytest.mark.parametrize("name", OURS)
def test_what_was_written_twice_shows_once(server, name, twice):
    assert told(ask(twice, name, **NEEDED.get(name, {}))) == expected()[name]


def test_fills_that_were_written_twice_do_not_take_the_place_of_others(twice):
    last = told(ask(twice, "recent-fills", limit=5)).splitlines()
    assert last == expected()["recent-fills"].splitlines()[:6]


@pytest.fixture(scope="module")
def twice(server):
    """Signals are a row a record, so theirs are written once."""
    with database(server, "asked_twice") as client:
        client.command("SYSTEM STOP MERGES asked_twice.trades")
        fill(client, world(), NOON)
        fill(client, [each for each in world() if type(each).__name__ != "Signal"], NOON)
        yield client


@pytest.mark.parametrize(
    "name", sorted({*OURS} - {"signals-seen", "trace"})
)  # a signal belongs to no account
def test_an_account_alone(small, name):
    """It has the rows that it has among the others."""
    everything = expected()[name].splitlines()
    mine = [everything[0], *[line for line in everything[1:] if line.startswith("b ")]]
    assert told(ask(small, name, account="b")).splitlines() == mine


@pytest.mark.parametrize(
    ("name", "parameters", "rows"),
    [
        (
            "recent-trades",
            {"since": "2026-01-06T12:00:00Z", "until": "2026-01-08T12:00:00Z"},
            ["b-t1", "a-t4"],
        ),
        ("recent-trades", {"symbol": "Y"}, ["a-t4", "a-t2"]),
        ("recent-trades", {"limit": 1, "account": "a"}, ["a-t4"]),
        ("recent-fills", {"until": "2026-01-07", "limit": 4}, ["Y", "Y", "X", "X"]),
        ("best-trades", {"until": date(2026, 1, 6)}, ["a-t1", "a-t2"]),
    ],
)
def test_from_when_to_when_of_what_and_how_many(small, name, parameters, rows):
    assert [row[1] for row in ask(small, name, **parameters).rows] == rows


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-06",
        "2026-01-06T00:00:00Z",
        "2026-01-06 01:00:00+01:00",
        date(2026, 1, 6),
        datetime(2026, 1, 6),  # noqa: DTZ001  # a time without its zone is UTC
        datetime(2026, 1, 6, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_moment_can_be_said_in_several_ways(small, moment):
    found = ask(small, "daily-ledger", account="a", since=moment)
    assert [row[1] for row in found.rows] == ["2026-01-06", "2026-01-07"]


def test_a_day_without_its_beginning_or_its_end_is_in_no_other_span(small):
    for span in ({"until": "2020-01-01"}, {"since": "2030-01-01"}):
        assert ask(small, "daily-ledger", **span).rows == []
    first = ask(small, "daily-ledger", account="a", until="2026-01-05T12:00:00Z")
    assert [row[1] for row in first.rows] == ["2026-01-05"]


def test_a_span_begins_with_the_equity_at_its_beginning(small):
    """On the 6th: from 1,010.4 to 1,015.3, one day, and two trades."""
    (row,) = ask(small, "performance", account="a", since="2026-01-06", until="2026-01-07").dicts()
    assert (row["trades"], row["days"]) == (2, 1)
    assert [str(row[name]) for name in ("start_equity", "end_equity")] == ["1010.40000000", "1015.30000000"]
    assert row["total_return"] == pytest.approx(4.9 / 1010.4, rel=1e-12)


@pytest.mark.parametrize("name", ["equity-curve", "drawdown"])
def test_a_thinned_curve_keeps_its_extremes(server, name):
    with database(server, "asked_curve") as client:
        client.command(
            "INSERT INTO equity (account, equity_id, ts, equity, balance, k_topic, k_partition, k_offset, k_time) "
            "SELECT 'a', concat('a-e', toString(number)), toDateTime64('2026-01-05', 6, 'UTC') + number, "
            "multiIf(number = 31234, 5, number = 61234, 999999, 1000 + cityHash64(number) % 100), "
            "1000, 'equity', 0, number, now() FROM numbers(100000)"
        )
        whole = ask(client, name, points=0).rows
        thin = ask(client, name, points=400).rows
    assert len(whole) == 100_000 and 100 <= len(thin) <= 404
    assert set(thin) <= set(whole) and (thin[0], thin[-1]) == (whole[0], whole[-1])
    worth = [row[2] for row in thin]
    assert (min(worth), max(worth)) == (5, 999_999) and thin == sorted(thin, key=lambda row: row[1])


# What may be asked --------------------------------------------------------------------------


def test_every_question_takes_an_account_and_a_span():
    for name in {*OURS} - {"trace"}:
        question = questions()[name]
        assert question.doc.endswith(".") and len(question.doc) < 130
        assert {"account", "since", "until"} <= set(question.parameters)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("performanze", {}, "no query performanze; there are accounts-now, attribution,"),
        ("performance", {"symbol": "X"}, "performance takes no symbol; it takes account, since, until"),
        ("performance", {"since": "yesterday"}, "since: found yesterday; expected a time such as 2026-01-05"),
        ("recent-trades", {"limit": "many"}, "limit: found many; expected a whole number"),
        ("trace", {}, "trace needs signal_id: the signal"),
    ],
)
def test_what_cannot_be_asked_is_told(small, name, parameters, said):
    with pytest.raises(QuestionError, match=said):
        ask(small, name, **parameters)


def test_a_file_of_ones_own(small, tmp_path):
    (tmp_path / "wins.sql").write_text(
        "-- Who won more than that.\n-- least = 5: so much at least\n"
        "SELECT trade_id FROM trades FINAL\nWHERE pnl > {least:Float64} AND symbol = {symbol:String} ORDER BY 1;\n"
    )
    wins = questions(tmp_path)["wins"]
    assert (wins.doc, list(wins.parameters)) == ("Who won more than that.", ["symbol", "least"])
    assert answer(small, wins, {"symbol": "X"}).rows == [("a-t1",)]
    assert answer(small, wins, {"symbol": "Z", "least": 15}).rows == [("b-t2",)]


def test_a_file_must_say_what_it_answers():
    with pytest.raises(QuestionError, match=r"mine\.sql: the first line must say what it answers"):
        read("mine", "SELECT 1")


def test_errors_say_what_to_do(server, small):
    with pytest.raises(
        DatabaseError, match=r"Code: 60\..*what Ghostfill writes is there once `ghostfill up` has run"
    ):
        answer(server.client(), questions()["recent-trades"], {})
    late = read(
        "late", "-- An error that comes late.\nSELECT throwIf(number = 200000), number FROM numbers(300000)"
    )
    with pytest.raises(DatabaseError, match="late: Code: 395"):
        answer(small, late, {})
