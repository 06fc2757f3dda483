"""The two users of docs/clickhouse.md, on an engine that grants exactly their rights: these are enough, and needed."""

import re
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError as Refusal

from schemas.codec import default_codec
from sinks.asking.questions import questions
from sinks.database.database import Database
from sinks.database.prepare import prepare
from streams.local.checks.database_checks import database_findings
from streams.local.checks.grants import ON_A_CLUSTER, READER, WRITER
from tests.sinks.filling import fill
from tests.sinks.server import PASSWORD, embedded
from tests.sinks.world import world

DOCS = (Path(__file__).parents[2] / "docs" / "clickhouse.md").read_text("utf-8")
SERVES = """
from sinks import serve
from sinks.engine import engine_rights
engine_rights.GRANTS.update({{role: () for role in engine_rights.Role}})
engine_rights.GRANTS[engine_rights.Role.OWNER] = ({grant!r},)
serve.main()
"""


def of_the_docs(user):
    found = re.findall(rf"^GRANT (.+) ON ghostfill\.\* TO {user};$", DOCS, re.MULTILINE)
    return tuple(tuple(each.split(", ")) for each in found)


def serving(folder, rights):
    """A server whose `default` has these rights and no others."""
    return embedded(folder, program=("-c", SERVES.format(grant=f"GRANT {', '.join(rights)} ON ghostfill.*")))


def database(server):
    return Database("127.0.0.1", server.port, password=PASSWORD)


def test_the_docs_say_what_doctor_takes_for_enough():
    assert of_the_docs("ghostfill_reader") == (READER,)
    assert of_the_docs("ghostfill_writer") == (WRITER, ON_A_CLUSTER)


def test_the_writer_can_write_and_the_reader_read(tmp_path):
    with serving(tmp_path, WRITER) as server:
        # The engine's own kind of database; another server's usual one is this.
        server.client().command("CREATE DATABASE ghostfill ENGINE = Atomic")
        database(server).make()
        client = database(server).client()
        prepare(client, default_codec().catalog)
        prepare(client, default_codec().catalog)
        fill(client, world())
        assert [found.state for found in database_findings(database(server))] == ["ok", "ok"]
        for statement in ("TRUNCATE TABLE fills", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"):
            with pytest.raises(Refusal, match="497"):
                client.command(statement)
    with serving(tmp_path, READER) as server:
        client = database(server).reader()
        for question in questions().values():
            needed = {
                name: "s1" for name, parameter in question.parameters.items() if parameter.default is None
            }
            client.query(question.statement, parameters=question.bound(needed))
        assert [found.state for found in database_findings(database(server))] == ["ok", "ok"]
        with pytest.raises(Refusal, match=r"497|164"):
            database(server).client().command("INSERT INTO fills (fill_id) VALUES ('x')")


@pytest.mark.long
@pytest.mark.parametrize("lacks", [right for right in WRITER if right != "SELECT"])
def test_the_writer_needs_each_right(tmp_path, lacks):
    """As a new database is made, and as one of an earlier version becomes this one's."""
    rights = [right for right in WRITER if right != lacks]
    with serving(tmp_path, rights) as server, pytest.raises(Refusal, match="497"):
        _all_that_a_writer_does(server)


def _all_that_a_writer_does(server):
    server.client().command("CREATE DATABASE ghostfill ENGINE = Atomic")
    client = database(server).client()
    prepare(client, default_codec().catalog)
    fill(client, world())
    client.command("ALTER TABLE fills ADD COLUMN IF NOT EXISTS later String")
    client.command("ALTER TABLE fills MODIFY COLUMN later Nullable(String)")
    prepare(client, default_codec().catalog)
