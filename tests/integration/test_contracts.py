"""What every broker and every ClickHouse must do, asked of those in containers: the same tests as of the embedded ones."""

import os
import re
import subprocess
import sys

import pytest

from sinks.database.database import URL, Database
from streams.transport.kafka.cluster import Cluster
from tests.broker import NAMED
from tests.integration.conftest import PASSWORD, ROOT
from tests.mutants.targets import QUICK

pytestmark = pytest.mark.integration


def test_of_the_broker(cluster: Cluster) -> None:
    passed = passed_in("tests/transport", {NAMED: cluster.bootstrap})
    assert passed > 50


def test_of_clickhouse(database: Database) -> None:
    url = f"http://default:{PASSWORD}@{database.host}:{database.port}/"
    passed = passed_in("tests/sinks", {URL: url}, "-k", "named")
    assert passed > 500


def passed_in(tests: str, environment: dict[str, str], *more: str) -> int:
    """How many tests passed; none may fail."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", QUICK, tests, *more]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]
    found = re.search(r"(\d+) passed", done.stdout)
    return int(found[1]) if found else 0
