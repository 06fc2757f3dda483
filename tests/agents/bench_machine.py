"""What a market costs a process with eight shards: runs decoded already, orders that rest far away.

python -m tests.agents.bench_machine
"""

import argparse
import sys
import time

import numpy as np

from schemas.columns import Columns
from schemas.messages import Command
from schemas.partition import shard_of
from streams.accounts import account_with, whole_settings
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketRun
from streams.engine.model.units import MILLISECOND, ONE, SECOND
from tests.agents.desk import entry_of

START = 1_767_625_200 * SECOND
SYMBOLS = [f"S{number:02}" for number in range(20)]
RUN = 5_000


def market(count: int) -> list[MarketRun]:
    """Quoted ticks, symbols at random, a millisecond apart."""
    dice = np.random.default_rng(1)
    symbol = dice.integers(0, len(SYMBOLS), count).astype(np.int32)
    price = np.zeros(count, np.int64)
    for number in range(len(SYMBOLS)):
        rows = symbol == number
        steps = dice.integers(-1, 2, int(rows.sum())).cumsum()
        price[rows] = (100 * 100 + steps) * (ONE // 100)
    ts = START + np.arange(count) * MILLISECOND
    size = dice.integers(1, 100, count) * ONE
    cent = ONE // 100
    runs = []
    for at in range(0, count, RUN):
        part = slice(at, at + RUN)
        columns = Columns(
            SYMBOLS, symbol[part], ts[part], price[part], size[part], price[part] - cent, price[part] + cent
        )
        offsets = np.arange(at, at + len(columns))
        runs.append(MarketRun(at, at + len(columns), int(ts[part][-1]), columns, offsets))
    return runs


def machines(shards: int, accounts: int, orders: int, first: MarketRun) -> list[DeskMachine]:
    """Accounts spread over the shards by their names, and in each symbol so many orders spread over them."""
    made = [DeskMachine(shard) for shard in range(shards)]
    names = [f"account {number}" for number in range(accounts)]
    offset = 0

    def send(command: Command) -> None:
        nonlocal offset
        offset += 1
        made[shard_of(command.account, shards)].admit(offset, entry_of(command, offset))

    for number, name in enumerate(names):
        settings = account_with(None, {"balance": "1_000_000"}, name)
        send(
            Command(
                command_id=f"c{number}",
                account=name,
                kind="create",
                ts=START,
                settings=whole_settings(settings),
            )
        )
    for machine in made:
        machine.pass_market("ticks", first)
    for number in range(orders * len(SYMBOLS)):
        wanted = {"symbol": SYMBOLS[number // orders], "side": "buy", "order_type": "limit"}
        placed = Command(
            command_id=f"o{number}",
            account=names[number % accounts],
            kind="place",
            ts=START,
            quantity=ONE,
            limit_price=50 * ONE,
            **wanted,  # type: ignore[arg-type]
        )
        send(placed)
    return made


def seconds(shards: int, count: int, accounts: int, orders: int, snapshots: int = 0) -> tuple[float, float]:
    """To pass the market, and of that to write down what changed, every so many runs."""
    first, second, *runs = market(count)
    made = machines(shards, accounts, orders, first)
    for machine in made:
        machine.pass_market("ticks", second)
        machine.changed()
    writing = 0.0
    began = time.process_time()
    for number, run in enumerate(runs):
        for machine in made:
            machine.pass_market("ticks", run)
        if snapshots and number % snapshots == 0:
            start = time.process_time()
            for machine in made:
                machine.changed()
                machine.header()
            writing += time.process_time() - start
        runs[number] = None  # type: ignore[call-overload]
    return time.process_time() - began, writing


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ticks", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=80)
    parser.add_argument("--orders", type=int, default=200, help="a symbol")
    options = parser.parse_args()
    for shards in (1, 8):
        for snapshots in (0, 10):
            took, writing = min(
                seconds(shards, options.ticks, options.accounts, options.orders, snapshots) for _ in range(2)
            )
            sys.stdout.write(
                f"{shards} machines, rows written every {snapshots or 'no'} runs: {took:.2f} s, "
                f"{options.ticks / took / 1e6:.2f} M ticks/s; of that rows {writing:.2f} s\n"
            )


if __name__ == "__main__":
    main()
