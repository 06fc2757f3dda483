"""How the API stands many: fifty clients beside a million fills and a market that trades, a thousand streams."""

import asyncio
import random
import statistics
import time
from collections import defaultdict

import aiohttp
import pytest

from streams.local.machine.home import find_database
from tests.processes import cpu_s
from tests.sinks import large
from tests.web.stack import started

pytestmark = pytest.mark.bench

CLIENTS, WARM_UP_S, SECONDS, PAUSE_S = 50, 5, 30, 0.2
P99_MS = 100
STREAMS, HELD_S = 1_000, 30
OFTEN = {
    "/api/accounts": 4,
    "/api/accounts/{traded}": 4,
    "/api/positions?account={traded}": 4,
    "/api/slices/pending": 2,
    "/api/orders/open": 2,
    "/api/fills?account={traded}": 3,
    "/api/trades?account={traded}": 3,
    "/api/decisions?account={traded}&limit=100": 2,
    "/api/fills?account={large}": 1,
    "/api/trades?account={large}&cursor={cursor}": 1,
    "/api/performance?account={large}": 1,
    "/api/queries/equity-curve?account={large}": 1,
    "/api/fills": 1,
    "/api/orders?account={large}": 1,
    "/healthz": 1,
}
"""What is asked, and how often beside the others."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A demo at its usual speed, and accounts with years of trading beside it."""
    with started(tmp_path_factory.mktemp("load"), "60x") as stack:
        for number in range(1, large.ACCOUNTS + 1):
            wanted = {"name": f"a{number}", "preset": "vsr-slicer", "follow": ["nobody"]}
            status, told = stack.send("POST", "/api/accounts?wait=60", wanted)
            assert status == 200, told
        client = find_database(stack.environment).client()
        large.make(client)
        print(f"\n{client.command('SELECT count() FROM fills'):,} fills are stored")
        client.close()
        yield stack


async def ask(session, paths, weights, times, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        path = random.choices(paths, weights)[0]
        began = time.perf_counter()
        async with session.get(path) as answer:
            await answer.read()
            assert answer.status == 200, (path, await answer.text())
        times[path.partition("?")[0].rstrip("0123456789")].append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE_S * 2 * random.random())


def paths_of(stack):
    traded = [each["account"] for each in stack.all("/api/accounts")]
    cursors = {name: stack.get(f"/api/trades?account={name}")["next"] for name in ("a1", "a2", "a3")}
    found = {}
    for path, weight in OFTEN.items():
        for number in range(3):
            large_one = f"a{number + 1}"
            found[path.format(traded=traded[number], large=large_one, cursor=cursors[large_one])] = weight
    return found


def quantile(times, share):
    return 1_000 * sorted(times)[min(len(times) - 1, int(share * len(times)))]


def test_fifty_clients_are_answered_at_once(busy):
    chosen = paths_of(busy)

    async def load():
        async with aiohttp.ClientSession(busy.url) as session:
            for seconds in (WARM_UP_S, SECONDS):
                times: dict[str, list[float]] = defaultdict(list)
                asking = (
                    ask(session, list(chosen), list(chosen.values()), times, seconds) for _ in range(CLIENTS)
                )
                await asyncio.gather(*asking)
        return times

    times: dict[str, list[float]] = asyncio.run(load())
    every = [each for found in times.values() for each in found]
    print(f"\n{'':34}{'asked':>8}{'p50':>9}{'p99':>9}")
    for path, found in [*sorted(times.items()), ("all", every)]:
        print(f"{path:34}{len(found):>8,}{quantile(found, 0.5):>6.1f} ms{quantile(found, 0.99):>6.1f} ms")
    assert len(every) > CLIENTS * SECONDS
    assert quantile(every, 0.99) < P99_MS


def test_a_thousand_streams_are_held(busy):
    pid = busy.pid("web")

    async def hold(session, path, end, heard):
        async with session.get(path, timeout=aiohttp.ClientTimeout(total=None)) as answer:
            assert answer.status == 200
            count = 0
            while time.perf_counter() < end:
                try:
                    line = await asyncio.wait_for(
                        answer.content.readline(), max(0.1, end - time.perf_counter())
                    )
                except TimeoutError:
                    break
                assert line, "it was cut"
                count += line.startswith(b"data:")
            heard.append(count)

    async def load():
        heard: list[int] = []
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(busy.url, connector=connector, read_bufsize=1 << 20) as session:
            end = time.perf_counter() + HELD_S
            pages = (
                "/live?page=/",
                "/live?page=/accounts/vsr-slicer",
                "/api/events?kind=fill",
                "/api/events",
            )
            await asyncio.gather(*(hold(session, pages[at % 4], end, heard) for at in range(STREAMS)))
        return heard

    before = cpu_s(pid)
    heard: list[int] = asyncio.run(load())
    used = (cpu_s(pid) - before) / HELD_S
    print(f"\n{len(heard):,} streams, {statistics.median(heard):,.0f} events each, {used:.0%} of a core")
    assert len(heard) == STREAMS and min(heard) > 0
    assert busy.get("/readyz")["ready"]
