"""`ghostfill tail`: what comes on a topic, as lines for people or as JSON."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click
import msgspec
import orjson

from schemas.catalog import catalog
from schemas.codec import Codec, default_codec
from schemas.errors import MessageError
from schemas.kinds import KINDS
from schemas.messages import Message
from schemas.wire.registry import Registry
from streams.cli.options.many import example
from streams.cli.options.params import REGISTRY
from streams.cli.printing.message_lines import Lines
from streams.clients.kafka import ANSWER_S, MARKET, Raw, Reader, beginnings, ends, market_topic, require
from streams.local.machine.home import find_cluster
from streams.transport.kafka.cluster import Cluster

NOTHING_CAME = 1

Command = TypeVar("Command", bound=Callable[..., Any])


def following_options(command: Command) -> Command:
    """`--json`, `--from-start`, `--max` and `--timeout`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
    from_start = click.option(
        "--from-start", is_flag=True, help="Start at the oldest record, not at the next one."
    )
    most = click.option("--max", "most", type=click.IntRange(min=1), help="Stop after this many messages.")
    timeout = click.option(
        "--timeout", type=click.FloatRange(min=0), metavar="SECONDS",
        help="Stop when nothing arrives for this long; exit code 1 if nothing came at all.",
    )  # fmt: skip
    return as_json(from_start(most(timeout(command))))


@click.command(
    epilog=example(
        "ghostfill tail fills --account paper-1\nghostfill tail ticks --market crypto --json --max 10"
    )
)
@click.argument("topic")
@following_options
@click.option("--account", help="Only what belongs to this account.")
@click.option("--market", metavar="NAME", help="With ticks: those of the market ticks.NAME.")
def tail(
    topic: str,
    as_json: bool,
    from_start: bool,
    most: int | None,
    timeout: float | None,
    account: str | None,
    market: str | None,
) -> None:
    """Show what comes on a topic, until Ctrl-C.

    Times are UTC. What nobody can read is told on stderr with its place. Of positions and slice-timers only
    what is committed is shown.
    """
    name = _topic(topic, market, account)
    lines = Lines()
    follow(
        messages(
            find_cluster(os.environ),
            [name],
            from_start=from_start,
            timeout=timeout,
            wanted=lambda message: account in (None, getattr(message, "account", None)),
        ),
        lambda message: _show(message, lines, as_json),
        most,
        f"nothing came on {name} for {timeout or 0:g} s",
    )


def follow(found: Iterable[Message], show: Callable[[Message], None], most: int | None, or_else: str) -> None:
    """Shows what comes until Ctrl-C, its end, or so many; what is said where nothing came ends it with 1."""
    try:
        count = 0
        for count, message in enumerate(found, 1):
            show(message)
            if count == most:
                break
    except KeyboardInterrupt:
        return
    if not count:
        click.echo(or_else, err=True)
        sys.exit(NOTHING_CAME)


def _topic(topic: str, market: str | None, account: str | None) -> str:
    """The topic that is meant, if it is one for people."""
    known = catalog().public
    found = known.get(topic) or (known[MARKET] if topic.startswith(f"{MARKET}.") else None)
    if found is None:
        raise click.UsageError(f"no topic {topic}; topics are {', '.join(sorted(known))}")
    if account is not None and not any(_has_account(kind) for kind in found.messages):
        raise click.UsageError(f"--account is not for {topic}: its records belong to no account")
    if market is None:
        return topic
    if topic != MARKET:
        raise click.UsageError("--market is only for ticks; expected `ghostfill tail ticks --market NAME`")
    return market_topic(market)


def _has_account(kind: str) -> bool:
    return "account" in {field.name for field in msgspec.structs.fields(KINDS[kind])}


def messages(
    cluster: Cluster,
    topics: Sequence[str],
    *,
    from_start: bool,
    timeout: float | None,
    wanted: Callable[[Message], bool],
) -> Iterator[Message]:
    """The messages that are wanted, those of one read in the order in which they were written."""
    places = require(cluster, *topics)
    starts = (beginnings if from_start else ends)(cluster, places)
    codec = reading_codec()
    heard, has_begun = time.monotonic(), False
    with Reader(cluster, starts) as reader:
        while timeout is None or time.monotonic() - heard < timeout + (0 if has_begun else ANSWER_S):
            if not has_begun and reader.is_at_end:
                heard, has_begun = time.monotonic(), True
            for raw in sorted(reader.read(), key=lambda raw: raw.timestamp):
                message = _read(codec, raw)
                if message is None or not wanted(message):
                    continue
                yield message
                heard = time.monotonic()


def reading_codec() -> Codec:
    return Codec(registry=Registry(os.environ.get(REGISTRY)))


def _read(codec: Codec, raw: Raw) -> Message | None:
    """What nobody can read is told with its place."""
    if raw.value is None:
        return None
    try:
        return codec.decode(raw.topic, raw.key, raw.value, raw.arrived)
    except MessageError as error:
        click.echo(f"{raw.topic}, partition {raw.partition}, offset {raw.offset}: {error}", err=True)
        return None


def _show(message: Message, lines: Lines, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(default_codec().write_json(message)).decode())
    else:
        for line in lines.of(message):
            click.echo(line)
