"""Measures the whole pipeline on a Kafka of its own, and prints what it came to.

    python -m tests.bench.bench_pipeline                  # everything: about thirteen minutes
    python -m tests.bench.bench_pipeline ticks --quick    # of ticks, batches, signals, latency
    python -m tests.bench.bench_pipeline --check          # and fail where a target is missed

Ratios are of programs that ran one after the other on the same broker. Each line says how busy the machine was.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import bench_desks, bench_latency, bench_signals, bench_sink, bench_ticks
from tests.bench.run import Row, check

BENCHMARKS: dict[str, Callable[[bool, Path], list[Row]]] = {
    "ticks": lambda quick, work: bench_ticks.ticks(bench_ticks.QUICK if quick else bench_ticks.FULL, work),
    "batches": lambda quick, work: bench_ticks.batches(
        bench_ticks.QUICK if quick else bench_ticks.FULL, work
    ),
    "signals": lambda quick, work: bench_signals.signals(15 if quick else 60, work),
    "desks": lambda quick, work: bench_desks.desks(10 if quick else 30, work),
    "sink": lambda quick, work: bench_sink.sink(bench_sink.QUICK if quick else bench_sink.FULL, work),
    "sink-ticks": lambda quick, work: bench_sink.ticks(bench_sink.QUICK if quick else bench_sink.FULL, work),
    "latency": lambda quick, work: bench_latency.latency(100 if quick else 500, work),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", metavar="benchmark", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work")
    parser.add_argument("--check", action="store_true", help="fail where a target is missed")
    options = parser.parse_args()
    unknown = set(options.only) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    rows: list[Row] = []
    for name in options.only or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="ghostfill-bench-") as work:
            found = BENCHMARKS[name](options.quick, Path(work))
        print("\n".join(map(str, found)))
        rows += found
    if options.check:
        check(rows)


if __name__ == "__main__":
    main()
