"""`ghostfill query`, `sql` and `trace` against the embedded ClickHouse, as a person and as a program."""

import csv
import io
import json
import sys
from decimal import Decimal

import pyarrow.parquet
import pytest

from sinks.asking.questions import Answer, questions
from streams.cli.printing.answers import lines
from tests.shell.conftest import run
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.server import READER_PASSWORD, embedded
from tests.sinks.world import world


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as running, database(running, "shell") as client:
        fill(client, world())
        yield running


@pytest.fixture
def results(server, monkeypatch, tmp_path):
    """The world's, as somebody who only reads finds them."""
    monkeypatch.setenv("CLICKHOUSE_URL", f"{server.url}shell")
    monkeypatch.setenv("CLICKHOUSE_USER", "reader")
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", READER_PASSWORD)
    monkeypatch.setenv("GHOSTFILL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def said(capsys, *words):
    assert run(list(words)) == 0
    return capsys.readouterr().out


def test_without_a_name_it_lists_what_can_be_asked(results, capsys):
    listed = [line.split("  ")[0] for line in said(capsys, "query").splitlines()]
    assert listed == sorted(questions())


def test_a_table_for_people(results, capsys):
    assert said(capsys, "query", "pnl-by-symbol") == (
        "account  symbol  trades  wins  win_rate    pnl  fees\n"
        "a        X            2     1    50.00%  17.70  0.30\n"
        "a        Y            2     1    50.00%  -2.40  0.40\n"
        "b        Z            4     3    75.00%  26.25  0.00\n"
    )


def test_an_answer_that_is_too_wide_lies_on_its_side(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = said(capsys, "query", "performance").splitlines()
    assert shown[0].split() == ["account", "a", "b"]
    assert [line.split() for line in shown if line.startswith(("sharpe", "end_equity", "total_return"))] == [
        ["end_equity", "1,016.20", "5,026.25"],
        ["total_return", "1.62%", "0.53%"],
        ["sharpe", "–", "–"],
    ]


def test_what_is_asked_can_be_narrowed(results, capsys):
    shown = said(
        capsys,
        "query",
        "recent-trades",
        "--account",
        "a",
        "--symbol",
        "Y",
        "--limit",
        "1",
        "--format",
        "json",
    )
    assert [json.loads(line)["trade_id"] for line in shown.splitlines()] == ["a-t4"]
    assert (
        said(capsys, "query", "recent-trades", "--since", "3650d", "--until", "2026-01-05T11:30Z").count("\n")
        == 2
    )
    assert said(capsys, "query", "recent-trades", "--since", "30min") == "nothing\n"
    assert "order a-o1" in said(capsys, "trace", "s1")
    assert said(capsys, "query", "trace", "--set", "signal_id=s7", "--format", "csv").count("\n") == 7


def test_csv_is_exact(results, capsys):
    rows = list(csv.DictReader(io.StringIO(said(capsys, "query", "best-trades", "--format", "csv"))))
    assert rows[1]["trade_id"] == "a-t1"
    assert [rows[1][name] for name in ("side", "pnl", "pnl_pct", "exit_ts", "signal_id")] == [
        "long", "17.7", "8.76237624", "2026-01-05T11:00:00.000000Z", "s1",
    ]  # fmt: skip
    assert rows[0]["signal_id"] == ""


def test_json_is_an_object_a_line(results, capsys):
    shown = [
        json.loads(line) for line in said(capsys, "query", "performance", "--format", "json").splitlines()
    ]
    assert [(each["account"], each["net_pnl"], each["sharpe"]) for each in shown] == [
        ("a", 15.3, None),
        ("b", 26.25, None),
    ]


@pytest.mark.parametrize(("name", "rows"), [("recent-trades", 8), ("breakers", 1), ("sharpe", 2)])
def test_parquet_into_a_file(results, capsys, name, rows):
    out = results / "answer.parquet"
    assert said(capsys, "query", name, "--out", str(out)) == ""
    assert pyarrow.parquet.read_table(out).num_rows == rows
    assert [each.name for each in results.iterdir() if each.name.startswith(".")] == []


def test_nothing_has_columns_too(results, capsys):
    assert (
        said(capsys, "query", "breakers", "--account", "a", "--format", "csv")
        == "account,ts,breaker,measured,limit\n"
    )
    assert said(capsys, "query", "breakers", "--account", "a", "--format", "json") == ""


def test_a_file_s_name_says_its_format(results, capsys):
    for name, begin in (("a.csv", "account,"), ("a.jsonl", '{"account"'), ("a.json", '{"account"')):
        said(capsys, "query", "sharpe", "--out", str(results / name))
        assert (results / name).read_text().startswith(begin)


def test_sql_reads_anything(results, capsys):
    assert said(
        capsys, "sql", "SELECT symbol, sum(pnl) AS pnl FROM trades FINAL GROUP BY symbol ORDER BY symbol;"
    ) == ("symbol    pnl\nX       17.70\nY       -2.40\nZ       26.25\n")
    assert "daily" in said(capsys, "sql", "SHOW TABLES")
    assert said(capsys, "sql", "SHOW TABLES LIKE 'tr%'", "--format", "csv").split() == [
        '"name"',
        '"trade_excursions"',
        '"trades"',
    ]
    assert (
        said(capsys, "sql", "\n-- why not\nWITH 1 AS a SELECT a, NULL AS b", "--format", "csv")
        == 'a,b\n1,""\n'
    )


def test_no_text_of_csv_is_a_formula(results, capsys):
    """Names of columns, columns that may be empty and what no SELECT tells too; numbers stay numbers."""
    text = "SELECT '=1+1' AS `=a`, toNullable('@b') AS b, toLowCardinality('-c') AS c, toFixedString('+d', 2) AS d,"
    text += " '\\'=e' AS e, -1.5 AS f, toDecimal64(-2, 8) AS g, 'h=1' AS h, ['=i'] AS i"
    (row,) = csv.DictReader(io.StringIO(said(capsys, "sql", text, "--format", "csv")))
    assert row == {
        "'=a": "'=1+1", "b": "'@b", "c": "'-c", "d": "'+d", "e": "''=e", "f": "-1.5", "g": "-2", "h": "h=1", "i": "['=i']",
    }  # fmt: skip
    (plain,) = said(capsys, "sql", text, "--format", "json").splitlines()
    assert json.loads(plain)["=a"] == "=1+1"
    shown = said(capsys, "sql", "DESCRIBE TABLE (SELECT 1 AS `=j`)", "--format", "csv")
    assert next(csv.DictReader(io.StringIO(shown)))["name"] == "'=j"


def test_a_long_answer_goes_by_in_pieces(results, capsys):
    out = results / "numbers.csv"
    said(capsys, "sql", "SELECT number, toString(number) AS text FROM numbers(1000000)", "--out", str(out))
    with out.open() as file:
        assert sum(1 for _ in file) == 1_000_001


def test_a_question_of_ones_own(results, capsys):
    folder = results / "home" / "queries"
    folder.mkdir(parents=True)
    (folder / "big-wins.sql").write_text(
        "-- The trades that won more than that.\n-- least = 10: so much\n"
        "SELECT trade_id FROM trades FINAL WHERE pnl > {least:Float64} ORDER BY trade_id\n"
    )
    assert "big-wins                  The trades that won more than that." in said(capsys, "query")
    assert said(capsys, "query", "big-wins").split() == ["trade_id", "a-t1", "b-t2"]
    assert said(capsys, "query", "big-wins", "--set", "least=18").split() == ["trade_id", "b-t2"]


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (["query", "sharp"], 2, "no query sharp; did you mean sharpe?"),
        (["query", "zzz"], 2, "no query zzz; `ghostfill query` lists them"),
        (
            ["query", "performance", "--symbol", "X"],
            2,
            "performance takes no symbol; it takes account, since, until",
        ),
        (["query", "performance", "--since", "then"], 2, "found then; expected a time such as"),
        (["query", "performance", "--since", "99999999w"], 2, "found 99999999w; expected a time such as"),
        (["report", "a", "--since", "then"], 2, "found then; expected a time such as"),
        (["query", "trace"], 2, "trace needs signal_id: the signal"),
        (["query", "sharpe", "--out", "x.txt"], 2, "--out x.txt: which format?"),
        (["query", "recent-trades", "--limit", "0"], 2, "--limit"),
        (["sql", "DROP TABLE trades"], 1, "Error: sql: Code: 164. DB::Exception:"),
        (["sql", "SELECT * FROM nowhere"], 1, "Error: sql: Code: 60."),
        (["sql", "SELEC"], 1, "Error: sql: Code: 62."),
        (
            ["sql", "SELECT throwIf(number = 900000) FROM numbers(1000000)", "--format", "csv"],
            1,
            "ClickHouse stopped in the middle",
        ),
        (["trace", "s99"], 1, "Error: no signal s99 is stored"),
    ],
)
def test_what_goes_wrong_is_told(results, capsys, line, code, told):
    assert run(line) == code
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error


