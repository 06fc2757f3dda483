"""A small world whose every number can be computed by hand.

Account `a` began with 1,000 and trades around the clock:
- p1, from signal s1: long X in four slices of 1, arrival 100. Bought 1 at 100 and 1 at 102; the third was skipped at
  a mark of 99, the fourth cancelled when the target closed the position at 110. Fees 0.1 a fill.
  Trade t1: 220 - 202 = 18 gross, 0.3 fees, 17.7.
- p2, from s2: short Y in two slices of 2, arrival 50. Sold 2 at 50 and 2 at 50.5; stopped at 52.
  Trade t2: 201 - 208 = -7 gross, 0.3 fees, -7.3.
- t3, by hand: long X, 1 at 100, out at 100 without fees: 0.
- p3, from s4 of another source: long Y, 1 at 50, target 55. t4: 5 gross, 0.1 fees, 4.9.
- p4, from s7: long X, 1 at 100, fee 0.1, still open at a mark of 101.

Account `b` began with 5,000, four trades by hand in Z: 10, 20, -5, 1.25. Its days end at 05:00 UTC, and its markets are
closed on the weekend. It refused s1 and s2, let s5 expire, was told s4 twice, and its breaker tripped.
"""

from typing import Any

from schemas.messages import (
    Alert,
    Decision,
    Equity,
    Fill,
    Message,
    Order,
    Position,
    Signal,
    SliceTimer,
    Trade,
)

ONE = 100_000_000
DAY = 1_767_571_200
"""2026-01-05 00:00 UTC, a Monday, in seconds."""


def at(clock: str, day: int = 5) -> int:
    """A time of January 2026 in microseconds: 10:00:01.5."""
    hours, minutes, *seconds = clock.split(":")
    passed = int(hours) * 3600 + int(minutes) * 60 + float(seconds[0] if seconds else 0)
    return (DAY + (day - 5) * 86_400) * 1_000_000 + round(passed * 1_000_000)


def units(amount: float) -> int:
    return round(amount * ONE)


def world() -> list[Message]:
    return [*_signals(), *_a(), *_b()]


def signal(number: int, ts: int, symbol: str, side: Any, source: str = "tracker", **more: Any) -> Signal:
    return Signal(signal_id=f"s{number}", source=source, symbol=symbol, side=side, ts=ts, **more)


def _signals() -> list[Message]:
    return [
        signal(1, at("10:00"), "X", "long", confidence=0.8, features={"vsr": 3.5}),
        signal(2, at("12:00"), "Y", "short", confidence=0.6),
        signal(4, at("10:00", 6), "Y", "long", "other"),
        signal(4, at("10:00", 6), "Y", "long", "other"),
        signal(5, at("11:00", 6), "Z", "long"),
        signal(7, at("08:00", 7), "X", "long"),
    ]


