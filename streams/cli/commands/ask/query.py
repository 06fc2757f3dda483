"""`ghostfill query` and `ghostfill sql`: questions about the results."""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sinks.asking.questions import Question, QuestionError, questions
from streams.cli.options.many import example
from streams.cli.options.params import pairs, since_option, until_option
from streams.cli.printing.answers import output_options, reader, show
from streams.local.machine.home import Home

OWN = "queries"
"""The home's folder for a person's own questions."""


@click.command(
    epilog=example(
        "ghostfill query performance --account paper-1\n"
        "ghostfill query slice-effectiveness --since 7d --format csv --out slices.csv"
    )
)
@click.argument("name", required=False)
@click.option("--account", help="Only this account (default: all).")
@click.option("--symbol", help="Only this symbol, where the question has symbols.")
@since_option
@until_option
@click.option("--limit", type=click.IntRange(min=1), help="At most this many rows.")
@click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Another parameter of the question; repeatable."
)
@output_options
def query(name: str | None, sets: Sequence[str], form: str | None, out: Path | None, **common: Any) -> None:
    """Ask about the results; without a NAME, say what can be asked.

    Times are UTC. A file NAME.sql in the home's folder `queries` is a question too.
    """
    known = _known()
    if name is None:
        _list(known)
        return
    question = known.get(name)
    if question is None:
        near = difflib.get_close_matches(name, known, n=3)
        meant = f"did you mean {' or '.join(near)}?" if near else "`ghostfill query` lists them"
        raise click.UsageError(f"no query {name}; {meant}")
    try:
        parameters = question.bound({**common, **pairs(sets)})
    except QuestionError as error:
        raise click.UsageError(str(error)) from error
    with reader() as client:
        show(client, question.statement, parameters, form, out, name)


@click.command(epilog=example('ghostfill sql "SELECT symbol, sum(pnl) FROM trades FINAL GROUP BY symbol"'))
@click.argument("statement")
@output_options
def sql(statement: str, form: str | None, out: Path | None) -> None:
    """Ask the results anything, in ClickHouse's SQL.

    `ghostfill sql "SHOW TABLES"` lists tables and views. Read a table with FINAL, so that a row which was
    written twice shows once. Nothing can be changed.
    """
    with reader() as client:
        show(client, statement.strip().rstrip(";"), {}, form, out, "sql")


def _known() -> dict[str, Question]:
    """Ours, and the person's own."""
    own = Home.from_environment(os.environ).folder / OWN
    return {**questions(), **questions(own)}


def _list(known: Mapping[str, Question]) -> None:
    width = max(map(len, known))
    for name, question in known.items():
        click.echo(f"{name:{width}}  {question.doc}")
