"""Who only reads gets tables and views and nothing else: attacks are refused, and ordinary SQL goes through."""

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.asking.questions import questions, read
from sinks.rights.harmless import FUNCTIONS
from sinks.server.compression import METHODS
from tests.sinks import attacks
from tests.sinks.databases import database
from tests.sinks.filling import fill
from tests.sinks.server import PASSWORD, READER_PASSWORD, embedded
from tests.sinks.world import world

DOCS = Path(__file__).parents[2] / "docs"
REFUSALS = (b"Code: 164. ", b"Code: 497. ", b"Code: 62. ")
"""Not for who only reads, no privilege, and what is no statement."""
PATIENT_S = 20.0
SECRET = b"well kept"


class Ears:
    """A listener that counts who comes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.came = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as server, database(server, "ghostfill") as client:
        fill(client, world())
        client.command("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
        yield server


@pytest.fixture(scope="module")
def ears():
    found = Ears()
    yield found
    found.listener.close()


@pytest.fixture(scope="module")
def reader(ours):
    return ours.client(username="reader", database="ghostfill", autogenerate_session_id=False)


def send(server, statement, parameters=None, *, user="reader", method="POST", headers=None, body=None):
    """Status and body."""
    known = {"database": "ghostfill", **(parameters or {})}
    data = statement.encode() if method == "POST" else None
    if method != "POST":
        known["query"] = statement
    password = READER_PASSWORD if user == "reader" else PASSWORD
    request = urllib.request.Request(
        f"{server.url}?{urlencode(known)}",
        data if body is None else body,
        {"X-ClickHouse-User": user, "X-ClickHouse-Key": password, **(headers or {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENT_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@contextmanager
def nothing_happens(server, ears, folder):
    tables = send(server, "SHOW TABLES", user="default")
    came, began = ears.came, time.monotonic()
    yield
    assert time.monotonic() - began < PATIENT_S
    assert ears.came == came
    assert [each.name for each in folder.iterdir()] == ["secret"]
    assert send(server, "SHOW TABLES", user="default") == tables


def filled(text, ears, folder):
    """Every placeholder is ours; braces of the statement's own stay."""
    values = {"{file}": folder / "secret", "{new}": folder / "new", "{port}": ears.port}
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text


def refused(answer):
    status, said = answer
    assert status >= 400, said
    assert said.startswith(REFUSALS), said
    assert SECRET not in said


@pytest.mark.parametrize(("user", "method"), [("reader", "POST"), ("default", "GET")])
@pytest.mark.parametrize("statement", attacks.EVERYTHING)
def test_an_attack_is_refused(ours, ears, tmp_path, user, method, statement):
    (tmp_path / "secret").write_bytes(SECRET)
    with nothing_happens(ours, ears, tmp_path):
        refused(send(ours, filled(statement, ears, tmp_path), user=user, method=method))


@pytest.mark.parametrize(("statement", "parameters"), attacks.WITH_PARAMETERS)
def test_an_attack_by_the_address_is_refused(ours, ears, tmp_path, statement, parameters):
    (tmp_path / "secret").write_bytes(SECRET)
    known = {name: filled(value, ears, tmp_path) for name, value in parameters.items()}
    with nothing_happens(ours, ears, tmp_path):
        statement = filled(statement, ears, tmp_path)
        refused(send(ours, statement, known))
        refused(send(ours, statement, known, user="default", method="GET"))


