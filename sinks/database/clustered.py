"""What defines tables and views, for a ClickHouse of several replicas.

Rules of this file: without a cluster's name a statement stays as it is. Where a table's replicas meet in
Keeper is the server's affair: its settings `default_replica_path` and `default_replica_name`.
"""

import re

from clickhouse_connect.driver.client import Client

from sinks.database.database import CLUSTER, DatabaseError

_HEAD = re.compile(
    r"(?:CREATE (?:DATABASE|TABLE) IF NOT EXISTS|CREATE OR REPLACE VIEW|ALTER TABLE) (?:`[^`]+`|\w+)",
    re.MULTILINE,
)
_ENGINE = re.compile(r"\bENGINE = (?=\w*MergeTree)")
_ALONE = "non_replicated_deduplication_window"


def on_cluster(statement: str, cluster: str) -> str:
    """The statement for all replicas; raises where it is of no kind that is known."""
    if not cluster:
        return statement
    found = _HEAD.search(statement)
    if found is None:
        raise ValueError(f"cannot be run on a cluster: {statement}")
    rest = _ENGINE.sub("ENGINE = Replicated", statement[found.end() :])
    return f"{statement[: found.end()]} ON CLUSTER '{cluster}'{rest.replace(_ALONE, _ALONE[len('non_') :])}"


def check(client: Client, cluster: str) -> None:
    """Raises where the cluster is not there, or has its rows in several places."""
    asked = "SELECT cluster, uniqExact(shard_num) FROM system.clusters GROUP BY cluster ORDER BY cluster"
    shards = {str(name): int(count) for name, count in client.query(asked).result_rows}
    if cluster not in shards:
        there = ", ".join(shards) or "none"
        raise DatabaseError(f"{CLUSTER} is {cluster}: this ClickHouse knows of {there}")
    if shards[cluster] > 1:
        raise DatabaseError(
            f"{CLUSTER} is {cluster}, which has {shards[cluster]} shards: a table is whole on every replica, "
            "so name a cluster of one shard"
        )


def catch_up(client: Client, table: str) -> None:
    """Returns when this replica has everything that any of them was given; nothing where there is but one."""
    asked = """
        SELECT engine FROM system.tables
        WHERE database = currentDatabase() AND name = {table:String} AND engine LIKE 'Replicated%'
    """
    if client.query(asked, {"table": table}).result_rows:
        client.command(f"SYSTEM SYNC REPLICA {table}")