def _a() -> list[Message]:
    return [
        decision("a", 1, at("10:00:00.5"), "accepted", "X", signal_id="s1", source="tracker", plan_id="a-p1"),
        *planned("a-p1", "X", "buy", "s1", 100, [
            (at("10:00:00.5"), "released", 1, 100, None),
            (at("10:01:00.5"), "released", 1, 102, None),
            (at("10:02:00.5"), "skipped", 1, 99, ("price_holds", 99.0, 100.0)),
            (at("11:00"), "cancelled", 1, None, ("position_closed", None, None)),
        ], due=[at("10:00:00.5"), at("10:01:00.5"), at("10:02:00.5"), at("13:00")]),
        *bought("a", 1, at("10:00:00.5"), "X", "buy", 1, 100, 0.1, 1, plan="a-p1", number=1, arrival=100, signal_id="s1"),
        equity("a", 1, at("10:00:00.5"), 999.9, 899.9, 0, 0, 0.0001),
        *bought("a", 2, at("10:01:00.5"), "X", "buy", 1, 102, 0.1, 1, plan="a-p1", number=2, arrival=100, signal_id="s1"),
        decision("a", 2, at("10:02:00.5"), "skipped", "X", signal_id="s1", source="tracker", plan_id="a-p1",
                 reason="price_holds", measured=99.0, limit=100.0),
        *sold("a", 3, at("11:00"), "X", "sell", 2, 110, 0.1, 1, "take_profit", signal_id="s1"),
        trade("a", 1, "X", "long", 2, 101, 110, at("10:00:00.5"), at("11:00"), 18, 0.3, "take_profit", 202,
              signal_id="s1", source="tracker", plan_id="a-p1", slices=2, mae=units(2), mfe=units(9), confidence=0.8,
              theories={"trend": 0.7, "volume": 0.3}),
        position("a", 1, "X", "long", 0, 101, 110, at("11:00"), stop=units(96)),
        equity("a", 2, at("11:00"), 1017.7, 1017.7, 0, 18, 0),
        decision("a", 3, at("12:00:02"), "accepted", "Y", signal_id="s2", source="tracker", plan_id="a-p2",
                 reason="cut max_position", measured=0.3, limit=0.2),
        *planned("a-p2", "Y", "sell", "s2", 50, [
            (at("12:00:02"), "released", 2, 50, None),
            (at("12:10:02"), "released", 2, 50.5, None),
        ], due=[at("12:00:02"), at("12:10:02")]),
        *bought("a", 4, at("12:00:02"), "Y", "sell", 2, 50, 0.1, 2, plan="a-p2", number=1, arrival=50, signal_id="s2"),
        *bought("a", 5, at("12:10:02"), "Y", "sell", 2, 50.5, 0.1, 2, plan="a-p2", number=2, arrival=50, signal_id="s2"),
        *sold("a", 6, at("12:30"), "Y", "buy", 4, 52, 0.1, 2, "stop_loss", signal_id="s2"),
        trade("a", 2, "Y", "short", 4, 50.25, 52, at("12:00:02"), at("12:30"), -7, 0.3, "stop_loss", 201,
              signal_id="s2", source="tracker", plan_id="a-p2", slices=2, mae=units(1.75), mfe=units(0.25),
              theories={"trend": 1.0}, ambiguous=True),
        position("a", 2, "Y", "short", 0, 50.25, 52, at("12:30"), stop=units(52)),
        equity("a", 3, at("12:30"), 1010.4, 1010.4, 0, 11, 0.00717304),
        equity("a", 4, at("00:00", 6), 1010.4, 1010.4, 0, 11, 0.00717304, day="2026-01-05", year_days=365),
        *bought("a", 7, at("09:00", 6), "X", "buy", 1, 100, 0, 3),
        *sold("a", 8, at("09:30", 6), "X", "sell", 1, 100, 0, 3, "manual"),
        trade("a", 3, "X", "long", 1, 100, 100, at("09:00", 6), at("09:30", 6), 0, 0, "manual", 100, mfe=units(0.5)),
        decision("a", 4, at("10:00:01", 6), "accepted", "Y", signal_id="s4", source="other", plan_id="a-p3"),
        *planned("a-p3", "Y", "buy", "s4", 50, [(at("10:00:01", 6), "released", 1, 50, None)], due=[at("10:00:01", 6)]),
        *bought("a", 9, at("10:00:01", 6), "Y", "buy", 1, 50, 0.05, 4, plan="a-p3", number=1, arrival=50, signal_id="s4"),
        *sold("a", 10, at("12:00", 6), "Y", "sell", 1, 55, 0.05, 4, "take_profit", signal_id="s4"),
        trade("a", 4, "Y", "long", 1, 50, 55, at("10:00:01", 6), at("12:00", 6), 5, 0.1, "take_profit", 50,
              signal_id="s4", source="other", plan_id="a-p3", slices=1, mae=units(-0.5), mfe=units(5)),
        equity("a", 5, at("12:00", 6), 1015.3, 1015.3, 0, 16, 0.00235826),
        equity("a", 6, at("00:00", 7), 1015.3, 1015.3, 0, 16, 0.00235826, day="2026-01-06", year_days=365),
        decision("a", 5, at("08:00:00.25", 7), "accepted", "X", signal_id="s7", source="tracker", plan_id="a-p4"),
        *planned("a-p4", "X", "buy", "s7", 100, [(at("08:00:00.25", 7), "released", 1, 100, None)], due=[at("08:00:00.25", 7)]),
        *bought("a", 11, at("08:00:00.25", 7), "X", "buy", 1, 100, 0.1, 5, plan="a-p4", number=1, arrival=100, signal_id="s7"),
        position("a", 5, "X", "long", 1, 100, 101, at("09:00", 7), opened=at("08:00:00.25", 7), cost=units(100),
                 unrealised=units(1), fees=units(0.1), stop=units(95), target=units(110), signal_id="s7", plan_id="a-p4"),
        equity("a", 7, at("09:00", 7), 1016.2, 915.2, 1, 16, 0.00147391),
    ]  # fmt: skip


