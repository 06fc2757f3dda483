"""What the API of a running demo answers: lists, questions, how it runs."""

import json
import threading
import time
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.text.numbers import time as micros
from schemas.text.numbers import time_text
from tests.web.asking import holds, opened, order, problem, settled, walk
from tests.web.stack import PATIENCE_S, await_that

LISTS = {
    "fills": "fill_id",
    "trades": "trade_id",
    "decisions": "decision_id",
    "equity": "equity_id",
    "alerts": "alert_id",
}
TIMES = {"trades": "exit_ts"}


# Lists


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.smoke) if name == "fills" else name for name in LISTS]
)
def test_memory_and_clickhouse_have_the_same_documents(stack, busiest, name):
    """Without an account a list is ClickHouse's alone; with one, its newest are those of memory."""
    key, ts = LISTS[name], TIMES.get(name, "ts")
    accounts = [each["account"] for each in stack.all("/api/accounts")]
    from_memory = {}
    for account in accounts:
        for each in stack.get(f"/api/{name}?account={quote(account)}&limit=150")["items"]:
            from_memory[each[key]] = each
    if not from_memory:
        assert name == "alerts"
        return
    last, first = (
        max(each[ts] for each in from_memory.values()),
        min(each[ts] for each in from_memory.values()),
    )

    def stored():
        found = walk(stack, f"/api/{name}?since={first}&until={time_text(micros('ts', last) + 1)}", 500)
        by_id = {each[key]: each for each in found}
        assert len(by_id) == len(found)
        return by_id if from_memory.keys() <= by_id.keys() else None

    by_id = await_that(stored)
    assert {each: by_id[each] for each in from_memory} == from_memory


def test_pages_give_each_row_once_while_more_come(stack, busiest):
    """An account numbers its equity rows from 1 on; a few are remembered, the others are ClickHouse's."""
    first = stack.get(f"/api/equity?account={busiest}&limit=1")["items"][0]
    for limit in (60, 500):
        walked = walk(stack, f"/api/equity?account={busiest}", limit, partial(time.sleep, 0.05))
        numbers = [int(each["equity_id"].removeprefix(f"{busiest}-e")) for each in walked]
        assert numbers == list(range(numbers[0], 0, -1))
        assert numbers[0] >= int(first["equity_id"].removeprefix(f"{busiest}-e")) > 100
    fills = [
        (each["ts"], len(each["fill_id"]), each["fill_id"])
        for each in walk(stack, f"/api/fills?account={busiest}", 13)
    ]
    assert fills == sorted(set(fills), reverse=True)


@pytest.mark.parametrize(
    ("name", "ts", "key"),
    [
        ("trades", "exit_ts", "trade_id"),
        ("orders", "created", "order_id"),
        ("slices", "due", "slice_id"),
        ("signals", "ts", "signal_id"),
    ],
)
def test_pages_without_an_account_give_each_row_once(stack, name, ts, key):
    """Also of rows that have several states: their places do not change with them."""
    page = stack.get(f"/api/{name}?limit=120")
    until = page["items"][-1][ts]  # of those everything is stored

    def ids(limit):
        found = walk(stack, f"/api/{name}?until={until}", limit)
        return [(each[ts], each[key], each.get("source")) for each in found]

    in_one = ids(500)
    assert len(set(in_one)) == len(in_one) and in_one == sorted(in_one, key=itemgetter(0), reverse=True)
    assert ids(37) == in_one


