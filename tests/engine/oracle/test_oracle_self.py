"""The oracle against numbers computed by hand."""

from schemas.messages import (
    Bar,
    Clock,
    Command,
    Decision,
    Equity,
    Fill,
    Order,
    Signal,
    SliceTimer,
    Tick,
    Trade,
)
from streams.engine.model.settings import (
    Checks,
    Commission,
    Condition,
    Filter,
    Instrument,
    Instruments,
    Level,
    Partial,
    Settings,
    Size,
    Slice,
    Slippage,
)

from . import drops, run

ONE = 10**8
SECOND = 10**6
MINUTE = 60 * SECOND
LOOSE = Instruments(checks=Checks(max_jump=10 * ONE))


def u(amount: float) -> int:
    return round(amount * ONE)


def tick(ts: float, price: float | None = None, **more: float) -> Tick:
    return Tick(
        symbol="X",
        ts=round(ts * SECOND),
        price=None if price is None else u(price),
        **{name: u(each) for name, each in more.items()},  # type: ignore[arg-type]
    )


def bar(minute: int, opens: float, high: float, low: float, close: float, volume: float | None = None) -> Bar:
    return Bar(
        symbol="X",
        ts=minute * MINUTE,
        open=u(opens),
        high=u(high),
        low=u(low),
        close=u(close),
        volume=None if volume is None else u(volume),
    )


def signal(ts: float, side: str = "long", name: str = "s1", **more: object) -> Signal:
    return Signal(signal_id=name, source="t", symbol="X", side=side, ts=round(ts * SECOND), **more)  # type: ignore[arg-type]


def percent(amount: float) -> Level:
    return Level(kind="percent", value=u(amount / 100))


def account(**more: object) -> Settings:
    given: dict[str, object] = {
        "name": "a",
        "balance": u(10_000),
        "size": Size(mode="fixed_notional", value=u(1000)),
    }
    return Settings(**(given | more))  # type: ignore[arg-type]


def of(kind: type, out: list) -> list:  # type: ignore[type-arg]
    return [each for each in out if isinstance(each, kind)]


def test_target_at_exactly_two_per_cent() -> None:
    settings = account(take_profit=percent(2), stop_loss=percent(1.5), limit_fill="touch")
    out = run(
        [settings], [tick(0, 100), tick(1, 100), tick(2, 101.99), tick(3, 102)], [(1, signal(0.5))], LOOSE
    )
    (trade,) = of(Trade, out)
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (u(10), u(100), u(102))
    assert (trade.pnl, trade.pnl_pct, trade.exit_reason, trade.outcome) == (u(20), u(2), "take_profit", "win")
    assert (trade.mae, trade.mfe) == (0, u(2))
    assert of(Equity, out)[-1].equity == u(10_020)


def test_through_needs_more_than_the_limit_and_fills_at_it() -> None:
    settings = account(take_profit=percent(2))
    ticks = [tick(0, 100), tick(1, 102), tick(2, 105)]
    out = run([settings], ticks, [(0, signal(0))], LOOSE)
    (trade,) = of(Trade, out)
    assert (trade.exit_price, trade.exit_ts) == (u(102), 2 * SECOND)


def test_gap_through_the_stop_with_slippage_and_commission() -> None:
    settings = account(
        stop_loss=percent(5),
        slippage=Slippage(rate=u(0.0001)),
        commission=Commission(per_order=u(0.5)),
    )
    out = run([settings], [tick(0, 100), tick(1, 90)], [(0, signal(0))], LOOSE)
    first, last = of(Fill, out)
    assert (first.price, first.quantity, first.fee) == (u(100.01), u(10), u(0.5))
    assert (last.price, last.purpose) == (u(89.991), "stop_loss")
    (trade,) = of(Trade, out)
    assert (trade.gross_pnl, trade.fees, trade.pnl) == (u(-100.19), u(1), u(-101.19))


def test_risk_size_is_cut_to_a_fifth_of_equity() -> None:
    settings = account(
        balance=u(1_000_000),
        size=Size(mode="risk", value=u(0.02), stop=percent(5)),
        stop_loss=Level(kind="risk", value=ONE),
        take_profit=Level(kind="risk", value=2 * ONE),
        max_position=u(0.2),
    )
    out = run([settings], [tick(0, 50), tick(1, 55.01)], [(0, signal(0))], LOOSE)
    (decision,) = of(Decision, out)
    assert (decision.decision, decision.reason) == ("accepted", "cut max_position")
    assert abs(decision.measured - 0.4) < 1e-12 and decision.limit == 0.2
    (trade,) = of(Trade, out)
    assert (trade.quantity, trade.exit_price) == (u(4000), u(55))


