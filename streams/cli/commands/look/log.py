"""`ghostfill log`: entries and exits as they come, a line each.

Rules of this file: an entry is a fill, an exit is a trade, which has the P&L. How confident a fill's
signal was is looked up among the signals of the last hour, or of all where all is shown.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click
import orjson

from schemas.codec import default_codec
from schemas.errors import MessageError
from schemas.messages import Fill, Message, Signal, Trade
from schemas.text.numbers import decimal_text, time_text
from streams.cli.commands.look.tail import follow, following_options, messages, reading_codec
from streams.cli.options.many import example
from streams.cli.printing.tables import cents
from streams.clients.kafka import Raw, Reader, beginnings, ends, require, since
from streams.local.machine.home import find_cluster
from streams.transport.kafka.cluster import Cluster

TOPICS = ("fills", "trades")
LOOK_BACK_MS = 3_600_000
PATIENCE_S = 5.0
KEPT = 100_000
"""So many signals are remembered."""


@click.command(epilog=example("ghostfill log\nghostfill log --account paper-1 --json"))
@click.option("--account", help="Only this account (default: all).")
@following_options
def log(
    account: str | None, as_json: bool, from_start: bool, most: int | None, timeout: float | None
) -> None:
    """Follow entries and exits, until Ctrl-C.

    Times are UTC. An entry: symbol, side, quantity, price, signal, its confidence, slice. An exit: symbol,
    side, quantity, price, P&L with fees, percent, reason.
    """
    cluster = find_cluster(os.environ)

    def wanted(message: Message) -> bool:
        is_event = isinstance(message, Trade) or (isinstance(message, Fill) and message.purpose == "entry")
        return is_event and account in (None, getattr(message, "account", None))

    with Confidences(cluster, from_start=from_start) as confidences:

        def show(message: Message) -> None:
            assert isinstance(message, Fill | Trade)
            click.echo(_document(message, confidences) if as_json else line(message, confidences.of(message)))

        found = messages(cluster, TOPICS, from_start=from_start, timeout=timeout, wanted=wanted)
        follow(found, show, most, f"no entry or exit for {timeout or 0:g} s")


def line(message: Fill | Trade, confidence: float | None) -> str:
    event, ts = ("exit", message.exit_ts) if isinstance(message, Trade) else ("entry", message.ts)
    side, said = _exit(message) if isinstance(message, Trade) else _entry(message, confidence)
    moment = str(time_text(ts - ts % 1_000_000)).replace("T", " ").removesuffix("Z")
    quantity = decimal_text(message.quantity)
    return f"{moment}  {message.account:12}  {event:5}  {message.symbol:8}  {side:5}  {quantity} {said}"


def _entry(fill: Fill, confidence: float | None) -> tuple[str, str]:
    said = [
        f"at {decimal_text(fill.price)}",
        f"signal {fill.signal_id}" if fill.signal_id else "by hand",
        f"confidence {confidence:g}" if confidence is not None else "",
        f"slice {fill.slice_number}" if fill.slice_number is not None else "",
    ]
    return "long" if fill.side == "buy" else "short", ", ".join(filter(None, said))


def _exit(trade: Trade) -> tuple[str, str]:
    reason = trade.exit_reason.replace("_", " ")
    pnl, percent = cents(trade.pnl, sign=True), cents(trade.pnl_pct, sign=True)
    return trade.side, f"at {decimal_text(trade.exit_price)}, {pnl}, {percent}%, {reason}"


def _document(message: Fill | Trade, confidences: "Confidences") -> bytes:
    event: Mapping[str, Any] = {"event": "exit" if isinstance(message, Trade) else "entry"}
    told = default_codec().write_json(message)
    return orjson.dumps({**event, **told, "confidence": confidences.of(message)})


class Confidences:
    """How confident signals were: the topic is read on when a fill names one that is not known."""

    def __init__(self, cluster: Cluster, *, from_start: bool) -> None:
        self._cluster = cluster
        self._codec = reading_codec()
        self._known: dict[tuple[str, str], float | None] = {}
        places = require(cluster, "signals")
        past = round(time.time() * 1000) - LOOK_BACK_MS
        self._next = beginnings(cluster, places) if from_start else since(cluster, places, past)
        self._reader = Reader(cluster, self._next)

    def of(self, message: Fill | Trade) -> float | None:
        if isinstance(message, Trade):
            return message.confidence
        if message.signal_id is None:
            return None
        key = message.signal_id, message.symbol
        if key not in self._known:
            self._read_on()
        return self._known.get(key)

    def _read_on(self) -> None:
        """As far as the topic goes now; what ends with a transaction's mark is waited for in vain."""
        wanted = ends(self._cluster, self._next)
        give_up = time.monotonic() + PATIENCE_S
        while any(self._next[place] < end for place, end in wanted.items()) and time.monotonic() < give_up:
            for raw in self._reader.read():
                self._next[raw.topic, raw.partition] = raw.offset + 1
                self._remember(raw)
            while len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
        self._next = {place: max(self._next[place], end) for place, end in wanted.items()}

    def _remember(self, raw: Raw) -> None:
        """What nobody can read is among the dead letters, and not our concern here."""
        with suppress(MessageError):
            message = self._codec.decode(raw.topic, raw.key, raw.value or b"", raw.arrived)
            if isinstance(message, Signal):
                self._known[message.signal_id, message.symbol] = message.confidence

    def __enter__(self) -> "Confidences":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
