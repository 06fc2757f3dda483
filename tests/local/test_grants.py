"""What `ghostfill doctor` makes of the rights of a user, as ClickHouse tells them."""

from types import SimpleNamespace

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError as Refusal

from sinks.database.database import Database
from streams.local.checks.database_checks import database_findings
from streams.local.checks.grants import too_much

READER = ["GRANT SELECT ON ghostfill.* TO ghostfill_reader"]
WRITER = [
    "GRANT SELECT, INSERT, ALTER ADD COLUMN, ALTER MODIFY COLUMN, ALTER ADD CONSTRAINT ON ghostfill.* TO ghostfill_writer",
    "GRANT CREATE DATABASE, CREATE TABLE, DROP TABLE ON ghostfill.* TO ghostfill_writer",
]
EVERYTHING = [
    "GRANT SOURCES ON *.* TO default WITH GRANT OPTION",
    "GRANT TABLE ENGINE ON * TO default WITH GRANT OPTION",
    "GRANT CHECK, SHOW, SELECT, INSERT, ALTER, CREATE, KILL QUERY, dictGet ON *.* TO default WITH GRANT OPTION",
]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (READER, []),
        (WRITER, []),
        (["GRANT SELECT ON `ghostfill`.* TO `some body`"], []),
        (["GRANT SELECT(symbol, pnl) ON ghostfill.trades TO a"], []),
        (["GRANT SHOW TABLES, SHOW COLUMNS, SELECT ON system.* TO a", *READER], []),
        (["GRANT SELECT ON *.* TO a", "REVOKE SELECT ON secret.* FROM a"], ["SELECT ON *.*"]),
        (["GRANT SELECT, INSERT ON other.* TO a"], ["SELECT ON other.*", "INSERT ON other.*"]),
        (["GRANT SELECT ON ghostfill_old.* TO a"], ["SELECT ON ghostfill_old.*"]),
        (["GRANT TRUNCATE, INSERT(a, b) ON ghostfill.* TO a"], ["TRUNCATE ON ghostfill.*"]),
        (["GRANT CLUSTER ON *.* TO a", "GRANT SYSTEM SYNC REPLICA ON ghostfill.* TO a"], []),
        (["GRANT SYSTEM SYNC REPLICA ON *.* TO a"], ["SYSTEM SYNC REPLICA ON *.*"]),
        (["GRANT READ, WRITE ON FILE TO a"], ["READ ON FILE", "WRITE ON FILE"]),
        (["GRANT SELECT ON ghostfill.* TO a WITH GRANT OPTION"], ["to pass on rights ON ghostfill.*"]),
        (["GRANT CREATE TEMPORARY TABLE, URL ON *.* TO a"], ["CREATE TEMPORARY TABLE ON *.*", "URL ON *.*"]),
        (["GRANT TABLE ENGINE ON Memory TO a", "GRANT TABLE ENGINE ON URL TO a"], ["TABLE ENGINE ON URL"]),
        (["GRANT S3, dictGet, demangle ON *.* TO a"], ["S3 ON *.*", "dictGet ON *.*", "demangle ON *.*"]),
        (["GRANT SELECT(a, b), INSERT(a), S3 ON x.y TO a"], ["SELECT ON x.y", "INSERT ON x.y", "S3 ON x.y"]),
        (["GRANT owner, reader TO a"], ["the role owner, reader, whose rights are not seen"]),
        (["something new"], ["something new"]),
        (["GRANT INSERT ON system.users TO a"], ["INSERT ON system.users"]),
    ],
)  # fmt: skip
def test_what_is_too_much(lines, found):
    assert too_much(lines, "ghostfill") == found


def server(monkeypatch, answers):
    """A ClickHouse that says what it is told to."""

    def query(statement):
        found = answers[statement]
        if isinstance(found, str):
            raise Refusal(found)
        return SimpleNamespace(result_rows=[(line,) for line in found])

    client = SimpleNamespace(query=query, close=lambda: None, server_version="26.9")
    monkeypatch.setattr(Database, "server", lambda self: client)


@pytest.mark.parametrize(
    ("answers", "state", "said"),
    [
        ({"SHOW GRANTS FINAL": WRITER}, "ok", "me may do what it needs in ghostfill, and no more"),
        ({"SHOW GRANTS FINAL": EVERYTHING}, "warn", "me may do more than it needs: to pass on rights ON *.*, SOURCES ON *.*"),
        ({"SHOW GRANTS FINAL": "Code: 62. Syntax error", "SHOW GRANTS": READER}, "ok", "me may do what it needs"),
        ({"SHOW GRANTS FINAL": "Code: 497. No"}, "warn", "rights of me cannot be read: Code: 497. No"),
    ],
)  # fmt: skip
def test_what_doctor_says(monkeypatch, answers, state, said):
    server(monkeypatch, answers)
    _, found = database_findings(Database("ch", 8123, user="me"))
    assert (found.check, found.state) == ("rights", state)
    assert found.found.startswith(said)
    assert ("docs/clickhouse.md" in found.mend) == (state == "warn")


def test_the_embedded_one_s_rights_are_ours(monkeypatch):
    server(monkeypatch, {})
    assert len(database_findings(Database("127.0.0.1", 8123, embedded=True))) == 1