def test_slices_skip_with_the_measured_value_and_release_cash() -> None:
    holds = Condition(kind="price_holds", name="price_holds")
    settings = account(
        slices=(
            Slice(offset=0, fraction=u(0.5)),
            Slice(offset=3 * MINUTE, fraction=u(0.25), conditions=(holds,)),
            Slice(offset=7 * MINUTE, fraction=u(0.25), conditions=(holds,)),
        )
    )
    ticks = [tick(0, 100), tick(200, 99), tick(500, 101)]
    out = run([settings], ticks, [(0, signal(0))], LOOSE)
    assert [(each.quantity, each.price) for each in of(Fill, out)] == [(u(5), u(100)), (u(2.5), u(101))]
    skipped = [each for each in of(SliceTimer, out) if each.state == "skipped"]
    assert [(each.number, each.reason, each.measured, each.limit) for each in skipped] == [
        (2, "price_holds", 99.0, 100.0)
    ]


def test_reversal_closes_then_enters_at_the_same_tick() -> None:
    out = run([account()], [tick(0, 100), tick(10, 110)], [(0, signal(0)), (1, signal(10, "short", "s2"))])
    assert [(each.side, each.quantity, each.purpose) for each in of(Fill, out)] == [
        ("buy", u(10), "entry"),
        ("sell", u(10), "reverse_signal"),
        ("sell", 909090909, "entry"),
    ]


def test_duplicate_expiry_and_filter() -> None:
    settings = account(filters=(Filter(name="vsr", operator=">=", threshold=3.0),))
    good = signal(0, features={"vsr": 3.0})
    out = run(
        [settings],
        [tick(0, 100), tick(1, 100), tick(400, 100)],
        [(0, good), (1, good), (1, signal(1, name="s2", features={"vsr": 2.9})), (2, signal(2, name="s3"))],
    )
    assert [(each.decision, each.reason, each.measured) for each in of(Decision, out)] == [
        ("accepted", "", None),
        ("duplicate", "duplicate", None),
        ("refused", "vsr", 2.9),
        ("expired", "no_market", None),
    ]


def test_bar_with_target_and_stop_inside_fills_the_stop() -> None:
    settings = account(take_profit=percent(2), stop_loss=percent(1))
    bars = [bar(0, 100, 100, 100, 100), bar(1, 100, 100.5, 99.5, 100), bar(2, 100, 103, 98.5, 102)]
    out = run([settings], bars, [(0, signal(30))], LOOSE)
    entry, leave = of(Fill, out)
    assert (entry.price, entry.ts) == (u(100), MINUTE)
    assert (leave.price, leave.ts, leave.ambiguous) == (u(99), 3 * MINUTE - 1, True)
    assert of(Trade, out)[0].ambiguous


def test_bar_opening_beyond_the_target_fills_at_the_open() -> None:
    settings = account(take_profit=percent(2), stop_loss=percent(1))
    bars = [bar(0, 100, 100, 100, 100), bar(1, 100, 100.5, 99.5, 100), bar(2, 103, 104, 90, 91)]
    (trade,) = of(Trade, run([settings], bars, [(0, signal(30))], LOOSE))
    assert (trade.exit_price, trade.ambiguous, trade.exit_reason) == (u(103), False, "take_profit")


def test_time_limit_on_bars_at_the_first_open_at_or_after() -> None:
    settings = account(time_limit=2 * MINUTE)
    bars = [bar(each, 100 + each, 101 + each, 99 + each, 100 + each) for each in range(6)]
    (trade,) = of(Trade, run([settings], bars, [(0, signal(30))], LOOSE))
    assert (trade.entry_ts, trade.entry_price) == (MINUTE, u(101))
    assert (trade.exit_ts, trade.exit_price, trade.exit_reason) == (3 * MINUTE, u(103), "time_limit")


def test_daily_loss_trips_and_exits_go_on() -> None:
    settings = account(
        size=Size(mode="percent_of_equity", value=ONE), daily_loss=u(0.05), stop_loss=percent(10)
    )
    ticks = [tick(0, 100), tick(60, 95), tick(120, 90)]
    out = run([settings], ticks, [(0, signal(0)), (2, signal(61, name="s2"))], LOOSE)
    decisions = [(each.decision, each.reason, each.measured) for each in of(Decision, out)]
    assert decisions[1] == ("tripped", "daily_loss", 0.05)
    assert decisions[2][:2] == ("refused", "daily_loss")
    assert of(Trade, out)[0].exit_reason == "stop_loss"
    assert [(each.ts, each.equity) for each in of(Equity, out)] == [
        (0, u(10_000)),
        (60 * SECOND, u(10_000)),
        (120 * SECOND, u(9_500)),
        (120 * SECOND, u(9_000)),
    ]


