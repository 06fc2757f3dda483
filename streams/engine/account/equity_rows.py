"""Equity rows of an account in a run, as columns: what stays the same in all of them is there once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from schemas.columns import Ints
from schemas.messages import Equity


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
        columns = (self.ts, self.equity, self.unrealised, self.drawdown, self.exposure)
        ts, equity, unrealised, drawdown, exposure = (column[start:end] for column in columns)
        return replace(
            self, before=self.before + start,
            ts=ts, equity=equity, unrealised=unrealised, drawdown=drawdown, exposure=exposure,
        )  # fmt: skip

    def messages(self) -> Iterator[Equity]:
        columns = (self.ts, self.equity, self.unrealised, self.drawdown, self.exposure)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for number, (ts, equity, unrealised, drawdown, exposure) in enumerate(rows, start=self.before + 1):
            yield Equity(
                equity_id=f"{self.account}-e{number}",
                ts=ts,
                account=self.account,
                equity=equity,
                cash=self.cash,
                unrealised=unrealised,
                drawdown=drawdown,
                realised=self.realised,
                exposure=exposure,
                reserved=self.reserved,
                balance=self.balance,
            )
