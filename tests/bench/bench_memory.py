"""A long replay must hold no more than a short one that has as much open.

Batches come from a generator and outputs are counted and dropped, so that what is left in memory is the
engine's own. Signals come at a steady pace, brackets are short and ids are forgotten after two minutes, so that
as much is open after the first fifth as at the end.
"""

import argparse
import gc
import json
import tracemalloc
from collections.abc import Iterator

import msgspec

from schemas.columns import Columns
from schemas.messages import Signal
from streams.engine.model.settings import Instruments
from streams.engine.model.units import MINUTE
from streams.engine.simulate import simulate
from tests.bench import market, ours

EVERY = 100
BATCH = 2_000


class Replay:
    """A market that goes on, one batch after the other, and what was allocated as each was asked for."""

    def __init__(self, batches: int) -> None:
        self.batches = batches
        self.shift = 0
        self.held: list[int] = []
        self.ticks = market.ticks(BATCH)
        self.entries = market.regular(BATCH, EVERY)
        self.length = int(self.ticks.ts[-1] - self.ticks.ts[0]) + market.SECOND

    def market(self) -> Iterator[Columns]:
        for number in range(self.batches):
            gc.collect()
            self.held.append(tracemalloc.get_traced_memory()[0])
            columns = ours.columns(self.ticks)
            columns.ts = self.ticks.ts + number * self.length
            yield columns

    def signals(self) -> Iterator[Signal]:
        for number in range(self.batches):
            for signal in ours.signals(self.ticks, self.entries):
                yield msgspec.structs.replace(
                    signal, signal_id=f"{number}-{signal.signal_id}", ts=signal.ts + number * self.length
                )


def run(batches: int) -> dict[str, object]:
    accounts = [
        msgspec.structs.replace(account, dedupe_for=2 * MINUTE) for account in ours.accounts(market.NARROW)
    ]
    replay = Replay(batches)
    outputs = 0
    signals = list(replay.signals())  # before the count begins: they are given, not kept
    tracemalloc.start()
    for some in simulate(accounts, replay.market(), signals, Instruments()):
        outputs += sum(1 for _ in some)
    tracemalloc.stop()
    fifth = batches // 5
    early = max(replay.held[fifth : 2 * fifth])
    late = max(replay.held[-fifth:])
    return {
        "ticks": batches * BATCH,
        "outputs": outputs,
        "early_bytes": early,
        "late_bytes": late,
        "growth": late / early,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("batches", type=int, nargs="?", default=200, help=f"of {BATCH:,} ticks")
    print(json.dumps(run(parser.parse_args().batches)))


if __name__ == "__main__":
    main()
