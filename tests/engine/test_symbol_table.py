"""A table of symbols is a value: whatever is made of it later, it has what it had."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from schemas.messages import Bar, Tick
from streams.engine.market.bars import PastBar
from streams.engine.market.market import Market
from streams.engine.market.record_checks import Gatekeeper
from streams.engine.market.symbol_table import RowsAt, SymbolNames, SymbolTable
from streams.engine.market.symbols import SymbolNumbers, Symbols
from streams.engine.model.settings import Checks
from streams.engine.model.units import DAY, HOUR, MINUTE, ONE, SECOND
from tests.engine.worlds import START, columns_of

EMPTY = (-1, 0)
CHANGES = some.lists(
    some.tuples(
        some.integers(0, 99), some.dictionaries(some.integers(0, 40), some.integers(0, 9), max_size=5)
    ),
    max_size=25,
)


@given(CHANGES)
def test_each_table_keeps_its_rows_whatever_others_are_made_of_it(changes):
    """Of any former one the next is made, not of the newest alone."""
    tables = [SymbolTable(EMPTY, things=1)]
    models: list[dict[int, int]] = [{}]
    for which, rows in changes:
        before = which % len(tables)
        places = np.array(list(rows), np.int64)
        numbers = np.array([(value, -value) for value in rows.values()], np.int64).reshape(-1, 2).T
        things = np.array([f"v{value}" for value in rows.values()], object)
        tables.append(tables[before].with_rows(places, RowsAt(numbers, [things])))
        models.append(models[before] | rows)
    for table, model in zip(tables, models, strict=True):
        for place in range(45):
            value = model.get(place)
            expected = (list(EMPTY), [None]) if value is None else ([value, -value], [f"v{value}"])
            assert table.row(place) == expected
        numbers, (things,) = table.columns()
        has = [place for place in range(numbers.shape[1]) if numbers[0, place] != EMPTY[0]]
        assert has == sorted(model) and [things[place] for place in has] == [
            f"v{model[place]}" for place in has
        ]
        places = np.array(sorted(model), np.int64)
        assert table.rows(places).numbers[0].tolist() == [model[place] for place in sorted(model)]


def test_names_keep_their_places_and_a_growing_list_is_read_again():
    names, run = SymbolNames(), ["b", "a"]
    assert names.places_of(run).tolist() == [0, 1]
    run.append("c")
    assert names.places_of(run).tolist() == [0, 1, 2]
    assert names.places_of(["c", "d", "b"]).tolist() == [2, 3, 0]


# What is known of a market

INTERVALS = {MINUTE: 3, HOUR: 2, DAY: 62}
PAUSES = (0, 1, 30, 61, 3_600, 90_000)
RECORD = some.tuples(
    some.sampled_from("ABCDE"), some.sampled_from(PAUSES), some.integers(95, 105), some.integers(0, 10**9),
    some.booleans(),
)  # fmt: skip


@given(some.lists(some.lists(RECORD, min_size=1, max_size=30), max_size=5))
def test_what_is_known_of_symbols_is_what_their_records_say(batches):
    """Against a sum over each symbol's records, one by one; some symbols have ticks and some bars."""
    market, gate = Market(sessions=True, histories=dict(INTERVALS)), Gatekeeper(Checks())
    time, told = START, dict[str, list[Any]]()
    values: list[tuple[Symbols, dict[str, Any]]] = [(market.symbols, {})]
    for batch in batches:
        records: list[Any] = []
        for symbol, after, price, size, quoted in batch:
            time += after * SECOND
            if symbol in "AB":
                records.append(Bar(symbol, time, 100 * ONE, 106 * ONE, 94 * ONE, price * ONE, size, MINUTE))
            else:
                quote = (price * ONE - 1, price * ONE + 1) if quoted else (None, None)
                records.append(Tick(symbol, time, price * ONE, size, *quote))
        checked = gate.check(columns_of(records))
        kept = list(zip(checked.time.tolist(), checked.columns.ts.tolist(), strict=True))
        by_ts: dict[tuple[int, str], list[Any]] = {}
        for record in records:
            by_ts.setdefault((record.ts, record.symbol), []).append(record)
        for (event, ts), which in zip(kept, checked.columns.symbol.tolist(), strict=True):
            symbol = checked.columns.names[which]
            told.setdefault(symbol, []).append((event, by_ts[ts, symbol].pop(0)))
        list(market.batches(checked))
        values.append((market.symbols, {symbol: expected(rows) for symbol, rows in told.items()}))
    for symbols, model in values:
        assert {symbol: facts(symbols, symbol) for symbol in symbols} == model
        again = Symbols().with_states(symbols.values())
        assert dict(again) == dict(symbols) and len(again) == len(symbols) == len(model)


def expected(rows):
    notional = volume = 0
    bars: dict[int, dict[int, PastBar]] = {interval: {} for interval in INTERVALS}
    day = None
    for event, record in rows:
        is_bar = isinstance(record, Bar)
        price = record.close if is_bar else record.price
        high, low = (record.high, record.low) if is_bar else (price, price)
        inside = event - is_bar
        if inside // DAY != day:
            day, notional, volume = inside // DAY, 0, 0
        size = record.volume if is_bar else record.size
        notional, volume = notional + price * size, volume + size
        for interval, known in bars.items():
            bucket = inside // interval
            before = known.get(bucket)
            known[bucket] = (
                PastBar(bucket, high, low, price) if before is None
                else PastBar(bucket, max(before.high, high), min(before.low, low), price)
            )  # fmt: skip
    event, last = rows[-1]
    is_bar = isinstance(last, Bar)
    mark = last.close if is_bar else last.price
    bid, ask = (None, None) if is_bar else (last.bid, last.ask)
    return {
        "count": len(rows), "time": event, "mark": mark, "sell": bid or mark, "buy": ask or mark,
        "interval": MINUTE if is_bar else 0, "session": (day, notional, volume),
        "bars": {each: list(known.values())[-INTERVALS[each] :] for each, known in bars.items()},
    }  # fmt: skip


def facts(symbols, symbol):
    state = symbols[symbol]
    assert symbols.newest(symbol)[:6] == (
        state.count, state.time, state.mark, state.sell, state.buy, state.interval,
    )  # fmt: skip
    session = symbols.session_of(symbol)
    assert session == state.session
    bars = {interval: symbols.bars_of(symbol, interval) for interval in INTERVALS}
    assert all(state.bars_of(interval) == known for interval, known in bars.items())
    return {
        "count": state.count, "time": state.time, "mark": state.mark, "sell": state.sell, "buy": state.buy,
        "interval": state.interval, "session": (session.day, session.notional, session.volume), "bars": bars,
    }  # fmt: skip


def test_a_symbol_without_a_record_is_not_there():
    symbols = Symbols()
    symbols.names.places_of(["X"])
    assert "X" not in symbols and symbols.get("X") is None and len(symbols) == 0
    assert symbols.newest("X") == SymbolNumbers() and symbols.bars_of("X", MINUTE) == []
