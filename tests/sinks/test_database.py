"""Which ClickHouse is meant, and that who asks can change nothing."""

from dataclasses import replace

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError as Refusal

from sinks.database import AwayError, Database, DatabaseError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://ch", Database("ch", 8123)),
        ("https://ch/paper", Database("ch", 8443, secure=True, name="paper")),
        ("http://me:a%20word@ch:9000/", Database("ch", 9000, user="me", password="a word")),
    ],
)
def test_a_url_says_where(url, expected):
    assert Database.from_environment({"CLICKHOUSE_URL": url}) == expected


def test_companions_of_the_url():
    found = Database.from_environment(
        {
            "CLICKHOUSE_URL": "https://ch/paper",
            "CLICKHOUSE_USER": "me",
            "CLICKHOUSE_PASSWORD": "secret",
            "CLICKHOUSE_CA": "ca.pem",
        }
    )
    assert found == Database("ch", 8443, True, "paper", "me", "secret", "ca.pem")
    assert Database.from_environment(found.environment()) == found
    assert "secret" not in found.url


@pytest.mark.parametrize("url", ["ch:8123", "tcp://ch:9000", "http://", "http://ch:port"])
def test_what_is_no_url_is_told(url):
    with pytest.raises(DatabaseError, match=r"CLICKHOUSE_URL is .*such as https://"):
        Database.from_environment({"CLICKHOUSE_URL": url})


def test_none_is_named():
    assert Database.from_environment({"CLICKHOUSE_URL": " "}) is None


def test_nobody_answers_is_a_sentence():
    with pytest.raises(
        AwayError, match=r"^ClickHouse at http://127.0.0.1:1/x does not answer: Connection refused$"
    ):
        Database("127.0.0.1", 1, name="x").client()


@pytest.fixture
def found(server, database):
    return Database(server.host, server.port, name="contract", user=server.user, password=server.password)


@pytest.mark.parametrize("embedded", [True, False])
def test_who_asks_changes_nothing_and_is_held_to_limits(server, found, embedded):
    """As the embedded server's reader, and as any server's user who only asks."""
    if embedded and not server.embedded:
        pytest.skip("only the embedded server has this user")
    reader = replace(found, embedded=embedded).reader({"max_result_rows": 3})
    assert reader.query("SELECT 1").result_rows == [(1,)]
    for statement in (
        "CREATE TABLE x (a Int8) ENGINE = Memory",
        "SET readonly = 0",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    ):
        with pytest.raises(Refusal, match="164"):
            reader.command(statement)
    with pytest.raises(Refusal, match="396"):
        _ = reader.query("SELECT number FROM numbers(10)").result_rows


def test_a_database_is_made_once(found):
    other = replace(found, name="contract_made", embedded=True)
    other.make()
    other.make()
    found.client().command("DROP DATABASE contract_made")
