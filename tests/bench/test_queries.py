"""How fast the questions are on two million fills and 500,000 trades of fifty accounts: of one account, and of all.

Nothing is left out but `report-prices`: it asks for a market, and this history has none.
"""

import time

import pytest

from sinks.asking.questions import ask, questions
from tests.sinks import large
from tests.sinks.databases import database
from tests.sinks.server import embedded

pytestmark = pytest.mark.bench

ASKED = {name: question for name, question in questions().items() if name != "report-prices"}
MOST_S = {"one account": 1.0, "all accounts": 3.0}
SAID: dict[str, dict[str, object]] = {"one account": {"account": "a3"}, "all accounts": {}}
OF_ALL = {name for name, question in ASKED.items() if "account" not in question.parameters}
"""They compare accounts, and cannot be asked of one."""
NEEDED: dict[str, dict[str, object]] = {
    "trace": {"signal_id": "g3-777"},
    "report-differences": {"accounts": large.ACCOUNTS},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as server, database(server, "large") as client:
        large.make(client)
        yield client


def quickest(client, name, said):
    """Of three, and how many rows."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        rows = len(ask(client, name, **NEEDED.get(name, {}), **said).rows)
        times.append(time.perf_counter() - began)
    return min(times), rows


def test_every_question_is_answered_in_time(client):
    for table in ("fills", "orders", "trades", "equity", "slices"):
        print(f"{table:28}{client.command(f'SELECT count() FROM {table}'):>12,}")
    print(f"\n{'question':28}" + "".join(f"{of:>16}{'rows':>9}" for of in SAID))
    slow = {}
    for name in ASKED:
        line = f"{name:28}"
        for of, said in SAID.items():
            if said and name in OF_ALL:
                line += " " * 25
                continue
            seconds, rows = quickest(client, name, said)
            line += f"{seconds:>14.3f} s{rows:>9,}"
            if seconds > MOST_S[of]:
                slow[name, of] = seconds
        print(line)
    assert not slow
