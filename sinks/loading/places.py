"""How far the tables have come: the place behind the last record that they hold.

Rules of this file: the tables say it themselves. Only a market's progress is written down, for not every one
of its records leaves a row, and rows of ticks go after a month.
"""

from collections.abc import Iterable, Mapping

from clickhouse_connect.driver.client import Client

from sinks.blocks.records import Partition
from sinks.blocks.tables import TABLES, is_market
from sinks.database.clustered import catch_up

PROGRESS = "progress"


def ends_of(client: Client, table: str) -> dict[Partition, int]:
    """The offset behind the last record of each place."""
    catch_up(client, table)
    asked = f"SELECT k_topic, k_partition, max(k_offset) + 1 FROM {table} GROUP BY k_topic, k_partition"
    return {Partition(topic, part): end for topic, part, end in client.query(asked).result_rows}


def identity(client: Client) -> str:
    """A database's own; it stays as long as its tables do. (Not all kinds of databases give tables an id.)"""
    asked = """
        SELECT if(empty(uuid), concat(database, ' of ', toString(serverUUID())), toString(uuid))
        FROM system.tables
        WHERE database = currentDatabase() AND name = 'migrations'
    """
    ((found,),) = client.query(asked).result_rows
    return str(found)


def starts(client: Client, places: Iterable[Partition]) -> dict[Partition, int]:
    """Where to go on: nothing before it is missing."""
    markets = _progress(client)
    ends: dict[str, dict[Partition, int]] = {}
    found = {}
    for place in places:
        if is_market(place.topic):
            found[place] = markets.get(place, 0)
            continue
        table = TABLES[place.topic].name
        if table not in ends:
            ends[table] = ends_of(client, table)
        found[place] = ends[table].get(place, 0)
    return found


def write_progress(client: Client, ends: Mapping[Partition, int]) -> None:
    """Everything before these offsets is in the tables."""
    rows = [(place.topic, place.partition, end) for place, end in ends.items()]
    client.insert(PROGRESS, rows, column_names=["k_topic", "k_partition", "next"])


def _progress(client: Client) -> dict[Partition, int]:
    catch_up(client, PROGRESS)
    asked = f"SELECT k_topic, k_partition, max(next) FROM {PROGRESS} GROUP BY k_topic, k_partition"
    return {Partition(topic, part): end for topic, part, end in client.query(asked).result_rows}
