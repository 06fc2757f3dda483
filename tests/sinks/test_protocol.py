"""One contract for every ClickHouse that we speak to: the embedded one answers as a server does."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from tests.sinks.server import PASSWORDS, READER_PASSWORD, embedded

FIELDS = "a UInt64, b String, c Decimal(18, 8), t DateTime64(6, 'UTC')"
NAMES = ["a", "b", "c", "t"]
NOON = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)
ROWS = [(1, "x", Decimal("1.50000000"), NOON), (2, "it's\n", Decimal("-0.00000001"), NOON)]


@pytest.fixture
def table(database):
    database.command(f"CREATE TABLE t ({FIELDS}) ENGINE = MergeTree ORDER BY a")
    return database


def ask(server, path="", body=None, user="default", method=None, **headers):
    """Status and body of a plain request; a user has his password."""
    known = {"default": server.password, "reader": READER_PASSWORD}
    if user is not None:
        headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": known[user], **headers}
    request = urllib.request.Request(server.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_rows_go_in_and_come_back(table):
    assert table.insert("t", ROWS, column_names=NAMES).written_rows == 2
    found = table.query("SELECT * FROM t ORDER BY a", tz_mode="aware")
    assert found.result_rows == ROWS
    assert table.query("SELECT a FROM t WHERE b = {b:String}", parameters={"b": "it's\n"}).result_rows == [
        (2,)
    ]


@pytest.mark.parametrize("user", ["reader", "default"])
@pytest.mark.parametrize(("version", "mark"), [("54460", b"\0"), ("54300", b"")])
def test_go_s_driver_is_told_what_blocks_it_gets(server, user, version, mark):
    """This answer in the form of the version that it names; and by it, that all others are of revision 0."""
    if not server.embedded:
        pytest.skip("a server of its own says so in its own words")
    hello = b"SELECT displayName(), version(), revision(), timezone()"
    path = f"?default_format=Native&client_protocol_version={version}"
    status, answer = ask(server, path, hello, user=user)
    assert status == 200
    assert answer.startswith(
        b"\x01\x00\x02\xff\xff\xff\xff\x00" + b"\x04\x01" + b"\x0ddisplayName()\x06String" + mark
    )
    assert b"\x0arevision()\x06UInt32" + mark + bytes(4) in answer
    known = server.client().command("SELECT version()").encode()
    assert b"\x09version()\x06String" + mark + bytes([len(known)]) + known in answer


@pytest.mark.parametrize("method", ["zstd", "lz4", "gzip", False])
def test_compressed_both_ways(server, table, method):
    client = server.client(database="contract", compress=method)
    client.insert("t", [(number, "z" * 100, 1, NOON) for number in range(3000)], column_names=NAMES)
    found = client.query("SELECT number, toString(number) FROM numbers(200000)").result_columns
    assert sum(found[0]) == 199_999 * 100_000 and found[1][-1] == "199999"
    assert client.command("SELECT count() FROM t") == 3000


@pytest.mark.parametrize("form", ["JSONEachRow", "CSV", "Values"])
def test_inserts_of_text(table, form):
    data = {
        "JSONEachRow": '{"a":1,"b":"x","c":"1.5","t":"2026-01-05 12:00:00.123456"}',
        "CSV": '1,"x",1.5,"2026-01-05 12:00:00.123456"',
        "Values": "(1, 'x', 1.5, '2026-01-05 12:00:00.123456')",
    }[form]
    table.raw_insert("t", column_names=NAMES, insert_block=data, fmt=form)
    assert table.query("SELECT * FROM t", tz_mode="aware").result_rows == ROWS[:1]


def test_arrow_both_ways(table):
    table.insert("t", ROWS, column_names=NAMES)
    table.insert_arrow("t", table.query_arrow("SELECT a + 10 AS a, b, c, t FROM t"))
    assert table.query("SELECT a FROM t ORDER BY a").result_columns == [[1, 2, 11, 12]]


@pytest.mark.parametrize(
    "form",
    [
        "TSVWithNames",
        "CSVWithNames",
        "JSON",
        "JSONCompact",
        "RowBinaryWithNamesAndTypes",
        "Parquet",
        "Native",
    ],
)
def test_a_long_result_is_one_document(server, form):
    """Formats with a beginning and an end have one of each, whoever names the format."""
    _, by_clause = ask(server, "", f"SELECT number AS a FROM numbers(150000) FORMAT {form}".encode())
    _, by_default = ask(server, f"?default_format={form}", b"SELECT number AS a FROM numbers(150000)")
    if form.startswith("JSON"):
        assert len(json.loads(by_clause)["data"]) == len(json.loads(by_default)["data"]) == 150_000
    else:
        assert by_clause == by_default
    if form.endswith("WithNames"):
        assert by_clause.count(b"a") == 1


def test_an_insert_with_its_data_in_one_body(server, table):
    assert ask(server, "?database=contract", b"INSERT INTO t (a, b) VALUES (7, 'seven')")[0] == 200
    assert ask(server, "?database=contract&query=INSERT+INTO+t+(a)+FORMAT+CSV", b"8\n9\n")[0] == 200
    assert (
        ask(server, "?database=contract", b"INSERT INTO t (a) SELECT number + 100 FROM numbers(2)")[0] == 200
    )
    assert table.query("SELECT a FROM t ORDER BY a").result_columns == [[7, 8, 9, 100, 101]]


def test_a_long_insert_in_one_body(server, table):
    rows = b"".join(b'{"a":%d,"b":"%s"}\n' % (number, b"y" * 50) for number in range(50_000))
    assert ask(server, "?database=contract", b"INSERT INTO t FORMAT JSONEachRow\n" + rows)[0] == 200
    assert table.query("SELECT count(), sum(a) FROM t").result_rows == [(50_000, 49_999 * 25_000)]


def test_a_long_statement_in_any_language(server):
    said = "Übermut–" * 10_000
    assert ask(server, "", f"SELECT length('{said}')".encode()) == (200, b"%d\n" % len(said.encode()))
    status, told = ask(server, "", b"SELECT '\xff'")
    assert (status, b"not UTF-8" in told) == (500, True) or not server.embedded


def test_a_bad_row_leaves_nothing_of_its_insert(table):
    with pytest.raises(DatabaseError, match="Code: 27"):
        table.raw_insert("t", column_names=["a"], insert_block='{"a":1}\n{"a":"no"}', fmt="JSONEachRow")
    assert table.command("SELECT count() FROM t") == 0


def test_a_token_drops_the_same_insert_again(database):
    database.command(
        "CREATE TABLE once (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    for token in ("one", "one", "two"):
        database.insert("once", [(1,)], column_names=["a"], settings={"insert_deduplication_token": token})
    assert database.command("SELECT count() FROM once") == 2


def test_settings_and_temporary_tables_are_the_sessions(server, database):
    session = server.client(database="contract", session_id="mine")
    session.command("CREATE TEMPORARY TABLE passing (a UInt8)")
    session.command("INSERT INTO passing VALUES (1)")
    session.command("SET max_block_size = 17")
    assert session.command("SELECT count() FROM passing") == 1
    assert session.command("SELECT getSetting('max_block_size')") == 17
    with pytest.raises(DatabaseError, match="Code: 60"):
        database.query("SELECT * FROM passing")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * FROM nowhere", 60),
        ("SELEC 1", 62),
        ("SELECT nothing", 47),
        ("SELECT 1 SETTINGS nothing = 1", 115),
    ],
)
def test_errors_have_their_code(server, database, query, code):
    status, said = ask(server, "?database=contract", query.encode())
    assert status >= 400
    assert f"Code: {code}. DB::Exception: " in said.decode()


@pytest.mark.parametrize("columns", ["throwIf(number = 150000)", "throwIf(number = 150000), number"])
def test_an_error_in_the_middle_is_no_short_result(server, columns):
    with pytest.raises((DatabaseError, StreamFailureError), match="Code: 395"):
        server.client().query(f"SELECT {columns} FROM numbers(300000)").result_rows  # noqa: B018  # it reads late


def test_following_a_link_changes_nothing(server, table):
    assert ask(server, "?query=SELECT+1") == (200, b"1\n")
    status, said = ask(server, "?query=DROP+TABLE+contract.t")
    assert (status >= 400, b"Code: 164" in said) == (True, True)
    assert ask(server, "ping") == (200, b"Ok.\n")


def test_who_asks_nothing_is_told_that_it_is_there(server):
    assert ask(server, user=None) == (200, b"Ok.\n")


# The embedded one alone ----------------------------------------------------------------------


@pytest.fixture
def ours(server):
    if not server.embedded:
        pytest.skip("users of another server are its own")
    return server


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO t (a) VALUES (1)",
        "CREATE TABLE u (a UInt8) ENGINE = Memory",
        "DROP TABLE t",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM executable('id', 'LineAsString', 'a String')",
        "SELECT * FROM Python('os')",
    ],
)
def test_a_reader_only_reads(ours, table, query):
    reader = ours.client(username="reader", database="contract")
    assert reader.command("SELECT count() FROM t") == 0
    with pytest.raises(DatabaseError):
        reader.command(query)


@pytest.mark.parametrize("user", ["default", "reader"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 INTO OUTFILE '{file}'",
        "SELECT 1 INTO/**/OUTFILE '{file}'",
        "INSERT INTO t FROM INFILE '{file}'",
    ],
)
def test_there_are_no_files_over_http(ours, table, tmp_path, user, query):
    file = tmp_path / "file"
    status, said = ask(ours, "?database=contract", query.format(file=file).encode(), user)
    if user == "default":
        assert (status, said) == (500, b"Code: 344. DB::Exception: there are no files over HTTP\n")
    assert status in (400, 500)
    assert not file.exists()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT file('{file}')",
        "SELECT arrayMap(file, ['{file}'])",
        "SELECT `file`('{file}')",
        "SELECT \u201cfile\u201d('{file}')",
        r"SELECT `fi\x6ce`('{file}')",
        r"SELECT `fi\Nle`('{file}')",
        "SELECT $a$ ' $a$, file('{file}') -- '",
        "SELECT 1 # '\n INTO OUTFILE '{other}' -- '",
        "SELECT $a$ ' $a$ INTO OUTFILE '{other}' -- '",
    ],
)
def test_who_only_reads_has_no_files_however_they_are_asked_for(ours, tmp_path, query):
    file, other = tmp_path / "secret", tmp_path / "other"
    file.write_text("known")
    status, said = ask(ours, "", query.format(file=file, other=other).encode(), "reader")
    assert status in (400, 500) and said.startswith((b"Code: 164. ", b"Code: 62. ")), said
    assert not other.exists()


def test_a_word_is_no_function(ours):
    assert ask(ours, "", rb"SELECT 'file\n' AS file", "reader") == (200, b"file\\n\n")


def test_one_process_owns_a_folder(tmp_path):
    with embedded(tmp_path):
        command = [
            sys.executable,
            "-m",
            "sinks.serve",
            "--folder",
            str(tmp_path / "clickhouse"),
            "--port",
            "0",
        ]
        environment = {**os.environ, **PASSWORDS}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
    assert done.returncode == 1
    assert "cannot be opened" in done.stderr


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path):
    with embedded(tmp_path) as server:
        client = server.client()
        client.command("CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a")
        client.insert("kept", [(number,) for number in range(1000)], column_names=["a"])
        subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(server.pid)], check=True)
    with embedded(tmp_path) as server:
        assert server.client().command("SELECT count() FROM kept") == 1000


def test_another_name_is_its_own_where_it_was_told(tmp_path):
    with embedded(tmp_path, "--name", "clickhouse") as server:
        for host in ("clickhouse", "localhost", "172.19.0.1", "[::1]", "[fd00::1]"):
            assert ask(server, "?query=SELECT+1", Host=f"{host}:{server.port}") == (200, b"1\n")
        status, said = ask(server, "?query=SELECT+1", Host=f"elsewhere:{server.port}")
        assert (status >= 400, b"not called elsewhere" in said) == (True, True)
