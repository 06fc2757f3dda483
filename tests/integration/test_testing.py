"""The fixture `ghostfill_containers`, as a user's tests have it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghostfill.testing.containers import CLICKHOUSE_IMAGE, KAFKA_IMAGE
from tests.integration.conftest import Images

pytestmark = pytest.mark.integration

TEST = """
def test_a_signal_in_containers(ghostfill_containers):
    mine = ghostfill_containers.account(preset="auto-trader")
    ghostfill_containers.tick("AURA", 100)
    ghostfill_containers.publish_signal("AURA", "long")
    ghostfill_containers.tick("AURA", 101)
    assert ghostfill_containers.wait_for_fill().price == 101
    asked = "SELECT count() AS fills FROM fills FINAL WHERE account = {name:String}"
    assert ghostfill_containers.sql(asked, name=mine) == [{"fills": 1}]
"""


def test_a_users_test_in_containers(images: Images, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TEST, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    named = {KAFKA_IMAGE.variable: images.kafka, CLICKHOUSE_IMAGE.variable: images.clickhouse}
    environment = {**os.environ, **named}
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout[-4000:]
