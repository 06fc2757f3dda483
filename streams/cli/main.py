"""The command, its subcommands, and how it ends: 0 done, 1 failed, 2 misused."""

import sys

import click

from streams.cli.lazy import Lazy, LazyGroup
from streams.cli.options.many import example

FAILED = 1

COMMANDS: dict[str, dict[str, Lazy]] = {
    "Run it": {
        "demo": Lazy("run.demo", "Run everything on a made-up market, with a page."),
        "up": Lazy("run.up", "Run everything on this machine."),
        "init": Lazy("run.init", "Write a ghostfill.yaml to change: what `up` is to run."),
        "worker": Lazy("run.worker", "Run one part by itself: the gate, or a desk."),
        "sink": Lazy("run.sink", "Write what happens into ClickHouse."),
        "web": Lazy("run.web", "Serve the page and the API."),
    },
    "Publish signals and markets": {
        "publish": Lazy("publish.publish", "Publish recorded files, or what comes on stdin."),
        "simulate": Lazy("publish.simulate", "Publish a made-up market, and signals about it."),
    },
    "Look at what happens": {
        "status": Lazy("look.status", "Show whether it runs, and how far it has come."),
        "watch": Lazy("look.watch", "Show accounts, positions and fills live, on the whole terminal."),
        "log": Lazy("look.log", "Follow entries and exits, one line each."),
        "tail": Lazy("look.tail", "Show what comes on a topic."),
        "stats": Lazy("look.results", "Show how accounts stand, and how their trades did."),
        "positions": Lazy("look.results", "Show open positions: P&L, stop, target and time limit."),
        "history": Lazy("look.results", "Show the last trades."),
        "plans": Lazy("look.results", "Show slices that wait, and what for."),
    },
    "Ask about results": {
        "query": Lazy("ask.query", "Ask a ready-made question: performance, drawdowns and more."),
        "sql": Lazy("ask.query", "Ask anything, in SQL."),
        "trace": Lazy("ask.trace", "Follow one signal to its slices, orders, fills and exit."),
        "report": Lazy("ask.report", "Write a report on an account, as an HTML file."),
        "export": Lazy("ask.export", "Write what an account did as CSV files."),
    },
    "Trade by hand": {
        "account": Lazy("trade.account", "Open, change, pause, close or show an account."),
        "order": Lazy("trade.orders", "Place an order, or cancel one."),
        "position": Lazy("trade.orders", "Close a position."),
        "plan": Lazy("trade.orders", "Cancel an entry whose slices are still to come."),
        "exit-all": Lazy("trade.orders", "Close every position and cancel every order."),
    },
    "Work with files alone": {
        "replay": Lazy("files.replay", "Trade recorded signals against a recorded market."),
        "sample": Lazy("files.sample", "Trade a made-up market day and show what happened."),
        "presets": Lazy("files.presets", "List the accounts that come with Ghostfill, or show one."),
    },
    "Manage": {
        "doctor": Lazy("manage.doctor", "Check this machine or the cluster, and say how to fix it."),
        "topics": Lazy("manage.topics", "Show and create the cluster's topics."),
        "schemas": Lazy("manage.schemas", "Show the schemas of all records, for your programs."),
        "verify": Lazy("manage.verify", "Fold the logs again and compare with what was published."),
        "backup": Lazy("manage.backup", "Write everything that is known into a folder."),
        "restore": Lazy("manage.backup", "Bring a backup back, into a new home or cluster."),
        "token": Lazy("manage.token", "Create and revoke tokens for the page and the API."),
        "connect": Lazy("manage.connect", "Print the Kafka and ClickHouse settings for your programs."),
    },
}
"""By the groups of the help; each is in a room of `streams.cli.commands`."""


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from streams.cli.printing.versions import versions  # a help text needs none of it

        click.echo(versions())
        context.exit()


@click.group(
    cls=LazyGroup,
    commands_by_group=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example("ghostfill demo"),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and what it runs on.",
)
def command() -> None:
    """Paper trading: signals in, fills out. Nothing reaches a real market."""


def main(args: list[str] | None = None) -> None:
    """Runs the command; what went wrong is one message, and no traceback."""
    try:
        ended = command.main(args, prog_name="ghostfill", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(FAILED)
    except Exception as error:
        if not isinstance(error, _meant_for_people()):
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    if ended:  # click's Exit comes back as its code
        sys.exit(ended)


def _meant_for_people() -> tuple[type[Exception], ...]:
    """Errors whose words say what to do. Imported when there is one: a help text needs none of them."""
    from schemas.errors import RegistryError
    from sinks.database.database import DatabaseError
    from streams.accounts import SettingsError
    from streams.files.values.faults import FileError
    from streams.local.machine.private import PrivateFileError
    from streams.transport.kafka.cluster import ClusterError

    return SettingsError, ClusterError, DatabaseError, RegistryError, FileError, PrivateFileError, OSError
