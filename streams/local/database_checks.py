"""Whether a ClickHouse answers us, in one finding."""

from dataclasses import replace

from sinks.database import Database, DatabaseError
from streams.local.finding import Finding, fail, ok

MEND = "look at CLICKHOUSE_URL and its companions, and whether it runs"


def database_finding(database: Database) -> Finding:
    try:
        client = replace(database, name="default").client()
        version = client.server_version
        client.close()
    except DatabaseError as error:
        return fail("clickhouse", str(error), MEND)
    which = "embedded" if database.embedded else "yours"
    return ok("clickhouse", f"{version} at {database.url} ({which})")
