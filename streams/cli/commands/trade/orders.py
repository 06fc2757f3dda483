"""`ghostfill order`, `exit-all`, `position` and `plan`: what a person does by hand."""

import os
import re
import sys
from typing import get_args

import click

from schemas.messages import OrderSide, OrderType, TimeInForce
from streams.cli.options.many import example
from streams.cli.options.params import AMOUNT, TIME
from streams.cli.publishing.asking import ask, wait_option
from streams.clients.accounts import desk_table
from streams.clients.commands import new_command
from streams.engine.model.order_types import ORDER_TYPES
from streams.local.machine.home import find_cluster

OPTIONS = {"limit_price": "limit", "stop_price": "stop", "trail": "trail"}
"""What says each field that an order's type may need."""


class PlacesByDefault(click.Group):
    """`order ACCOUNT ...` is `order place ACCOUNT ...`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["place", *args])

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "ACCOUNT SYMBOL buy|sell QUANTITY [OPTIONS]")
        formatter.write_usage(ctx.command_path, "cancel ORDER_ID")


@click.group(
    cls=PlacesByDefault,
    epilog=example(
        """
ghostfill order mine AAPL buy 10
ghostfill order mine AAPL sell 10 --type limit --limit 245.50 --tif DAY
ghostfill order cancel mine-o7
"""
    ),
)
def order() -> None:
    """Place an order by hand, or cancel one. `ghostfill order place --help` shows its options."""


@order.command(
    epilog=example("ghostfill order place mine AAPL buy 10 --type stop --stop 241 --stop-loss 235")
)
@click.argument("account")
@click.argument("symbol")
@click.argument("side", type=click.Choice(get_args(OrderSide)))
@click.argument("quantity", type=AMOUNT)
@click.option("--type", "kind", type=click.Choice(get_args(OrderType)), default="market", show_default=True)
@click.option("--limit", type=AMOUNT, help="The price of a limit or stop_limit.")
@click.option("--stop", type=AMOUNT, help="The price that triggers a stop or stop_limit.")
@click.option("--trail", type=AMOUNT, help="How far a trailing stop follows, in price units.")
@click.option(
    "--tif", type=click.Choice(get_args(TimeInForce)), help="How long the order stays open (default: GTC)."
)
@click.option("--expires", type=TIME, help="When the order expires; makes it GTD.")
@click.option("--take-profit", type=AMOUNT, help="The target of the position that it opens.")
@click.option("--stop-loss", type=AMOUNT, help="The stop of the position that it opens.")
@wait_option
def place(
    account: str,
    symbol: str,
    side: OrderSide,
    quantity: int,
    kind: OrderType,
    limit: int | None,
    stop: int | None,
    trail: int | None,
    tif: TimeInForce | None,
    expires: int | None,
    take_profit: int | None,
    stop_loss: int | None,
    wait_s: float,
) -> None:
    """Place an order."""
    _check_prices(kind, {"limit_price": limit, "stop_price": stop, "trail": trail})
    if (tif == "GTD") != (expires is not None) and not (tif is None and expires is not None):
        raise click.UsageError("--tif GTD needs --expires, and no other --tif takes it")
    command = new_command(
        account, "place", symbol=symbol, side=side, order_type=kind, quantity=quantity, limit_price=limit,
        stop_price=stop, trail=trail, time_in_force="GTD" if expires else tif, expires_at=expires,
        take_profit=take_profit, stop_loss=stop_loss,
    )  # fmt: skip
    ask([command], wait_s)


def _check_prices(kind: OrderType, given: dict[str, int | None]) -> None:
    for field, price in given.items():
        is_needed, option = field in ORDER_TYPES[kind].needs, OPTIONS[field]
        if is_needed and price is None:
            raise click.UsageError(f"--type {kind} needs --{option}")
        if not is_needed and price is not None:
            raise click.UsageError(f"--{option} is not for --type {kind}")


@order.command(epilog=example("ghostfill order cancel mine-o7"))
@click.argument("order_id")
@wait_option
def cancel(order_id: str, wait_s: float) -> None:
    """Cancel an open order."""
    ask([new_command(account_of(order_id, "o", "an order"), "cancel", order_id=order_id)], wait_s)


def account_of(id_: str, letter: str, what: str) -> str:
    """The account that an id begins with."""
    match = re.fullmatch(rf"(.+)-{letter}\d+", id_)
    if match is None:
        raise click.UsageError(f"{id_} is not {what} id; expected something like mine-{letter}7")
    return match[1]


@click.group(epilog=example("ghostfill plan cancel mine-p3"))
def plan() -> None:
    """Cancel an entry whose slices are still to come."""


@plan.command("cancel", epilog=example("ghostfill plan cancel mine-p3"))
@click.argument("plan_id")
@wait_option
def cancel_plan(plan_id: str, wait_s: float) -> None:
    """Cancel a plan's orders and the slices that are left; what was entered stays."""
    ask([new_command(account_of(plan_id, "p", "a plan"), "cancel_plan", plan_id=plan_id)], wait_s)


@click.group(epilog=example("ghostfill position close mine AAPL"))
def position() -> None:
    """Close a position."""


@position.command(
    epilog=example("ghostfill position close mine AAPL\nghostfill position close mine --lot mine-l3")
)
@click.argument("account")
@click.argument("symbol", required=False)
@click.option("--lot", metavar="ID", help="One lot of a per_signal account.")
@wait_option
def close(account: str, symbol: str | None, lot: str | None, wait_s: float) -> None:
    """Close a position at the market."""
    if (symbol is None) == (lot is None):
        raise click.UsageError("give a SYMBOL or a --lot")
    ask([new_command(account, "close_position", symbol=symbol, lot_id=lot)], wait_s)


@click.command("exit-all", epilog=example("ghostfill exit-all --kill --yes\nghostfill exit-all mine other"))
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--kill", is_flag=True, help="The kill switch: pause them too, so that nothing enters again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
def exit_all(accounts: tuple[str, ...], kill: bool, yes: bool, wait_s: float) -> None:
    """Close every position and cancel every order, of these accounts or of all.

    On a terminal it asks first.
    """
    names = list(accounts) or _all_accounts()
    if not names:
        click.echo("there are no accounts")
        return
    if not yes and sys.stdin.isatty():
        which = ", ".join(names) if len(names) <= 10 else f"{len(names)} accounts"
        click.confirm(f"Close everything of {which}{' and pause' if kill else ''}?", abort=True)
    ask([new_command(name, "kill_switch" if kill else "close_all") for name in names], wait_s)


def _all_accounts() -> list[str]:
    held = desk_table.accounts(find_cluster(os.environ))
    return [each.name for each in held if each.state.status != "closed"]
