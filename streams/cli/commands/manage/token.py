"""`ghostfill token`: who may use the page and the API from another machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import click
import orjson

from streams.cli.options.many import example
from streams.cli.options.params import AGO, UNITS
from streams.cli.printing.tables import table
from streams.local.machine.home import Home
from streams.web.guard.tokens import FILE, Role, Token, TokenError, Tokens

LONGEST = 9_999
"""Of any unit."""
HEADS = ("name", "id", "role", "created", "expires")


class Life(click.ParamType):
    """How long a token lasts."""

    name = "life"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = AGO.fullmatch(value)
        if match is None or int(match[1]) not in range(1, LONGEST + 1):
            self.fail(f"found {value}; expected a time such as 30d, 12h or 90min", param, ctx)
        return timedelta(**{UNITS[match[2]]: int(match[1])})


@click.group(epilog=example("ghostfill token create phone --role read --expires 30d"))
def token() -> None:
    """Create and revoke tokens for the page and the API.

    On this machine nobody needs one. From elsewhere nobody gets in without one.
    """


@token.command(
    epilog=example(
        """
ghostfill token create phone --role read --expires 30d
curl -H "Authorization: Bearer gf_…" https://trade.example.com/api/accounts
"""
    )
)
@click.argument("name")
@click.option(
    "--role", type=click.Choice(get_args(Role)), required=True, help="read: may look; trade: may act too."
)
@click.option(
    "--expires", type=Life(), metavar="TIME", help="Valid for 30d, 12h or 90min (default: for ever)."
)
def create(name: str, role: Role, expires: timedelta | None) -> None:
    """Make a token, and show it once."""
    with _told():
        made, text = _tokens().create(name, role, expires)
    ends = f", until {_time(made.expires)}" if made.expires else ""
    click.echo(f"{made.name} may {made.role}{ends}. Keep this, it is not shown again:", err=True)
    click.echo(text)


@token.command("list", epilog=example("ghostfill token list"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List tokens, without their secrets."""
    with _told():
        known = _tokens().all()
    if as_json:
        click.echo(orjson.dumps([_document(each) for each in known], option=orjson.OPT_INDENT_2))
    elif not known:
        click.echo("no tokens yet: `ghostfill token create --help`")
    else:
        for line in table(HEADS, map(_row, known), left=len(HEADS)):
            click.echo(line)


@token.command(epilog=example("ghostfill token revoke phone"))
@click.argument("name_or_id")
def revoke(name_or_id: str) -> None:
    """Revoke a token, and end whatever it let in."""
    with _told():
        revoked = _tokens().revoke(name_or_id)
    click.echo(f"{revoked.name} ({revoked.id}) is revoked")


def _tokens() -> Tokens:
    return Tokens(Home.from_environment(os.environ).folder / FILE)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except TokenError as error:
        raise click.ClickException(str(error)) from error


def _row(each: Token) -> list[str]:
    ends = "never" if each.expires is None else _time(each.expires)
    return [each.name, each.id, each.role, _time(each.created), ends if each.is_live else f"{ends} (expired)"]


def _document(each: Token) -> dict[str, Any]:
    return {
        "name": each.name,
        "id": each.id,
        "role": each.role,
        "created": each.created,
        "expires": each.expires,
        "is_live": each.is_live,
    }


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}Z"
