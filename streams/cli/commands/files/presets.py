"""`ghostfill presets`: the accounts that ship with it."""

import click
import orjson

from streams import accounts
from streams.cli.options.many import example


@click.command(
    epilog=example(
        """
ghostfill presets
ghostfill presets vsr-slicer > my-account.yaml
"""
    )
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: each with its file's text.")
def presets(name: str | None, as_json: bool) -> None:
    """List the accounts that come with Ghostfill, or show one."""
    known = accounts.presets()
    if name is not None and name not in known:
        raise click.UsageError(f"no preset {name}; presets are {', '.join(known)}")
    if as_json:
        shown = [_document(each) for each in known if name in (None, each)]
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
    elif name is None:
        for each in known:
            click.echo(f"{each:26}{_first_words(each)}")
    else:
        click.echo(accounts.preset_text(name), nl=False)


def _document(name: str) -> dict[str, str]:
    return {"preset": name, "says": _first_words(name), "text": accounts.preset_text(name)}


def _first_words(name: str) -> str:
    """The comment on the preset's first line."""
    return accounts.preset_text(name).splitlines()[0].lstrip("# ")
