"""Who only reads holds up nobody: the owner is answered, and what nobody waits for ends."""

import socket
import threading
import time
from urllib.parse import urlencode

import pytest

from sinks.server.readers import AT_ONCE
from sinks.server.requests import MOST_ASKED
from tests.sinks.server import READER_PASSWORD, embedded
from tests.sinks.test_rights import send

ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000000000)"
IN_ONE_CALL = "SELECT replaceRegexpAll(materialize(repeat('a', 250000)), '(a?){500}a{500}b', 'x')"
"""Half a minute on a fast machine, in which nothing ends it."""
SOON_S = 10.0
ANYWHERE = {"database": "default"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


def ask(server, statement, user="reader", **settings):
    """Status and body, and how long they took."""
    began = time.monotonic()
    answer = send(server, statement, {**ANYWHERE, **settings}, user=user)
    return answer, time.monotonic() - began


def leave_alone(server, statement):
    """Somebody who asks, and goes."""
    body = statement.encode()
    with socket.create_connection((server.host, server.port)) as gone:
        gone.sendall(
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-ClickHouse-User: reader\r\nX-ClickHouse-Key: {READER_PASSWORD}"
            f"\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        time.sleep(0.3)


def running(server):
    return int(send(server, "SELECT count() FROM system.processes", ANYWHERE, user="default")[1]) - 1


def test_what_nobody_waits_for_ends_and_the_owner_is_answered_meanwhile(ours):
    for _ in range(2 * AT_ONCE):
        leave_alone(ours, ENDLESS)
    answer, took = ask(ours, "SELECT 1", "default")
    assert answer == (200, b"1\n") and took < SOON_S
    answer, took = ask(ours, "SELECT 1")
    assert answer == (200, b"1\n") and took < SOON_S
    end = time.monotonic() + SOON_S
    while running(ours):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_statement_ends_when_its_time_is_over(ours):
    (status, said), took = ask(ours, ENDLESS, max_execution_time="1")
    assert (status, said.startswith(b"Code: 159. ")) == (500, True) and took < SOON_S


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ({}, ["300", "2147483648"]),
        ({"max_execution_time": "0", "max_memory_usage": "0"}, ["300", "2147483648"]),
        ({"max_execution_time": "1e9", "max_memory_usage": "99999999999"}, ["300", "2147483648"]),
        ({"max_execution_time": "-1", "max_memory_usage": "nan"}, ["300", "2147483648"]),
        ({"max_execution_time": "20", "max_memory_usage": "1000000000"}, ["20", "1000000000"]),
    ],
)
def test_limits_may_be_lowered_and_not_raised(ours, asked, holds):
    statement = "SELECT value FROM system.settings WHERE name IN ('max_execution_time', 'max_memory_usage') ORDER BY name"
    (status, said), _ = ask(ours, statement, **asked)
    assert (status, said.decode().split()) == (200, holds)


def test_a_limit_is_a_number(ours):
    (_, said), _ = ask(ours, "SELECT 1", max_execution_time="soon")
    assert said == (
        b"Code: 164. DB::Exception: max_execution_time: found 'soon'; expected a number, 300 at most\n"
    )


def doubled(times):
    parts = ["t0 AS (SELECT 1 AS x)"]
    parts += [f"t{n + 1} AS (SELECT * FROM t{n} UNION ALL SELECT * FROM t{n})" for n in range(times)]
    return f"WITH {', '.join(parts)} SELECT count() FROM t{times}"


@pytest.mark.parametrize(
    "statement",
    [" UNION ALL ".join(["SELECT 1"] * 5000), doubled(22), doubled(9)],
    ids=["union", "with", "less with"],
)
def test_a_statement_of_many_parts_is_refused_before_it_is_planned(ours, statement):
    (status, said), took = ask(ours, statement)
    assert (status, said.startswith(b"Code: 164. ")) == (500, True), said
    assert b"expected" in said and took < SOON_S


@pytest.mark.parametrize("statement", [" UNION ALL ".join(["SELECT 1"] * 100), doubled(5)])
def test_some_parts_are_fine(ours, statement):
    (status, _), _ = ask(ours, statement)
    assert status == 200


def test_a_long_statement_is_read_whole(ours):
    text = "x" * (MOST_ASKED - 100)
    (status, said), _ = ask(ours, f"SELECT length('{text}')")
    assert (status, said) == (200, b"%d\n" % len(text))


@pytest.mark.parametrize("piece", ['"\\', "'\\", "/*", "`\\", "/"])
@pytest.mark.parametrize("user", ["reader", "default"])
def test_no_statement_holds_the_server_up(ours, piece, user):
    statement = "insert " + piece * (120_000 // len(piece))
    asking = threading.Thread(target=ask, args=(ours, statement, user))
    asking.start()
    time.sleep(0.1)
    _, took = ask(ours, "SELECT 1", "default")
    asking.join(SOON_S)
    assert took < SOON_S / 2 and not asking.is_alive()


def test_a_format_that_is_none_is_told(ours):
    for form in ("DataFrame", "arrowtable", "Nothing"):
        (status, said), _ = ask(ours, "SELECT 1", default_format=form)
        assert (status, said.startswith(b"Code: 73. DB::Exception: ")) == (404, True), said


def test_a_password_of_any_bytes_is_wrong(ours):
    with socket.create_connection((ours.host, ours.port)) as client:
        client.sendall(
            b"GET /?query=SELECT+1 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-ClickHouse-Key: \xff\xfe\r\n\r\n"
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_a_flood_of_errors_leaves_few_lines(capsys):
    import logging

    from sinks.serve import MOST_LINES, Damper

    damper = Damper()
    lines = [logging.LogRecord("x", 30, "x", 1, "said %s", (number,), None) for number in range(100)]
    passed = [line for line in lines if damper.filter(line)]
    assert len(passed) == MOST_LINES
    assert passed[-1].getMessage() == f"said {MOST_LINES - 1} (what follows is left out for a minute)"


def test_who_does_not_read_keeps_no_place(ours):
    query = urlencode({"query": "SELECT repeat('x', 1000) FROM numbers(10000000)", "max_execution_time": "1"})
    head = f"GET /?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-ClickHouse-User: reader\r\nX-ClickHouse-Key: {READER_PASSWORD}\r\n\r\n"
    silent = [socket.create_connection((ours.host, ours.port)) for _ in range(AT_ONCE)]
    for each in silent:
        each.sendall(head.encode())
    time.sleep(0.5)
    answer, took = ask(ours, "SELECT 1")
    assert answer == (200, b"1\n") and took < SOON_S
    for each in silent:
        each.close()


def test_what_does_not_end_keeps_its_place_alone(ours):
    """It comes last: the server still computes."""
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(ask(ours, IN_ONE_CALL, max_execution_time="1")))
        for _ in range(AT_ONCE)
    ]
    for each in asking:
        each.start()
    time.sleep(1)
    answer, took = ask(ours, "SELECT 1", "default")
    assert answer == (200, b"1\n") and took < SOON_S
    for each in asking:
        each.join()
    for (status, said), took in answers:
        assert status == 500 and said.startswith((b"Code: 159. ", b"Code: 202. ")), said
        assert took < 2 * SOON_S
