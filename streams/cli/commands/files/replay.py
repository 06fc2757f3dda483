"""`ghostfill replay`: recorded markets and signals through the engine, results into files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import click

from schemas.columns import Columns
from schemas.messages import Command
from streams.accounts import load_account, load_instruments
from streams.cli.commands.files.fold import Entry
from streams.cli.commands.files.recorded_run import RecordedRun, json_text
from streams.cli.options.file_options import form_of, form_options, interval_option, intervals_of
from streams.cli.options.many import FILE, SeveralValues, example
from streams.cli.options.params import pairs
from streams.cli.printing.progress import Progress
from streams.cli.printing.tables import account_lines
from streams.engine.model.settings import Instruments, Settings
from streams.files.entries import read_commands, read_signals
from streams.files.market_files import Kind, MarketFileReader
from streams.files.merge import merged
from streams.files.stamps import asked, at_close, count_starts
from streams.files.survey import Given, Survey
from streams.files.tables.forms import Form
from streams.files.values.dates import DateOrder
from streams.files.values.faults import BadRows
from streams.files.values.intervals import Interval

MOST = 0.9
"""Of the signals bear the time of a bar's open: that is no chance."""
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(
    cls=SeveralValues,
    epilog=example(
        """
ghostfill replay --ticks 2026-01-02.csv.gz --signals signals.csv --account vsr-slicer --out results
ghostfill replay --bars AAPL.parquet --symbol AAPL --signals s.jsonl \\
    --account auto-trader auto-trader-tight --set commission="{per_order: 0.50}" --out results
"""
    ),
)
@click.option(
    "--ticks", type=FILE, multiple=True, help="Trades and quotes: csv, csv.gz, parquet, feather, jsonl, json."
)
@click.option("--bars", type=FILE, multiple=True, help="Bars, in the same formats.")
@click.option("--signals", type=FILE, multiple=True, help="Signals, in the same formats.")
@click.option("--commands", type=FILE, multiple=True, help="Commands: orders, pauses, changed settings.")
@click.option("--account", "accounts", multiple=True, required=True, help="Presets, or account files.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A setting for every account.")
@click.option("--symbols", type=FILE, help="A file of tick sizes, lots and market hours.")
@click.option("--symbol", help="The symbol, for files without a column for it.")
@interval_option
@form_options
@click.option(
    "--signals-at",
    type=click.Choice(["open", "close"]),
    help="When a signal that bears a bar's open time was known: at the open, or when the bar had ended.",
)
@click.option("--out", type=FOLDER, required=True, help="Folder for the results.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="An HTML file that shows how it went; several accounts are compared in it.",
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, metavar="N",
    help="Spread the accounts over so many processes (default: 1); the results are the same.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--progress/--no-progress", default=None, help="Show a progress bar (default: on a terminal).")
