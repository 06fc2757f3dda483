"""Tables as files, and back: every row and every column; what ClickHouse refuses is told in its words."""

import pytest

from schemas.codec import default_codec
from sinks.blocks.tables import TABLES
from sinks.database.database import Database, DatabaseError
from sinks.database.prepare import prepare
from sinks.loading import copying
from sinks.loading.places import ends_of
from tests.sinks.filling import fill
from tests.sinks.server import PASSWORD, embedded
from tests.sinks.world import world

CATALOGUE = default_codec().catalog


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as started:
        yield started


def named(server, name):
    return Database("127.0.0.1", server.port, password=PASSWORD, name=name, embedded=True)


@pytest.fixture(scope="module")
def filled(server):
    database = named(server, "filled")
    database.make()
    client = database.client()
    prepare(client, CATALOGUE)
    fill(client, world())
    return database


def test_every_row_comes_back(server, filled, tmp_path):
    tables = copying.copy_out(filled, lambda table: tmp_path / f"{table}.zst")
    assert {*copying.NAMES} == tables.keys()
    copying.copy_in(named(server, "again"), CATALOGUE, tables, lambda table: tmp_path / f"{table}.zst")
    client = server.client()
    for table in tables:
        rows = [f"SELECT * FROM {database}.{table} ORDER BY ALL" for database in ("filled", "again")]
        was, is_ = (client.query(each).result_rows for each in rows)
        assert was == is_, table
    assert client.command("SELECT count() FROM again.fills") > 0
    for each in TABLES.values():
        assert ends_of(named(server, "again").client(), each.name) == ends_of(filled.client(), each.name)


def test_tables_that_hold_something_are_not_mixed_with_others(filled, tmp_path):
    tables = copying.copy_out(filled, lambda table: tmp_path / f"{table}.zst")
    with pytest.raises(DatabaseError, match=r"the table \w+ of http://.*/filled holds rows: restore into a"):
        copying.copy_in(filled, CATALOGUE, tables, lambda table: tmp_path / f"{table}.zst")


def test_a_database_without_a_sink_has_no_tables(server, tmp_path):
    database = named(server, "empty")
    database.make()
    assert copying.copy_out(database, lambda table: tmp_path / table) == {}


def test_a_column_of_another_version_is_told(server, filled, tmp_path):
    tables = copying.copy_out(filled, lambda table: tmp_path / f"{table}.zst")
    tables["alerts"] = [*tables["alerts"], "mood"]
    with pytest.raises(DatabaseError, match=r"ClickHouse at http://.*/other: .*mood"):
        copying.copy_in(named(server, "other"), CATALOGUE, tables, lambda table: tmp_path / f"{table}.zst")
