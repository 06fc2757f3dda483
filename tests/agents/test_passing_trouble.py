"""What is no fault of a record does not make it a dead letter."""

from types import SimpleNamespace
from typing import Any

import pytest

from streams.agents.gate import Gate, GateTopics
from streams.transport.contract.machine import Raw
from streams.transport.strict_faust.batches import RecordBatch

SHARDS = 8


@pytest.mark.parametrize(
    ("error", "letters"),
    [(OSError(24, "Too many open files"), None), (MemoryError(), None), (KeyError("a fault"), 1)],
)
def test_trouble_that_passes_makes_no_dead_letter(error, letters):
    """The gate ends, and reads the record again when it is back."""

    def decode(*given):
        raise error

    codec: Any = SimpleNamespace(decode=decode)
    unused: Any = None
    gate = Gate(unused, codec, GateTopics(), unused)
    batch = RecordBatch("signals", 0, 0, 0, [Raw(0, 0, None, b"{}")])
    if letters is None:
        with pytest.raises(type(error)):
            gate._sort(batch, SHARDS, unused)
    else:
        assert len(gate._sort(batch, SHARDS, unused).letters) == letters