def test_filters_leave_out_what_was_not_asked_for(stack, busiest):
    everything = walk(stack, f"/api/fills?account={busiest}", 500)
    symbol = everything[-1]["symbol"]
    since, until = everything[-1]["ts"], everything[len(everything) // 2]["ts"]
    found = walk(stack, f"/api/fills?account={busiest}&symbol={symbol}&since={since}&until={until}", 20)
    assert found and found == [
        each for each in everything if each["symbol"] == symbol and since <= each["ts"] < until
    ]
    signal_id = everything[-1]["signal_id"]
    found = stack.get(f"/api/fills?signal_id={quote(signal_id)}&account={busiest}")["items"]
    assert found == [each for each in everything if each["signal_id"] == signal_id]
    (source,) = stack.get(f"/api/accounts/{busiest}")["follow"]
    trades = stack.get(f"/api/trades?source={source}&limit=20")["items"]
    assert trades and {each["source"] for each in trades} == {source}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("source=x", "source: found 'x', expected no source: fills have none to filter by"),
        ("since=soon", "since: found 'soon', expected an ISO time"),
        ("cursor=soon", "cursor: found 'soon', expected the `next` of the previous page"),
        ("limit=0", "query.limit: Input should be greater than or equal to 1"),
        ("limit=501", "query.limit: Input should be less than or equal to 500"),
    ],
)
def test_a_list_that_cannot_be_is_told_why(stack, query, word):
    assert problem(stack.ask("GET", f"/api/fills?{query}"), 422)["detail"].startswith(word)


@pytest.mark.parametrize("name", [*LISTS, "signals", "orders", "slices"])
def test_each_list_is_there(stack, name):
    page = stack.get(f"/api/{name}?limit=3")
    assert set(page) == {"items", "next"}
    assert len(page["items"]) == 3 or page["next"] is None


# Documents that somebody has already