def replay(
    ticks: Sequence[Path],
    bars: Sequence[Path],
    signals: Sequence[Path],
    commands: Sequence[Path],
    accounts: Sequence[str],
    sets: Sequence[str],
    symbols: Path | None,
    symbol: str | None,
    intervals: Sequence[tuple[str, Interval]],
    columns: tuple[str, ...] | None,
    dates: DateOrder | None,
    signals_at: str | None,
    out: Path,
    report: Path | None,
    jobs: int,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Trade recorded signals against a recorded market.

    Each account sees the whole market and every signal. The results, among them fills.csv, trades.csv,
    decisions.csv and summary.json, go to the folder --out. If every row of a file is bad, the exit code is 1.

    --report writes one HTML file that needs no network: what `ghostfill report` shows of an
    account. Of several it begins with their figures beside each other and the trades that differ; the report
    of each is behind its name.
    """
    if not ticks and not bars:
        raise click.UsageError("no market: give --ticks or --bars")
    if report is not None and jobs > 1:
        raise click.UsageError("--report is made in one process: leave out --jobs, or --report")
    settings = _settings(accounts, sets)
    instruments = load_instruments(str(symbols)) if symbols is not None else Instruments()
    bad = BadRows()
    files = Files(ticks, bars, signals, commands, symbol, form_of(columns, dates), intervals_of(intervals))
    entries, surveys, warning = _known(files, settings, signals_at, bad)
    with Progress([*ticks, *bars], shown=progress) as bar:
        run = RecordedRun(settings, files.market(surveys, bad, bar), entries, instruments, out, bad, jobs)
        summary = run.execute() if report is None else _reported(run, report)
    for line in [*bad.lines(), *warning, *_unknown_symbols(summary)]:
        click.echo(line, err=True)
    click.echo(json_text(summary) if as_json else _told(summary, bad.interval_lines(), out))
    if report is not None:
        click.echo(f"The report is {report}", err=as_json)


def _reported(run: RecordedRun, file: Path) -> dict[str, Any]:
    # What it needs takes a second to import.
    from streams.cli.commands.files.replay_report import reported

    return reported(run, file)


@dataclass(frozen=True, slots=True)
class Files:
    """What a run reads, and what is said of it."""

    ticks: Sequence[Path]
    bars: Sequence[Path]
    signals: Sequence[Path]
    commands: Sequence[Path]
    symbol: str | None
    form: Form
    intervals: Given

    def entries(self, bad: BadRows) -> list[Entry]:
        named = Form(dates=self.form.dates)
        signals = (read_signals(path, bad, self.symbol, form=named) for path in self.signals)
        commands = (read_commands(path, bad, named) for path in self.commands)
        return list(chain(*signals, *commands))

    def surveys(self, entries: Sequence[Entry], bad: BadRows) -> list[Survey]:
        """Of each file of bars; the ends of those that signals open with are looked for."""
        times = asked(entries)
        return [self._reader("bars", bad).survey(path, times) for path in self.bars]

    def market(self, surveys: Sequence[Survey], bad: BadRows, bar: Progress) -> Iterator[Columns]:
        ticks, bars = self._reader("ticks", bad), self._reader("bars", bad)
        return merged(
            [ticks.read(path, bar.advance) for path in self.ticks]
            + [bars.read(path, bar.advance, seen) for path, seen in zip(self.bars, surveys, strict=True)]
        )

    def _reader(self, kind: Kind, bad: BadRows) -> MarketFileReader:
        return MarketFileReader(kind, bad, self.symbol, self.form, self.intervals)


def _known(
    files: Files, settings: Sequence[Settings], signals_at: str | None, bad: BadRows
) -> tuple[list[Entry], list[Survey], list[str]]:
    """The entries when they are known, what was seen of the bars for that, and what is to be said of it."""
    entries = files.entries(bad)
    for account in _unknown(entries, settings):
        click.echo(f"commands for {account} do nothing: no such account in this run", err=True)
    surveys = files.surveys(entries, bad)
    entries, warning = _stamped(entries, surveys, signals_at)
    return entries, surveys, warning


def _stamped(
    entries: list[Entry], surveys: Sequence[Survey], signals_at: str | None
) -> tuple[list[Entry], list[str]]:
    """The entries when they are known; and a warning where that is not said and looks wrong."""
    closes: dict[tuple[str, int], int] = {}
    for survey in surveys:
        for bar, end in survey.closes.items():
            closes[bar] = max(end, closes.get(bar, end))
    if signals_at is not None:
        return (at_close(entries, closes) if signals_at == "close" else entries), []
    starts, all_ = count_starts(entries, closes, set().union(*(survey.symbols for survey in surveys)))
    if not starts or starts < all_ * MOST:
        return entries, []
    warning = (
        f"{starts} of {all_} signals look stamped with the bar's start; `--signals-at close` shifts them"
        " to its end (`--signals-at open`: that is when they were known)"
    )
    return entries, [warning]


def _settings(accounts: Sequence[str], sets: Sequence[str]) -> list[Settings]:
    overrides = pairs(sets)
    settings = [load_account(account, overrides) for account in accounts]
    names = [each.name for each in settings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"two accounts are called {twice[0]}; give one of them another `name`")
    return settings


def _unknown(entries: Sequence[Entry], settings: Sequence[Settings]) -> list[str]:
    """Accounts that commands name and the run does not have."""
    named = {entry.account for entry in entries if isinstance(entry, Command)}
    return sorted(named - {each.name for each in settings})


def _unknown_symbols(summary: dict[str, Any]) -> list[str]:
    return [
        f"{symbol}: {unknown['entries']:,} signals or commands, and no market record"
        + (f"; did you mean {unknown['nearest']}?" if unknown["nearest"] else "")
        for symbol, unknown in summary["input"]["unknown_symbols"].items()
    ]


def _told(summary: dict[str, Any], intervals: Sequence[str], out: Path) -> str:
    read = summary["input"]
    counts = (
        f"{read['market_records']:,} market records, {read['signals']:,} signals,"
        f" {read['commands']:,} commands"
    )
    dropped = [f"{count:,} records dropped: {reason}" for reason, count in sorted(read["dropped"].items())]
    lines = [counts, *intervals, *dropped]
    for name, account in summary["accounts"].items():
        lines += ["", *account_lines(name, account)]
    return "\n".join([*lines, "", f"Results are in {out}"])
