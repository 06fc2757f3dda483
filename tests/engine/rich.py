"""Random worlds in which markets close, accounts come and change, and sources are followed or not."""

import msgspec
from hypothesis import strategies as st

from schemas.messages import Command, MarketRecord, Signal
from streams.engine.model.settings import Session
from streams.engine.model.units import HOUR, ONE, SECOND
from tests.engine.worlds import PERCENT, START, SYMBOLS, World, settings, worlds

calendars = st.sampled_from(
    [
        None,
        Session(name="closes", zone="UTC", open=9 * 60, close=15 * 60 + 2),
        Session(name="reopens", zone="UTC", open=15 * 60 + 3, close=15 * 60 + 1),
        Session(name="opens", zone="UTC", open=15 * 60 + 2, close=20 * 60),
    ]
)

CHANGES: list[dict[str, object]] = [
    {},
    {"latency": SECOND},
    {"signal_ttl": 5 * SECOND},
    {"dedupe_for": 2 * SECOND},
    {"dedupe_for": HOUR},
    {"follow": ["other"]},
    {"follow": []},
    {"stop_loss": {"kind": "percent", "value": PERCENT}},
    {"trailing_stop": {"kind": "amount", "value": ONE}},
    {"trailing_stop": {"kind": "percent", "value": PERCENT}},
    {"slices": [{"offset": 0, "fraction": ONE}]},
    {"atr_interval": 60 * SECOND, "atr_length": 2, "size": {"mode": "volatility", "value": PERCENT}},
    {"max_drawdown": PERCENT // 10, "daily_loss": PERCENT // 10},
    {"position_mode": "net", "market": "ticks.other"},
    {"balance": 0},
    {"time_zone": "Nowhere"},
    {"name": "acct1"},
]


@st.composite
def rich_worlds(draw: st.DrawFn, market: st.SearchStrategy[list[MarketRecord]], accounts: int = 3) -> World:
    world = draw(worlds(market=market, accounts=accounts))
    calendar = draw(calendars)
    known = {
        name: msgspec.structs.replace(instrument, calendar=calendar if name == "AAA" else None)
        for name, instrument in world.instruments.known.items()
    }
    world.instruments = msgspec.structs.replace(world.instruments, known=known)
    follow = st.sampled_from([(), (), ("src",), ("other",)])
    world.accounts = [msgspec.structs.replace(each, follow=draw(follow)) for each in world.accounts]
    number = st.integers(0, len(world.records))
    for count in range(draw(st.integers(0, 5))):
        at, ts = draw(number), START + draw(st.integers(0, 200)) * SECOND
        world.entries.append((at, _wish(draw, world, count, ts)))
    world.entries.sort(key=lambda arrival: arrival[0])
    return world


def _wish(draw: st.DrawFn, world: World, count: int, ts: int) -> Signal | Command:
    names = [*(each.name for each in world.accounts), "new", "nobody"]
    name = draw(st.sampled_from(names))
    kind = draw(st.sampled_from(["create", "change", "change", "pause", "signal"]))
    if kind == "signal":
        symbol = draw(st.sampled_from(SYMBOLS))
        return Signal(
            signal_id=f"o{count}", source="other", symbol=symbol, side="long", ts=ts, quantity=3 * ONE
        )
    text = None
    if kind == "create":
        text = msgspec.json.encode(draw(settings(draw(st.sampled_from([name, name, "x"]))))).decode()
    elif kind == "change":
        text = msgspec.json.encode(draw(st.sampled_from(CHANGES))).decode()
    plans = (f"{name}-p1", f"{name}-p2") if draw(st.booleans()) else ()
    return Command(command_id=f"w{count}", account=name, kind=kind, ts=ts, settings=text, plans=plans)  # type: ignore[arg-type]
