"""The command, its subcommands, and how it ends: 0 done, 1 failed, 2 misused."""

import sys
from importlib import metadata

import click

from streams.accounts import SettingsError
from streams.cli.account import account
from streams.cli.demo import demo
from streams.cli.doctor import doctor
from streams.cli.many import example
from streams.cli.orders import exit_all, order, plan, position
from streams.cli.presets import presets
from streams.cli.publish import publish
from streams.cli.replay import replay
from streams.cli.status import status
from streams.cli.tail import tail
from streams.cli.topics import topics
from streams.cli.up import up
from streams.cli.verify import verify
from streams.cli.worker import worker
from streams.files.faults import FileError
from streams.transport.cluster import ClusterError

FAILED = 1


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example("ghostfill demo"),
)
@click.version_option(metadata.version("ghostfill"), prog_name="ghostfill")
def command() -> None:
    """Paper trading: signals in, fills out. Nothing reaches a real market."""


for each in (
    replay,
    presets,
    demo,
    topics,
    up,
    worker,
    verify,
    publish,
    tail,
    account,
    exit_all,
    order,
    plan,
    position,
    status,
    doctor,
):
    command.add_command(each)


def main(args: list[str] | None = None) -> None:
    """Runs the command; what went wrong is one message, and no traceback."""
    try:
        command.main(args, prog_name="ghostfill", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(FAILED)
    except (SettingsError, ClusterError, FileError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
