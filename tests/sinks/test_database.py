"""Which ClickHouse is meant, and that who asks can change nothing."""

import asyncio
import shutil
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError as Refusal

from sinks.database.database import AwayError, Database, DatabaseError
from tests.certificates import Certificates
from tests.sinks.server import READER_PASSWORD


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://ch", Database("ch", 8123)),
        ("https://ch/paper", Database("ch", 8443, secure=True, name="paper")),
        ("http://me:a%20word@ch:9000/", Database("ch", 9000, user="me", password="a word")),
    ],
)
def test_a_url_says_where(url, expected):
    assert Database.from_environment({"CLICKHOUSE_URL": url}) == expected


def test_companions_of_the_url():
    found = Database.from_environment(
        {
            "CLICKHOUSE_URL": "https://ch/paper",
            "CLICKHOUSE_USER": "me",
            "CLICKHOUSE_PASSWORD": "secret",
            "CLICKHOUSE_CA": "ca.pem",
        }
    )
    assert found == Database("ch", 8443, True, "paper", "me", "secret", "ca.pem")
    assert Database.from_environment(found.environment()) == found
    assert "secret" not in found.url


@pytest.mark.parametrize("url", ["ch:8123", "tcp://ch:9000", "http://", "http://ch:port"])
def test_what_is_no_url_is_told(url):
    with pytest.raises(DatabaseError, match=r"CLICKHOUSE_URL is .*such as https://"):
        Database.from_environment({"CLICKHOUSE_URL": url})


def test_none_is_named():
    assert Database.from_environment({"CLICKHOUSE_URL": " "}) is None


def test_nobody_answers_is_a_sentence():
    with pytest.raises(
        AwayError, match=r"^ClickHouse at http://127.0.0.1:1/x does not answer: Connection refused$"
    ):
        Database("127.0.0.1", 1, name="x").client()


@pytest.fixture
def found(server, database):
    return Database(
        server.host, server.port, name="contract", user=server.user, password=server.password,
        reader_password=READER_PASSWORD,
    )  # fmt: skip


@pytest.mark.parametrize("embedded", [True, False])
def test_who_asks_changes_nothing_and_is_held_to_limits(server, found, embedded):
    """As the embedded server's reader, and as any server's user who only asks."""
    if embedded and not server.embedded:
        pytest.skip("only the embedded server has this user")
    reader = replace(found, embedded=embedded).reader({"max_result_rows": 3})
    assert reader.query("SELECT 1").result_rows == [(1,)]
    for statement in (
        "CREATE TABLE x (a Int8) ENGINE = Memory",
        "SET readonly = 0",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    ):
        with pytest.raises(Refusal, match="164"):
            reader.command(statement)
    with pytest.raises(Refusal, match="396"):
        _ = reader.query("SELECT number FROM numbers(10)").result_rows


def test_a_database_is_made_once(found):
    other = replace(found, name="contract_made", embedded=True)
    other.make()
    other.make()
    found.client().command("DROP DATABASE contract_made")


@contextmanager
def tls(port, certificates):
    """Whoever has a certificate comes through to the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.file("ca.pem"))
    context.load_cert_chain(certificates.file("store.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    known: dict[str, Any] = {}
    is_up = threading.Event()

    async def pipe(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def pass_on(reader, writer):
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, to_writer), pipe(to_reader, writer))

    async def listen():
        listening = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
        known.update(loop=asyncio.get_running_loop(), stop=asyncio.Event())
        known["port"] = listening.sockets[0].getsockname()[1]
        is_up.set()
        await known["stop"].wait()
        listening.close()

    thread = threading.Thread(target=lambda: asyncio.run(listen()))
    thread.start()
    assert is_up.wait(10)
    try:
        yield known["port"]
    finally:
        known["loop"].call_soon_threadsafe(known["stop"].set)
        thread.join(10)


def of(known):
    database = Database.from_environment(known)
    assert database is not None
    return database


def test_certificates_of_both_sides(server, found, tmp_path):
    if not server.embedded or shutil.which("openssl") is None:
        pytest.skip("needs the embedded server, and openssl")
    certificates = Certificates(tmp_path)
    with tls(server.port, certificates) as port:
        known = {
            "CLICKHOUSE_URL": f"https://127.0.0.1:{port}/contract",
            "CLICKHOUSE_PASSWORD": server.password,
            "CLICKHOUSE_CA": certificates.file("ca.pem"),
            "CLICKHOUSE_CERT": certificates.file("client.pem"),
            "CLICKHOUSE_KEY": certificates.file("client.key"),
        }
        client = of(known).client()
        assert client.query("SELECT 1").result_rows == [(1,)]
        client.close()
        for lacking in ({"CLICKHOUSE_CERT": "", "CLICKHOUSE_KEY": ""}, {"CLICKHOUSE_CA": ""}):
            with pytest.raises(DatabaseError, match="does not answer"):
                of(known | lacking).client()