def test_the_engine_alone_would_refuse_a_reader_other_hosts_and_files(tmp_path):
    """Were there a hole in what is checked before."""
    from sinks.engine.engine import Engine, EngineError
    from sinks.engine.engine_rights import Role

    engine = Engine(tmp_path / "data")
    handles = {role: engine.open(role) for role in Role}
    try:
        for role, statement in [
            (Role.OWNER, "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"),
            (Role.OWNER, "DESCRIBE remote('127.0.0.1:1', 'system.one')"),
            (Role.OWNER, f"INSERT INTO FUNCTION file('{tmp_path}/new', 'CSV', 'a String') VALUES ('x')"),
            (Role.READER, "SELECT * FROM file('/etc/hostname', 'LineAsString')"),
            (Role.READER, "SELECT * FROM `/etc/hostname`"),
            (Role.READER, "CREATE TABLE u (a UInt8) ENGINE = Memory"),
            (Role.NOBODY, "DESCRIBE url('http://127.0.0.1:1/')"),
            (Role.NOBODY, "CREATE DATABASE made"),
        ]:
            with pytest.raises(EngineError, match="Code: 497"):
                handles[role].command(statement)
        with pytest.raises(EngineError, match="Code: 446"):
            handles[Role.OWNER].command("SELECT demangle('a')")
    finally:
        for handle in handles.values():
            handle.close()
        engine.close()


# What goes through ------------------------------------------------------------------------------------

ORDINARY = """\
SELECT count() FROM trades WHERE exit_reason = 'file'
SELECT count() AS outfile, max(pnl) AS into FROM trades WHERE exit_reason IN ('file', 'url', 'infile') -- file()
SELECT symbol, sum(pnl) AS pnl FROM trades FINAL GROUP BY symbol ORDER BY pnl DESC LIMIT 3
SELECT account, COUNT(*), COUNT(DISTINCT symbol), avg(pnl), quantiles(0.1, 0.9)(toFloat64(pnl)) FROM trades GROUP BY account WITH TOTALS
SELECT sumIf(pnl, side = 'long'), countIf(pnl > 0) / count(), argMax(symbol, pnl), uniqExact(symbol), groupArray(3)(symbol) FROM trades
SELECT symbol, pnl, sum(pnl) OVER (PARTITION BY symbol ORDER BY exit_ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM trades
SELECT symbol, rank() OVER w, lagInFrame(pnl, 1) OVER w FROM trades WINDOW w AS (PARTITION BY symbol ORDER BY exit_ts)
WITH best AS (SELECT account, max(pnl) AS most FROM trades GROUP BY account) SELECT trades.symbol FROM trades INNER JOIN best ON trades.account = best.account AND trades.pnl = best.most
WITH (a, b) -> a / nullIf(b, 0) AS ratio SELECT ratio(sum(pnl), count()) FROM trades
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r
SELECT t.symbol, f.fee FROM trades AS t LEFT JOIN fills AS f USING (trade_id) ORDER BY t.exit_ts, f.ts
SELECT t.trade_id, e.equity FROM trades AS t ASOF JOIN equity AS e ON t.account = e.account AND t.exit_ts >= e.ts
SELECT toStartOfHour(exit_ts) AS hour, toDayOfWeek(hour), dateDiff('minute', min(entry_ts), max(exit_ts)), formatDateTime(hour, '%H:%i') FROM trades GROUP BY hour ORDER BY hour WITH FILL STEP toIntervalHour(1)
SELECT exit_ts - INTERVAL 1 DAY, EXTRACT(YEAR FROM exit_ts), date_trunc('month', exit_ts), exit_ts::Date, CAST(pnl AS Float64) FROM trades
SELECT upper(symbol) || '-' || lower(toString(side)), substring(symbol, 1, 2), replaceAll(symbol, 'X', 'Y'), symbol ILIKE '%x%', match(symbol, '^X') FROM trades
SELECT CASE WHEN pnl > 0 THEN 'won' WHEN pnl < 0 THEN 'lost' ELSE 'even' END AS how, CASE side WHEN 'long' THEN 1 ELSE -1 END, if(pnl > 0, 1, 0), multiIf(pnl > 0, 1, 2), count() FROM trades GROUP BY ALL
SELECT arrayMap(x -> x * 2, groupArray(pnl)), arraySort(groupUniqArray(symbol)), arrayJoin([1, 2]), length([1]) FROM trades
SELECT JSONExtractString('{"a": "b"}', 'a'), toJSONString(map('a', 1)), (1, 'b').2, [1, 2][1], tuple(1, 2).1
SELECT round(pnl, 2), abs(pnl), greatest(pnl, 0), pow(2, 3), log(10), corr(toFloat64(pnl), toFloat64(fees)), stddevSamp(toFloat64(pnl)) FROM trades GROUP BY pnl
SELECT * EXCEPT (k_topic, k_partition) REPLACE (toString(pnl) AS pnl) FROM trades ORDER BY exit_ts LIMIT 1 BY symbol LIMIT 2 OFFSET 1
SELECT COLUMNS('^(pnl|fees)$') APPLY(sum) FROM trades
SELECT symbol FROM trades WHERE trade_id IN (SELECT trade_id FROM fills WHERE fee > 0) AND pnl BETWEEN -100 AND 100 AND side IS NOT NULL
SELECT symbol FROM trades PREWHERE pnl > 0 HAVING symbol != '' QUALIFY row_number() OVER (ORDER BY pnl) = 1
SELECT account, symbol, sum(pnl) FROM trades GROUP BY GROUPING SETS ((account), (symbol), ()) ORDER BY ALL
SELECT symbol FROM trades UNION DISTINCT SELECT symbol FROM orders_now EXCEPT SELECT 'Q'
SELECT number, toString(number) FROM numbers(3)
SELECT * FROM values('a UInt8, b String', (1, 'x'), (2, 'y'))
SELECT pnl AS "Won, %" FROM trades ORDER BY `Won, %`
SELECT count() FROM ghostfill.trades
SELECT sum(a.pnl) FROM (SELECT pnl FROM trades) AS a
SELECT EXISTS(SELECT 1 FROM trades), (SELECT max(pnl) FROM trades), now() > today()
SELECT version(), timezone(), currentDatabase()
SELECT name FROM system.tables WHERE database = 'ghostfill'
SELECT name, type FROM system.columns WHERE table = 'trades'
SELECT name FROM system.databases
SELECT name, value, readonly FROM system.settings LIMIT 1
FROM trades SELECT symbol
SHOW TABLES
SHOW TABLES FROM ghostfill LIKE 'tr%'
SHOW DATABASES
DESCRIBE TABLE trades
DESC ghostfill.daily
DESCRIBE TABLE (SELECT symbol FROM trades)
EXISTS TABLE trades
SHOW CREATE TABLE trades
"""


