"""Replays the benchmark's bars and brackets in nautilus_trader and prints what it took, as JSON.

Its fastest fair form, as in `peer_nautilus`: bars built before the clock starts, nothing subscribes to them, and
the strategy wakes by time alerts alone. A bracket enters just after its bar has ended, at the bar's close.
"""

import time
from collections import Counter
from decimal import Decimal

from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Price, Quantity

from tests.bench import bars
from tests.bench.peer_nautilus import RAW, REASONS, BracketStrategy, engine_with, instrument

NANOSECONDS = 1_000


def records(market: bars.Bars, pair: CurrencyPair) -> list[Bar]:
    length = {bars.MINUTE: "1-MINUTE", bars.HOUR: "1-HOUR"}[market.interval]
    kind = BarType.from_str(f"{pair.id}-{length}-LAST-EXTERNAL")
    prices = [(column * RAW).tolist() for column in (market.open, market.high, market.low, market.close)]
    size = Quantity.from_raw(1_000 * bars.UNIT * RAW, 3)
    ends = ((market.ts + market.interval) * NANOSECONDS).tolist()
    return [
        Bar(kind, *(Price.from_raw(price, 2) for price in row), size, end, end)
        for *row, end in zip(*prices, ends, strict=True)
    ]


class Brackets(BracketStrategy):
    """Enters just after the given bars, and closes what its exits have not closed in time."""

    def __init__(self, pair: CurrencyPair, market: bars.Bars, entries: bars.Brackets) -> None:
        super().__init__()
        self.pair, self.market, self.entries = pair, market, entries
        self.quantity = pair.make_qty(1)

    def on_start(self) -> None:
        ends = (self.market.ts[self.entries.bar] + self.market.interval).tolist()
        for number, (end, limit) in enumerate(zip(ends, self.entries.time_limit.tolist(), strict=True)):
            self.clock.set_time_alert_ns(f"in-{number}", end * NANOSECONDS + 1, self.enter)
            if limit:
                self.clock.set_time_alert_ns(f"out-{number}", (end + limit) * NANOSECONDS + 1, self.leave)

    def enter(self, event: object) -> None:
        number, self.next = self.next, self.next + 1
        orders = self.order_factory.bracket(
            instrument_id=self.pair.id,
            order_side=OrderSide.BUY,
            quantity=self.quantity,
            tp_price=Price.from_raw(int(self.entries.target[number]) * RAW, 2),
            sl_trigger_price=Price.from_raw(int(self.entries.stop[number]) * RAW, 2),
            tp_post_only=False,
        )
        self.send(orders)


def run(market: bars.Bars, entries: bars.Brackets) -> dict[str, object]:
    pair = instrument()
    engine = engine_with(pair, bar_execution=True, leverage=Decimal(10))
    engine.add_data(records(market, pair))
    engine.add_strategy(Brackets(pair, market, entries))
    started = time.perf_counter()
    engine.run()
    took = time.perf_counter() - started
    positions = engine.cache.positions_closed()
    exits = Counter(
        REASONS[engine.cache.order(position.closing_order_id).order_type] for position in positions
    )
    result = {
        "seconds": took,
        "bars": len(market),
        "entries": len(entries),
        "closed": len(positions),
        "pnl": float(sum(position.realized_pnl.as_double() for position in positions)),
        "exits": dict(exits),
    }
    engine.dispose()
    return result


if __name__ == "__main__":
    bars.tell(run)
