"""Measures Ghostfill against its peers on this machine and prints the ratios.

    python -m tests.bench.run            # everything: about ten minutes
    python -m tests.bench.run --quick    # a tenth of the ticks
    python -m tests.bench.run --check    # and fail where a target is missed

Every program runs in a process of its own, one after the other, on the same ticks from memory. The peers live
in environments of their own (`peers`).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import bars, files, market
from tests.bench.peers import peer

ROOT = Path(__file__).parent.parent.parent

Result = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of the table: a number, and what it must be."""

    what: str
    number: float
    unit: str
    target: float | None = None
    at_most: bool = False
    detail: str = ""

    @property
    def missed(self) -> bool:
        if self.target is None:
            return False
        return self.number > self.target if self.at_most else self.number < self.target

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        goal = "" if self.target is None else f"{sign} {self.target:,g}"
        verdict = "" if self.target is None else "MISSED" if self.missed else "ok"
        precise = self.number < 10 and self.unit == "times"
        shown = f"{self.number:,.2f}" if precise else f"{self.number:,.0f}"
        return f"{self.what:<47}{shown:>12} {self.unit:<9}{goal:>10} {verdict:<7}{self.detail}"


@dataclass(frozen=True)
class Sizes:
    """How many ticks or events each program is given."""

    replay: int
    nautilus: int
    lots: int
    dense: int
    dense_wide: int
    events: int
    batches: int


FULL = Sizes(10_000_000, 1_000_000, 2_000_000, 200_000, 50_000, 200_000, 400)
QUICK = Sizes(1_000_000, 200_000, 500_000, 50_000, 20_000, 50_000, 200)


def measure(command: Sequence[str], *arguments: object) -> Result:
    """Run a program and read the JSON that it prints last."""
    whole = [*command, *map(str, arguments)]
    print("  " + " ".join([Path(whole[0]).name, *whole[1:]]), file=sys.stderr)
    done = subprocess.run(whole, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(whole)} failed with status {done.returncode}; it said why above.")
    result: Result = json.loads(done.stdout.splitlines()[-1])
    print(f"    {result}", file=sys.stderr)
    return result


def ours(name: str) -> list[str]:
    return [sys.executable, "-m", f"tests.bench.bench_{name}"]


def best(command: Sequence[str], *arguments: object) -> Result:
    """The faster of two runs."""
    return min((measure(command, *arguments) for _ in range(2)), key=lambda result: result["seconds"])


def rate(result: Result) -> float:
    return float(result["ticks"] / result["seconds"])


def speeds(name: str, mine: Result, peer: Result) -> str:
    return f"{rate(mine):,.0f} ticks/s; {name} {rate(peer):,.0f}"


