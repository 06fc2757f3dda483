"""How fast the questions are on a million fills, a million orders, 250,000 trades and 400,000 rows of equity."""

import time

import pytest

from sinks.asking.questions import ask, questions
from tests.sinks import large
from tests.sinks.databases import database
from tests.sinks.server import embedded

pytestmark = pytest.mark.bench

DASHBOARD = (
    "performance equity-curve drawdown drawdowns daily-ledger slice-effectiveness entry-timing skipped-slices pnl-by-symbol"
    " pnl-by-exit-reason pnl-by-source pnl-by-hour best-trades worst-trades recent-trades recent-fills open-positions markers hold-time"
    " theories win-rate-over-time profit-factor sharpe sortino cagr rejected signals-seen fill-latency excursion-quantiles"
).split()
MOST_S = 1.0
NEEDED = {"trace": {"signal_id": "g3-777"}}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with embedded(tmp_path_factory.mktemp("clickhouse")) as server, database(server, "large") as client:
        large.make(client)
        yield client


def quickest(client, name, **parameters):
    """Of three, and how many rows."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        rows = len(ask(client, name, **NEEDED.get(name, {}), **parameters).rows)
        times.append(time.perf_counter() - began)
    return min(times), rows


def test_a_dashboard_s_questions_take_less_than_a_second(client):
    for table in ("fills", "orders", "trades", "equity", "slices"):
        print(f"{table:28}{client.command(f'SELECT count() FROM {table}'):>12,}")
    print(f"\n{'question':28}{'one account':>14}{'rows':>9}{'all ten':>14}{'rows':>9}")
    slow = {}
    for name in [name for name in questions() if not name.startswith("report-")]:
        one, one_rows = quickest(client, name, account="a3")
        all_ten, rows = quickest(client, name)
        print(f"{name:28}{one:>12.3f} s{one_rows:>9,}{all_ten:>12.3f} s{rows:>9,}")
        if name in DASHBOARD and one > MOST_S:
            slow[name] = one
    assert not slow
