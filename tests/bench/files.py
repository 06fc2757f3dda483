"""Whole programs from files to files: what a person waits for, start-up, reading and writing included.

The files are written by a process of their own: what a process starts is said to have held what it held itself.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from tests.bench import bars
from tests.bench.bars import Bars, Brackets
from tests.bench.market import UNIT, Ints

ACCOUNT = """name: {name}
balance: 10000000
size: quantity
position_mode: per_signal
limit_fill: touch
use_signal_targets: true
"""


@dataclass(frozen=True)
class Spent:
    """By a process and those that it started."""

    seconds: float
    """Of the wall's clock."""
    processor: float
    megabytes: float
    """The most that one process held."""


def spent_by(command: Sequence[str | Path]) -> Spent:
    words = [str(word) for word in command]
    print("  " + " ".join([Path(words[0]).name, *words[1:6], "..."]), file=sys.stderr)
    started = os.times().elapsed
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} failed with status {process.returncode}")
    return Spent(os.times().elapsed - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def prepare(folder: Path, years: int, symbols: int = 1) -> None:
    """Minutes, and a thousand brackets a year."""
    program = [sys.executable, "-m", "tests.bench.files", str(folder), str(years), str(symbols)]
    subprocess.run(program, check=True)


def write(folder: Path, market: Bars, entries: Brackets, symbols: int) -> None:
    """`bars.csv` and `signals.csv`; with several symbols each has one session of every day after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    session = bars.DAY // bars.MINUTE // symbols
    names = np.array([f"S{number}" for number in range(symbols)])
    which = np.arange(len(market)) // session % symbols
    _write(
        folder / "bars.csv",
        {
            "ts": _times(market.ts),
            "symbol": names[which],
            **{name: getattr(market, name) / UNIT for name in ("open", "high", "low", "close", "volume")},
        },
    )
    _write(
        folder / "signals.csv",
        {
            "ts": _times(market.ts[entries.bar] + market.interval),
            "symbol": names[which[entries.bar]],
            "side": np.full(len(entries), "long"),
            "quantity": np.ones(len(entries), np.int64),
            "source": np.full(len(entries), "bench"),
            "signal_id": np.arange(len(entries)).astype(str),
            "take_profit": entries.target / UNIT,
            "stop_loss": entries.stop / UNIT,
        },
    )


def _times(micros: Ints) -> npt.NDArray[np.str_]:
    return np.char.add(micros.astype("datetime64[us]").astype("datetime64[s]").astype(str), "Z")


def _write(file: Path, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    pyarrow.csv.write_csv(pa.table(columns), file)


def replay(folder: Path, accounts: int, *options: str) -> list[str | Path]:
    """The command, with so many accounts that do the same."""
    named = []
    for number in range(accounts):
        named.append(folder / f"a{number}.yaml")
        named[-1].write_text(ACCOUNT.format(name=f"a{number}"))
    return [
        Path(sys.executable).with_name("ghostfill"), "replay", "--bars", folder / "bars.csv",
        "--signals", folder / "signals.csv", "--signals-at", "open", "--out", folder / "out",
        "--account", *named, *options,
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("years", type=int)
    parser.add_argument("symbols", type=int)
    options = parser.parse_args()
    write(options.folder, *bars.year_of_minutes(options.years), options.symbols)


if __name__ == "__main__":
    main()
