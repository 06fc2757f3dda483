"""`ghostfill export`: what an account did, as CSV files."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click

from sinks.asking.accounts import require
from sinks.asking.exports import EXPORTS, Span, csv
from sinks.asking.questions import ask
from streams.cli.options.many import example
from streams.cli.options.params import EPOCH, since_option, until_option
from streams.cli.printing.answers import reader
from streams.files.writing.whole import whole

EXAMPLE = """\
ghostfill export trades --account paper-1 --out trades.csv
ghostfill export --all --account paper-1 --out paper-1 --since 2026-01-05"""


@click.command(epilog=example(EXAMPLE))
@click.argument("what", type=click.Choice(list(EXPORTS)), required=False)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Export all of them, each into its own file in the folder --out.",
)
@click.option("--account", required=True, help="The account to export.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write; with --all, the folder."
)
@since_option
@until_option
def export(
    what: str | None,
    everything: bool,
    account: str,
    out: Path,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Write orders, fills, open positions, trades or the daily ledger as CSV.

    Decimals are exact and times are UTC. Orders are in their last state. A text that a spreadsheet would take
    for a formula has an apostrophe in front.
    """
    if everything == (what is not None):
        raise click.UsageError(f"name one of {', '.join(EXPORTS)}; or all of them, with --all")
    span = Span(_micros(since), _micros(until))
    files = {what: out} if what is not None else {name: out / f"{name}.csv" for name in EXPORTS}
    with reader() as client:
        require(partial(ask, client), account)
        for name, file in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole(file) as target:
                target.writelines(csv(client, name, account, span))
            click.echo(file)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1)
