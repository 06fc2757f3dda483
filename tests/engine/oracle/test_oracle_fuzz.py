"""Random markets and entries: nothing breaks, and the books add up."""

import random
from typing import Any, get_args

import pytest

from schemas.messages import (
    Bar,
    Clock,
    Command,
    Equity,
    Fill,
    Order,
    OrderType,
    Position,
    Signal,
    Tick,
    Trade,
)
from streams.engine.model.settings import (
    Commission,
    Condition,
    Correlated,
    Filter,
    Instrument,
    Instruments,
    Level,
    Partial,
    Session,
    Settings,
    Size,
    Slice,
    Slippage,
)

from . import run

ONE = 10**8
SECOND = 10**6
MINUTE = 60 * SECOND


def maybe(dice: random.Random, *choices: Any) -> Any:
    return dice.choice([None, *choices])


def level(dice: random.Random) -> Level:
    kind: Any = dice.choice(["percent", "percent", "risk", "atr", "amount"])
    amount = {"percent": 0.01, "risk": 1, "atr": 2, "amount": 1}[kind] * dice.choice([0.5, 1, 2])
    return Level(kind=kind, value=round(amount * ONE))


def settings_of(dice: random.Random, name: str) -> Settings:
    conditions = (
        Condition(kind="price_holds", name="price_holds"),
        Condition(kind="feature", name="momentum", threshold=75.0),
        Condition(kind="above_vwap", name="above_vwap"),
    )
    slices: tuple[Slice, ...] = (Slice(offset=0, fraction=ONE),)
    if dice.random() < 0.5:
        slices = (
            Slice(offset=0, fraction=ONE // 2),
            Slice(offset=MINUTE, fraction=ONE // 4, conditions=(dice.choice(conditions),)),
            Slice(offset=3 * MINUTE, fraction=ONE // 4),
        )
    participation = maybe(dice, ONE // 2)
    mode: Any = dice.choice(["fixed_notional", "percent_of_equity", "quantity", "risk", "volatility"])
    size = {"fixed_notional": 1000 * ONE, "percent_of_equity": ONE, "quantity": 0}.get(mode, ONE // 50)
    return Settings(
        name=name,
        balance=10_000 * ONE,
        size=Size(mode=mode, value=size, stop=maybe(dice, Level(kind="percent", value=ONE // 20))),
        latency=dice.choice([0, 0, 2 * SECOND]),
        filters=dice.choice([(), (), (Filter(name="momentum", operator=">=", threshold=50.0),)]),
        position_mode=dice.choice(["net", "per_signal"]),
        use_signal_targets=dice.random() < 0.5,
        signal_ttl=maybe(dice, 2 * MINUTE),
        leverage=dice.choice([ONE, 2 * ONE]),
        slices=slices,
        take_profit=maybe(dice, level(dice)),
        stop_loss=maybe(dice, level(dice)),
        trailing_stop=maybe(dice, None, level(dice)),
        breakeven=maybe(dice, None, level(dice)),
        partial=dice.choice([(), (), (Partial(level=level(dice), fraction=ONE // 3),)]),
        time_limit=maybe(dice, 5 * MINUTE),
        end_of_day=maybe(dice, None, 15),
        max_positions=maybe(dice, 1, 2),
        max_position=maybe(dice, ONE // 2),
        max_exposure=maybe(dice, ONE * 4 // 5),
        max_group=maybe(dice, ONE // 3),
        max_correlated=maybe(dice, None, Correlated(positions=1, rho=0.5)),
        cash_reserve=maybe(dice, ONE // 20),
        cooldown=maybe(dice, None, MINUTE),
        max_signals_per_hour=maybe(dice, 5),
        daily_loss=maybe(dice, ONE // 50),
        max_drawdown=maybe(dice, None, ONE // 30),
        limit_fill=dice.choice(["through", "touch"]),
        participation=participation,
        slippage=Slippage(rate=dice.choice([0, 10_000]), impact=ONE // 10 if participation else 0),
        commission=Commission(per_order=dice.choice([0, ONE // 2]), rate=dice.choice([0, 100_000])),
        atr_interval=MINUTE,
        atr_length=2,
    )


def records_of(dice: random.Random, bars: bool) -> list[Tick | Bar | Clock]:
    records: list[Tick | Bar | Clock] = []
    price = {"X": 100.0, "Y": 50.0}
    at = 0
    for _ in range(150):
        symbol = dice.choice("XY")
        if bars:
            at += MINUTE
            for symbol in "XY":
                opens = price[symbol] * (1 + dice.gauss(0, 0.002))
                path = [opens, *(opens * (1 + dice.gauss(0, 0.008)) for _ in range(3))]
                price[symbol] = path[-1]
                o, h, lo, c = (round(each, 2) * ONE for each in (opens, max(path), min(path), path[-1]))
                volume = maybe(dice, dice.randrange(0, 40) * ONE)
                values = (int(o), int(h), int(lo), int(c))
                records.append(
                    Bar(
                        symbol=symbol,
                        ts=at,
                        open=values[0],
                        high=max(values),
                        low=min(values),
                        close=values[3],
                        volume=volume,
                    )
                )
            continue
        at += dice.randrange(0, 40) * SECOND
        if dice.random() < 0.1:
            records.append(Clock(feed="f", ts=at))
            continue
        price[symbol] *= 1 + dice.gauss(0, 0.006)
        cents = round(price[symbol] * 100) * (ONE // 100)
        quoted = dice.random() < 0.5
        records.append(
            Tick(
                symbol=symbol,
                ts=at,
                price=cents if not quoted or dice.random() < 0.5 else None,
                bid=cents - ONE // 100 if quoted else None,
                ask=cents + ONE // 100 if quoted else None,
                size=maybe(dice, dice.randrange(0, 40) * ONE),
            )
        )
    return records


def entries_of(dice: random.Random, records: list[Tick | Bar | Clock]) -> list[tuple[int, Signal | Command]]:
    entries: list[tuple[int, Signal | Command]] = []
    for number in range(40):
        place = dice.randrange(len(records))
        ts = records[place].ts + dice.choice([0, 0, 1, 10, -10]) * SECOND
        symbol = dice.choice("XY")
        mid = 100 if symbol == "X" else 50
        prices = [round(mid * (1 + dice.gauss(0, 0.02)), 2) * ONE for _ in range(4)]
        if dice.random() < 0.6:
            entries.append(
                (
                    place,
                    Signal(
                        signal_id=f"s{dice.randrange(60)}",
                        source=dice.choice("ab"),
                        symbol=symbol,
                        side=dice.choice(["long", "short", "long", "short", "flat"]),
                        ts=ts,
                        quantity=maybe(dice, 3 * ONE),
                        take_profit=maybe(dice, int(prices[0])),
                        stop_loss=maybe(dice, int(prices[1])),
                        features=dice.choice([{}, {"momentum": 80.0}, {"momentum": 60.0}]),
                    ),
                )
            )
            continue
        kinds: list[Any] = ["place"] * 8 + [
            "cancel",
            "close_position",
            "close_all",
            "cancel_plan",
            "kill_switch",
        ]
        entries.append(
            (
                place,
                Command(
                    command_id=f"c{number}",
                    account="a",
                    kind=dice.choice([*kinds, "pause", "resume", "resume", "resume"]),
                    ts=ts,
                    symbol=symbol,
                    side=dice.choice(["buy", "sell"]),
                    order_type=dice.choice(get_args(OrderType)),
                    quantity=dice.randrange(1, 30) * ONE,
                    limit_price=int(prices[2]),
                    stop_price=int(prices[3]),
                    trail=ONE,
                    time_in_force=maybe(dice, "GTC", "DAY", "IOC", "FOK"),
                    order_id=f"a-o{dice.randrange(1, 9)}",
                    plan_id=f"a-p{dice.randrange(1, 9)}",
                ),
            )
        )
    return sorted(entries, key=lambda each: each[0])


@pytest.mark.parametrize("seed", range(60))
def test_the_books_add_up(seed: int) -> None:
    dice = random.Random(seed)
    records = records_of(dice, seed % 2 == 1)
    calendar = Session(name="c", zone="UTC", open=0, close=40, weekdays=tuple(range(7)))
    instruments = Instruments(
        known={
            "X": Instrument(symbol="X", lot=ONE // 100, tick_size=ONE // 100, groups=("g",)),
            "Y": Instrument(symbol="Y", groups=("g", "h"), calendar=maybe(dice, calendar)),
        }
    )
    out = run([settings_of(dice, "a")], records, entries_of(dice, records), instruments)
    fills = [each for each in out if isinstance(each, Fill)]
    cash = 10_000 * ONE
    for fill in fills:
        assert fill.quantity > 0 and fill.price > 0
        worth = round(fill.price * fill.quantity / ONE)
        cash += (worth if fill.side == "sell" else -worth) - fill.fee
    rows = [each for each in out if isinstance(each, Equity)]
    assert not rows or abs(rows[-1].cash - cash) <= 2 * len(fills)
    trades = [each for each in out if isinstance(each, Trade)]
    held: dict[str, Position] = {}
    for message in out:
        if isinstance(message, Position):
            held[message.position_id] = message
    if rows and not any(each.quantity for each in held.values()):
        assert rows[-1].equity == 10_000 * ONE + sum(each.pnl for each in trades)
    filled: dict[str, int] = {}
    for fill in fills:
        filled[fill.order_id] = filled.get(fill.order_id, 0) + fill.quantity
    last: dict[str, Order] = {}
    for message in out:
        if isinstance(message, Order):
            last[message.order_id] = message
    assert {name: each.filled for name, each in last.items() if each.filled} == filled
    for order in last.values():
        assert order.filled <= order.quantity
        assert (order.state == "filled") == (order.filled == order.quantity)