def _b() -> list[Message]:
    trades = [(1, 8, "10:00", 10), (2, 8, "12:00", 20), (3, 12, "11:00", -5), (4, 13, "04:59", 1.25)]
    return [
        decision("b", 1, at("10:00:00.5"), "refused", "X", signal_id="s1", source="tracker", reason="max_positions",
                 measured=6.0, limit=5.0),
        decision("b", 2, at("12:00:02"), "refused", "Y", signal_id="s2", source="tracker", reason="max_positions",
                 measured=8.0, limit=5.0),
        decision("b", 3, at("10:00:01", 6), "refused", "Y", signal_id="s4", source="other", reason="no_atr"),
        decision("b", 4, at("10:00:01", 6), "duplicate", "Y", signal_id="s4", source="other", reason="duplicate"),
        decision("b", 5, at("11:05", 6), "expired", "Z", signal_id="s5", source="tracker", reason="no_market"),
        *[
            message
            for number, day, clock, won in trades
            for message in (
                *bought("b", 2 * number - 1, at(clock, day) - 1_800_000_000, "Z", "buy", 1, 200, 0, number),
                *sold("b", 2 * number, at(clock, day), "Z", "sell", 1, 200 + won, 0, number, "manual"),
                trade("b", number, "Z", "long", 1, 200, 200 + won, at(clock, day) - 1_800_000_000, at(clock, day), won, 0,
                      "manual", 200, mfe=units(max(won, 0)), mae=units(max(-won, 0))),
            )
        ],
        equity("b", 1, at("05:00", 8), 5000, 5000, 0, 0, 0, 5000, day="2026-01-07", year_days=252),
        equity("b", 2, at("10:00", 8), 5010, 5010, 0, 10, 0, 5000),
        equity("b", 3, at("12:00", 8), 5030, 5030, 0, 30, 0, 5000),
        equity("b", 4, at("05:00", 9), 5030, 5030, 0, 30, 0, 5000, day="2026-01-08", year_days=252),
        equity("b", 5, at("05:00", 10), 5030, 5030, 0, 30, 0, 5000, day="2026-01-09", year_days=252),
        equity("b", 6, at("05:00", 11), 5030, 5030, 0, 30, 0, 5000, day="2026-01-10"),
        equity("b", 7, at("05:00", 12), 5030, 5030, 0, 30, 0, 5000, day="2026-01-11"),
        equity("b", 8, at("11:00", 12), 5025, 5025, 0, 25, 0.00099404, 5000),
        decision("b", 6, at("11:00", 12), "tripped", None, reason="daily_loss", measured=0.031, limit=0.03),
        Alert(alert_id="b-a1", ts=at("11:00", 12), account="b", kind="breaker", text="daily_loss"),
        equity("b", 9, at("04:59", 13), 5026.25, 5026.25, 0, 26.25, 0.00074553, 5000),
        equity("b", 10, at("05:00", 13), 5026.25, 5026.25, 0, 26.25, 0.00074553, 5000, day="2026-01-12", year_days=252),
    ]  # fmt: skip


# Messages --------------------------------------------------------------------------------------


def decision(account: str, number: int, ts: int, verdict: Any, symbol: str | None, **more: Any) -> Decision:
    return Decision(
        decision_id=f"{account}-d{number}", ts=ts, account=account, decision=verdict, symbol=symbol, **more
    )


