"""Whatever passes the gate is answered: no number makes the desk stop."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Command, Signal, Tick
from streams.agents.machine import DeskMachine
from streams.engine.model.settings import Level, Settings, Size, Slippage
from streams.engine.model.settings_check import MOST_MONEY, MOST_TIMES, read_settings
from streams.engine.model.units import ONE, SECOND
from tests.agents.desk import Store, entry_of, run_of
from tests.engine.worlds import START

MOST = (1 << 63) - 1
LAST = 253_402_300_799_000_000

symbols = st.sampled_from(["AAA", "BBB"])
times = st.sampled_from([START, START + SECOND])
numbers = st.one_of(
    st.none(), st.sampled_from([1, ONE, 100 * ONE, MOST // ONE, MOST // 2, MOST - 1, MOST, 1 << 62])
)
expiries = st.one_of(st.none(), st.sampled_from([0, START, START + SECOND, LAST]))

signals = st.builds(
    Signal, signal_id=st.sampled_from("ab"), source=st.just("src"), symbol=symbols, ts=times,
    side=st.sampled_from(["long", "short", "flat"]), confidence=st.sampled_from([None, 1e308, -1.0]),
    take_profit=numbers, stop_loss=numbers, quantity=numbers, expires_at=expiries,
)  # fmt: skip
commands = st.builds(
    Command, command_id=st.just("c"), account=st.just("acct"), ts=times, symbol=st.one_of(st.none(), symbols),
    kind=st.sampled_from(["place"] * 5 + ["close_all", "cancel", "kill_switch", "pause", "resume"]),
    side=st.sampled_from([None, "buy", "sell"]), time_in_force=st.sampled_from([None, "DAY", "GTD", "IOC", "FOK"]),
    order_type=st.sampled_from([None, "market", "limit", "stop", "stop_limit", "trailing"]), expires_at=expiries,
    quantity=numbers, limit_price=numbers, stop_price=numbers, trail=numbers, take_profit=numbers, stop_loss=numbers,
)  # fmt: skip
market = st.builds(
    Tick, symbol=symbols, ts=st.just(START), size=numbers,
    price=st.sampled_from([100 * ONE, 101 * ONE, 90 * ONE, 1, 1 << 62, MOST]),
    bid=st.sampled_from([None, 99 * ONE, 1 << 62]), ask=st.sampled_from([None, 102 * ONE, MOST]),
)  # fmt: skip

levels = st.one_of(
    st.none(),
    st.builds(Level, kind=st.sampled_from(["risk", "atr"]), value=st.sampled_from([1, ONE, MOST_TIMES])),
    st.builds(Level, kind=st.just("amount"), value=st.sampled_from([1, ONE, MOST_MONEY])),
    st.builds(Level, kind=st.just("percent"), value=st.sampled_from([1, ONE // 2, ONE - 1])),
)
accounts = st.builds(
    Settings, name=st.just("acct"), balance=st.just(100_000 * ONE), size=st.just(Size(mode="quantity")),
    leverage=st.sampled_from([ONE, 100 * ONE]), position_mode=st.sampled_from(["net", "per_signal"]),
    use_signal_targets=st.booleans(), take_profit=levels, stop_loss=levels, trailing_stop=levels, breakeven=levels,
    slippage=st.sampled_from([Slippage(), Slippage(rate=MOST_TIMES)]), daily_loss=st.sampled_from([None, ONE // 100]),
)  # fmt: skip


@given(accounts, st.lists(st.one_of(signals, commands, market), min_size=3, max_size=14))
def test_no_number_stops_the_desk(account: Settings, things: list[Signal | Command | Tick]) -> None:
    assert read_settings(msgspec.json.encode(account).decode()) == account
    machine, store = DeskMachine(0, accounts=[account]), Store()
    for at, thing in enumerate(things):
        if isinstance(thing, Tick):
            moved = msgspec.structs.replace(thing, ts=START + at * SECOND // 10)
            machine.pass_market("ticks", run_of([moved], first=at))
        else:
            machine.admit(at, entry_of(thing, at))
        store.keep(machine)