def test_manual_limit_rests_then_fills_and_a_crossing_order_splits() -> None:
    def place(name: str, ts: float, side: str, quantity: float, **more: object) -> Command:
        return Command(
            command_id=name,
            account="a",
            kind="place",
            ts=round(ts * SECOND),
            symbol="X",
            side=side,  # type: ignore[arg-type]
            quantity=u(quantity),
            **more,  # type: ignore[arg-type]
        )

    settings = account(commission=Commission(per_order=u(1)))
    out = run(
        [settings],
        [tick(0, 100), tick(1, 99), tick(2, 98), tick(3, 100), tick(4, 97)],
        [
            (0, place("c1", 0, "buy", 5, order_type="limit", limit_price=u(99))),
            (3, place("c2", 3, "sell", 8)),
            (4, Command(command_id="c3", account="a", kind="kill_switch", ts=4 * SECOND)),
        ],
    )
    assert [(each.side, each.quantity, each.price, each.fee, each.purpose) for each in of(Fill, out)] == [
        ("buy", u(5), u(99), u(1), "entry"),
        ("sell", u(5), u(100), u(1), "manual"),
        ("sell", u(3), u(100), 0, "entry"),
        ("buy", u(3), u(97), u(1), "kill_switch"),
    ]
    assert [each.pnl for each in of(Trade, out)] == [u(3), u(8)]
    assert {each.state for each in of(Order, out) if each.order_id == "a-o1"} == {"accepted", "filled"}


def test_trailing_partial_and_breakeven() -> None:
    settings = account(
        trailing_stop=percent(3),
        partial=(Partial(level=percent(1), fraction=u(0.5)),),
        breakeven=percent(1),
    )
    ticks = [tick(0, 100), tick(1, 101.5), tick(2, 100.5), tick(3, 100)]
    out = run([settings], ticks, [(0, signal(0))], LOOSE)
    assert [(each.quantity, each.price, each.purpose) for each in of(Fill, out)] == [
        (u(10), u(100), "entry"),
        (u(5), u(101), "partial"),
        (u(5), u(100), "breakeven"),
    ]
    assert of(Trade, out)[0].exit_price == u(100.5)


def test_participation_shares_the_volume() -> None:
    settings = account(participation=u(0.1))
    out = run(
        [settings], [tick(0, 100, size=40), tick(1, 101, size=40), tick(2, 102, size=40)], [(0, signal(0))]
    )
    assert [(each.quantity, each.price) for each in of(Fill, out)] == [
        (u(4), u(100)),
        (u(4), u(101)),
        (u(2), u(102)),
    ]


def test_entry_bar_holds_the_stop_for_what_is_left_of_it() -> None:
    """Bought at the open of 100; the low of 98.9 lies on the rest of the path, after nothing else."""
    settings = account(stop_loss=percent(1), take_profit=percent(5))
    bars = [bar(0, 100, 100, 100, 100), bar(1, 100, 100.5, 98.9, 100)]
    (trade,) = of(Trade, run([settings], bars, [(0, signal(30))], LOOSE))
    assert (trade.entry_ts, trade.exit_ts, trade.exit_price) == (MINUTE, 2 * MINUTE - 1, u(99))
    assert (trade.mae, trade.mfe, trade.ambiguous) == (0, 0, False)


def test_a_limit_filled_late_on_the_path_has_not_lived_through_the_high() -> None:
    """Open 100, high 103 (nearer), low 97.5, close 98: bought at 98 on the way down, the target 102 is past."""
    settings = account(take_profit=percent(4), stop_loss=percent(2))
    order = Command(
        command_id="c",
        account="a",
        kind="place",
        ts=MINUTE,
        symbol="X",
        side="buy",
        order_type="limit",
        quantity=u(1),
        limit_price=u(98),
        take_profit=u(101),
    )
    bars = [bar(0, 100, 100, 100, 100), bar(1, 100, 101.9, 97.5, 98), bar(2, 98, 102, 97, 101)]
    out = run([settings], bars, [(0, order)], LOOSE)
    (trade,) = of(Trade, out)
    assert (trade.entry_ts, trade.exit_ts, trade.exit_price) == (2 * MINUTE - 1, 3 * MINUTE - 1, u(101))
    assert (trade.mae, trade.mfe) == (u(1), u(4))


def test_stop_limit_on_a_path() -> None:
    """Buy stop 101, limit 100.5: triggers at 101 on the way to 102, fills at 100.5 on the way to 99."""
    order = Command(
        command_id="c",
        account="a",
        kind="place",
        ts=MINUTE,
        symbol="X",
        side="buy",
        order_type="stop_limit",
        quantity=u(1),
        stop_price=u(101),
        limit_price=u(100.5),
    )
    bars = [bar(0, 100, 100, 100, 100), bar(1, 100.2, 102, 98, 99)]
    (fill,) = of(Fill, run([account()], bars, [(0, order)], LOOSE))
    assert fill.price == u(100.5)


