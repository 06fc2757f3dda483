"""`ghostfill doctor`: what is wrong with this machine or the cluster, and how to fix it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict

import click
import orjson

from sinks.database.database import URL, DatabaseError
from streams.cli.options.many import example
from streams.local.checks.cluster_checks import cluster_findings
from streams.local.checks.database_checks import MEND, database_findings
from streams.local.checks.finding import Finding, fail, ok
from streams.local.checks.machine_checks import machine_findings
from streams.local.machine.home import Home, find_cluster, find_database
from streams.transport.kafka.cluster import BOOTSTRAP, ClusterError

SICK = 1


@click.command(epilog=example("ghostfill doctor\nKAFKA_BOOTSTRAP=broker:9092 ghostfill doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Find what is wrong with this machine or the cluster, and say what mends it.

    Ends with 1 when something fails.
    """
    findings = examine(os.environ)
    if as_json:
        document = [asdict(each) for each in findings]
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        for each in findings:
            click.echo(_line(each))
    if any(each.state == "fail" for each in findings):
        sys.exit(SICK)


def examine(environment: Mapping[str, str]) -> list[Finding]:
    home = Home.from_environment(environment)
    embedded = not environment.get(BOOTSTRAP, "").strip()
    return [
        *machine_findings(home, embedded=embedded),
        *_cluster(environment, home, embedded),
        *_database(environment, home),
    ]


def _cluster(environment: Mapping[str, str], home: Home, embedded: bool) -> list[Finding]:
    try:
        if embedded and home.instance() is None:
            return [ok("cluster", "none runs yet: `ghostfill up` starts it")]
        return cluster_findings(find_cluster(environment))
    except ClusterError as error:
        return [fail("cluster", str(error), f"check {BOOTSTRAP} and the other KAFKA_ variables")]


def _database(environment: Mapping[str, str], home: Home) -> list[Finding]:
    try:
        if not environment.get(URL, "").strip() and home.instance() is None:
            return [ok("clickhouse", "none runs yet: `ghostfill up` starts it")]
        return database_findings(find_database(environment))
    except (ClusterError, DatabaseError) as error:
        return [fail("clickhouse", str(error), MEND)]


def _line(finding: Finding) -> str:
    mend = f"\n{'':20}↳ {finding.mend}" if finding.mend else ""
    return f"{finding.state:6}{finding.check:14}{finding.found}{mend}"
