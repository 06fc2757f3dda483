"""Every statement that defines something, as it goes to a cluster of replicas; ClickHouse's own parser reads it."""

import re
from typing import Any

import pytest

from sinks.database import migrate
from sinks.database.clustered import catch_up, check, on_cluster
from sinks.database.database import CLUSTER, URL, Database, DatabaseError
from sinks.database.prepare import changes
from tests.sinks.server import embedded

DEFINITIONS: dict[str, Any] = {
    **{str(each): each.statement for each in migrate.migrations()},
    **{file.stem: file.read_text("utf-8") for file in sorted(migrate.VIEWS.glob("*.sql"))},
    "migrations": migrate._TABLE,
    "a new column": changes("fills", {"new": "String"}, {}),
    "new money": changes("fills", {"new": "Nullable(Decimal(38, 8))"}, {}),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server.client()


def parsed(client, statement):
    """As the engine writes what it has read."""
    return client.command("SELECT formatQuerySingleLine({asked:String})", {"asked": statement})


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_goes_to_every_replica(client, name):
    alone, everywhere = DEFINITIONS[name], on_cluster(DEFINITIONS[name], "trading")
    assert on_cluster(alone, "") == alone
    said = parsed(client, everywhere)
    assert said.count("ON CLUSTER trading") == 1
    engines = re.findall(r"ENGINE = (\w+)", said)
    assert engines == [f"Replicated{each}" for each in re.findall(r"ENGINE = (\w+)", parsed(client, alone))]
    assert "non_replicated" not in said
    back = said.replace(" ON CLUSTER trading", "").replace("ENGINE = Replicated", "ENGINE = ")
    back = back.replace(" replicated_dedup", " non_replicated_dedup")
    assert back == parsed(client, alone), "nothing else is changed"


def test_what_is_of_no_known_kind_is_not_sent_to_one_replica_alone():
    with pytest.raises(ValueError, match="cannot be run on a cluster: DROP TABLE fills"):
        on_cluster("DROP TABLE fills", "trading")


def test_the_cluster_is_named_in_the_environment():
    told = {URL: "http://ch:8123/ghostfill", CLUSTER: " trading "}
    assert named(told).cluster == "trading" and named(told).environment()[CLUSTER] == "trading"
    assert CLUSTER not in named({URL: told[URL]}).environment()
    assert named({**told, CLUSTER: "{cluster}"}).cluster == "{cluster}"
    with pytest.raises(
        DatabaseError, match=r"CLICKHOUSE_CLUSTER is a' b: expected a name of system.clusters"
    ):
        named({**told, CLUSTER: "a' b"})


def named(told) -> Any:
    return Database.from_environment(told)


def clusters(**shards) -> Any:
    return Clusters(shards)


class Clusters:
    """A client that knows these, with so many shards each."""

    def __init__(self, shards):
        self.shards, self.done = shards, []

    def query(self, asked, parameters=None):
        rows = [("engine",)] if parameters and self.shards else [*self.shards.items()]
        return type("Found", (), {"result_rows": rows})

    def command(self, statement):
        self.done.append(statement)


def test_a_cluster_that_is_not_there_or_has_shards_is_refused(client):
    check(clusters(one=1, two=2), "one")
    with pytest.raises(DatabaseError, match="CLICKHOUSE_CLUSTER is three: this ClickHouse knows of one, two"):
        check(clusters(one=1, two=2), "three")
    with pytest.raises(
        DatabaseError, match="CLICKHOUSE_CLUSTER is two, which has 2 shards: a table is whole"
    ):
        check(clusters(one=1, two=2), "two")
    with pytest.raises(DatabaseError, match="CLICKHOUSE_CLUSTER is trading: this ClickHouse knows of"):
        check(client, "trading")


def test_a_replica_catches_up_before_it_is_asked_and_a_server_alone_does_nothing(client):
    replicas = clusters(one=1)
    catch_up(replicas, "fills")
    assert replicas.done == ["SYSTEM SYNC REPLICA fills"]
    client.command("CREATE TABLE fills (a UInt8) ENGINE = MergeTree ORDER BY a")
    catch_up(client, "fills")
