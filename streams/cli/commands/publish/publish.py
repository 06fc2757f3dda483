"""`ghostfill publish`: recorded files, or what comes on stdin, to the topics that take something in."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from streams.cli.options.file_options import form_of, form_options, interval_option, intervals_of
from streams.cli.options.many import example
from streams.cli.options.params import SPEED, TIME
from streams.cli.publishing import documents
from streams.cli.publishing.documents import Pattern, Usual
from streams.cli.publishing.pacing import LEAST, Pacer
from streams.cli.publishing.publishing import (
    STDIN,
    Publication,
    PublishProgress,
    matched,
    publish_commands,
    publish_lines,
    publish_market,
    publish_signals,
    stem_of,
)
from streams.clients.kafka import Sender, market_topic, require
from streams.clients.workers import MarketsNow
from streams.files.market_files import MarketFileReader
from streams.files.values.dates import DateOrder
from streams.files.values.intervals import Interval
from streams.local.machine.home import find_cluster

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.group(
    epilog=example(
        """
ghostfill publish ticks 2026-01-02.csv.gz --speed 60x
ghostfill publish signals signals.csv --speed 60x
"""
    )
)
def publish() -> None:
    """Publish recorded files, or what comes on stdin.

    FILE is a csv, csv.gz, parquet, feather, jsonl or json file as `ghostfill replay` reads it; `-` is stdin,
    a JSON object a line, each published as it comes. Rows that are no message are counted and told, and the
    others go on. The exit code is 1 when none was good.
    """


def _options(command: Any) -> Any:
    """What all four have."""
    for option in (
        click.argument("file", type=FILE),
        click.option("--at", type=TIME, help="Time of day at which to start (default: now)."),
        click.option("--after", type=TIME, default=LEAST, help="Skip records at or before this time."),
        click.option(
            "--from", "start", type=TIME,
            help="Event time to start at (default: the first record's).",
        ),
        click.option(
            "--speed", type=SPEED, default="max", show_default=True, metavar="1x|60x|max",
            help="How fast event time passes: 1 is real time, 60 a minute a second, max as fast as possible.",
        ),
    ):  # fmt: skip
        command = option(command)
    return form_options(command)


def _market_options(command: Any) -> Any:
    symbol = click.option("--symbol", help="The symbol, for a file without a column for it.")
    return _options(
        symbol(
            click.option(
                "--market", metavar="NAME", help="Publish to the market ticks.NAME (default: ticks)."
            )(command)
        )
    )


@publish.command(
    epilog=example(
        """
ghostfill publish signals signals.csv --speed 60x --from 2026-01-02T14:30:00Z --at 2026-11-21T12:00:00Z
tail -f tracker.log | ghostfill publish signals - --source tracker --side long \\
    --pattern 'VSR (?P<symbol>\\S+) vsr=(?P<vsr>\\S+) momentum=(?P<momentum>\\S+) price=(?P<price>\\S+)'