@pytest.mark.parametrize("statement", ORDINARY.splitlines())
def test_ordinary_sql_goes_through(ours, statement):
    """And says the same as to who may do everything."""
    status, said = send(ours, statement)
    assert status == 200, said
    if "now()" not in statement and "system." not in statement and "SHOW" not in statement:
        assert said == send(ours, statement, user="default")[1]
    assert send(ours, statement, user="default", method="GET")[0] == 200


def test_every_question_goes_through(ours, reader):
    for name, question in questions().items():
        given = {each: "s1" for each, parameter in question.parameters.items() if parameter.default is None}
        mine = reader.query(question.statement, parameters=question.bound(given)).result_rows
        assert (
            mine
            == ours.client(database="ghostfill")
            .query(question.statement, parameters=question.bound(given))
            .result_rows
        ), name


def test_the_sql_of_the_docs_goes_through(reader):
    text = "".join(file.read_text("utf-8") for file in sorted(DOCS.glob("*.md")))
    found = [read("doc", block) for block in re.findall(r"```sql\n(-- .*?)```", text, re.DOTALL)]
    told = re.findall(r"""["']((?:SELECT|SHOW) [^"']+)["']""", text)
    for question in found:
        assert reader.query(question.statement, parameters=question.bound({})).column_names
    for statement in told:
        given = dict.fromkeys(re.findall(r"{(\w+):String}", statement), "s1")
        assert reader.query(statement.partition(" FORMAT ")[0], parameters=given or None).column_names
    assert found and len(told) > 2


def test_clients_have_what_they_need(ours, reader):
    frame = reader.query_df("SELECT symbol, pnl FROM trades WHERE side = {side:String}", {"side": "long"})
    assert list(frame.columns) == ["symbol", "pnl"] and len(frame)
    assert reader.query_arrow("SELECT symbol FROM trades").num_rows == 8
    assert reader.query_np("SELECT toFloat64(pnl) FROM trades").shape == (8, 1)
    with reader.query_row_block_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum(len(block) for block in stream) == 200_000
    assert reader.query("SELECT * FROM {table:Identifier}", parameters={"table": "fills"}).row_count
    assert reader.raw_query("SELECT symbol FROM trades LIMIT 1", fmt="JSONEachRow").startswith(b"{")
    with pytest.raises(DatabaseError, match="Code: 164"):
        reader.command("SET max_threads = 1")


