"""Commands to accounts, from the terminal: sent, and their decisions awaited and told."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from schemas.checks import check
from schemas.errors import MessageError
from schemas.messages import Command, Decision
from streams.clients.commands import REASONS, decisions, why_silent
from streams.local.machine.home import find_cluster

REFUSED = 1
WAIT_S = 10.0


def wait_option(command: Any) -> Any:
    return click.option(
        "--wait", "wait_s", type=click.FloatRange(min=0), default=WAIT_S, show_default=True,
        metavar="SECONDS", help="How long to wait for the decision; 0 does not wait.",
    )(command)  # fmt: skip


def ask(commands: Sequence[Command], wait_s: float) -> None:
    """Sends the commands, says what was decided, and ends with 1 where one is refused or not answered."""
    for command in commands:
        try:
            check(command)
        except MessageError as error:
            raise click.ClickException(str(error)) from error
    cluster = find_cluster(os.environ)
    answers = decisions(cluster, commands, wait_s)
    if not wait_s:
        return
    for command in commands:
        answer = answers.get(command.command_id)
        if answer is not None:
            click.echo(verdict(command, answer))
    silent = [command for command in commands if command.command_id not in answers]
    if silent:
        cause = why_silent(cluster)
        click.echo(f"{_described(silent[0])}: no decision within {wait_s:g} s: {cause}", err=True)
    if silent or any(answer.decision != "accepted" for answer in answers.values()):
        sys.exit(REFUSED)


def verdict(command: Command, answer: Decision) -> str:
    said = f"{_described(command)}: {answer.decision}"
    if not answer.reason:
        return said
    measured = ""
    if answer.measured is not None and answer.limit is not None:
        measured = f" ({answer.measured:g}, limit {answer.limit:g})"
    meaning = REASONS.get(answer.reason)
    return f"{said}: {answer.reason}{measured}" + (f": {meaning}" if meaning else "")


def _described(command: Command) -> str:
    what = command.order_id or command.plan_id or command.symbol
    return f"{command.kind} {command.account}" + (f" {what}" if what else "")
