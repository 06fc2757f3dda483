"""`ghostfill account`: open an account, change it, stop it, look at it."""

import os
from functools import partial
from pathlib import Path

import click
import orjson

from schemas.messages import CommandKind
from streams.cli.instance.configuration import read_setup
from streams.cli.instance.first_time import first_time
from streams.cli.instance.opening import open_accounts
from streams.cli.options.many import FILE, example
from streams.cli.options.params import pairs
from streams.cli.printing.account_lines import HEADS, account_lines, account_row
from streams.cli.printing.tables import table
from streams.cli.publishing.asking import ask, wait_option
from streams.clients import desk_table
from streams.clients.account_document import document
from streams.clients.commands import new_command
from streams.clients.settings_texts import change_settings, create_settings
from streams.local.machine.home import find_cluster

SETS_HELP = "Override a setting of the preset; repeatable. docs/accounts.md lists them all."


@click.group(epilog=example("ghostfill account create mine --preset vsr-slicer --follow tracker"))
def account() -> None:
    """Open, change, pause, close or show accounts.

    Commands wait for the desk's decision and end with 1 when it is no, or does not come.
    """


@account.command(
    epilog=example(
        """
ghostfill account create mine --preset vsr-slicer --follow tracker --set stop_loss=2%
ghostfill account create other --file other.yaml
"""
    )
)
@click.argument("name")
@click.option("--preset", help="The account to start from; `ghostfill presets` lists them.")
@click.option("--follow", multiple=True, metavar="SOURCE", help="Take signals from this source; repeatable.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help=SETS_HELP)
@click.option("--file", type=click.Path(dir_okay=False), help="An account file to start from.")
@wait_option
def create(
    name: str,
    preset: str | None,
    follow: tuple[str, ...],
    sets: tuple[str, ...],
    file: str | None,
    wait_s: float,
) -> None:
    """Open an account."""
    if preset and file:
        raise click.UsageError("give --preset or --file, not both: an account file names its own preset")
    settings = create_settings(name, preset, follow, pairs(sets), file)
    ask([new_command(name, "create", settings=settings)], wait_s)


@account.command("open", epilog=example("ghostfill account open ghostfill.yaml"))
@click.argument("file", type=FILE)
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Written when all are open."
)
def open_(file: Path, ready_file: Path | None) -> None:
    """Open the accounts of a ghostfill.yaml that do not exist yet.

    Existing accounts stay as they are. It waits for a desk, however long; `ghostfill up` runs it.
    """
    setup = read_setup(file)
    open_accounts(find_cluster(os.environ), setup.accounts, partial(first_time, setup.feeds.values()))
    if ready_file is not None:
        ready_file.touch()


@account.command(epilog=example("ghostfill account change mine --set take_profit=3% --set max_positions=4"))
@click.argument("name")
@click.option("--set", "sets", multiple=True, required=True, metavar="KEY=VALUE", help="A new setting.")
@click.option(
    "--plan", "plans", multiple=True, metavar="ID", help="Also apply it to this open plan; repeatable."
)
@wait_option
def change(name: str, sets: tuple[str, ...], plans: tuple[str, ...], wait_s: float) -> None:
    """Change settings, for what is accepted from then on."""
    ask([new_command(name, "change", settings=change_settings(pairs(sets)), plans=plans)], wait_s)


def _simple(kind: CommandKind, text: str) -> None:
    """A command of one word."""

    @account.command(kind, help=text, epilog=example(f"ghostfill account {kind} mine"))
    @click.argument("name")
    @wait_option
    def run(name: str, wait_s: float) -> None:
        ask([new_command(name, kind)], wait_s)


_simple("pause", "Stop entering, and cancel entries under way; positions and their exits stay.")
_simple("resume", "Trade again after a pause or a drawdown.")
_simple("close", "Close every position, cancel every order, and never trade again.")


@account.command("list", epilog=example("ghostfill account list"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the accounts, as of the desk's last checkpoint."""
    cluster = find_cluster(os.environ)
    held = desk_table.with_equity(cluster, desk_table.accounts(cluster))
    if as_json:
        click.echo(orjson.dumps([document(each) for each in held], option=orjson.OPT_INDENT_2))
    elif not held:
        click.echo("no accounts yet: `ghostfill account create --help`")
    else:
        for line in table(HEADS, map(account_row, held), left=4):
            click.echo(line)


@account.command(epilog=example("ghostfill account show mine --json"))
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show an account, as of the desk's last checkpoint."""
    cluster = find_cluster(os.environ)
    (held,) = desk_table.with_equity(cluster, [desk_table.account(cluster, name)])
    if as_json:
        click.echo(orjson.dumps(document(held), option=orjson.OPT_INDENT_2))
        return
    for line in account_lines(held):
        click.echo(line)