def test_what_is_called_harmless_is_there(ours):
    """A name that the engine does not know would allow what a later one calls so."""
    known = {row[0] for row in ours.client().query("SELECT name FROM system.functions").result_rows}
    lines = FUNCTIONS.read_text("utf-8").splitlines()
    named = [name for line in lines if not line.startswith("#") for name in line.split()]
    assert len(named) == len(set(named))
    assert set(named) - known == {"exists", "grouping", "untuple"}  # of the grammar


def test_it_costs_little(ours):
    """Beside the answer itself, which takes some milliseconds."""
    statement = questions()["performance"].statement
    given = questions()["performance"].bound({})
    known = {f"param_{name}": value for name, value in given.items()}
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert send(ours, statement, known)[0] == 200
        between = time.perf_counter()
        assert send(ours, statement, known, user="default")[0] == 200
        took.append((between - began) - (time.perf_counter() - between))
    assert min(took) < 0.05


# Who comes in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["", "ping", "replicas_status"])
def test_there_are_get_and_post_alone(ours, ears, tmp_path, method, path):
    (tmp_path / "secret").write_bytes(SECRET)
    with nothing_happens(ours, ears, tmp_path):
        query = urlencode({"query": "CREATE DATABASE made", "user": "default", "password": PASSWORD})
        request = urllib.request.Request(f"{ours.url}{path}?{query}", method=method)
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(request, timeout=PATIENT_S)
    assert send(ours, "SHOW DATABASES LIKE 'made'", user="default") == (200, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Host": "elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "something new"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_of_elsewhere_are_not_answered(ours, headers, method):
    for user in ("default", "reader"):
        status, said = send(ours, "SELECT 1", user=user, method=method, headers=headers)
        assert (status, said.startswith(b"Code: 516.")) == (403, True)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_a_person_types_is_answered(ours, site):
    assert send(ours, "SELECT 1", method="GET", headers={"Sec-Fetch-Site": site}) == (200, b"1\n")


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("default", ""),
        ("reader", ""),
        ("default", READER_PASSWORD),
        ("reader", PASSWORD),
        ("default", f"{PASSWORD}x"),
        ("DEFAULT", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_everybody_needs_his_own_password(ours, user, password, method):
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
    status, said = send(ours, "SELECT 1", headers=headers, method=method)
    assert (status, said.startswith(b"Code: 516.")) == (403, True)


# What is packed ----------------------------------------------------------------------------------------


def peak(pid):
    """Bytes of memory that a process had at most."""
    (line,) = (each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in each)
    return int(line.split()[1]) << 10


@pytest.fixture(scope="module")
def bombs():
    """Zeros of 640 MiB, packed by each method."""
    found = {}
    piece = bytes(64 << 20)
    for name, method in METHODS.items():
        packer = method.Compressor(1)
        for _ in range(10):
            packer.compress(piece)
        found[name] = bytes(packer.finish())
    return found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for a process's memory")
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("user", ["default", "reader"])
def test_a_small_body_does_not_become_a_large_one(ours, bombs, name, user):
    before = peak(ours.pid)
    query = {"query": "INSERT INTO t FORMAT RowBinary"} if user == "default" else {}
    headers = {"Content-Encoding": name}
    status, said = send(ours, "", query, user=user, headers=headers, body=bombs[name])
    assert (status, b"Code: 307. " in said) == (413, True), said
    assert peak(ours.pid) - before < 400 << 20
    assert send(ours, "SELECT 1") == (200, b"1\n")


def test_who_only_reads_sends_little(ours):
    status, said = send(ours, f"SELECT '{'x' * (1 << 20)}'")
    assert (status, said.startswith(b"Code: 307. ")) == (413, True)
