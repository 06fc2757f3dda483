"""Accounts that are to be there: opened when a desk runs, left as they are where there are some.

Rules of this file: what is not there yet is waited for, however long, and told once.
"""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import click

from streams.accounts import check_new_name
from streams.cli.publishing.asking import verdict
from streams.clients.accounts import desk_table
from streams.clients.commands import decisions, market_of, new_command, newest_time
from streams.clients.kafka import partitions_of
from streams.clients.workers import desks, has_gate, reports
from streams.transport.kafka.cluster import Cluster, ClusterError

LOOK_S = 0.5
ANSWER_S = 20.0

Found = TypeVar("Found")


def await_ready(find: Callable[[], Found]) -> Found:
    """Tries until it goes."""
    told = ""
    while True:
        try:
            return find()
        except ClusterError as error:
            if str(error) != told:
                told = str(error)
                click.echo(f"waiting: {told}", err=True)
            time.sleep(LOOK_S)


def open_accounts(cluster: Cluster, settings: Mapping[str, str], first_time: Callable[[str], int]) -> None:
    """Those of these names that are missing; returns when all are there.

    `first_time` tells when a market's first record was, 0 if nobody knows: in a market that has none yet an
    account is opened there, not on the day of its replay.
    """
    wanted = _missing(cluster, settings)
    for name in wanted:
        check_new_name(name)
    while wanted:
        await_ready(lambda: _need_desk(cluster))
        wanted = _missing(cluster, wanted)
        topics = {market_of(each) for each in wanted.values()}
        opens = {topic: 0 if newest_time(cluster, topic) else first_time(topic) for topic in topics}
        commands = [
            new_command(name, "create", opens[market_of(each)], settings=each)
            for name, each in wanted.items()
        ]
        answers = decisions(cluster, commands, ANSWER_S)
        for command in commands:
            answer = answers.get(command.command_id)
            if answer is None:
                continue
            if answer.decision == "accepted":
                click.echo(verdict(command, answer))
            elif answer.reason != "exists":
                raise ClusterError(verdict(command, answer))
            del wanted[command.account]


def _missing(cluster: Cluster, settings: Mapping[str, str]) -> dict[str, str]:
    has_table = bool(settings) and desk_table.TABLE in partitions_of(cluster)
    there = {held.name for held in desk_table.accounts(cluster, settings)} if has_table else set()
    return {name: each for name, each in settings.items() if name not in there}


def _need_desk(cluster: Cluster) -> None:
    for part, runs in (("gate", has_gate(cluster)), ("desk", bool(desks(reports(cluster))))):
        if not runs:
            raise ClusterError(f"no {part} is running yet")
