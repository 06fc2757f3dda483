"""`ghostfill topics`: whether the cluster has the catalogue's topics, and making them."""

import os
from typing import Any

import click
import orjson

from streams.cli.options.many import example
from streams.local.kafka import topics as local
from streams.local.machine.home import find_cluster

MARKET_HELP = "An additional market, ticks.NAME; repeatable."
REPLICAS_HELP = "Copies of each record (default: 3, or the number of brokers if that is less)."


def _options(command: Any) -> Any:
    market = click.option("--market", "markets", metavar="NAME", multiple=True, help=MARKET_HELP)
    replicas = click.option("--replicas", type=click.IntRange(min=1), help=REPLICAS_HELP)
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    return market(replicas(as_json(command)))


@click.group(epilog=example("ghostfill topics plan\nghostfill topics apply --market crypto"))
def topics() -> None:
    """Show and create the cluster's topics.

    The cluster is KAFKA_BOOTSTRAP's, or the one of the Ghostfill that runs in GHOSTFILL_HOME.
    """


@topics.command("plan", epilog=example("ghostfill topics plan"))
@_options
def plan_command(markets: tuple[str, ...], replicas: int | None, as_json: bool) -> None:
    """Show what `topics apply` would do, and change nothing."""
    _show(local.plan(find_cluster(os.environ), markets, replicas=replicas), as_json)


@topics.command("apply", epilog=example("ghostfill topics apply --market crypto"))
@_options
def apply_command(markets: tuple[str, ...], replicas: int | None, as_json: bool) -> None:
    """Create missing topics, and correct settings that can be changed."""
    _show(local.apply(find_cluster(os.environ), markets, replicas=replicas), as_json)


def _show(planned: local.TopicChanges, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(planned, default=dict, option=orjson.OPT_INDENT_2))
    else:
        for line in plan_lines(planned):
            click.echo(line)


def plan_lines(planned: local.TopicChanges) -> list[str]:
    """A line for each difference: + a topic to make, ~ a setting to alter, ! what cannot be mended."""
    if planned.is_done:
        return [f"all {len(planned.wanted)} topics exist with the right settings"]
    return [
        *(f"+ {each.name:38}{_size(each, planned.replicas)}" for each in planned.missing),
        *(f"~ {each.topic:38}{each.setting}: {each.found} → {each.wanted}" for each in planned.alterations),
        *(f"! {each}" for each in planned.wrong),
    ]


def _size(wanted: local.Wanted, replicas: int) -> str:
    return f"{_counted(wanted.partitions, 'partition')}, {_counted(replicas, 'copy', 'copies')}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
