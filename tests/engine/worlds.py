"""Random small worlds: accounts, markets and entries, dense in what the rules distinguish.

Rules of this file: prices move on a coarse grid so that levels are often met exactly; times repeat.
"""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
from hypothesis import strategies as st

from schemas.columns import BAR, CLOCK, TICK, Columns
from schemas.messages import Bar, Clock, Command, MarketRecord, OrderType, Signal, Tick
from streams.engine.model.order_types import ORDER_TYPES
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
from streams.engine.model.units import DAY, MINUTE, ONE, SECOND

START = 1_767_625_200 * SECOND
"""2026-01-05T15:00:00Z: a Monday, ten in the morning in New York."""
SYMBOLS = ("AAA", "BBB")
PERCENT = ONE // 100


@dataclass
class World:
    accounts: list[Settings]
    records: list[MarketRecord]
    entries: list[tuple[int, Signal | Command]]
    """(behind how many records it arrives, what)."""
    instruments: Instruments = field(default_factory=Instruments)


def columns_of(records: list[MarketRecord]) -> Columns:
    """The records as the engine reads them: ticks alone have no columns of bars."""
    names = sorted({record.feed if isinstance(record, Clock) else record.symbol for record in records})
    rows = [_row(record, names) for record in records]
    table = np.array(rows, np.int64).reshape(len(rows), 11)
    kind, symbol, ts, price, size, bid, ask, open_, high, low, interval = table.T.copy()
    of_ticks = (names, symbol.astype(np.int32), ts, price, size, bid, ask)
    if not kind.any():
        return Columns(*of_ticks)
    return Columns(*of_ticks, kind.astype(np.int8), open_, high, low, interval)


def _row(record: MarketRecord, names: list[str]) -> list[int]:
    if isinstance(record, Clock):
        return [CLOCK, names.index(record.feed), record.ts, 0, -1, 0, 0, 0, 0, 0, 0]
    size = -1
    if isinstance(record, Tick):
        size = -1 if record.size is None else record.size
        price = 0 if record.price is None else record.price or -1
        row = [TICK, names.index(record.symbol), record.ts, price, size, record.bid or 0, record.ask or 0]
        return [*row, 0, 0, 0, 0]
    size = -1 if record.volume is None else record.volume
    place = names.index(record.symbol)
    row = [BAR, place, record.ts, record.close, size, 0, 0, record.open, record.high, record.low]
    return [*row, record.interval or MINUTE]


# Settings ------------------------------------------------------------------------------------

