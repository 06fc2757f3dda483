"""Every query of every panel and every alert finds something, where a demo runs."""

import json
import os
import re
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.broker import skip_without_kafka
from tests.infra.dashboards import expressions, promql, sql, statements
from tests.infra.test_alerts import RULES
from tests.infra.watched import watched as watching
from tests.web.stack import await_that

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="Prometheus is not here: `make prometheus` installs it (Debian's package `prometheus`)",
    ),
]
METRIC = re.compile(r"\bghostfill_\w+|\bup\b")
HOUR_S = 3600
DRIVER = Path(__file__).parent / "driver"
GO_S = 400
"""The first time it downloads the driver and compiles it."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    skip_without_kafka()
    with watching(tmp_path_factory.mktemp("watched")) as found:
        yield found


def test_prometheus_is_let_in_by_its_token_alone(watched):
    with pytest.raises(HTTPError, match="401"):
        urlopen(f"{watched.page}/metrics")
    (up,) = watched.series('up{job="ghostfill"}')
    assert up["value"][1] == "1"


@pytest.mark.parametrize("chosen", ["All", "two accounts"])
@pytest.mark.parametrize("query", statements(), ids=lambda query: query.name)
def test_a_panel_of_clickhouse_has_rows(watched, query, chosen):
    accounts = None if chosen == "All" else ["auto-trader", "agent-graduation"]

    def rows():
        now = int(time.time())
        found = watched.rows(sql(query.text, now - HOUR_S, now + 1, accounts))
        return [
            row for row in found if any(value is not None for name, value in row.items() if name != "time")
        ]

    assert await_that(rows)


@pytest.mark.skipif(
    shutil.which("go") is None, reason="Go is not here: Grafana's plugin for ClickHouse is in Go"
)
def test_the_driver_of_grafana_s_plugin_gets_the_same_rows(watched):
    now = int(time.time())
    asked = [sql(each.text, now - HOUR_S, now, None) for each in statements()]
    environment = {f"CLICKHOUSE_{name.upper()}": value for name, value in watched.reader._asdict().items()}
    done = subprocess.run(
        ["go", "run", "."], cwd=DRIVER, env=os.environ | environment, input=json.dumps(asked), capture_output=True, text=True,
        timeout=GO_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for query, outcome in zip(statements(), json.loads(done.stdout), strict=True):
        assert not outcome["error"] and outcome["rows"], (query.name, outcome)


@pytest.mark.parametrize("query", expressions(), ids=lambda query: f"{query.name} ({query.text})")
def test_a_panel_of_prometheus_has_series(watched, query):
    found = await_that(lambda: watched.series(promql(query.text)))
    assert all(each["value"][1] != "NaN" for each in found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_what_an_alert_looks_at_is_there(watched, rule):
    names = set(METRIC.findall(rule["expr"]))
    assert names
    for name in names:
        assert await_that(partial(watched.series, name)), name


def test_prometheus_runs_the_rules_and_a_demo_that_works_alarms_nobody(watched):
    rules = await_that(
        lambda: [
            rule
            for group in watched.ask("rules")["groups"]
            for rule in group["rules"]
            if rule["health"] == "ok"
        ]
    )
    assert {rule["name"] for rule in rules} == {rule["alert"] for rule in RULES}
    said = {each["labels"]["alertname"] for each in watched.ask("alerts")["alerts"]}
    assert "DeadLetters" in said, "there is a record that nobody can read"
    assert said <= {"DeadLetters", "DiskFullSoon"}, "and a minute says nothing of when a disk is full"


def test_the_unreadable_record_is_counted_in_both_places(watched):
    def counted():
        found = watched.series("ghostfill_dead_letters_total")
        return {each["metric"]["kept_in"]: each["value"][1] for each in found} == {
            "kafka": "1",
            "clickhouse": "1",
        }

    assert await_that(counted)
