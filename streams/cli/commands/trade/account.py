"""`ghostfill account`: its commands, none of which is imported before it is asked for."""

import click

from streams.cli.lazy import Lazy, LazyGroup
from streams.cli.options.many import example

CHANGES, VIEWS = "trade.account_changes", "trade.account_views"
COMMANDS = {
    "Open and change": {
        "create": Lazy(CHANGES, "Open an account."),
        "open": Lazy(CHANGES, "Open the accounts of a ghostfill.yaml that do not exist yet."),
        "change": Lazy(CHANGES, "Change settings, for what is accepted from then on."),
        "pause": Lazy(CHANGES, "Stop entering; positions and their exits stay."),
        "resume": Lazy(CHANGES, "Trade again after a pause or a drawdown."),
        "close": Lazy(CHANGES, "Close everything, and never trade again."),
    },
    "Look": {
        "list": Lazy(VIEWS, "List the accounts, by name."),
        "show": Lazy(VIEWS, "Show an account: what it has, holds, and is about to do."),
    },
}


@click.group(
    cls=LazyGroup,
    commands_by_group=COMMANDS,
    epilog=example("ghostfill account create mine --preset vsr-slicer --follow tracker"),
)
def account() -> None:
    """Open, change, pause, close or show accounts.

    Commands wait for the desk's decision and end with 1 when it is no, or does not come.
    """
