"""Tests of a user's own strategy on a real Ghostfill: Kafka, gate, desk and ClickHouse, started by pytest."""

from ghostfill.testing.errors import GhostfillTestError, NothingCameError, NotReadError
from ghostfill.testing.results import Result
from ghostfill.testing.world import Ghostfill

__all__ = ["Ghostfill", "GhostfillTestError", "NotReadError", "NothingCameError", "Result"]
