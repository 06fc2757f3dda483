"""Everything that the API's own description allows is asked, and much that it does not: nothing fails, and what
comes back is as described.

Commands are sent to accounts that are not there, mostly, and to nobody's signals; the stream of events has no end.
"""

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

MAX_URL = 8 << 10
ENDLESS, KILL = "/api/events", "/api/kill"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def ask_everything(stack, requests, with_seed):
    """So many requests, spread over all operations; how often each status came."""
    schema = schemathesis.openapi.from_url(f"{stack.url}/api/openapi.json")
    operations = [each for each in map(known, schema.get_all_operations()) if each.path != ENDLESS]
    assert len(operations) > 25
    told: Counter[int] = Counter()
    for operation in operations:
        for mode in GenerationMode:
            _ask(operation, mode, -(-requests // (2 * len(operations))), with_seed, told)
    return told


def of_nobody(body: Any) -> Any:
    """A kill switch that stops no account; without names it would stop all of the demo."""
    names = body.get("accounts", []) if isinstance(body, dict) else None
    return {**body, "accounts": ["no-such", *names]} if isinstance(names, list) else body


def known(found: Any) -> Any:
    return found.ok()


def _ask(operation, mode, times, with_seed, told):
    @seed(with_seed)
    @settings(
        max_examples=times,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def asked(case):
        if operation.path == KILL:
            case.body = of_nobody(case.body)
        response = case.call(timeout=60)
        told[response.status_code] += 1
        if len(response.request.url) > MAX_URL:  # the server of HTTP itself may refuse it
            assert response.status_code in (400, 414)
        else:
            case.validate_response(response, checks=CHECKS)

    with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
        asked()


@pytest.mark.smoke
def test_some_of_everything(stack):
    told = ask_everything(stack, 140, 1)
    assert told.total() >= 100
    assert {200, 404, 422} <= set(told)
    assert stack.ask("GET", "/healthz").status == 200


@pytest.mark.long
def test_much_of_everything(stack):
    told = ask_everything(stack, 7_000, 2)
    assert told.total() >= 5_000
    assert max(told) < 500
    assert stack.ask("GET", "/healthz").status == 200