def planned(
    plan: str, symbol: str, side: Any, signal_id: str, arrival: float, slices: list[Any], due: list[int]
) -> list[Message]:
    told: list[Message] = []
    for number, (ts, state, quantity, mark, why) in enumerate(slices, start=1):
        reason, measured, limit = why or ("", None, None)
        common: dict[str, Any] = {
            "slice_id": f"{plan}.{number}", "account": plan[0], "plan_id": plan, "symbol": symbol, "side": side,
            "signal_id": signal_id, "number": number, "of": len(slices), "due": due[number - 1],
            "quantity": units(quantity), "condition": "price_holds" if number == 3 else "", "arrival": units(arrival),
        }  # fmt: skip
        told.append(SliceTimer(**common, state="armed", ts=due[0]))
        told.append(
            SliceTimer(
                **common, state=state, ts=ts, reason=reason, measured=measured, limit=limit,
                mark=None if mark is None else units(mark),
            )
        )  # fmt: skip
    return told


def bought(
    account: str, order: int, ts: int, symbol: str, side: Any, quantity: float, price: float, fee: float, lot: int,
    *, plan: str | None = None, number: int | None = None, arrival: float | None = None, signal_id: str | None = None,
    purpose: str = "entry",
) -> list[Message]:  # fmt: skip
    """An order with its fill."""
    common: dict[str, Any] = {
        "order_id": f"{account}-o{order}", "account": account, "symbol": symbol, "side": side, "ts": ts,
        "quantity": units(quantity), "purpose": purpose, "lot_id": f"{account}-l{lot}", "plan_id": plan,
        "slice_number": number, "signal_id": signal_id,
    }  # fmt: skip
    if purpose != "entry":
        accepted = [
            Order(**common, order_type="limit", state="accepted", filled=0, created=ts, reason="not_reached")
        ]
    else:
        accepted = []
    return [
        *accepted,
        Order(
            **common, order_type="market", state="filled", filled=units(quantity), created=ts,
            average_price=units(price), fees=units(fee),
        ),
        Fill(
            **common, fill_id=f"{account}-o{order}.1", price=units(price), fee=units(fee), trade_id=f"{account}-t{lot}",
            arrival=None if arrival is None else units(arrival),
        ),
    ]  # fmt: skip


def sold(
    account: str, order: int, ts: int, symbol: str, side: Any, quantity: float, price: float, fee: float, lot: int,
    purpose: str, signal_id: str | None = None,
) -> list[Message]:  # fmt: skip
    return bought(
        account, order, ts, symbol, side, quantity, price, fee, lot, purpose=purpose, signal_id=signal_id
    )


def trade(
    account: str, number: int, symbol: str, side: Any, quantity: float, entry: float, leave: float, entry_ts: int,
    exit_ts: int, gross: float, fees: float, reason: str, notional: float, **more: Any,
) -> Trade:  # fmt: skip
    net = units(gross) - units(fees)
    return Trade(
        trade_id=f"{account}-t{number}", account=account, symbol=symbol, side=side, quantity=units(quantity),
        entry_price=units(entry), exit_price=units(leave), entry_ts=entry_ts, exit_ts=exit_ts, pnl=net,
        pnl_pct=round(100 * net * ONE / units(notional)), fees=units(fees), exit_reason=reason,
        outcome="win" if net > 0 else "loss" if net < 0 else "breakeven", gross_pnl=units(gross),
        entry_notional=units(notional), **{"signal_id": None, **more},
    )  # fmt: skip


def position(
    account: str,
    lot: int,
    symbol: str,
    side: Any,
    quantity: float,
    average: float,
    mark: float,
    ts: int,
    **more: Any,
) -> Position:
    told: dict[str, Any] = {"opened": ts, "cost": 0, "unrealised": 0, "realised": 0, "fees": 0, **more}
    return Position(
        position_id=f"{account}-l{lot}", account=account, symbol=symbol, side=side, quantity=units(quantity),
        average_price=units(average), mark=units(mark), ts=ts, **told,
    )  # fmt: skip


def equity(
    account: str, number: int, ts: int, worth: float, cash: float, unrealised: float, realised: float, drawdown: float,
    balance: float = 1000, *, day: str | None = None, year_days: int | None = None,
) -> Equity:  # fmt: skip
    return Equity(
        equity_id=f"{account}-e{number}", ts=ts, account=account, equity=units(worth), cash=units(cash),
        unrealised=units(unrealised), realised=units(realised), drawdown=units(drawdown), balance=units(balance),
        day_end=day is not None, day=day, year_days=year_days,
    )  # fmt: skip
