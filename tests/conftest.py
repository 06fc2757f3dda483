"""Random examples are the same in every run, so that a failure is the change's; `make test-long` looks further.

A test that asks for `cluster` gets a real Kafka: see `tests/broker.py`.
"""

from hypothesis import settings

from tests.broker import cluster, kafka, topics

__all__ = ["cluster", "kafka", "topics"]

settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")
