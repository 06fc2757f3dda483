"""Whether a ClickHouse answers us, and whether we may do no more there than we need."""

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.database.clustered import check
from sinks.database.database import Database, DatabaseError, first_line
from streams.local.checks.finding import Finding, fail, ok, warn
from streams.local.checks.grants import too_much

MEND = "check CLICKHOUSE_URL and the other CLICKHOUSE_ variables, and that ClickHouse runs"
MEND_RIGHTS = (
    "make a writer for the sink and a reader for everybody else: docs/clickhouse.md has the statements"
)
SHOWN = 5
SYNTAX_ERROR = "Code: 62."


def database_findings(database: Database) -> list[Finding]:
    try:
        client = database.server()
    except DatabaseError as error:
        return [fail("clickhouse", str(error), MEND)]
    try:
        which = "embedded" if database.embedded else "yours"
        answers = ok("clickhouse", f"{client.server_version} at {database.url} ({which})")
        if database.embedded:
            return [answers]
        cluster = [_cluster(client, database)] if database.cluster else []
        return [answers, *cluster, _rights(client, database)]
    finally:
        client.close()


def _cluster(client: Client, database: Database) -> Finding:
    try:
        check(client, database.cluster)
    except DatabaseError as error:
        return fail("cluster", str(error), MEND)
    except ClickHouseError as error:
        return warn("cluster", f"its clusters cannot be read: {first_line(error)}", MEND_RIGHTS)
    return ok("cluster", f"{database.cluster}: every replica has all tables")


def _rights(client: Client, database: Database) -> Finding:
    try:
        grants = _grants(client)
    except ClickHouseError as error:
        return warn("rights", f"rights of {database.user} cannot be read: {first_line(error)}", MEND_RIGHTS)
    found = too_much(grants, database.name)
    if not found:
        return ok("rights", f"{database.user} may do what it needs in {database.name}, and no more")
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return warn(
        "rights", f"{database.user} may do more than it needs: {', '.join(found[:SHOWN])}{more}", MEND_RIGHTS
    )


def _grants(client: Client) -> list[str]:
    """With those of its roles, where this ClickHouse can tell them."""
    try:
        rows = client.query("SHOW GRANTS FINAL").result_rows
    except ClickHouseError as error:
        if SYNTAX_ERROR not in str(error):
            raise
        rows = client.query("SHOW GRANTS").result_rows
    return [str(line) for (line,) in rows]