def test_short_with_quotes() -> None:
    """Sold at the bid of 99.9, covered at the ask: the stop of 1% is 100.899, rounded up to the cent."""
    cents = Instruments(default=Instrument(symbol="", tick_size=u(0.01)))
    settings = account(stop_loss=percent(1))
    ticks = [tick(0, bid=99.9, ask=100), tick(1, 100.9, bid=100.8, ask=100.89), tick(2, bid=100.8, ask=100.9)]
    out = run([settings], ticks, [(0, signal(0, "short"))], cents)
    (trade,) = of(Trade, out)
    assert (trade.quantity, trade.entry_price) == (1001001001, u(99.9))
    assert (trade.exit_price, trade.exit_ts) == (u(100.9), 2 * SECOND)
    assert (trade.mae, trade.mfe) == (u(1.0), u(-0.05))


def test_lots_of_their_own() -> None:
    settings = account(position_mode="per_signal", take_profit=percent(1), limit_fill="touch")
    ticks = [tick(0, 100), tick(1, 100.5), tick(2, 101), tick(3, 101.505)]
    out = run([settings], ticks, [(0, signal(0)), (1, signal(1, name="s2"))])
    assert [(each.signal_id, each.exit_price) for each in of(Trade, out)] == [
        ("s1", u(101)),
        ("s2", u(101.505)),
    ]


def test_rows_at_midnight_and_day_orders() -> None:
    day = 86_400
    order = Command(
        command_id="c",
        account="a",
        kind="place",
        ts=(day - 30) * SECOND,
        symbol="X",
        side="buy",
        order_type="limit",
        quantity=u(1),
        limit_price=u(90),
        time_in_force="DAY",
    )
    ticks = [tick(day - 30, 100), tick(day + 5, 110), tick(day + 3700, 89)]
    out = run([account()], ticks, [(0, signal(day - 30)), (0, order)], LOOSE)
    rows = [(each.ts, each.equity, each.day_end) for each in of(Equity, out)]
    assert rows == [
        ((day - 30) * SECOND, u(10_000), False),
        (day * SECOND, u(10_000), True),
        ((day + 3660) * SECOND, u(10_100), False),
    ]
    assert [(each.state, each.reason) for each in of(Order, out) if each.command_id == "c"][-1] == (
        "expired",
        "expired",
    )


def test_all_in_with_slippage_is_cut_to_what_it_may_cost() -> None:
    """10,000 at 100.01 buys 99.990000999... shares: 99.99000099 at a lot of 1e-8."""
    settings = account(size=Size(mode="percent_of_equity", value=ONE), slippage=Slippage(rate=u(0.0001)))
    (fill,) = of(Fill, run([settings], [tick(0, 100)], [(0, signal(0))]))
    assert (fill.price, fill.quantity) == (u(100.01), 9999000099)


def test_commissions_shrink_the_order_and_the_minimum_is_per_order() -> None:
    """Two halves of q shares at 100 with 1 minimum: 100 q + 2 <= 10,000, so 99.98."""
    settings = account(
        size=Size(mode="percent_of_equity", value=ONE),
        commission=Commission(rate=u(0.0001), minimum=u(1)),
        slices=(Slice(offset=0, fraction=u(0.5)), Slice(offset=SECOND, fraction=u(0.5))),
    )
    fills = of(Fill, run([settings], [tick(0, 100), tick(1, 100)], [(0, signal(0))]))
    assert [(each.quantity, each.fee) for each in fills] == [(u(49.99), u(1)), (u(49.99), u(1))]


def test_volatility_size_and_an_atr_stop() -> None:
    """Ranges of 2, 4 and 4 (from the close before): ATR 4 over two; 1% of 10,000 over 2 ATR is 12.5."""
    settings = account(
        size=Size(mode="volatility", value=u(0.01), multiple=2 * ONE),
        stop_loss=Level(kind="atr", value=ONE),
        atr_interval=MINUTE,
        atr_length=2,
    )
    bars = [
        bar(0, 100, 101, 99, 100),
        bar(1, 100, 103, 99, 102),
        bar(2, 102, 104, 100, 101),
        bar(3, 101, 101, 96, 97),
    ]
    (trade,) = of(Trade, run([settings], bars, [(0, signal(180))], LOOSE))
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (u(12.5), u(101), u(97))


def test_drops() -> None:
    records: list[Tick | Bar | Clock] = [
        tick(100, 100),
        tick(94, 100),
        tick(95, 100),
        tick(101, bid=101, ask=100),
        tick(102, -1),
        tick(103, 121),
        tick(104, 121),
        bar(3, 100, 99, 98, 98.5),
        Clock(feed="f", ts=0),
    ]
    assert drops(records) == {
        "late_record": 2,
        "bid_above_ask": 1,
        "non_positive_price": 1,
        "jump": 1,
        "bad_bar": 1,
    }
