"""`ghostfill sample`: a made-up market day through the engine, told as a trader would want to hear it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from schemas.messages import Fill, Output, SliceTimer, Trade
from streams.accounts import account_with, parse_instruments
from streams.cli.commands.files.recorded_run import RecordedRun
from streams.cli.options.many import example
from streams.cli.printing.tables import account_lines, slice_lines, trade_lines
from streams.feeds.market_day import OPEN, SURGE, SYMBOLS, Day, simulated_day
from streams.files.writing.recording import write_signals, write_ticks
from streams.files.writing.text import time_text

PRESET = "vsr-slicer"
PLANS_SHOWN = 6


class Story:
    """What of a run is told afterwards."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.slices: dict[str, SliceTimer] = {}
        self.fills: dict[str, Fill] = {}

    def listen(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case Trade():
                    self.trades.append(output)
                case SliceTimer():
                    self.slices[output.slice_id] = output
                case Fill(purpose="entry"):
                    self.fills.setdefault(output.order_id, output)

    def plans(self) -> list[list[SliceTimer]]:
        """The slices of each plan, in the order in which the plans began."""
        plans: dict[str, list[SliceTimer]] = {}
        for one in self.slices.values():
            plans.setdefault(one.plan_id, []).append(one)
        return [sorted(slices, key=lambda one: one.number) for slices in plans.values()]


@click.command(epilog=example("ghostfill sample\nghostfill sample --out /tmp/day --seed 11"))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/sample"), show_default=True,
    help="Folder for the day and the results.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the made-up day.")
def sample(out: Path, seed: int | None) -> None:
    """Trade a made-up market day and see what happened.

    The account is `vsr-slicer`. The day is written to files too, so that other accounts can be tried on it
    with `ghostfill replay`.
    """
    day = simulated_day() if seed is None else simulated_day(seed)
    out.mkdir(parents=True, exist_ok=True)
    write_ticks(out / "ticks.csv.gz", day.market)
    write_signals(out / "signals.csv", day.signals)
    (out / "symbols.yaml").write_text(SYMBOLS, encoding="utf-8")

    story = Story()
    instruments = parse_instruments(SYMBOLS, "symbols.yaml")
    run = RecordedRun([account_with(PRESET, {})], day.batches(), day.signals, instruments, out)
    summary = run.execute(story.listen)
    for line in [*_beginning(day), *_told(summary, story), *_next_steps(out)]:
        click.echo(line)


def _beginning(day: Day) -> list[str]:
    names = ", ".join(day.market.names)
    return [
        f"A made-up day, {time_text(OPEN)[:10]}: {len(day.market):,} trades and quotes in {names};",
        f"{len(day.signals)} signals of a tracker that follows surges of volume (vsr ≥ {SURGE:g}).",
        "",
    ]


def _told(summary: dict[str, Any], story: Story) -> list[str]:
    plans = story.plans()
    shown = [one for slices in plans[:PLANS_SHOWN] for one in slices]
    rest = len(plans) - PLANS_SHOWN
    return [
        *account_lines(PRESET, summary["accounts"][PRESET]),
        "",
        "Trades (times in UTC)",
        *trade_lines(story.trades),
        "",
        "Entries, slice by slice",
        *slice_lines(shown, story.fills),
        *([f"and {rest} more plans in slices.csv"] if rest > 0 else []),
    ]


def _next_steps(out: Path) -> list[str]:
    return [
        "",
        f"Everything is in {out}: trades.csv, fills.csv, orders.csv, slices.csv, decisions.csv (a reason for",
        "each signal that did not trade), equity.csv, positions.csv, summary.json.",
        "Try another account on the same day:",
        f"  ghostfill replay --ticks {out}/ticks.csv.gz --signals {out}/signals.csv \\",
        f"      --symbols {out}/symbols.yaml --account auto-trader --out {out}/auto-trader",
    ]
