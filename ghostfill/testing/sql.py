"""Questions to the session's ClickHouse, asked when it holds what the test has seen."""

import time
from collections.abc import Mapping
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from ghostfill.testing.errors import GhostfillTestError, NothingCameError
from sinks.blocks.records import Partition
from sinks.database.database import first_line
from sinks.loading.places import starts
from streams.clients.kafka import Place
from streams.local.machine.home import find_database

LOADED_S = 30.0
LOOK_S = 0.05


def ask(
    environment: Mapping[str, str], statement: str, parameters: Mapping[str, Any], ends: Mapping[Place, int]
) -> list[dict[str, Any]]:
    """The rows by their columns' names; `ends`: behind the last record of each place that it must hold."""
    client = find_database(environment).client()
    try:
        _await(client, {Partition(*place): end for place, end in ends.items()})
        return list(client.query(statement, parameters=dict(parameters)).named_results())
    except ClickHouseError as error:
        raise GhostfillTestError(f"{statement}: {first_line(error)}") from error
    finally:
        client.close()


def _await(client: Client, ends: Mapping[Partition, int]) -> None:
    give_up = time.monotonic() + LOADED_S
    while any(at < ends[place] for place, at in starts(client, ends).items()):
        if time.monotonic() > give_up:
            raise NothingCameError(f"ClickHouse does not hold all results after {LOADED_S:g} s")
        time.sleep(LOOK_S)
