"""The producers that the documentation shows send what Ghostfill reads."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from schemas.codec import decode
from schemas.messages import Signal, Tick
from streams.feeds.market_day import PRICES

ROOT = Path(__file__).parents[2]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/producers.md").read_text("utf-8"), re.DOTALL)
PRODUCERS = [code for code in SNIPPETS if "Producer" in code]


@pytest.fixture
def sent(monkeypatch):
    """What a stand-in for confluent-kafka was given."""
    records: list[tuple[str, bytes, bytes] | None] = []

    class Producer:
        def __init__(self, settings):
            assert settings["bootstrap.servers"] == "broker:9092"

        def produce(self, topic, key, value):
            records.append((topic, key.encode(), value if isinstance(value, bytes) else value.encode()))

        def flush(self):
            records.append(None)

    library = ModuleType("confluent_kafka")
    library.__dict__["Producer"] = Producer
    monkeypatch.setitem(sys.modules, "confluent_kafka", library)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "broker:9092")
    monkeypatch.chdir(ROOT)
    status = b'{"markets": [{"market": "ticks", "newest": "2025-03-03T14:30:00Z"}]}'
    monkeypatch.setattr(subprocess, "check_output", lambda command: status)
    return records


@pytest.mark.parametrize("code", PRODUCERS)
def test_a_producer_sends_a_signal(sent, code):
    exec(code, {})
    record, flushed = sent
    topic, key, value = record
    signal = decode(topic, key, value, 1_741_012_200_000_000)
    assert flushed is None
    assert isinstance(signal, Signal)
    assert (signal.source, signal.side, signal.ts) == ("breakout", "long", 1_741_012_200_000_000)
    assert signal.symbol in PRICES and key == signal.symbol.encode()


@pytest.mark.parametrize("code", [code for code in SNIPPETS if code not in PRODUCERS])
def test_what_ghostfill_writes_itself_is_read(code):
    found: dict[str, Any] = {}
    exec(code, found)
    values = found.get("values")
    if isinstance(values, list):
        assert decode("ticks", b"AAPL", values[0]) == Tick(
            symbol="AAPL",
            ts=1_741_012_200_000_000,
            price=23_861_000_000,
            bid=23_861_000_000,
            ask=23_861_000_000,
        )
        assert decode("ticks", b"AAPL", found["value"])
    else:
        assert decode("signals", None, found["value"])
