"""What is nested deeper than anything needs is refused, with how deep it may be."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.messages import Command
from streams.agents.settings_units import in_engine_units
from streams.engine.model.settings_check import BadSettingsError, read_settings
from streams.web.app import application
from streams.web.guard.guard import Guard
from tests.web.doors import ask, policy

DEPTHS = [9, 900, 100_000]


def unstarted() -> Any:
    """Nothing is started: what is asked here needs no instance."""
    raise AssertionError


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made = policy(tmp_path_factory.mktemp("home"))
    app = application(unstarted, made)
    live = SimpleNamespace(is_whole=True, accounts={}, times={})
    commander = SimpleNamespace(followers=lambda source: set())
    health = SimpleNamespace(watch=lambda: None)
    app.state.instance = SimpleNamespace(live=live, health=health, commander=commander)
    return Guard(app, made)


def nested(depth):
    return "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/accounts", '{"name": "a", "settings": {"slices": %s}}'),
        ("PATCH", "/api/accounts/a", '{"settings": {"slices": %s}}'),
        ("POST", "/api/orders", '{"account": "a", "symbol": "A", "side": "buy", "quantity": %s}'),
        ("POST", "/api/signals", '{"symbol": "A", "side": "long", "ts": 1, "features": %s}'),
        ("POST", "/api/signals", '{"symbol": "A", "side": "long", "ts": 1, "price": %s}'),
        ("POST", "/api/sql", '{"statement": %s}'),
        ("POST", "/api/kill", '{"accounts": %s}'),
        ("POST", "/api/kill", "%s"),
    ],
)
def test_what_is_nested_too_deep_is_no_failure_of_ours(app, method, path, body, depth):
    for value in nested(depth):
        reply = ask(app, method, path, {"content-type": "application/json"}, (body % value).encode())
        assert reply.status in (400, 422), reply.body[:300]
        assert "levels" in reply.detail or "body." in reply.detail or "body:" in reply.detail


@pytest.mark.parametrize("depth", DEPTHS)
def test_settings_say_how_deep_they_may_be(app, depth):
    body = '{"name": "a", "settings": {"slices": %s}}'
    for value in nested(depth):
        reply = ask(
            app, "POST", "/api/accounts", {"content-type": "application/json"}, (body % value).encode()
        )
        assert "deeper than 8 levels" in reply.detail or "at most 254 levels" in reply.detail


def test_a_field_that_a_signal_does_not_know_may_be_as_deep_as_can_be_kept(app):
    body = json.dumps({"symbol": "A", "side": "long", "ts": 1, "more": json.loads(nested(255)[0])})
    reply = ask(app, "POST", "/api/signals", {"content-type": "application/json"}, body.encode())
    assert reply.status == 422 and "more: found" in reply.detail and "at most 254 levels" in reply.detail


@pytest.mark.parametrize("depth", [9, 200, 900])
def test_the_gate_goes_on_after_settings_that_are_nested_deep(depth):
    """It reads again what it fails at, and would for ever."""
    for value in nested(depth):
        settings = json.dumps({"slices": json.loads(value)})
        for kind in ("create", "change"):
            command = Command(command_id="c", account="a", kind=kind, ts=1, settings=settings)
            with pytest.raises(BadSettingsError, match="deeper than 8 levels"):
                read_settings(in_engine_units(command).settings)
