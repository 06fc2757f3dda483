"""`ghostfill account create`, `open`, `change`, `pause`, `resume` and `close`."""

import os
from functools import partial
from pathlib import Path

import click

from schemas.messages import CommandKind
from streams.cli.instance.configuration import read_setup
from streams.cli.instance.first_time import first_time
from streams.cli.instance.opening import open_accounts
from streams.cli.options.many import FILE, example
from streams.cli.options.params import pairs
from streams.cli.publishing.asking import ask, wait_option
from streams.clients.commands import new_command
from streams.clients.settings_texts import change_settings, create_settings
from streams.local.machine.home import find_cluster

SETS_HELP = "Override a setting of the preset; repeatable. docs/accounts.md lists them all."


@click.command(
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


@click.command("open", epilog=example("ghostfill account open ghostfill.yaml"))
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


@click.command(epilog=example("ghostfill account change mine --set take_profit=3% --set max_positions=4"))
@click.argument("name")
@click.option("--set", "sets", multiple=True, required=True, metavar="KEY=VALUE", help="A new setting.")
@click.option(
    "--plan", "plans", multiple=True, metavar="ID", help="Also apply it to this open plan; repeatable."
)
@wait_option
def change(name: str, sets: tuple[str, ...], plans: tuple[str, ...], wait_s: float) -> None:
    """Change settings, for what is accepted from then on."""
    ask([new_command(name, "change", settings=change_settings(pairs(sets)), plans=plans)], wait_s)


def _simple(kind: CommandKind, text: str) -> click.Command:
    """A command of one word."""

    @click.command(kind, help=text, epilog=example(f"ghostfill account {kind} mine"))
    @click.argument("name")
    @wait_option
    def run(name: str, wait_s: float) -> None:
        ask([new_command(name, kind)], wait_s)

    return run


pause = _simple("pause", "Stop entering, and cancel entries under way; positions and their exits stay.")
resume = _simple("resume", "Trade again after a pause or a drawdown.")
close = _simple("close", "Close every position, cancel every order, and never trade again.")