def test_a_file_that_fails_does_not_appear(results):
    out = results / "broken.csv"
    out.write_text("what was there\n")
    assert run(["sql", "SELECT throwIf(number = 900000) FROM numbers(1000000)", "--out", str(out)]) == 1
    assert out.read_text() == "what was there\n" and list(results.iterdir()) == [out]


def test_without_a_database_it_says_how_to_have_one(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("CLICKHOUSE_URL", raising=False)
    monkeypatch.setenv("GHOSTFILL_HOME", str(tmp_path))
    assert run(["query", "performance"]) == 1
    assert "start it with `ghostfill up`, or set CLICKHOUSE_URL" in capsys.readouterr().err


def test_parquet_is_nothing_to_look_at(results, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["query", "sharpe", "--format", "parquet"]) == 2


def test_numbers_as_people_read_them():
    answer = Answer(
        ("name", "price", "share", "count", "bps", "flag"),
        ("String", "Nullable(Decimal(18, 8))", "Float64", "UInt64", "Nullable(Float64)", "Bool"),
        [
            ("one\n two", Decimal("1234567.50000000"), 0.1234567, 1234567, 0.00012346, True),
            ("three", None, 1.0, 0, None, False),
            ("four", Decimal("-3.14159265"), -0.5, 5, -1234.5, False),
        ],
    )
    assert lines(answer, 200) == [
        "name            price    share      count        bps  flag",
        "one two  1,234,567.50   12.35%  1,234,567  0.0001235  yes",
        "three               –  100.00%          0          –  no",
        "four      -3.14159265  -50.00%          5  -1,234.50  no",
    ]
