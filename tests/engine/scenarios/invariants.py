"""What holds after every run, whatever the row: exact in integers, from the outputs alone."""

from collections.abc import Sequence

from schemas.messages import Equity, Fill, Order, Output, Position, Trade
from streams.engine.model.settings import Settings
from streams.engine.model.units import half_even, value_of

from .expect import ENDED
from .tell import decimal, said


class Books:
    """An account kept a second time, from its fills."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cash = settings.balance
        self.held: dict[tuple[str, str], int] = {}
        self.costs: dict[tuple[str, str], int] = {}

    def key(self, symbol: str, lot: str | None) -> tuple[str, str]:
        return symbol, (lot or "") if self.settings.position_mode == "per_signal" else ""

    def fill(self, fill: Fill) -> None:
        key = self.key(fill.symbol, fill.lot_id)
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        value = value_of(fill.price, fill.quantity)
        self.cash += (-value if signed > 0 else value) - fill.fee
        held, cost = self.held.get(key, 0), self.costs.get(key, 0)
        if held * signed < 0:
            assert abs(signed) <= abs(held), f"a fill crosses zero: {said(fill)}"
            closed = abs(signed)
            cost -= cost if closed == abs(held) else half_even(cost * closed, abs(held))
        else:
            cost += value
        self.held[key], self.costs[key] = held + signed, cost

    def signed_cost(self) -> int:
        return sum(
            cost if self.held[key] > 0 else -cost for key, cost in self.costs.items() if self.held[key]
        )


def check(settings: Settings, outputs: Sequence[Output]) -> None:
    """Equity = cash + position value; Σ fills = position; one end an order; equity change = gross P&L − fees."""
    books = Books(settings)
    ended: set[str] = set()
    filled: dict[str, int] = {}
    positions: dict[str, int] = {}
    gross = fees = 0
    for output in outputs:
        match output:
            case Fill():
                books.fill(output)
                fees += output.fee
                filled[output.order_id] = filled.get(output.order_id, 0) + output.quantity
                assert output.quantity > 0 and output.price > 0, f"an empty fill: {said(output)}"
            case Order():
                assert output.order_id not in ended, f"an order lives after its end: {said(output)}"
                if output.state in ENDED:
                    ended.add(output.order_id)
                    assert output.filled == filled.get(output.order_id, 0), f"not Σ fills: {said(output)}"
                assert output.state != "filled" or output.filled == output.quantity, said(output)
            case Position():
                signed = output.quantity if output.side == "long" else -output.quantity
                positions[output.position_id] = signed if output.quantity else 0
            case Trade():
                gross += output.gross_pnl
                assert output.pnl == output.gross_pnl - output.fees, (
                    f"pnl is not gross − fees: {said(output)}"
                )
            case Equity():
                value = books.signed_cost() + output.unrealised
                assert output.cash == books.cash, (
                    f"cash is {decimal(books.cash)} by the fills: {said(output)}"
                )
                assert output.equity == output.cash + value, f"equity is not cash + positions: {said(output)}"
    assert sum(positions.values()) == sum(books.held.values()), "Σ fills is not what the positions say"
    if not any(books.held.values()):
        assert books.cash - settings.balance == gross - fees, "equity change is not gross P&L − fees"
