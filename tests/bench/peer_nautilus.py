"""Replays the benchmark's ticks and brackets in nautilus_trader and prints what it took, as JSON.

Its fastest fair form: one quote a tick, built before the clock starts; nothing subscribes to the quotes, so
that the matching engine alone sees each one, and the strategy wakes by time alerts, only to enter and to end
a bracket that ran out of time. Logs, risk checks and the analysis after the run are off.

A bracket is a market entry, a limit and a stop that cancel each other; a third has a trailing stop for stop.
"""

import argparse
import json
import time
from decimal import Decimal
from pathlib import Path

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import (
    AccountType,
    OmsType,
    OrderSide,
    OrderType,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from tests.bench import market

VENUE = Venue("SIM")
REASONS = {
    OrderType.STOP_MARKET: "stop_loss",
    OrderType.TRAILING_STOP_MARKET: "trailing_stop",
    OrderType.LIMIT: "take_profit",
    OrderType.MARKET: "time_limit",
}
RAW = Price(1, 0).raw // market.UNIT
"""It counts in 1e-9 or in 1e-16, as it was built."""


def instrument() -> CurrencyPair:
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE),
        raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        price_precision=2,
        size_precision=3,
        price_increment=Price(0.01, 2),
        size_increment=Quantity(0.001, 3),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
        ts_event=0,
        ts_init=0,
    )


def quotes(ticks: market.Ticks, pair: CurrencyPair) -> list[QuoteTick]:
    nanoseconds = (ticks.ts * 1_000).tolist()
    bids, asks = ticks.bid.tolist(), ticks.ask.tolist()
    size = 1_000 * market.UNIT * RAW
    return [
        QuoteTick.from_raw(pair.id, bid * RAW, ask * RAW, 2, 2, size, size, 3, 3, ts, ts)
        for ts, bid, ask in zip(nanoseconds, bids, asks, strict=True)
    ]


class BracketStrategy(Strategy):
    """Knows its open brackets, and closes what their exits have not closed in time."""

    def __init__(self) -> None:
        super().__init__()
        self.next = 0
        self.open: list[tuple[object, object, object]] = []

    def send(self, orders: object) -> None:
        self.open.append(tuple(orders.orders))
        self.submit_order_list(orders)

    def leave(self, event: object) -> None:
        entry, stop, target = self.open.pop(0)
        position = self.cache.position_for_order(entry.client_order_id)
        if position is None or position.is_closed:
            return
        for order in (stop, target):
            if not order.is_closed:
                self.cancel_order(order)
        self.close_position(position)


class Brackets(BracketStrategy):
    """Enters at the given times, and closes what its exits have not closed in time."""

    def __init__(
        self, pair: CurrencyPair, ticks: market.Ticks, entries: market.Entries, bracket: market.Bracket
    ):
        super().__init__()
        self.pair = pair
        self.ticks = ticks
        self.entries = entries
        self.bracket = bracket
        self.quantity = pair.make_qty(0.01)

    def on_start(self) -> None:
        for number, tick in enumerate(self.entries.tick.tolist()):
            at = int(self.ticks.ts[tick]) * 1_000
            self.clock.set_time_alert_ns(f"in-{number}", at, self.enter)
            self.clock.set_time_alert_ns(f"out-{number}", at + self.bracket.time_limit * 1_000, self.leave)

    def enter(self, event: object) -> None:
        number = self.next
        self.next += 1
        tick = int(self.entries.tick[number])
        price = float(self.ticks.ask[tick]) / market.UNIT
        stop = {"sl_trigger_price": self.pair.make_price(price * (1 - self.bracket.stop_loss))}
        if self.entries.trailing[number]:
            stop = {
                "sl_order_type": OrderType.TRAILING_STOP_MARKET,
                "sl_trailing_offset": Decimal(round(self.bracket.trail * 10_000)),
                "sl_trailing_offset_type": TrailingOffsetType.BASIS_POINTS,
                "sl_trigger_type": TriggerType.BID_ASK,  # its default follows trades, and there are none
            }
        orders = self.order_factory.bracket(
            instrument_id=self.pair.id,
            order_side=OrderSide.BUY,
            quantity=self.quantity,
            tp_price=self.pair.make_price(price * (1 + self.bracket.take_profit)),
            tp_post_only=False,
            **stop,
        )
        self.send(orders)


def engine_with(pair: CurrencyPair, *, bar_execution: bool, leverage: Decimal) -> BacktestEngine:
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.HEDGING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(10_000_000, USDT)],
        default_leverage=leverage,
        bar_execution=bar_execution,
    )
    engine.add_instrument(pair)
    return engine


def run(ticks: market.Ticks, entries: market.Entries, bracket: market.Bracket) -> dict[str, object]:
    pair = instrument()
    engine = engine_with(pair, bar_execution=False, leverage=Decimal(10))
    engine.add_data(quotes(ticks, pair), validate=False, sort=True)
    engine.add_strategy(Brackets(pair, ticks, entries, bracket))
    started = time.perf_counter()
    engine.run()
    took = time.perf_counter() - started
    positions = engine.cache.positions_closed()
    reasons: dict[str, int] = {}
    for position in positions:
        last = engine.cache.order(position.closing_order_id)
        reason = REASONS[last.order_type]
        reasons[reason] = reasons.get(reason, 0) + 1
    result = {
        "seconds": took,
        "ticks": len(ticks),
        "entries": len(entries),
        "closed": len(positions),
        "open": engine.cache.positions_open_count(),
        "pnl": float(sum(position.realized_pnl.as_double() for position in positions)),
        "exits": reasons,
    }
    engine.dispose()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("market", type=Path, help="the directory that `market.save` wrote")
    parser.add_argument("ticks", type=int, help="how many of them to replay")
    options = parser.parse_args()
    ticks, entries, bracket = market.load(options.market)
    print(json.dumps(run(ticks.first(options.ticks), entries.before(options.ticks), bracket)))


if __name__ == "__main__":
    main()