levels = st.one_of(
    st.builds(Level, kind=st.just("percent"), value=st.integers(1, 8).map(lambda n: n * PERCENT // 2)),
    st.builds(Level, kind=st.just("risk"), value=st.sampled_from([ONE // 2, ONE, 2 * ONE])),
    st.builds(Level, kind=st.just("amount"), value=st.integers(1, 4).map(lambda n: n * ONE)),
)

stop_levels = st.one_of(
    levels,
    levels,
    levels,
    st.builds(Level, kind=st.just("atr"), value=st.sampled_from([ONE // 3, ONE, 2 * ONE])),
)

sizes = st.one_of(
    st.builds(Size, mode=st.just("quantity")),
    st.builds(Size, mode=st.just("fixed_notional"), value=st.sampled_from([1000 * ONE, 333 * ONE, 20_000 * ONE])),
    st.builds(Size, mode=st.just("percent_of_equity"), value=st.sampled_from([PERCENT * 10, PERCENT * 60])),
    st.builds(
        Size, mode=st.sampled_from(["risk", "risk", "volatility"]), value=st.sampled_from([PERCENT, 2 * PERCENT]),
        stop=st.one_of(st.none(), st.builds(Level, kind=st.just("percent"), value=st.just(5 * PERCENT))),
    ),
)  # fmt: skip

conditions = st.one_of(
    st.just(Condition(kind="feature", name="momentum", threshold=75.0)),
    st.builds(
        Condition,
        kind=st.just("price_holds"),
        name=st.just("price_holds"),
        tolerance=st.sampled_from([0, PERCENT]),
    ),
    st.just(Condition(kind="above_vwap", name="above_vwap")),
)

slices = st.one_of(
    st.just((Slice(offset=0, fraction=ONE),)),
    st.tuples(
        st.just(Slice(offset=0, fraction=ONE // 4)),
        st.builds(
            Slice,
            offset=st.just(20 * SECOND),
            fraction=st.just(ONE // 4),
            conditions=st.lists(conditions, max_size=2).map(tuple),
        ),
        st.builds(
            Slice,
            offset=st.just(90 * SECOND),
            fraction=st.just(ONE // 2),
            conditions=st.lists(conditions, max_size=1).map(tuple),
        ),
    ),
)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), strategy)


SETTINGS: dict[str, st.SearchStrategy[object]] = {
    "size": sizes,
    "latency": st.sampled_from([0, 0, SECOND, 5 * SECOND]),
    "dedupe_for": st.sampled_from([DAY, DAY, 20 * SECOND]),
    "time_zone": st.sampled_from(["UTC", "UTC", "Australia/Eucla"]),  # there a day ends a quarter after START
    "position_mode": st.sampled_from(["net", "per_signal"]),
    "use_signal_targets": st.booleans(),
    "slices": slices,
    "leverage": st.sampled_from([ONE, ONE, 2 * ONE]),
    "filters": st.sampled_from(
        [(), (Filter(name="no_position"),), (Filter(name="vsr", operator=">=", threshold=3.0),)]
    ),
    "min_confidence": st.sampled_from([None, None, 0.6]),
    "signal_ttl": st.sampled_from([None, None, 30 * SECOND]),
    "take_profit": maybe(levels),
    "stop_loss": maybe(stop_levels),
    "atr_interval": st.just(MINUTE),
    "atr_length": st.sampled_from([1, 3]),
    "time_limit": st.sampled_from([None, 45 * SECOND, 3 * MINUTE]),
    "max_positions": st.sampled_from([None, 1, 2]),
    "max_position": st.sampled_from([None, 20 * PERCENT]),
    "max_exposure": st.sampled_from([None, 50 * PERCENT]),
    "max_group": st.sampled_from([None, 30 * PERCENT]),
    "cash_reserve": st.sampled_from([None, 5 * PERCENT]),
    "cooldown": st.sampled_from([None, None, 40 * SECOND]),
    "max_signals_per_hour": st.sampled_from([None, None, 3]),
    "limit_fill": st.sampled_from(["touch", "through"]),
    "slippage": st.sampled_from([Slippage(), Slippage(rate=10_000), Slippage(spread=ONE // 2, impact=ONE // 10)]),
    "commission": st.sampled_from(
        [Commission(), Commission(per_order=ONE // 2), Commission(rate=100_000, maker_rate=20_000, minimum=ONE)]
    ),
}  # fmt: skip

RARE: dict[str, st.SearchStrategy[object]] = {
    "trailing_stop": maybe(stop_levels),
    "breakeven": maybe(levels),
    "partial": st.sampled_from([(), (Partial(level=Level(kind="percent", value=PERCENT), fraction=ONE // 2),)]),
    "end_of_day": st.sampled_from([None, 15 * 60 + 5]),
    "daily_loss": st.sampled_from([None, PERCENT // 10, PERCENT]),
    "max_drawdown": st.sampled_from([None, PERCENT // 10, 2 * PERCENT]),
    "participation": st.sampled_from([None, 10 * PERCENT]),
}  # fmt: skip


@st.composite
def settings(draw: st.DrawFn, name: str, *, trails: bool = False) -> Settings:
    parts = {key: draw(strategy) for key, strategy in SETTINGS.items()}
    if draw(st.booleans()):
        parts |= {key: draw(strategy) for key, strategy in RARE.items()}
    if trails:
        parts |= {"trailing_stop": draw(stop_levels), "breakeven": draw(maybe(levels))}
    if draw(st.booleans()):
        parts |= {"max_position": None, "max_positions": None, "filters": (), "min_confidence": None}
    return Settings(name=name, balance=draw(st.sampled_from([100_000, 1_000])) * ONE, **parts)  # type: ignore[arg-type]


instruments = st.builds(
    lambda tick, lot, jump: Instruments(
        known={name: Instrument(symbol=name, tick_size=tick, lot=lot, groups=("tech",)) for name in SYMBOLS},
        checks=Checks(max_jump=jump),
    ),
    st.sampled_from([1, 1, ONE // 100]),
    st.sampled_from([1, ONE // 1000, ONE]),
    st.sampled_from([ONE // 5, ONE // 50]),
)


# Markets -------------------------------------------------------------------------------------


@st.composite
def ticks(draw: st.DrawFn) -> list[MarketRecord]:
    """A walk on half units, sometimes quoted, sometimes with volume, sometimes faulty."""
    quoted, sized = draw(st.booleans()), draw(st.booleans())
    time, price = START, dict.fromkeys(SYMBOLS, 200)
    records: list[MarketRecord] = []
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(-4, 4), st.integers(0, 40), st.integers(0, 9)),
            min_size=5,
            max_size=60,
        )
    )
    for which, move, gap, odd in steps:
        symbol = SYMBOLS[which]
        time += gap * SECOND // 2
        price[symbol] = max(100, price[symbol] + move)
        last = price[symbol] * ONE // 2
        if odd == 9:
            records.append(_odd_record(symbol, time, last, gap))
            continue
        records.append(
            Tick(
                symbol=symbol,
                ts=time - (odd == 8) * 3 * SECOND,
                price=None if quoted and odd == 7 else last,
                size=odd * ONE if sized and odd != 6 else None,
                bid=last - ONE // 10 if quoted else None,
                ask=last + ONE // 10 if quoted else None,
            )
        )
    return records


def _odd_record(symbol: str, time: int, last: int, kind: int) -> MarketRecord:
    if kind % 4 == 0:
        return Clock(feed="f", ts=time)
    if kind % 4 == 1:
        return Tick(symbol=symbol, ts=time, price=-last)
    if kind % 4 == 2:
        return Tick(symbol=symbol, ts=time, price=last, bid=last + 1, ask=last)
    return Tick(symbol=symbol, ts=time, price=last * 2)


@st.composite
def bars(draw: st.DrawFn) -> list[MarketRecord]:
    """Minute bars on half units; symbols may miss some."""
    close = dict.fromkeys(SYMBOLS, 200)
    sized = draw(st.booleans())
    records: list[MarketRecord] = []
    for minute in range(draw(st.integers(3, 25))):
        for symbol in SYMBOLS:
            gap, up, down, end, odd = draw(
                st.tuples(
                    st.integers(-2, 2),
                    st.integers(0, 6),
                    st.integers(0, 6),
                    st.integers(0, 12),
                    st.integers(0, 9),
                )
            )
            if odd == 9:
                continue
            opened = max(100, close[symbol] + gap)
            high, low = opened + up, opened - down
            close[symbol] = min(high, low + end)
            bar = Bar(
                symbol=symbol,
                ts=START + minute * MINUTE,
                open=opened * ONE // 2,
                high=high * ONE // 2,
                low=low * ONE // 2,
                close=close[symbol] * ONE // 2,
                volume=odd * ONE if sized else None,
                interval=MINUTE,
            )
            records.append(bar if odd != 8 else _broken(bar))
    return records


def _broken(bar: Bar) -> Bar:
    return Bar(
        symbol=bar.symbol,
        ts=bar.ts,
        open=bar.open,
        high=bar.low - 1,
        low=bar.low,
        close=bar.close,
        interval=MINUTE,
    )


# Entries -------------------------------------------------------------------------------------


@st.composite
def signal(draw: st.DrawFn, number: int, span: int) -> Signal:
    ts = START + draw(st.integers(0, span)) // (SECOND // 2) * (SECOND // 2)
    price = draw(st.integers(180, 220)) * ONE // 2
    side = draw(st.sampled_from(["long", "long", "short", "short", "flat"]))
    up = 1 if side == "long" else -1
    return Signal(
        signal_id=f"s{draw(st.sampled_from([number, number, number, 0]))}",
        source="src",
        symbol=draw(st.sampled_from(SYMBOLS)),
        side=side,  # type: ignore[arg-type]
        ts=ts,
        confidence=draw(st.sampled_from([None, 0.5, 0.6, 0.9])),
        stop_loss=draw(st.sampled_from([None, price - up * 3 * ONE])),
        take_profit=draw(st.sampled_from([None, price + up * 3 * ONE])),
        quantity=draw(st.sampled_from([None, 10 * ONE, 7 * ONE + 33_333_333, 2000 * ONE])),
        expires_at=draw(st.sampled_from([None, None, ts + 10 * SECOND])),
        features=draw(st.sampled_from([{}, {"vsr": 3.0, "momentum": 75.0}, {"vsr": 4.0, "momentum": 70.0}])),
    )


@st.composite
def command(draw: st.DrawFn, number: int, span: int, account: str, trails: bool = False) -> Command:
    kinds = ["close_position", "close_all", "pause", "resume", "cancel_plan", "kill_switch"]
    kind = draw(st.sampled_from(["place"] * 6 + kinds + ["cancel"]))
    ts = START + draw(st.integers(0, span)) // (SECOND // 2) * (SECOND // 2)
    made: dict[str, object] = {}
    if kind == "place":
        made = _order(draw, ts, trails)
    elif kind == "cancel":
        made = {"order_id": f"{account}-o{draw(st.integers(1, 5))}"}
    elif kind == "close_position":
        made = {"symbol": draw(st.sampled_from(SYMBOLS))}
    elif kind == "cancel_plan":
        made = {"plan_id": f"{account}-p{draw(st.integers(1, 4))}"}
    return Command(command_id=f"c{number}", account=account, kind=kind, ts=ts, **made)  # type: ignore[arg-type]


def _order(draw: st.DrawFn, ts: int, trails: bool) -> dict[str, object]:
    types: list[OrderType] = [*ORDER_TYPES, *cast(list[OrderType], ["trailing"] * 5 * trails)]
    order_type = draw(st.sampled_from(types))
    needs = ORDER_TYPES[order_type].needs
    near = draw(st.integers(190, 210)) * ONE // 2
    made: dict[str, object] = {
        "symbol": draw(st.sampled_from(SYMBOLS)),
        "side": draw(st.sampled_from(["buy", "sell"])),
        "order_type": order_type,
        "quantity": draw(st.sampled_from([5 * ONE, 12 * ONE])),
        "time_in_force": draw(st.sampled_from([None, "GTC", "DAY", "GTD", "IOC", "FOK"])),
    }
    if made["time_in_force"] == "GTD":
        made["expires_at"] = ts + 30 * SECOND
    if "limit_price" in needs:
        made["limit_price"] = near
    if "stop_price" in needs:
        made["stop_price"] = near + draw(st.integers(-2, 2)) * ONE // 2
    if "trail" in needs:
        made["trail"] = draw(st.integers(1, 4)) * ONE // 2
    if draw(st.booleans()):
        up = 1 if made["side"] == "buy" else -1
        made["stop_loss"], made["take_profit"] = near - up * 6 * ONE, near + up * 6 * ONE
    return made


@st.composite
def worlds(
    draw: st.DrawFn, *, market: st.SearchStrategy[list[MarketRecord]], accounts: int = 2,
    with_commands: bool = True, live: bool = True, trails: bool = False,
) -> World:  # fmt: skip
    """`trails`: every position and most orders by hand trail."""
    records = draw(market)
    span = max(records[-1].ts - START, SECOND)
    names = [f"acct{number}" for number in range(accounts)]
    chosen = [draw(settings(name, trails=trails)) for name in names]
    entries: list[Signal | Command] = [
        draw(signal(number, span)) for number in range(1, draw(st.integers(1, 8)) + 1)
    ]
    if with_commands:
        entries += [
            draw(command(number, span, draw(st.sampled_from(names)), trails))
            for number in range(draw(st.integers(0, 4)))
        ]
    entries.sort(key=lambda entry: entry.ts)
    arrivals = [0] * len(entries)
    if live and draw(st.booleans()):
        arrivals = sorted(draw(st.integers(0, len(records))) for _ in entries)
    return World(chosen, records, list(zip(arrivals, entries, strict=True)), draw(instruments))
