"""`ghostfill status`: whether it runs, and how far it has come."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
import orjson

from streams.cli.options.many import example
from streams.cli.printing.tables import table
from streams.clients.status import condition
from streams.local.machine.home import find_cluster

NOT_ALL_RUNS = 1
MARKET = "market end lag newest behind"
SHARD = "shard stage inbox_lag waiting late published taken_in"
GROUP = "group members lag"
WORKER = "worker part pid version shards stage state age pause"


@click.command(epilog=example("ghostfill status\nKAFKA_BOOTSTRAP=broker:9092 ghostfill status --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show whether it runs, and how far it has come.

    Ends with 1 when no gate or no desk runs, or a shard does not work. Lag is in records; `behind` is how
    long ago, on the wall's clock, the market's newest record happened. A desk without shards stands by.
    `waiting` says for what signals and commands wait in accounts, up to a thousand in a shard.
    `taken_in` is how many seconds a shard's takeover took, `pause` how long the last rebalance held the
    shards.
    """
    found = condition(find_cluster(os.environ), os.environ)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        for line in lines(found):
            click.echo(line)
    if not found["runs"] or found["faults"]:
        sys.exit(NOT_ALL_RUNS)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _state(found)
    for name, value in found["endpoints"].items():
        if value is not None:
            yield f"  {name:12}{value}"
    see = ": see `ghostfill tail dead-letters --from-start`" if found["dead_letters"] else ""
    yield f"  {'unreadable':12}{found['dead_letters']:,}{see}"
    for each in found["waits"]:
        yield f"  {'waiting':12}{each['entries']:,} for {each['for']}{_until(each['until'])}"
    for heads, left, rows in (
        (WORKER, 2, map(_worker, found["workers"])),
        (MARKET, 1, map(_market, found["markets"])),
        (SHARD, 1, map(_cells_of(SHARD), found["shards"])),
        (GROUP, 1, map(_cells_of(GROUP), found["groups"])),
    ):
        body = list(rows)
        if body:
            yield ""
            yield from table(heads.split(), body, left)


def _state(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["runs"]:
        yield "NOT running: start it with `ghostfill up`"
    else:
        yield "running, but:" if found["faults"] else "running"
        yield from (f"  {fault}" for fault in found["faults"])


def _until(time: str | None) -> str:
    return f", the first expires at {time}" if time else ""


def _worker(worker: Mapping[str, Any]) -> list[str]:
    shards = ",".join(map(str, worker["shards"])) or "-"
    return [
        worker["name"], worker["part"], str(worker["pid"]), worker["version"], shards, worker["stage"],
        worker["state"], f"{worker['age']:.1f} s", f"{worker['pause']:.2f} s",
    ]  # fmt: skip


def _market(market: Mapping[str, Any]) -> list[str]:
    *cells, _ = _cells_of(MARKET)(market)
    return [*cells, _ago(market["behind"])]


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s"


def _cells_of(names: str) -> Any:
    return lambda row: [_text(row.get(name)) for name in names.split()]


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
