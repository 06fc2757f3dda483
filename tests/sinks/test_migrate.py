"""A database comes to what this version needs, from wherever it was left, and never twice."""

import re
import shutil
import subprocess
import sys
import time
from decimal import Decimal

import clickhouse_connect
import pytest

from schemas.catalog import catalog
from sinks.blocks.columns import MONEY, PLACE, columns_of
from sinks.blocks.tables import TABLES as TABLES_BY_TOPIC
from sinks.database.migrate import FOLDER, MigrationError, migrate, migrations
from sinks.database.prepare import changes, prepare
from streams.local.machine.ports import free_ports
from tests.sinks.server import PASSWORD, PASSWORDS
from tests.sinks.stage import Process

TABLES = {each.name: each.kind for each in TABLES_BY_TOPIC.values()} | {"bars": "bar"}
QUOTES = ("price", "size", "bid", "ask")


def structure(client) -> list[tuple[str, str]]:
    return [
        tuple(row)
        for row in client.query(
            "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
        ).result_rows
    ]


@pytest.fixture
def folder(tmp_path):
    """A copy of the migrations, to be changed."""
    return shutil.copytree(FOLDER, tmp_path / "migrations")


def test_from_nothing_and_then_nothing_more(database):
    assert migrate(database) == migrations()
    before = structure(database)
    assert migrate(database) == []
    assert structure(database) == before
    assert {name for name, _ in before} == {*TABLES, "ticks", "progress", "migrations"}


@pytest.mark.parametrize("done", range(1, len(migrations())))
def test_from_every_earlier_version(database, folder, done):
    later = [folder / f"{each}.sql" for each in migrations()[done:]]
    texts = [file.read_text("utf-8") for file in later]
    for file in later:
        file.unlink()
    migrate(database, folder)
    for file, text in zip(later, texts, strict=True):
        file.write_text(text, "utf-8")
    assert migrate(database, folder) == migrations()[done:]


def test_after_a_death_behind_a_statement(database):
    """It was done, and nobody had written that down."""
    first, second, *_ = migrations()
    migrate(database)
    everything = structure(database)
    for each in (first, second):
        database.command(f"DELETE FROM migrations WHERE number = {each.number}")
    assert migrate(database) == [first, second]
    assert structure(database) == everything


MIGRATE = """
import sys, clickhouse_connect
from sinks.database.migrate import migrate
client = clickhouse_connect.get_client(host="127.0.0.1", port=int(sys.argv[1]), password=sys.argv[2], database="killed")
print("begins", flush=True)
migrate(client)
"""


@pytest.mark.long
def test_after_kills_at_any_moment(tmp_path):
    """The process that migrates is killed again and again, and so is the server, each a little later."""
    (port,) = free_ports(1)
    folder = str(tmp_path / "clickhouse")
    server = Process(tmp_path, "server", ["sinks.serve", "--folder", folder, "--port", str(port)], PASSWORDS)
    try:
        server.start().await_ready()
        client(port).command("CREATE DATABASE killed ENGINE = Atomic")
        done = []
        for number in range(8):
            with subprocess.Popen(
                [sys.executable, "-c", MIGRATE, str(port), PASSWORD], stdout=subprocess.PIPE
            ) as migrating:
                assert migrating.stdout is not None
                migrating.stdout.readline()
                time.sleep(0.03 * number)
                (server if number % 2 else migrating).kill()
                migrating.kill()
            if number % 2:
                server.start().await_ready()
            done.append(
                client(port, "killed").command("SELECT count() FROM system.tables WHERE database = 'killed'")
            )
        assert any(0 < count < len(migrations()) for count in done), done  # in the middle
        migrate(client(port, "killed"))
        assert structure(client(port, "killed")) == fresh(port)
    finally:
        server.drop()


def client(port, database="default"):
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=port, password=PASSWORD, database=database, autogenerate_session_id=False
    )


def fresh(port):
    """As a database that nobody disturbed becomes, under the other's name."""
    client(port).command("CREATE DATABASE calm ENGINE = Atomic")
    migrate(client(port, "calm"))
    return [(name, text.replace("calm.", "killed.")) for name, text in structure(client(port, "calm"))]


def test_an_applied_file_never_changes(database, folder):
    migrate(database, folder)
    file = folder / f"{migrations()[2]}.sql"
    file.write_text(file.read_text("utf-8") + "-- better\n", "utf-8")
    with pytest.raises(MigrationError, match=r"0003_slices\.sql is not what was applied"):
        migrate(database, folder)


