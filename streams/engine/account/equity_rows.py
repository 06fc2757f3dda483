"""Equity rows of an account in a run, as columns: what stays the same in all of them is there once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from schemas.columns import Ints
from schemas.messages import Equity

CHANGING = ("ts", "equity", "unrealised", "drawdown", "exposure")
CONSTANT = ("cash", "realised", "reserved", "balance")


@dataclass(frozen=True, slots=True)
class EquityRows:
    """Rows at which nothing was done: only prices differ."""

    account: str
    before: int
    """How many rows the account had told before these."""
    ts: Ints
    equity: Ints
    unrealised: Ints
    drawdown: Ints
    exposure: Ints
    cash: int
    realised: int
    reserved: int
    balance: int

    def __len__(self) -> int:
        return len(self.ts)

    def part(self, start: int, end: int) -> "EquityRows":
        columns = {name: getattr(self, name)[start:end] for name in CHANGING}
        return replace(self, before=self.before + start, **columns)

    def messages(self) -> Iterator[Equity]:
        same = {name: getattr(self, name) for name in ("account", *CONSTANT)}
        rows = zip(*(getattr(self, name).tolist() for name in CHANGING), strict=True)
        for number, row in enumerate(rows, start=self.before + 1):
            changing = dict(zip(CHANGING, row, strict=True))
            yield Equity(equity_id=f"{self.account}-e{number}", **changing, **same)
