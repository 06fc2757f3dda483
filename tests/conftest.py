"""Random examples are the same in every run, so that a failure is the change's; `make test-long` looks further.

A test that asks for `cluster` gets a real Kafka: see `tests/broker.py`.
"""

import gc
import signal
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

from tests.broker import cluster, kafka, topics

__all__ = ["cluster", "kafka", "topics"]

settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")
# It also draws numbers that stand in the modules that happen to be loaded: others where all tests run than where one does.
HypothesisProvider._local_constants = Constants()  # type: ignore[method-assign, assignment]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script's background ignores Ctrl-C; what the tests start and end by it must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def what_a_kill_leaves_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Clients that a test left as a kill would leave them are forgotten here, not in another test."""
    yield
    if "cluster" in request.fixturenames:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
