"""`ghostfill account list` and `show`: they load nothing that takes long to import."""

import os

import click
import orjson

from streams.cli.options.many import example
from streams.cli.printing.account_lines import HEADS, account_lines, account_row
from streams.cli.printing.tables import table
from streams.clients.accounts.accounts_now import one_account, some_accounts

MANY = 100


@click.command("list", epilog=example("ghostfill account list --find tracker --limit 20"))
@click.option(
    "--find", default="", metavar="TEXT", help="Only with this in the name, or in a source it follows."
)
@click.option("--limit", type=click.IntRange(min=1), help=f"At most this many (default: {MANY}; JSON: all).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(find: str, limit: int | None, as_json: bool) -> None:
    """List the accounts, by name."""
    found = some_accounts(os.environ, find, limit if as_json else limit or MANY)
    if as_json:
        click.echo(orjson.dumps(found.documents, option=orjson.OPT_INDENT_2))
    elif not found.documents:
        has = f" has {find} in its name, or in a source that it follows" if find else " yet"
        click.echo(f"no account{has}: `ghostfill account create --help`")
    else:
        for line in table(HEADS, map(account_row, found.documents), left=4):
            click.echo(line)
        if not found.are_all:
            click.echo(f"the first {len(found.documents)}; --find and --limit show others")


@click.command(epilog=example("ghostfill account show mine --json"))
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show an account: what it has, holds, and is about to do."""
    document = one_account(os.environ, name)
    if as_json:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        return
    for line in account_lines(document):
        click.echo(line)