def replay(sizes: Sizes, work: Path) -> list[Row]:
    ticks = market.ticks(sizes.replay)
    market.save(work / "replay", ticks, market.scattered(len(ticks), sizes.replay // 50_000), market.WIDE)
    nautilus = best(peer("nautilus"), work / "replay", sizes.nautilus)
    vectorbt = best(peer("vectorbt"), work / "replay", sizes.replay)
    lots = best(peer("vectorbt"), work / "replay", sizes.lots, "--lots")
    mine = best(ours("replay"), work / "replay", sizes.replay)
    return [
        Row(
            "replay, against nautilus_trader",
            rate(mine) / rate(nautilus),
            "times",
            300,
            detail=speeds("it", mine, nautilus),
        ),
        Row(
            "replay, against vectorbt, one position at once",
            rate(mine) / rate(vectorbt),
            "times",
            detail=speeds("it", mine, vectorbt),
        ),
        Row(
            "replay, against vectorbt, every bracket",
            rate(mine) / rate(lots),
            "times",
            10,
            detail=speeds("it", mine, lots),
        ),
    ]


def dense(sizes: Sizes, work: Path) -> list[Row]:
    rows = []
    for name, bracket, count, target in (
        ("short brackets", market.NARROW, sizes.dense, None),
        ("long brackets", market.WIDE, sizes.dense_wide, 15),
    ):
        where = work / name.replace(" ", "-")
        ticks = market.ticks(count)
        market.save(where, ticks, market.regular(count, 100), bracket)
        nautilus = best(peer("nautilus"), where, count)
        mine = best(ours("replay"), where, count)
        rows.append(
            Row(
                f"an order every 100 ticks, {name}",
                rate(mine) / rate(nautilus),
                "times",
                target,
                detail=speeds("nautilus_trader", mine, nautilus),
            )
        )
        differing: Counter[str] = Counter(mine["exits"])
        differing.subtract(nautilus["exits"])
        rows.append(
            Row(
                "  ... that end otherwise than in nautilus_trader",
                sum(map(abs, differing.values())),
                "brackets",
                0,
                True,
                f"of {mine['closed']:,} closed",
            )
        )
    return rows


def quotes(sizes: Sizes, work: Path) -> list[Row]:
    where = work / "quotes"
    ticks, entries = market.month_of_quotes()
    market.save(where, ticks, entries, market.HOURS)
    nautilus = best(peer("nautilus"), where, len(ticks))
    mine = best(ours("replay"), where, len(ticks))
    detail = speeds("nautilus_trader", mine, nautilus)
    return [Row("a month of quotes, four a minute", rate(mine) / rate(nautilus), "times", 20, detail=detail)]


def minutes(sizes: Sizes, work: Path) -> list[Row]:
    """A year of minute bars."""
    found = _on_bars("minutes", work, ("nautilus_bars", "backtesting", "vectorbt_bars"))
    targets = {"nautilus_bars": 20, "backtesting": 20, "vectorbt_bars": 5}
    return [_against(name, "a year of minutes", found, target) for name, target in targets.items()]


def lots(sizes: Sizes, work: Path) -> list[Row]:
    """Two hundred lots open at once on hourly bars."""
    found = _on_bars("lots", work, ("nautilus_bars",))
    return [_against("nautilus_bars", "200 lots open, ten years of hours", found, 20)]


def _on_bars(world: str, work: Path, peers: Sequence[str]) -> dict[str, Result]:
    bars.save(work / world, *bars.WORLDS[world]())
    return {
        "ours": best(ours("bars"), work / world),
        **{name: best(peer(name), work / world) for name in peers},
    }


def _against(name: str, what: str, found: dict[str, Result], target: float) -> Row:
    mine, theirs = found["ours"], found[name]
    detail = (
        f"{mine['seconds']:.2f} s; it {theirs['seconds']:.2f} s; numpy reads the columns in {mine['reading']:.4f} s;"
        f" {mine['closed']} closed, it {theirs['closed']}"
    )
    return Row(
        f"{what}, against {name.removesuffix('_bars')}", theirs["seconds"] / mine["seconds"], "times", target,
        detail=detail,
    )  # fmt: skip


def whole(sizes: Sizes, work: Path) -> list[Row]:
    """The year of minutes from files to files, and what more accounts add."""
    folder = work / "whole"
    files.prepare(folder, years=1)
    mine = min((files.spent_by(files.replay(folder, 1)) for _ in range(3)), key=lambda spent: spent.seconds)
    theirs = files.spent_by([*peer("backtesting_files"), folder])
    sweep = files.spent_by(files.replay(folder, 100, "--jobs", "2"))
    return [
        Row(
            "... from files to files, against backtesting", theirs.seconds / mine.seconds, "times", 5,
            detail=f"{mine.seconds:.2f} s; it {theirs.seconds:.2f} s",
        ),
        Row(
            "100 accounts over it in two processes, against one", sweep.seconds / mine.seconds, "times", 12, True,
            detail=f"{sweep.seconds:.1f} s, at most {sweep.megabytes:,.0f} MB a process",
        ),
    ]  # fmt: skip


def years(sizes: Sizes, work: Path) -> list[Row]:
    """Ten symbols, ten accounts: time grows with the bars, memory does not."""
    spent = {}
    for count in (1, 2, 5):
        folder = work / f"years-{count}"
        files.prepare(folder, years=count, symbols=10)
        spent[count] = files.spent_by(files.replay(folder, 10))
    seconds = ", ".join(
        f"{count}: {each.processor:.1f} s, {each.megabytes:,.0f} MB" for count, each in spent.items()
    )
    return [
        Row("five years of minutes, memory", spent[5].megabytes, "MB", 600, True, f"of years {seconds}"),
        Row(
            "... time, against five times one year",
            spent[5].processor / spent[1].processor / 5,
            "times",
            1.1,
            True,
        ),
    ]


def account(sizes: Sizes, work: Path) -> list[Row]:
    result = best(ours("account"), sizes.events)
    accepted = result["decisions"].get("accepted", 0)
    detail = f"{accepted:,} accepted, {result['fills']:,} fills, {result['outputs']:,} outputs"
    return [
        Row(
            "one account's busy day", result["events"] / result["seconds"], "events/s", 100_000, detail=detail
        )
    ]


def memory(sizes: Sizes, work: Path) -> list[Row]:
    result = measure(ours("memory"), sizes.batches)
    detail = (
        f"{result['early_bytes'] / 1e6:.2f} MB at the start, {result['late_bytes'] / 1e6:.2f} MB at the end"
    )
    return [Row("memory at the end, against after a fifth", result["growth"], "times", 1.2, True, detail)]


BENCHMARKS: dict[str, Callable[[Sizes, Path], list[Row]]] = {
    "replay": replay,
    "dense": dense,
    "quotes": quotes,
    "minutes": minutes,
    "lots": lots,
    "whole": whole,
    "years": years,
    "account": account,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures Ghostfill against its peers.")
    parser.add_argument(
        "only", nargs="*", metavar="benchmark", help=f"of {', '.join(BENCHMARKS)}; absent: all"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the ticks")
    parser.add_argument("--check", action="store_true", help="fail where a target is missed")
    options = parser.parse_args()
    unknown = set(options.only) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    sizes = QUICK if options.quick else FULL
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ghostfill-bench-") as work:
        for name in options.only or BENCHMARKS:
            rows += BENCHMARKS[name](sizes, Path(work))
    print("\n".join(map(str, rows)))
    if options.check:
        check(rows)


def milliseconds(what: str, seconds: float, most: float | None = None, detail: str = "") -> Row:
    return Row(what, seconds * 1000, "ms", most, at_most=True, detail=detail)


def measure_accounts(about: str | None, measure: Callable[[int, Path], list[Row]]) -> None:
    """The command of a benchmark of many accounts; `about` is its module's."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accounts", type=int, nargs="?", default=10_000)
    parser.add_argument("--check", action="store_true", help="fail where a target is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ghostfill-bench-") as work:
        rows = measure(options.accounts, Path(work))
    print("\n".join(map(str, rows)))
    if options.check:
        check(rows)


def check(rows: Sequence[Row]) -> None:
    """End with 1 where a target was missed."""
    if missed := [row.what for row in rows if row.missed]:
        sys.exit("Missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
