"""A session that outlives its first Ghostfill, on a Kafka that stays: as in containers, after sixteen tests."""

from pathlib import Path

import pytest

from ghostfill.testing import running
from ghostfill.testing.session import Session
from tests.broker import running_kafka


@pytest.mark.long
def test_the_next_ghostfill_on_the_same_kafka_has_markets_that_nobody_had(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(running, "MARKETS", 1)
    (tmp_path / "session").mkdir()
    seen = []
    with running_kafka(tmp_path / "kafka") as kafka:
        session = Session(tmp_path / "session", kafka.cluster.environment(), None)
        try:
            for price in (100, 500):  # as far as no market jumps
                with session.world() as ghostfill:
                    ghostfill.account(preset="auto-trader")
                    ghostfill.tick("AURA", price)
                    ghostfill.publish_signal("AURA", "long")
                    ghostfill.tick("AURA", price)
                    seen.append((ghostfill.market, ghostfill.wait_for_fill().price))
        finally:
            session.stop()
    assert seen == [("ticks.test1", 100), ("ticks.test2", 500)]