def test_an_older_ghostfill_leaves_a_newer_database_alone(database, folder):
    migrate(database, folder)
    (folder / f"{migrations()[-1]}.sql").unlink()
    with pytest.raises(MigrationError, match="of a newer Ghostfill"):
        migrate(database, folder)


@pytest.mark.parametrize("name", ["13_more.sql", "0099_more.sql", "more.sql"])
def test_a_file_that_is_out_of_order_is_told(folder, name):
    (folder / name).write_text("SELECT 1\n", "utf-8")
    with pytest.raises(MigrationError):
        migrations(folder)


def test_every_statement_does_nothing_twice():
    for each in migrations():
        assert re.search(
            r"^CREATE (TABLE|VIEW) IF NOT EXISTS |^CREATE OR REPLACE VIEW |^ALTER TABLE \w+\s+MODIFY COLUMN ",
            each.statement,
            re.MULTILINE,
        )


def test_tables_have_their_messages_fields(database):
    prepare(database, catalog())
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in database.query(
        "SELECT table, name, type FROM system.columns "
        "WHERE database = 'contract' AND default_kind != 'EPHEMERAL'"
    ).result_rows:
        found.setdefault(table, {})[name] = kind
    for table, kind in TABLES.items():
        expected = columns_of(catalog().schemas.current(kind)) | dict(PLACE)
        if table == "bars":
            del expected["extra"]  # what is unknown of a bar does not come through the columns of a market
        assert found[table] == expected, table


def test_money_of_an_earlier_version_is_widened_and_stays(database):
    migrate(database)
    database.command(
        "INSERT INTO fills (fill_id, price, quantity, k_topic) VALUES ('a', 67234.5, 120.25, 'fills')"
    )
    prepare(database, catalog())
    database.command(
        "INSERT INTO fills (fill_id, price_sent, quantity_sent, k_topic) VALUES ('b', -0.5, 3, 'fills')"
    )
    found = database.query("SELECT fill_id, price * quantity, arrival FROM fills ORDER BY fill_id")
    assert found.result_rows == [("a", Decimal("8084948.625"), None), ("b", Decimal("-1.5"), None)]
    before = structure(database)
    prepare(database, catalog())
    assert structure(database) == before


def test_money_in_a_map_or_a_list_becomes_a_column_too(database):
    database.command("CREATE TABLE few (a String) ENGINE = MergeTree ORDER BY a")
    expected = {"a": "String", "m": f"Map(String, {MONEY})", "l": f"Array({MONEY})"}
    database.command(changes("few", expected, {"a": "String"}))
    database.command("INSERT INTO few (a, m_sent, l_sent) VALUES ('x', {'k': 1.5}, [2.5])")
    assert database.query("SELECT m, l FROM few").result_rows == [({"k": Decimal("1.5")}, [Decimal("2.5")])]


def test_ticks_have_a_ticks_fields_and_their_symbol(database):
    migrate(database)
    found = database.query(
        "SELECT name, type FROM system.columns WHERE database = 'contract' AND table = 'ticks'"
    )
    fields = columns_of(catalog().schemas.current("tick"))
    quotes = {name: f"Nullable({fields[name]})" for name in QUOTES}
    own = {"symbol": "LowCardinality(String)", "k_row": "UInt32"}
    assert dict(found.result_rows) == fields | quotes | own | dict(PLACE)


@pytest.mark.parametrize("table", [*TABLES, "ticks"])
def test_where_a_table_ends_is_found_without_reading_it(database, table):
    migrate(database)
    time = "exit_ts" if table == "trades" else "ts"
    topic = {each.name: each.topic for each in TABLES_BY_TOPIC.values()}.get(table, table)
    database.command(
        f"INSERT INTO {table} ({time}, k_topic, k_partition, k_offset, k_time)"
        f" SELECT now64(6), '{topic}', 1, 7, now64(3)"
    )
    asked = f"SELECT k_topic, k_partition, max(k_offset) FROM {table} GROUP BY k_topic, k_partition"
    assert database.query(asked).result_rows == [(topic, 1, 7)]
    plan = database.query(f"EXPLAIN {asked}").result_rows
    assert any("places" in line for (line,) in plan), plan
