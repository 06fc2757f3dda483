"""How fast ticks become columns: numpy against fastavro and JSON, one message a tick.

    python tests/bench/bench_decode.py [--check]

`--check` fails below 8 times fastavro. The best of several runs counts: what disturbs only makes slower.
"""

import argparse
import io
import random
import sys
import timeit
from collections.abc import Callable, Sequence

import fastavro
import numpy as np
import orjson

from schemas.catalog import catalog
from schemas.codec import encode
from schemas.columns import Columns
from schemas.market.tick_writer import tick_batch, write_ticks
from schemas.market.ticks import MarketReader
from schemas.wire.tick_record import FIELDS

BATCHES = (500, 5_000)
SYMBOLS = ["AAPL", "BTCUSDT", "EURUSD", "MSFT"]
REQUIRED = 8.0
REPEATS = 15
MESSAGES = 10_000


def market(size: int) -> Columns:
    """A random walk that looks like a market."""
    chance = random.Random(size)
    ts = np.cumsum([chance.randrange(1, 5_000) for _ in range(size)]) + 1_741_012_200_000_000
    price = np.cumsum([chance.randrange(-5, 6) * 1_000_000 for _ in range(size)]) + 23_861_000_000
    volume = np.array([chance.randrange(1, 500) * 100_000_000 for _ in range(size)])
    symbol = np.array([chance.randrange(len(SYMBOLS)) for _ in range(size)], np.int32)
    return Columns(SYMBOLS, symbol, ts, price, volume, price - 1_000_000, price + 1_000_000)


def microseconds(run: Callable[[], object], size: int) -> float:
    """The best time of one message."""
    number = max(1, MESSAGES // size)
    return min(timeit.repeat(run, number=number, repeat=REPEATS)) / number / size * 1e6


def with_fastavro(values: Sequence[bytes]) -> Callable[[], object]:
    schema = catalog().schemas.current("tick").parsed

    def run() -> object:
        found = []
        for value in values:
            source = io.BytesIO(value)
            source.seek(10)
            found.append(fastavro.schemaless_reader(source, schema, None))
        return found

    return run


def with_orjson(columns: Columns) -> Callable[[], object]:
    rows = zip(*(getattr(columns, name).tolist() for name in FIELDS), strict=True)
    values = [orjson.dumps({"symbol": "BTCUSDT"} | dict(zip(FIELDS, row, strict=True))) for row in rows]
    return lambda: [orjson.loads(value) for value in values]


def measure(size: int) -> float:
    columns = market(size)
    keys, values = write_ticks(columns)
    reader = MarketReader()
    if not np.array_equal(reader.read(keys, values).columns.price, columns.price):
        raise AssertionError("what was read is not what was written")
    numpy_time = microseconds(lambda: reader.read(keys, values), size)
    avro_time = microseconds(with_fastavro(values), size)
    json_time = microseconds(with_orjson(columns), size)
    print(
        f"batches of {size:>5}: columns {numpy_time:.3f} us a tick, fastavro {avro_time:.2f} "
        f"({avro_time / numpy_time:.1f}x), orjson without conversion {json_time:.2f} "
        f"({json_time / numpy_time:.1f}x)"
    )
    return avro_time / numpy_time


def measure_tick_batches() -> None:
    columns = market(1_000)
    columns.symbol[:] = 0
    batch = tick_batch(columns)
    reader = MarketReader()
    value = encode(batch)
    keys, values = [b"AAPL"] * 100, [value] * 100
    spent = microseconds(lambda: reader.read(keys, values), 100_000)
    print(f"tick-batches of 1,000: {spent:.3f} us a tick")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help=f"fail below {REQUIRED:g} times fastavro")
    options = parser.parse_args(arguments)
    worst = min(measure(size) for size in BATCHES)
    measure_tick_batches()
    if options.check and worst < REQUIRED:
        print(f"too slow: {worst:.1f} times fastavro, expected {REQUIRED:g}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
