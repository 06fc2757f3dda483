"""`ghostfill replay`: recorded markets and signals through the engine, results into files."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import click

from schemas.columns import Columns
from schemas.messages import Command
from streams.accounts import load_account, load_instruments
from streams.cli.many import FILE, SeveralValues, example
from streams.cli.progress import Progress
from streams.cli.run import Entry, Run, json_text
from streams.cli.tables import account_lines
from streams.engine.settings import Instruments, Settings
from streams.files.entries import read_commands, read_signals
from streams.files.faults import BadRows
from streams.files.market import MarketReader
from streams.files.merge import merged

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
@click.option("--ticks", type=FILE, multiple=True, help="Trades and quotes: csv, csv.gz, parquet, jsonl.")
@click.option("--bars", type=FILE, multiple=True, help="Bars, in the same formats.")
@click.option("--signals", type=FILE, multiple=True, help="Signals, in the same formats.")
@click.option("--commands", type=FILE, multiple=True, help="Commands: orders, pauses, changed settings.")
@click.option("--account", "accounts", multiple=True, required=True, help="Presets, or account files.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A setting for every account.")
@click.option("--symbols", type=FILE, help="A file of tick sizes, lots and market hours.")
@click.option("--symbol", help="The symbol of files that have no column for it.")
@click.option("--out", type=FOLDER, required=True, help="Where the results go.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--progress/--no-progress", default=None, help="A progress bar; usual on a terminal.")
def replay(
    ticks: Sequence[Path],
    bars: Sequence[Path],
    signals: Sequence[Path],
    commands: Sequence[Path],
    accounts: Sequence[str],
    sets: Sequence[str],
    symbols: Path | None,
    symbol: str | None,
    out: Path,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Trade recorded signals against a recorded market.

    Each account sees the whole market and every signal. The results, among them fills.csv, trades.csv,
    decisions.csv and summary.json, go to the folder --out.
    """
    if not ticks and not bars:
        raise click.UsageError("no market: give --ticks or --bars")
    settings = _settings(accounts, sets)
    instruments = load_instruments(str(symbols)) if symbols is not None else Instruments()
    bad = BadRows()
    entries = _entries(signals, commands, symbol, bad)
    for account in _unknown(entries, settings):
        click.echo(f"commands for {account} do nothing: no such account in this run", err=True)
    with Progress([*ticks, *bars], shown=progress) as bar:
        market = _market(ticks, bars, symbol, bad, bar)
        summary = Run(settings, market, entries, instruments, out, bad).execute()
    for line in bad.lines():
        click.echo(line, err=True)
    if as_json:
        click.echo(json_text(summary))
    else:
        _tell(summary, out)


def _settings(accounts: Sequence[str], sets: Sequence[str]) -> list[Settings]:
    overrides = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f'--set {text}: expected KEY=VALUE, such as --set "stop_loss=2%"')
        overrides[key.strip()] = value
    settings = [load_account(account, overrides) for account in accounts]
    names = [each.name for each in settings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"two accounts are called {twice[0]}; give one of them another `name`")
    return settings


def _entries(
    signals: Sequence[Path], commands: Sequence[Path], symbol: str | None, bad: BadRows
) -> list[Entry]:
    all_signals = (read_signals(path, bad, symbol) for path in signals)
    all_commands = (read_commands(path, bad) for path in commands)
    return list(chain(*all_signals, *all_commands))


def _unknown(entries: Sequence[Entry], settings: Sequence[Settings]) -> list[str]:
    """Accounts that commands name and the run does not have."""
    named = {entry.account for entry in entries if isinstance(entry, Command)}
    return sorted(named - {each.name for each in settings})


def _market(
    ticks: Sequence[Path], bars: Sequence[Path], symbol: str | None, bad: BadRows, bar: Progress
) -> Iterator[Columns]:
    return merged(
        [MarketReader("ticks", bad, symbol).read(path, bar.advance) for path in ticks]
        + [MarketReader("bars", bad, symbol).read(path, bar.advance) for path in bars]
    )


def _tell(summary: dict[str, Any], out: Path) -> None:
    read = summary["input"]
    click.echo(
        f"{read['market_records']:,} market records, {read['signals']:,} signals,"
        f" {read['commands']:,} commands"
    )
    for reason, count in sorted(read["dropped"].items()):
        click.echo(f"{count:,} records dropped: {reason}")
    for name, account in summary["accounts"].items():
        click.echo("")
        for line in account_lines(name, account):
            click.echo(line)
    click.echo(f"\nResults are in {out}")
