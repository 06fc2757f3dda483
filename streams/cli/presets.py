"""`ghostfill presets`: the accounts that ship with it."""

import click

from streams import accounts
from streams.cli.many import example


@click.command(
    epilog=example(
        """
ghostfill presets
ghostfill presets vsr-slicer > my-account.yaml
"""
    )
)
@click.argument("name", required=False)
def presets(name: str | None) -> None:
    """List the accounts that ship with it, or show one."""
    known = accounts.presets()
    if name is None:
        for each in known:
            click.echo(f"{each:26}{_first_words(each)}")
    elif name in known:
        click.echo(accounts.preset_text(name), nl=False)
    else:
        raise click.UsageError(f"no preset {name}; presets are {', '.join(known)}")


def _first_words(name: str) -> str:
    """The comment on the preset's first line."""
    return accounts.preset_text(name).splitlines()[0].lstrip("# ")
