"""One test's Ghostfill: it makes the market, publishes signals, and sees what becomes of them.

Time is the test's own. It starts on a Monday at 9:30 in New York and goes on by a second with each record, or
to where it is told. So the same test gives the same results, however busy the machine is.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ghostfill.testing.errors import GhostfillTestError, NothingCameError
from ghostfill.testing.inputs import SHARDS, Inputs
from ghostfill.testing.outputs import Outputs
from ghostfill.testing.results import Result
from ghostfill.testing.running import Running
from ghostfill.testing.sending import as_json
from ghostfill.testing.sql import ask
from ghostfill.testing.times import Time, datetime_of, duration_of, micros_of
from ghostfill.testing.told import Told
from schemas.messages import CommandKind
from schemas.partition import shard_of
from schemas.text.numbers import time_text
from streams.clients.settings_texts import create_settings

PATIENCE_S = 10.0
SOURCE = "test"
BAR = ("open", "high", "low", "close", "volume")

Amount = Any
"""A price or a quantity: Decimal, text, int or float."""


class Ghostfill:
    """A market, accounts and sources of one test's own."""

    def __init__(self, running: Running, outputs: Outputs, inputs: Inputs, number: int) -> None:
        self._running, self._outputs, self._inputs = running, outputs, inputs
        self._told = Told(outputs)
        self._number = number
        self._accounts: list[str] = []
        self.environment = dict(running.environment)
        """For programs of your own: KAFKA_BOOTSTRAP says where Kafka is."""

    @property
    def market(self) -> str:
        """The topic of this test's ticks and bars."""
        return self._inputs.market

    @property
    def now(self) -> datetime:
        """The time of the newest record."""
        return self._inputs.now

    # What goes in ------------------------------------------------------------------------------

    def account(
        self,
        name: str = "account",
        *,
        preset: str | None = None,
        file: str | Path | None = None,
        follow: Sequence[str] = (SOURCE,),
        **settings: Any,
    ) -> str:
        """Opens an account; gives its name, which has numbers at the end, for tests share an instance.

        `settings` are the keys of an account file: `stop_loss="2%"`, `max_positions=3`.
        """
        whole = f"{name}-{self._number}-{len(self._accounts) + 1}"
        said = {key: _as_text(value) for key, value in {**settings, "market": self.market}.items()}
        path = None if file is None else str(file)
        document = json.loads(create_settings(whole, preset, follow, said, path))
        opened = self._order("create", whole, by="create", settings=document)
        if opened.decision != "accepted":
            raise GhostfillTestError(f"the account {whole} was not opened: {opened.reason}")
        self._accounts.append(whole)
        return whole

    def publish_signal(
        self, symbol: str, side: str, *, source: str = SOURCE, at: Time = None, **fields: Any
    ) -> str:
        """A signal as a producer sends it, in JSON; gives its id. `fields`: `confidence=0.8`, `features={…}`.

        It takes effect at the next tick or bar of its symbol.
        """
        ts = self._inputs.time(at)
        usual = {"signal_id": f"signal-{self._number}-{time_text(micros_of(ts))}", "source": source}
        body = {**usual, "symbol": symbol, "side": side, "ts": ts, **fields}
        self._inputs.publish("signals", symbol, as_json(body))
        return str(body["signal_id"])

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """A record as it is to `signals` or `commands`, such as your own producer writes."""
        self._inputs.publish(topic, key, value)

    def command(self, kind: CommandKind, account: str | None = None, **fields: Any) -> Result:
        """Orders something by hand, and gives what was decided: `command("close_all")`."""
        return self._order(kind, self._one(account), by="test", **fields)

    def tick(
        self,
        symbol: str,
        price: Amount = None,
        *,
        bid: Amount = None,
        ask: Amount = None,
        size: Amount = None,
        at: Time = None,
    ) -> None:
        """A trade or a quote."""
        quoted = {"price": price, "bid": bid, "ask": ask, "size": size}
        self._inputs.record(symbol, {"symbol": symbol, "ts": self._inputs.time(at), **quoted})

    def bars(
        self, symbol: str, rows: Iterable[Mapping[str, Any] | Sequence[Amount]], interval: str = "1m"
    ) -> None:
        """One after the other: (open, high, low, close) or (open, high, low, close, volume).

        Or mappings, such as the rows of a csv; those may have a `ts`, when the bar opens. A signal takes
        effect at the end of the bar in which it comes, and fills at the next one's open.
        """
        for row in rows:
            bar = row if isinstance(row, Mapping) else dict(zip(BAR, row, strict=False))
            self._inputs.bar(symbol, duration_of(interval), bar)

    def advance(self, to: Time | timedelta) -> None:
        """Time passes without a price: by `"15m"`, or to a time."""
        if isinstance(to, str) and re.fullmatch(r"\d+[a-z]+", to):
            to = duration_of(to)
        self._inputs.clock(self.now + to if isinstance(to, timedelta) else datetime_of(to))

    # What comes out ----------------------------------------------------------------------------

    def wait_for_fill(
        self, account: str | None = None, *, seconds: float = PATIENCE_S, **like: Any
    ) -> Result:
        """The account's next fill, in the order in which they happen; `like`: `symbol="AAPL"`."""
        return self._next("fill", account, seconds, like)

    def wait_for_trade(
        self, account: str | None = None, *, seconds: float = PATIENCE_S, **like: Any
    ) -> Result:
        """The same of a trade, which is told when its position is closed."""
        return self._next("trade", account, seconds, like)

    def fills(self, account: str | None = None) -> list[Result]:
        """All of them. Here, as in all that follow, everything that was published is worked off first."""
        return self._told.all(self._settled(account), "fill")

    def trades(self, account: str | None = None) -> list[Result]:
        return self._told.all(self._settled(account), "trade")

    def decisions(self, account: str | None = None) -> list[Result]:
        """What was decided of each signal, slice and command, with the reason."""
        return self._told.decisions(self._settled(account))

    def alerts(self, account: str | None = None) -> list[Result]:
        return self._told.all(self._settled(account), "alert")

    def equity(self, account: str | None = None) -> list[Result]:
        return self._told.all(self._settled(account), "equity")

    def orders(self, account: str | None = None) -> list[Result]:
        """Each as it is now."""
        return self._told.newest(self._settled(account), "order", "order_id")

    def slices(self, account: str | None = None) -> list[Result]:
        """Each as it is now. Like positions they are told about once a second."""
        return self._told.newest(self._stored(account), "slice-timer", "slice_id")

    def positions(self, account: str | None = None) -> list[Result]:
        """Those that are open."""
        told = self._told.newest(self._stored(account), "position", "position_id")
        return [each for each in told if each.quantity]

    def sql(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Asks ClickHouse when it has all results: `sql("… WHERE account = {name:String}", name=mine)`."""
        self.settle()
        return ask(self._running.results(), statement, parameters, self._outputs.positions)

    def verify(self, account: str | None = None) -> None:
        """Folds the logs again; fails where an output of the account does not come out the same."""
        self.run("verify", self._settled(account))

    def run(self, *words: str) -> str:
        """What the `ghostfill` command says on this instance."""
        command = [sys.executable, "-m", "streams.cli", *words]
        done = subprocess.run(command, env=self.environment, text=True, capture_output=True, check=False)
        if done.returncode:
            raise GhostfillTestError(f"ghostfill {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def settle(self) -> int:
        """Returns when everything that was published is worked off, and all that came of it has been read.

        Gives the offset of the market's last record.
        """
        asked = [
            (name, self._inputs.command("cancel", name, by="settle", order_id="none"))
            for name in self._accounts
        ]
        offset = self._inputs.clock(self.now)
        for name, command_id in asked:
            self._told.decision(name, command_id)
        self._outputs.read_to_end(PATIENCE_S)
        return offset

    def close(self) -> None:
        """At the test's end: its accounts take nothing any more."""
        for name in self._accounts:
            self._inputs.command("close", name, by="settle")
            self._outputs.forget(name)
        self._inputs.clock(self.now)

    # -------------------------------------------------------------------------------------------

    def _order(self, kind: CommandKind, account: str, *, by: str, **fields: Any) -> Result:
        command_id = self._inputs.command(kind, account, by=by, **fields)
        self._inputs.clock(self.now)
        return self._told.decision(account, command_id)

    def _next(self, kind: str, account: str | None, seconds: float, like: Mapping[str, Any]) -> Result:
        name = self._one(account)
        if not self._told.has(name, kind, like, seconds):
            self.settle()
            wanted = "".join(f" {key}={value}" for key, value in like.items())
            raise NothingCameError(
                f"no {kind}{wanted} of {name} in {seconds:g} s; {self._told.instead(name)}"
            )
        return self._told.hand_out(name, kind, like)

    def _settled(self, account: str | None) -> str:
        name = self._one(account)
        self.settle()
        return name

    def _stored(self, account: str | None) -> str:
        """What is told with a checkpoint has been told too."""
        name, offset = self._one(account), self.settle()
        shard = shard_of(name, SHARDS)
        self._outputs.until(lambda: self._outputs.has_stored([shard], self.market, offset), PATIENCE_S)
        self._outputs.read_to_end(PATIENCE_S)
        return name

    def _one(self, account: str | None) -> str:
        if account is not None:
            return account
        if len(self._accounts) != 1:
            raise GhostfillTestError(f"name an account: this test has {', '.join(self._accounts) or 'none'}")
        return self._accounts[0]


def _as_text(value: Any) -> str:
    """As an account file has it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
