"""`ghostfill report`: how an account did, as an HTML file that needs nothing else."""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from sinks.asking.questions import ask
from sinks.database.database import DatabaseError
from sinks.report.page import Wish, page
from streams.cli.options.many import example
from streams.cli.options.params import since_option, until_option
from streams.cli.printing.answers import reader
from streams.files.writing.whole import whole

EXAMPLE = """\
ghostfill report paper-1 --out report.html
ghostfill report paper-1 --since 7d
ghostfill report paper-1 --out dashboard.html --refresh 60"""
WRITTEN_OFTENER = 4
"""So many times a page is written while it is shown: who asks for a newer one gets it."""


@click.command(epilog=example(EXAMPLE))
@click.argument("account")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"), show_default=True,
    help="File to write.",
)  # fmt: skip
@since_option
@until_option
@click.option(
    "--refresh", type=click.IntRange(min=1), metavar="SECONDS",
    help="Keep writing until Ctrl-C; the page reloads itself this often.",
)  # fmt: skip
def report(
    account: str, out: Path, since: datetime | None, until: datetime | None, refresh: int | None
) -> None:
    """Write how an account did as one HTML file, which needs no network.

    Equity and drawdown, entries and exits on the price, what each slice cost and earned, exits, days, trades,
    and what was not traded and why.
    """
    wish = Wish(account, since, until, refresh)
    _write(wish, out)
    click.echo(f"{out.absolute()}")
    if refresh is None:
        return
    click.echo(f"written again every {refresh / WRITTEN_OFTENER:g} seconds, until Ctrl-C")
    try:
        _keep_writing(wish, out, refresh / WRITTEN_OFTENER)
    except KeyboardInterrupt:
        click.echo("stopped")


def _keep_writing(wish: Wish, out: Path, seconds: float) -> None:
    """A database that is away comes again: the page stays what it was until then."""
    while True:
        time.sleep(seconds)
        try:
            _write(wish, out)
        except DatabaseError as error:
            click.echo(f"not written: {error}", err=True)


def _write(wish: Wish, out: Path) -> None:
    with reader() as client:
        text = page(partial(ask, client), wish, datetime.now(UTC))
    with whole(out) as file:
        file.write(text.encode())
