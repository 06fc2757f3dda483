"""The limits that `docs/security.md` names, as numbers, and what lies exactly at them."""

import asyncio

import pytest

from streams.local.machine import private
from streams.web.guard import wire
from streams.web.guard.guard import Guard
from tests.web.doors import Inner, ask, policy, wide

JSON = {"content-type": "application/json"}


def test_the_limits_are_those_of_the_table(tmp_path):
    here, there = policy(tmp_path / "here"), wide(tmp_path / "there")
    for each in (here, there):
        assert (each.max_body, each.body_s, each.max_url) == (1 << 20, 30.0, 8 << 10)
        assert each.failed_logins_a_minute == 10
    assert (here.rate_per_s, here.burst, here.max_open) == (2000.0, 5000, 2000)
    assert (there.rate_per_s, there.burst, there.max_open) == (50.0, 200, 50)
    assert (wire.HEAD_BYTES, wire.HEAD_S, wire.MESSAGE_BYTES) == (64 << 10, 20.0, 64 << 10)
    assert wire.server_options(here)["ws_max_size"] == 64 << 10


@pytest.mark.parametrize(
    ("length", "status"), [("10".zfill(18), 200), ("10".zfill(19), 413), ("11", 413), ("10", 200)]
)
def test_a_stated_length_of_eighteen_digits_is_read_and_one_of_more_is_too_large(tmp_path, length, status):
    here = Guard(Inner(), policy(tmp_path, max_body=10))
    reply = ask(here, "POST", headers={**JSON, "content-length": length}, body=b"1234567890")
    assert reply.status == status


def test_the_start_and_end_of_the_server_reach_the_app_and_nothing_else_happens(tmp_path):
    begun = []

    async def app(scope, receive, send):
        begun.append(scope["type"])

    async def never(*message):
        pytest.fail("the guard neither asks nor answers here")

    asyncio.run(Guard(app, policy(tmp_path))({"type": "lifespan"}, never, never))
    assert begun == ["lifespan"]


def test_a_path_and_a_query_may_have_exactly_so_many_bytes(tmp_path):
    here = Guard(Inner(), policy(tmp_path, max_url=20))
    assert ask(here, path="/api?" + "q" * 16).status == 200
    assert ask(here, path="/api?" + "q" * 17).status == 414


def test_a_key_is_made_with_the_folders_above_it_and_stays(tmp_path):
    path = tmp_path / "home" / "run" / "web.key"
    made = private.key(path)
    assert len(made) == 32 and private.key(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