def test_who_has_a_document_is_told_so(stack, mine):
    stack.send("POST", f"/api/accounts/{mine}/pause?wait=20")
    await_that(lambda: stack.get(f"/api/accounts/{mine}")["status"] == "paused")
    path = f"/api/equity?account={mine}"
    first = await_that(lambda: reply if (reply := stack.ask("GET", path)).document["items"] else None)
    tag = first.headers["etag"]
    again = stack.ask("GET", path, headers={"If-None-Match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    other = stack.ask("GET", path, headers={"If-None-Match": '"another"'})
    assert (other.status, other.body) == (200, first.body)
    assert stack.ask("GET", f"{path}&limit=1", headers={"If-None-Match": f'W/"x", {tag}'}).status in (
        200,
        304,
    )
    stack.send("POST", f"/api/accounts/{mine}/resume?wait=20")


# Questions


def test_each_question_has_an_answer(stack):
    known = stack.get("/api/queries")
    assert len(known) > 25
    for each in known:
        needed = {
            name: "AURA" for name, parameter in each["parameters"].items() if parameter["default"] is None
        }
        answer = stack.get(f"/api/queries/{each['name']}?{urlencode(needed)}")
        assert all(len(row) == len(answer["columns"]) == len(answer["types"]) for row in answer["rows"])


def test_a_question_says_what_it_takes(stack):
    assert (
        problem(stack.ask("GET", "/api/queries/performance?x=1"), 422)["detail"]
        == "performance takes no x; it takes account, since, until"
    )
    for since in ("soon", "0001-01-01T00:00:00%2B05:00"):
        assert (
            "expected a time such as"
            in problem(stack.ask("GET", f"/api/performance?since={since}"), 422)["detail"]
        )


def test_performance_agrees_with_the_command(stack):
    """Of an account that is paused and holds nothing, so that both tell of the same moment."""

    name = opened(stack, f"api-rests-{uuid4().hex[:6]}", follow=["nobody"])
    assert order(stack, name)[0] == 200
    await_that(lambda: holds(stack, name, 1))
    for action in ("close-all", "pause"):
        assert stack.send("POST", f"/api/accounts/{name}/{action}?wait=20")[0] == 200
    settled(stack, name)

    def stored():
        return next((row for row in stack.get("/api/performance") if row["account"] == name), None)

    row = await_that(lambda: (found := stored()) and found["trades"] and found)
    (said,) = json.loads(stack.run("stats", name, "--json"))
    for key in ("trades", "wins", "win_rate", "profit_factor", "expectancy", "net_pnl", "fees", "best_trade"):
        assert said[key] == row[key], key


def sql(stack, statement):
    return stack.ask("POST", "/api/sql", {"statement": statement})


def test_sql_answers(stack):
    found = sql(
        stack, "SELECT account, count() AS fills FROM fills GROUP BY account ORDER BY account;"
    ).document
    assert found["columns"] == ["account", "fills"] and len(found["rows"]) > 1
    assert stack.get("/api/sql?statement=SELECT+1%2B1+AS+two") == {
        "columns": ["two"],
        "types": ["UInt16"],
        "rows": [[2]],
    }
    assert sql(stack, "SELECT 5 % 2, '%s {x}' -- a word").document["rows"] == [[1, "%s {x}"]]
    assert sql(stack, "SELECT count() FROM trades WHERE exit_reason = 'file'").document["rows"] == [[0]]
    assert sql(stack, "SELECT 1 AS a WHERE 0").document == {"columns": ["a"], "types": ["UInt8"], "rows": []}
    odd = "SELECT map(1, toDecimal64(2.5, 2)), toInt256(2) * toInt256('90000000000000000000'), toIPv6('::1'), toFixedString('ab', 3), nan, [(1, NULL)]"
    assert sql(stack, odd).document["rows"] == [
        [{"1": "2.5"}, "180000000000000000000", "::1", "ab", None, [[1, None]]]
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE fills",
        "TRUNCATE TABLE fills",
        "ALTER TABLE fills DELETE WHERE 1",
        "OPTIMIZE TABLE fills",
        "INSERT INTO fills (fill_id) VALUES ('x')",
        "INSERT INTO fills SELECT * FROM fills",
        "CREATE TABLE x (a UInt8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE x (a UInt8)",
        "RENAME TABLE fills TO x",
        "SET max_execution_time = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "DESCRIBE TABLE url(concat('fi','le:///etc/passwd'), 'LineAsString')",
        "DESCRIBE sqlite('/tmp/ghostfill-test-sqlite', 't')",
        "DESCRIBE mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
        "SELECT * FROM system.processes",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT file('/etc/hostname')",
        r"SELECT `fi\x6ce`('/etc/hostname')",
        "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
        "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
        "SELECT * FROM executable('id', 'LineAsString', 'a String')",
        "SELECT 1 INTO OUTFILE '/tmp/ghostfill-test-outfile'",
        "SELECT 1 # ' \n INTO OUTFILE '/tmp/ghostfill-test-outfile' -- '",
        "SYSTEM FLUSH LOGS",
        "KILL QUERY WHERE 1",
        "SELECT 1; DROP TABLE fills",
        "SELECT 1 FORMAT JSON",
        "nonsense",
        " ; ",
    ],
)  # fmt: skip
def test_sql_only_reads(stack, tmp_path, statement):
    before = sql(stack, "SELECT count() > 0 FROM fills").document["rows"]
    found = problem(sql(stack, statement.replace("/tmp/ghostfill-test", str(tmp_path / "x"))), 422)
    assert "root:" not in found["detail"]
    assert list(tmp_path.iterdir()) == []
    assert sql(stack, "SELECT count() > 0 FROM fills").document["rows"] == before == [[1]]


def test_sql_has_limits_and_says_them(stack):
    found = problem(sql(stack, "SELECT number FROM numbers(200001)"), 422)
    assert "Limit for result exceeded, max rows: 100.00 thousand" in found["detail"]
    found = problem(sql(stack, "SELECT groupArray(toString(number)) FROM numbers(300000000)"), 422)
    assert "emory limit exceeded" in found["detail"] and "maximum: 1.00 GiB" in found["detail"]
    found = problem(sql(stack, "SELECT repeat('x', 1000000) FROM numbers(400)"), 422)
    assert "16" in found["detail"] and "MiB" in found["detail"]
    assert len(sql(stack, "SELECT number FROM numbers(100000)").document["rows"]) == 100_000


def test_sql_that_takes_long_is_ended_and_nobody_waits_for_it(stack):
    endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
    replies = []
    endless_ones = [threading.Thread(target=lambda: replies.append(sql(stack, endless))) for _ in range(2)]
    for each in endless_ones:
        each.start()
    time.sleep(1)
    for number in range(3):  # each asked for the first time
        stack.get(
            f"/api/fills?until={time_text(micros('ts', '2026-01-05T15:00:00Z') + time.time_ns() // 1000 % 10**6 + number)}"
        )
    assert replies == []
    for each in endless_ones:
        each.join()
    for reply in replies:
        found = problem(reply, 422)
        assert "Timeout exceeded" in found["detail"] and "maximum: 20" in found["detail"]
    assert sql(stack, "SELECT 1").document["rows"] == [[1]]


# How it runs


@pytest.mark.smoke
def test_health(stack):
    reply = stack.ask("GET", "/healthz")
    assert (reply.status, reply.body) == (200, b"ok\n")
    ready = await_that(lambda: reply if (reply := stack.ask("GET", "/readyz")).status == 200 else None)
    assert ready.document == {"ready": True, "troubles": []}
    status = await_that(lambda: found if (found := stack.get("/api/status"))["condition"] else None)
    assert status["condition"]["runs"] and status["looked_at"] > 0


@pytest.mark.smoke
def test_metrics_are_prometheus_s(stack, mine):
    reply = stack.ask("GET", "/metrics")
    families = {each.name: each for each in text_string_to_metric_families(reply.body.decode())}
    assert reply.headers["content-type"].startswith("text/plain")
    equity = {each.labels["account"]: each.value for each in families["ghostfill_account_equity"].samples}
    assert abs(equity[mine] - float(stack.get(f"/api/accounts/{mine}")["equity"])) < 50_000
    up = {each.labels["part"]: each.value for each in families["ghostfill_up"].samples}
    assert up.keys() == {"kafka", "desk", "gate", "clickhouse", "sink", "web"}
    records = {each.labels["topic"]: each.value for each in families["ghostfill_records"].samples}
    assert records["fills"] > 0
    assert {each.labels["market"] for each in families["ghostfill_market_age_seconds"].samples} == {"ticks"}
    live = {each.labels["shard"]: each.value for each in families["ghostfill_shard_live"].samples}
    assert live == {str(shard): 1 for shard in range(8)}
    assert {
        "ghostfill_shard_lag",
        "ghostfill_shard_waiting",
        "ghostfill_account_day_pnl",
        "ghostfill_account_drawdown",
        "ghostfill_group_lag",
    } <= families.keys()


def test_the_description_names_every_route(stack):
    described = stack.get("/api/openapi.json")
    assert described["openapi"].startswith("3.1")
    for path in (
        "/api/accounts",
        "/api/signals",
        "/api/orders",
        "/api/events",
        "/api/sql",
        "/metrics",
        "/readyz",
    ):
        assert path in described["paths"]
    assert stack.ask("GET", "/docs").status == 200


@contextmanager
def without(stack, part):
    """One of its processes is killed; the supervisor starts it again."""
    import os
    import signal

    pid = stack.pid(part)
    os.kill(pid, signal.SIGKILL)
    yield
    await_that(lambda: stack.pid(part) != pid)
    await_that(lambda: stack.ask("GET", "/readyz").status == 200, 2 * PATIENCE_S)


def test_without_clickhouse_lists_of_it_say_so_and_memory_goes_on(stack, busiest):
    with without(stack, "clickhouse"):
        found = []
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            reply = stack.ask("GET", f"/api/sql?statement=SELECT+{uuid4().int % 10**6}")
            assert stack.ask("GET", f"/api/fills?account={busiest}&limit=5").status == 200
            found.append(reply)
            if reply.status == 200:
                break
    away = [reply for reply in found if reply.status != 200]
    assert away and found[-1].status == 200
    for reply in away:
        assert "ClickHouse does not answer" in problem(reply, 503)["detail"]
        assert reply.headers["retry-after"] == "1"
