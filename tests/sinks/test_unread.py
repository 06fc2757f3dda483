"""A person's statement goes to ClickHouse as it is, and what comes back is what the library would say."""

import time
from contextlib import suppress

import pytest

from sinks.asking.pieces import pieces
from sinks.asking.questions import columns_of, select
from sinks.database.database import DatabaseError

SOON_S = 3.0
LONG = 90_000
ODD = (
    "SELECT toDateTime64('2026-01-05 12:00:00.5', 6, 'UTC') AS t, toDateTime(5), toDate('2026-01-05'), "
    "toDecimal64(1.5, 8), map('a', [1, NULL]), toIPv6('::1'), toFixedString('ab', 3), nan, (1, 'x'), 5 % 2, "
    "'%s {x}', CAST('a', 'Enum8(\\'a\\' = 1)'), toInt256(2), toLowCardinality('l'), NULL, toUUID('00000000-0000-0000-0000-000000000001')"
)


@pytest.fixture(scope="module")
def client(server):
    options = {"username": "reader"} if server.embedded else {}
    return server.client(autogenerate_session_id=False, **options)


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT{' ' * LONG}1",
        "SELECT " + "{a:" * (LONG // 3),
        "SELECT " + '"\\' * (LONG // 2),
        "SELECT " + "/*" * (LONG // 2),
        "WITH INSERT " + "{a:" * (LONG // 3) + ";",
    ],
    ids=["spaces", "braces", "quotes", "comments", "insert"],
)
def test_no_statement_takes_long_before_it_is_sent(client, statement):
    def in_pieces() -> None:
        assert [*pieces(client, statement, {}, "CSV", "sql")]

    for ask in (
        in_pieces,
        lambda: select(client, statement, {}, "sql"),
        lambda: columns_of(client, statement, {}, "sql"),
    ):
        began = time.monotonic()
        with suppress(DatabaseError):  # not all of them are right
            ask()
        assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("statement", [ODD, "SELECT number, toString(number) FROM numbers(200000)"])
def test_values_names_and_types_are_as_the_library_has_them(client, statement):
    mine, known = select(client, statement, {}, "sql"), client.query(statement, tz_mode="aware")
    assert mine.columns == tuple(known.column_names)
    assert mine.types == tuple(each.name for each in known.column_types)
    assert list(map(repr, mine.rows)) == [repr(tuple(row)) for row in known.result_rows]


def test_without_rows_there_are_columns(client):
    for statement in ("SELECT 1 AS a WHERE 0", "SELECT 1 AS a LIMIT 0"):
        assert select(client, statement, {}, "sql") == (("a",), ("UInt8",), [])


def test_a_result_that_is_too_large_is_not_read(client):
    statement = "SELECT repeat('x', 1000000) FROM numbers(10)"
    with pytest.raises(DatabaseError, match="sql: the result has more than 2 MiB; expected fewer rows"):
        select(client, statement, {}, "sql", 2 << 20)
    assert len(select(client, statement, {}, "sql").rows) == 10


def test_an_error_in_the_middle_is_told(client):
    with pytest.raises(DatabaseError, match="sql: Code: 395"):
        select(client, "SELECT throwIf(number = 200000), number FROM numbers(300000)", {}, "sql")
