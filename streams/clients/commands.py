"""Commands to accounts: sent, and their decisions awaited.

Rules of this file: a command bears the time of its market, as far as a worker tells it: a recorded market is
of another day, and what is far ahead of it is refused. No answer is told with its likely cause.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from schemas.codec import decode, encode
from schemas.errors import MessageError
from schemas.kinds import key_of
from schemas.market.ticks import MarketReader
from schemas.messages import Command, CommandKind, Decision
from streams.clients.accounts import desk_table
from streams.clients.kafka import (
    MARKET,
    Raw,
    Reader,
    Sender,
    beginnings,
    ends,
    partitions_of,
    read_spans,
    require,
)  # fmt: skip
from streams.clients.workers import desks, has_gate, reached, reports, wall
from streams.engine.market.record_checks import own_times
from streams.engine.model.units import SECOND
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import WorkerReport

BEHIND = 10 * SECOND
"""A market that is further behind the wall than that is recorded, or rests."""
LAST = 100
"""Records of a market that are looked at for its time."""

REASONS: Mapping[str, str] = {
    "exists": "there is an account of that name already",
    "no_account": "there is no such account: `ghostfill account list` shows all",
    "no_order": "the account has no such open order",
    "no_plan": "the account has no such open plan",
    "no_position": "the account has no such open position",
    "no_market": "the symbol has had no price since the account was opened",
    "closed": "the account is closed and cannot trade again",
    "paused": "the account is paused: `ghostfill account resume` lets it trade",
    "not_flat": "latency and time_zone can change only while the account has no position and no plan",
    "ahead": "the command's time is too far ahead of the market's, in seconds",
}


def new_command(account: str, kind: CommandKind, ts: int = 0, *, by: str = "cli", **fields: Any) -> Command:
    """Without a time it is given one when it is sent. `by`: who sends it, for its id."""
    return Command(command_id=f"{by}-{uuid4().hex}", account=account, kind=kind, ts=ts, **fields)


def decisions(cluster: Cluster, commands: Sequence[Command], wait_s: float) -> dict[str, Decision]:
    """Sends the commands; what was decided of each within the time, by the command's id."""
    told = reports(cluster)
    ready = [command if command.ts else _timed(cluster, command, told) for command in commands]
    return _sent(cluster, ready, wait_s)


def _timed(cluster: Cluster, command: Command, told: Sequence[WorkerReport]) -> Command:
    market = _market_of(cluster, command)
    return timed(command, reached(told, market) or newest_time(cluster, market))


def timed(command: Command, newest: int) -> Command:
    """With the time of its market, whose newest is given; 0: nothing has come yet.

    Then it may become any market's, a recorded one too: what has to wait for the first record bears no time,
    or everything behind it would wait for the wall's.
    """
    is_known = newest or command.kind == "create"
    return msgspec.structs.replace(command, ts=time_in(newest) if is_known else 0)


def time_in(newest: int) -> int:
    """The wall's time; the market's newest where that is recorded, or rests."""
    now = wall()
    return newest if newest and now - newest > BEHIND else now


def market_of(settings: str | None) -> str:
    """The topic of the market that a `create` names."""
    market: str = msgspec.json.decode(settings or "{}").get("market", MARKET)
    return market


def _market_of(cluster: Cluster, command: Command) -> str:
    """The topic of the account's market."""
    if command.kind == "create":
        return market_of(command.settings)
    if not any(topic.startswith(f"{MARKET}.") for topic in partitions_of(cluster)):
        return MARKET
    found = desk_table.accounts(cluster, [command.account])
    return found[0].settings.market if found else MARKET


def newest_time(cluster: Cluster, topic: str) -> int:
    """The event time at the end of a market; 0 when it is empty."""
    (place,) = require(cluster, topic)
    first, end = beginnings(cluster, [place])[place], ends(cluster, [place])[place]
    raws = list(read_spans(cluster, {place: (max(first, end - LAST), end)}))
    rows = MarketReader(topic=topic).read([raw.key for raw in raws], [raw.value for raw in raws])
    times = own_times(rows.columns)
    return int(times.max()) if len(times) else 0


def _sent(cluster: Cluster, commands: Sequence[Command], wait_s: float) -> dict[str, Decision]:
    """The commands go out when the decisions are listened to already."""
    require(cluster, "commands")
    places = require(cluster, "decisions")
    with Reader(cluster, ends(cluster, places)) as reader:
        sender = Sender(cluster)
        for command in commands:
            sender.send("commands", key_of(command), encode(command))
        sender.finish()
        return _answers(reader, {command.command_id for command in commands}, wait_s)


def _answers(reader: Reader, awaited: set[str], wait_s: float) -> dict[str, Decision]:
    found: dict[str, Decision] = {}
    end = time.monotonic() + wait_s
    while awaited - found.keys() and time.monotonic() < end:
        for raw in reader.read():
            decision = _decision(raw)
            if decision is not None and decision.command_id in awaited and decision.decision != "late":
                found[decision.command_id] = decision
    return found


def _decision(raw: Raw) -> Decision | None:
    try:
        message = decode(raw.topic, raw.key, raw.value)
    except MessageError:
        return None
    return message if isinstance(message, Decision) else None


def why_silent(cluster: Cluster) -> str:
    """The likely cause."""
    if not desks(reports(cluster)):
        return "no desk is running: start `ghostfill up`, or `ghostfill worker --part desk`"
    if not has_gate(cluster):
        return "no gate is running: start `ghostfill up`, or `ghostfill worker --part gate`"
    return (
        "the desk runs, so it probably waits for the next record of the account's market; the command is in "
        "the topic `commands` and will be decided then: `ghostfill tail decisions`"
    )