"""
    )
)
@_options
@click.option(
    "--pattern",
    metavar="REGEX",
    help="Regular expression for lines of text; each named group becomes a field of the signal.",
)
@click.option("--source", help="Source of signals that name none (default: the file's name).")
@click.option("--side", type=click.Choice(["long", "short", "flat"]), help="Side of signals that name none.")
@click.option("--symbol", help="Symbol of signals that name none.")
def signals(
    file: str,
    speed: float | None,
    start: int | None,
    after: int,
    at: int | None,
    pattern: str | None,
    source: str | None,
    side: str | None,
    symbol: str | None,
    columns: tuple[str, ...] | None,
    dates: DateOrder | None,
) -> None:
    """Publish signals to the topic `signals`.

    With --pattern, FILE or stdin is text such as a log. Groups named symbol, side, ts, price, confidence,
    take_profit, stop_loss, quantity, signal_id and source are those fields; other groups that are numbers
    are features; lines that do not match are counted. Without ts it is now: the newest time of a recorded
    market as the desks tell it, or the wall's. Without an id the source, the symbol, the time and the side
    are one.
    """
    found = Pattern(pattern) if pattern is not None else None
    _check_pattern(found, side, symbol)
    with _publication("signals", "signals", Pacer(speed, start, at), after) as publication:
        usual = Usual(source or stem_of(file), publication.now, side, symbol)
        if found is not None:
            publish_lines(publication, file, matched(found, publication), documents.signal_of, usual)
        elif file == STDIN:
            publish_lines(publication, file, documents.from_json, documents.signal_of, usual)
        else:
            publish_signals(publication, Path(file), usual, form_of(columns, dates))


@publish.command(epilog=example("ghostfill publish commands commands.jsonl"))
@_options
def commands(
    file: str,
    speed: float | None,
    start: int | None,
    after: int,
    at: int | None,
    columns: tuple[str, ...] | None,
    dates: DateOrder | None,
) -> None:
    """Publish commands to the topic `commands`: orders, pauses, new accounts, changed settings.

    Settings are a person's: {"preset": "auto-trader", "balance": "100000"}.
    """
    with _publication("commands", "commands", Pacer(speed, start, at), after) as publication:
        usual = Usual(stem_of(file), publication.now)
        if file == STDIN:
            publish_lines(publication, file, documents.from_json, documents.command_of, usual)
        else:
            publish_commands(publication, Path(file), usual, form_of(columns, dates))


@publish.command(epilog=example("ghostfill publish ticks 2026-01-02.csv.gz --speed 1x --market crypto"))
@_market_options
@click.option(
    "--batch", type=click.IntRange(min=1), default=1, show_default=True,
    help="Ticks of one symbol in a record. Those of a second come symbol by symbol then.",
)  # fmt: skip
def ticks(
    file: str,
    speed: float | None,
    start: int | None,
    after: int,
    at: int | None,
    market: str | None,
    symbol: str | None,
    batch: int,
    columns: tuple[str, ...] | None,
    dates: DateOrder | None,
) -> None:
    """Publish trades and quotes to a market's topic, `ticks` or `ticks.NAME`."""
    with _publication("ticks", market_topic(market), Pacer(speed, start, at), after) as publication:
        reader = MarketFileReader("ticks", publication.bad, symbol, form_of(columns, dates))
        publish_market(publication, reader, file, batch)


@publish.command(epilog=example("ghostfill publish bars AAPL.parquet --symbol AAPL --speed 60x"))
@_market_options
@interval_option
def bars(
    file: str,
    speed: float | None,
    start: int | None,
    after: int,
    at: int | None,
    market: str | None,
    symbol: str | None,
    columns: tuple[str, ...] | None,
    dates: DateOrder | None,
    intervals: Sequence[tuple[str, Interval]],
) -> None:
    """Publish bars to a market's topic, each when it has ended: for a market that has no ticks."""
    with _publication("bars", market_topic(market), Pacer(speed, start, at), after) as publication:
        reader = MarketFileReader(
            "bars", publication.bad, symbol, form_of(columns, dates), intervals_of(intervals)
        )
        publish_market(publication, reader, file, 1)


@contextmanager
def _publication(what: str, topic: str, pacer: Pacer, after: int) -> Iterator[Publication]:
    if pacer.speed is None and (pacer.start is not None or pacer.at is not None):
        raise click.UsageError("--from and --at set a clock: give it a --speed, such as 1x")
    cluster = find_cluster(os.environ)
    require(cluster, topic)
    now = MarketsNow(cluster) if pacer.speed is None else pacer.clock.now
    publication = Publication(Sender(cluster), topic, pacer, PublishProgress(what, topic), now, after)
    try:
        yield publication
    except KeyboardInterrupt:
        publication.finish()
        raise
    publication.finish()


def _check_pattern(pattern: Pattern | None, side: str | None, symbol: str | None) -> None:
    if pattern is None:
        return
    for name, given in (("symbol", symbol), ("side", side)):
        if given is None and name not in pattern.names:
            raise click.UsageError(
                f"--pattern has no group {name}: give it one, (?P<{name}>...), or --{name}"
            )
