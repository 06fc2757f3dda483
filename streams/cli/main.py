"""The command, its subcommands, and how it ends: 0 done, 1 failed, 2 misused."""

import sys
from importlib import metadata

import click

from sinks.database.database import DatabaseError
from streams.accounts import SettingsError
from streams.cli.lazy import Lazy, LazyGroup
from streams.cli.options.many import example
from streams.files.values.faults import FileError
from streams.local.machine.private import PrivateFileError
from streams.transport.kafka.cluster import ClusterError

FAILED = 1

COMMANDS = {
    "up": Lazy("streams.cli.commands.run.up", "Run Ghostfill here until Ctrl-C."),
    "init": Lazy("streams.cli.commands.run.init", "Write a ghostfill.yaml to change: what `up` is to run."),
    "worker": Lazy("streams.cli.commands.run.worker", "Run one part of an instance: the gate, or a desk."),
    "web": Lazy("streams.cli.commands.run.web", "Show it all on a page, and answer programs."),
    "sink": Lazy("streams.cli.commands.run.sink", "Write what happens into ClickHouse, each record once."),
    "status": Lazy("streams.cli.commands.look.status", "Show whether it runs, and how far it has come."),
    "connect": Lazy(
        "streams.cli.commands.manage.connect",
        "Print Kafka's and ClickHouse's settings for programs of yours.",
    ),
    "token": Lazy("streams.cli.commands.manage.token", "Make and revoke tokens for the page and the API."),
    "doctor": Lazy(
        "streams.cli.commands.manage.doctor", "Find what is wrong with this machine or the cluster."
    ),
    "topics": Lazy("streams.cli.commands.manage.topics", "See and make the cluster's topics."),
    "verify": Lazy(
        "streams.cli.commands.manage.verify", "Fold the logs again and compare what was published."
    ),
    "publish": Lazy(
        "streams.cli.commands.publish.publish", "Publish recorded files, or what comes on stdin."
    ),
    "simulate": Lazy(
        "streams.cli.commands.publish.simulate", "Publish a made-up market and signals about it."
    ),
    "tail": Lazy("streams.cli.commands.look.tail", "Show what comes on a topic, until Ctrl-C."),
    "account": Lazy("streams.cli.commands.trade.account", "Open an account, change it, stop it, look at it."),
    "order": Lazy("streams.cli.commands.trade.orders", "Place an order by hand, or end one."),
    "position": Lazy("streams.cli.commands.trade.orders", "Close what is held."),
    "plan": Lazy("streams.cli.commands.trade.orders", "End an entry that is still being made."),
    "exit-all": Lazy("streams.cli.commands.trade.orders", "Close every position and end every order."),
    "stats": Lazy("streams.cli.commands.look.results", "Show how accounts stand, and how their trades did."),
    "positions": Lazy(
        "streams.cli.commands.look.results", "Show what is held, with its P&L, stop, target and time limit."
    ),
    "history": Lazy("streams.cli.commands.look.results", "Show the last trades."),
    "plans": Lazy("streams.cli.commands.look.results", "Show the slices that wait, and what for."),
    "log": Lazy("streams.cli.commands.look.log", "Follow entries and exits, a line each, until Ctrl-C."),
    "watch": Lazy("streams.cli.commands.look.watch", "Show it all live, on the whole terminal."),
    "query": Lazy(
        "streams.cli.commands.ask.query", "Ask about the results: performance, slices, drawdowns and more."
    ),
    "sql": Lazy("streams.cli.commands.ask.query", "Ask the results anything, in SQL."),
    "trace": Lazy(
        "streams.cli.commands.ask.trace", "Follow one signal to its slices, orders, fills and its exit."
    ),
    "replay": Lazy("streams.cli.commands.files.replay", "Trade recorded signals against a recorded market."),
    "presets": Lazy(
        "streams.cli.commands.files.presets", "List the accounts that ship with it, or show one."
    ),
    "report": Lazy("streams.cli.commands.ask.report", "Show how an account did, as an HTML file."),
    "export": Lazy("streams.cli.commands.ask.export", "Write what an account did as CSV files."),
    "sample": Lazy("streams.cli.commands.files.sample", "Trade a made-up market day and see what happened."),
    "demo": Lazy(
        "streams.cli.commands.run.demo", "Run it all on a made-up market, with a page, until Ctrl-C."
    ),
}


@click.group(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example("ghostfill demo"),
)
@click.version_option(metadata.version("ghostfill"), prog_name="ghostfill")
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
    except (SettingsError, ClusterError, DatabaseError, FileError, PrivateFileError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    if ended:  # click's Exit comes back as its code
        sys.exit(ended)
