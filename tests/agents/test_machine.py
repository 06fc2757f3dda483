"""The desk's machine: what comes in is decoded, what goes out is records, what it knows survives as bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode
from schemas.messages import (
    Command,
    DeadLetter,
    Decision,
    Equity,
    Fill,
    MarketRecord,
    Message,
    Signal,
    Tick,
    Trade,
)
from schemas.private import InboxEntry
from schemas.text.numbers import time_text
from streams.accounts import account_with, presets, whole_settings
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketRun
from streams.agents.times import MAX_AHEAD
from streams.engine.model.settings import Level, Settings, Size
from streams.engine.model.settings_check import read_settings
from streams.engine.model.units import MINUTE, ONE, SECOND
from streams.engine.shard.shared_batches import SharedBatches
from streams.engine.simulate import simulate
from streams.transport.contract.machine import Awaited, Record
from tests.agents.desk import Store, drive, entries_of, entry_of, run_of
from tests.engine.rich import rich_worlds
from tests.engine.worlds import START, World, bars, columns_of, ticks, worlds


def messages(records: Sequence[Record]) -> list[Message]:
    return [decode(record.topic, record.key, record.value) for record in records]


def tick(second: float, price: float, symbol: str = "AAA") -> Tick:
    return Tick(symbol=symbol, ts=START + int(second * SECOND), price=int(price * ONE))


def signal(second: float, number: int = 1, **fields: object) -> Signal:
    given = {
        "signal_id": f"s{number}",
        "source": "src",
        "symbol": "AAA",
        "side": "long",
        "quantity": ONE,
        **fields,
    }
    return Signal(ts=START + int(second * SECOND), **given)  # type: ignore[arg-type]


def command(second: float, kind: str, account: str = "acct", number: int = 1, **fields: object) -> Command:
    return Command(
        command_id=f"c{number}", account=account, kind=kind, ts=START + int(second * SECOND), **fields  # type: ignore[arg-type]
    )  # fmt: skip


def plain(name: str = "acct", **fields: object) -> Settings:
    return Settings(name=name, balance=100_000 * ONE, size=Size(mode="quantity"), **fields)  # type: ignore[arg-type]


# Put down and taken up -----------------------------------------------------------------------


def run_world(
    world: World, cuts: set[int], snapshots: frozenset[int], *, restoring: bool
) -> tuple[list[Record], list[bytes]]:
    """What it told, and the header of each snapshot."""
    entries = entries_of([entry for _, entry in world.entries])
    machine, store = DeskMachine(0, instruments=world.instruments), Store()
    told: list[Record] = []
    headers: list[bytes] = []
    for number, call in enumerate(calls_of(world, cuts)):
        told += (
            machine.admit(call, entries[call])
            if isinstance(call, int)
            else machine.pass_market("ticks", call)
        )
        if number in snapshots:
            store.keep(machine)
            headers.append(store.header)
            if restoring:
                fresh = DeskMachine(0, instruments=world.instruments)
                machine = store.restored(fresh, entries, machine.pending())
    return told, headers


def calls_of(world: World, cuts: set[int]) -> Iterator[int | MarketRun]:
    """Entries by their offsets, and runs of the market."""
    places = sorted({0, *cuts, *(at for at, _ in world.entries), len(world.records)})
    for start, end in zip(places, [*places[1:], None], strict=True):
        yield from (offset for offset, (at, _) in enumerate(world.entries) if at == start)
        if end is not None:
            yield run_of(world.records[start:end], first=start)


@given(
    rich_worlds(st.one_of(ticks(), bars())),
    st.sets(st.integers(0, 60), max_size=5),
    st.frozensets(st.integers(1, 30), min_size=1, max_size=6),
)
def test_restored_at_any_place_it_goes_on_the_same(
    world: World, cuts: set[int], snapshots: frozenset[int]
) -> None:
    opened = [command(0, "create", each.name, settings=whole_settings(each)) for each in world.accounts]
    world.entries = [*((0, each) for each in opened), *world.entries]
    cuts = {cut for cut in cuts if cut < len(world.records)}
    whole = run_world(world, cuts, snapshots, restoring=False)
    assert run_world(world, cuts, snapshots, restoring=True) == whole


@given(rich_worlds(st.one_of(ticks(), bars())), st.sets(st.integers(0, 60), max_size=5))
def test_who_was_left_behind_leaves_the_same_rows(world: World, cuts: set[int]) -> None:
    opened = [command(0, "create", each.name, settings=whole_settings(each)) for each in world.accounts]
    world.entries = [*((0, each) for each in opened), *world.entries]
    entries = entries_of([entry for _, entry in world.entries])
    machines = []
    for most in (64, 0):
        with patch("streams.agents.machine.MOST_AT_ONCE", most):
            machine = DeskMachine(0, instruments=world.instruments)
        told: list[Record] = []
        for call in calls_of(world, {cut for cut in cuts if cut < len(world.records)}):
            if isinstance(call, int):
                told += machine.admit(call, entries[call])
            else:
                told += machine.pass_market("ticks", call)
            if machine.is_behind:
                told += machine.catch_up()
        while machine.is_behind:
            told += machine.catch_up()
        machines.append((sorted(told), machine.rows(), machine.header(), machine.pending()))
    assert machines[0] == machines[1]


def test_a_backlog_is_kept_in_a_few_bytes() -> None:
    """Twenty thousand entries wait in three accounts, which follow different sources."""
    accounts = [plain(f"acct{n}", follow=(f"src{n}",), enabled=False) for n in range(3)]
    machine, store = DeskMachine(0, accounts=accounts), Store()
    machine.pass_market("ticks", run_of([tick(0, 100)]))
    entries = entries_of([signal(1 + n / 1000, n, source=f"src{n // 100 % 3}") for n in range(20_000)])
    for offset, entry in enumerate(entries):
        machine.admit(offset, entry)
    rows = store.keep(machine)
    assert machine.pending() == list(range(20_000))
    assert len(machine.header()) < 200
    assert max(len(row.value or b"") for row in rows if row.table == "accounts") < 3_000
    restored = store.restored(DeskMachine(0), entries, machine.pending())
    after = run_of([tick(40, 100)], first=1)
    assert restored.pass_market("ticks", after) == machine.pass_market("ticks", after)


def test_only_what_changed_is_written() -> None:
    machine = DeskMachine(0, accounts=[plain("a"), plain("b", follow=("other",))])
    machine.pass_market("ticks", run_of([tick(0, 100), tick(0, 50, "BBB")]))
    assert {row.key for row in machine.changed()} == {b"a", b"b", b"ticks/AAA", b"ticks/BBB"}
    assert machine.changed() == []
    machine.admit(0, entry_of(signal(1), 0))
    machine.pass_market("ticks", run_of([tick(2, 100)], first=2))
    assert {row.key for row in machine.changed()} == {b"a", b"ticks/AAA", b"ticks/0"}
    machine.pass_market("ticks", run_of([tick(3, 101)], first=3))
    assert {row.key for row in machine.changed()} == {b"ticks/AAA"}
    machine.pass_market("ticks", run_of([tick(90, 101)], first=4))
    assert {row.key for row in machine.changed()} == {b"a", b"ticks/AAA", b"ticks@60000000/AAA"}


def test_ids_that_count_no_more_are_dropped() -> None:
    machine, store = DeskMachine(0, accounts=[plain(dedupe_for=MINUTE)]), Store()
    for number, second in enumerate((0, 50, 100)):
        machine.admit(number, entry_of(signal(second, number), number))
        machine.pass_market("ticks", run_of([tick(second, 100)], first=number))
        store.keep(machine)
    assert store.tables["seen"].keys() == {b"ticks/1", b"ticks/2"}
    restored = store.restored(DeskMachine(0), [], [])
    restored.pass_market("ticks", run_of([tick(300, 100)], first=3))
    store.keep(restored)
    assert store.tables["seen"] == {}


def test_ids_that_all_accounts_saw_are_kept_once() -> None:
    machine = DeskMachine(0, accounts=[plain(f"acct{n}", latency=n % 3 * SECOND) for n in range(100)])
    for number in range(10):
        machine.admit(number, entry_of(signal(0, number), number))
    machine.pass_market("ticks", run_of([tick(n, 100) for n in range(5)]))
    while machine.is_behind:
        machine.catch_up()
    [row] = [row for row in machine.changed() if row.table == "seen"]
    assert len(row.value or b"") < 1500


# The same as a replay ------------------------------------------------------------------------


def in_file_order(records: list[MarketRecord]) -> list[MarketRecord]:
    """No two at one time: a file's would be put in the order of their symbols."""
    times = accumulate((record.ts for record in records), max)
    return [
        msgspec.structs.replace(record, ts=time + at)
        for at, (record, time) in enumerate(zip(records, times, strict=True))
    ]


@pytest.mark.parametrize("preset", ["auto-trader", "agent-graduation", "vsr-slicer"])
@given(st.data())
def test_it_is_the_replay_when_nothing_is_late(preset: str, data: st.DataObject) -> None:
    world = data.draw(worlds(market=st.one_of(ticks().map(in_file_order), bars()), accounts=1, live=False))
    settings = account_with(preset, {}, "acct0")
    account = whole_settings(settings)
    created = command(0, "create", "acct0", number=99, settings=account)
    arrivals = [(0, created), *((0, entry) for _, entry in world.entries)]
    told = messages(drive(DeskMachine(0, instruments=world.instruments), world.records, arrivals))
    entries = [entry for _, entry in world.entries]
    replayed = [
        output
        for outputs in simulate([settings], [columns_of(world.records)], entries, world.instruments)
        for output in outputs
    ]
    assert told[0] == Decision(
        decision_id="acct0:c99", ts=START, account="acct0", decision="accepted", command_id="c99"
    )
    for kind in (Fill, Trade, Equity, Decision):
        live = [each for each in told[1:] if isinstance(each, kind)]
        assert live == [each for each in replayed if isinstance(each, kind)]


@pytest.mark.parametrize("preset", presets())
def test_an_account_of_a_preset_can_be_made_by_a_command(preset: str) -> None:
    settings = account_with(preset, {}, "acct")
    assert read_settings(whole_settings(settings)) == settings


# Commands ------------------------------------------------------------------------------------


def decisions(records: Sequence[Record]) -> list[tuple[str, str, str]]:
    """(decision id, verdict, reason) of each."""
    found = [each for each in messages(records) if isinstance(each, Decision)]
    return [(each.decision_id, each.decision, each.reason) for each in found]


def test_every_command_is_answered_once() -> None:
    machine = DeskMachine(0)
    made = whole_settings(plain("acct"))
    told = [
        machine.admit(0, entry_of(command(0, "create", settings=made), 0)),
        machine.admit(1, entry_of(command(1, "create", number=2, settings=made), 1)),
        machine.admit(2, entry_of(command(2, "pause", "nobody", number=3), 2)),
        machine.admit(3, entry_of(command(3, "pause", number=4), 3)),
        machine.admit(4, entry_of(command(3, "change", number=5, settings='{"stop_loss": 1}'), 4)),
        machine.admit(5, entry_of(command(3, "change", number=6, settings='{"balance": -1}'), 5)),
        machine.admit(6, entry_of(command(3, "change", number=7, settings='{"max_positions": 2}'), 6)),
        machine.admit(7, entry_of(command(3, "resume", number=8), 7)),
        machine.pass_market("ticks", run_of([tick(10, 100)])),
        machine.admit(8, entry_of(command(9, "close_all", number=9), 8)),
        machine.admit(9, entry_of(command(0, "create", settings=made), 9)),
    ]
    assert [decisions(each) for each in told] == [
        [("acct:c1", "accepted", "")],
        [("acct:c2", "refused", "exists")],
        [("nobody:c3", "refused", "no_account")],
        *[[]] * 5,
        [
            ("acct-d1", "accepted", ""),
            ("acct-d2", "refused", "bad_settings Expected `object | null`, got `int` - at `$.stop_loss`"),
            ("acct-d3", "refused", "bad_settings balance"),
            ("acct-d4", "accepted", ""),
            ("acct-d5", "accepted", ""),
        ],
        [("acct-d6", "accepted", "")],
        [("acct:c1", "accepted", "")],
    ]
    assert told[-1] == told[0]
    assert machine.late == 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (None, "bad_settings Object missing required field `name`"),
        ("[1]", "bad_settings Expected `object`, got `array`"),
        ("{", "bad_settings Input data was truncated"),
        ('{"name": "acct", "balance": "1", "size": {"mode": "quantity"}}', "bad_settings Expected `int`, got `str` - at `$.balance`"),
        ('{"name": "other", "balance": 1, "size": {"mode": "quantity"}}', "bad_settings name"),
        ('{"name": "acct", "balance": 0, "size": {"mode": "quantity"}}', "bad_settings balance"),
        ('{"name": "acct", "balance": 1, "size": {"mode": "risk"}}', "bad_settings size"),
        ('{"name": "acct", "balance": 1, "size": {"mode": "quantity"}, "time_zone": "Mars"}', "bad_settings time_zone"),
        ('{"name": "acct", "balance": 1, "size": {"mode": "quantity"}, "slices": []}', "bad_settings slices"),
        ('{"name": "acct", "balance": 1, "size": {"mode": "quantity"}, "market": "ticks.mars"}', "bad_settings market"),
        ('{"name": "acct", "balance": 1, "size": {"mode": "quantity"}, "stop": 1}', "bad_settings stop"),
        ('{"name": "acct", "balance": 1, "size": {"mode": "quantity"}, "filters": [{"name": "vsr"}]}', "bad_settings filters"),
    ],
)  # fmt: skip
def test_bad_settings_are_answered(settings: str | None, reason: str) -> None:
    told = DeskMachine(0).admit(0, entry_of(command(0, "create", settings=settings), 0))
    [(_, verdict, found)] = decisions(told)
    assert (verdict, found) == ("refused", reason)


def test_an_account_made_by_a_command_trades_at_once() -> None:
    machine = DeskMachine(0)
    machine.pass_market("ticks", run_of([tick(0, 100)]))
    machine.admit(0, entry_of(command(1, "create", settings=whole_settings(plain())), 0))
    machine.admit(1, entry_of(signal(2), 1))
    told = messages(machine.pass_market("ticks", run_of([tick(3, 101)], first=1)))
    assert [each.price for each in told if isinstance(each, Fill)] == [101 * ONE]


def test_what_is_far_ahead_is_refused_and_holds_nothing_up() -> None:
    machine = DeskMachine(0, accounts=[plain("a"), plain("b", follow=("other",))])
    assert decisions(machine.admit(0, entry_of(signal(9_999), 0))) == []
    machine.pass_market("ticks", run_of([tick(0, 100)]))
    limit = MAX_AHEAD / SECOND
    told = machine.admit(1, entry_of(signal(limit + 2, 2), 1))
    told += machine.admit(2, entry_of(command(limit + 3, "pause", "a"), 2))
    told += machine.admit(3, entry_of(command(limit + 3, "create", "c", number=2), 3))
    found = [each for each in messages(told) if isinstance(each, Decision)]
    assert [(each.decision_id, each.reason, each.measured, each.limit, each.ts) for each in found] == [
        ("a-d1", "ahead", limit + 2, limit, START),
        ("a-d2", "ahead", limit + 3, limit, START),
        ("c:c2", "ahead", limit + 3, limit, START),
    ]
    assert machine.pending() == [0]
    machine.admit(4, entry_of(signal(limit, 3), 4))
    assert machine.pending() == [0, 4]


def test_what_is_not_ahead_of_the_market_s_newest_record_waits() -> None:
    """A desk that comes back after hours stands where it was; what was sent meanwhile is ahead of that alone."""
    machine = DeskMachine(0, accounts=[plain("a"), plain("b")])
    machine.pass_market("ticks", run_of([tick(0, 100)]))
    limit, later = MAX_AHEAD / SECOND, 20_000
    newest = {"ticks": START + later * SECOND}
    told = machine.admit(0, entry_of(signal(later), 0), newest)
    told += machine.admit(1, entry_of(command(later, "pause", "b"), 1), newest)
    assert told == [] and machine.pending() == [0, 1]
    opened, refused, other = (
        machine.admit(
            2,
            entry_of(command(later, "create", "c", number=2, settings=whole_settings(plain("c"))), 2),
            newest,
        ),
        machine.admit(3, entry_of(command(later + limit + 1, "pause", "b", number=3), 3), newest),
        machine.admit(
            4, entry_of(command(later, "pause", "b", number=4), 4), {"ticks.other": newest["ticks"]}
        ),
    )
    found = [each for each in messages([*opened, *refused, *other]) if isinstance(each, Decision)]
    assert [(each.decision, each.reason, each.measured) for each in found] == [
        ("accepted", "", None),
        ("refused", "ahead", limit + 1),
        ("refused", "ahead", later),
    ]
    told = machine.pass_market("ticks", run_of([tick(later - 1, 100), tick(later + 1, 100)], first=1))
    answers = [each for each in messages(told) if isinstance(each, Decision)]
    assert {(each.account, each.decision, each.reason) for each in answers} == {
        ("a", "accepted", ""), ("b", "accepted", ""),
    }  # fmt: skip


def test_an_entry_that_cannot_be_read_is_told() -> None:
    entry = InboxEntry("signal", START, "signals", 3, 77, msgspec.Raw(b"\xc1"))
    machine = DeskMachine(0, accounts=[plain()])
    [letter] = messages(machine.admit(0, entry))
    assert isinstance(letter, DeadLetter)
    assert (letter.topic, letter.partition, letter.offset, letter.value) == ("signals", 3, 77, b"\xc1")
    assert (machine.unread, machine.pending()) == (1, [])
    assert DeskMachine(1).admit(0, entry) == []


# Markets -------------------------------------------------------------------------------------


def test_each_account_trades_in_its_market() -> None:
    accounts = [plain("stocks"), plain("coins", market="ticks.crypto")]
    machine, store = DeskMachine(0, ["ticks", "ticks.crypto"], accounts=accounts), Store()
    entries = entries_of([signal(1), signal(5, 2)])
    machine.admit(0, entries[0])
    told = machine.pass_market("ticks", run_of([tick(2, 100)]))
    assert {each.account for each in messages(told)} == {"stocks"}  # type: ignore[attr-defined]
    store.keep(machine)
    machine = store.restored(DeskMachine(0, ["ticks", "ticks.crypto"]), entries, machine.pending())
    told = machine.pass_market("ticks.crypto", run_of([tick(3, 7)], "ticks.crypto"))
    assert [(each.account, each.price) for each in messages(told) if isinstance(each, Fill)] == [
        ("coins", 7 * ONE)
    ]
    made = whole_settings(plain("more", market="ticks.crypto"))
    machine.admit(1, entries[1])
    machine.admit(2, entry_of(command(6, "create", "more", settings=made), 2))
    machine.admit(3, entry_of(signal(6, 3), 3))
    told = machine.pass_market("ticks.crypto", run_of([tick(7, 8)], "ticks.crypto", first=1))
    assert [each.account for each in messages(told) if isinstance(each, Fill)] == ["coins", "coins", "more"]
    assert decisions(
        machine.admit(4, entry_of(command(8, "create", "more", number=2, settings=made), 4))
    ) == [("more:c2", "refused", "exists")]


def test_shards_that_share_a_run_tell_what_each_would_alone() -> None:
    runs = [run_of([tick(n, 100 + n % 3), tick(n, 50, "BBB")], first=2 * n) for n in range(20)]
    told: list[list[list[Record]]] = []
    for share in (True, False):
        machines = [
            DeskMachine(n, accounts=[plain(f"acct{n}", stop_loss=Level(kind="amount", value=ONE))])
            for n in range(3)
        ]
        outputs = []
        for n, run in enumerate(runs):
            for machine in machines:
                outputs.append(machine.admit(n, entry_of(signal(n, n), n)))
                outputs.append(
                    machine.pass_market("ticks", run if share else replace(run, batches=SharedBatches()))
                )
        told.append(outputs)
    assert told[0] == told[1]
    assert any(isinstance(each, Trade) for each in messages([record for some in told[0] for record in some]))


# What waits ------------------------------------------------------------------------------------


def test_what_entries_wait_for_is_told_in_words():
    machine = DeskMachine(0, accounts=[plain("a"), plain("b", follow=("other",)), plain("c")])
    assert machine.awaits() == []
    admitted = [signal(0), signal(1, 2), signal(0, 3, symbol="BBB", side="flat")]
    for offset, each in enumerate(admitted):
        machine.admit(offset, entry_of(each, offset))
    assert machine.awaits() == [
        Awaited("ticks/", "the first record in market ticks", 2, 0, START),
        Awaited("ticks/AAA", "AAA's first tick in market ticks", 4, 0, START),
    ]
    machine.pass_market("ticks", run_of([tick(2, 1, "BBB")]))
    assert machine.awaits() == [
        Awaited(
            "ticks/AAA",
            "AAA's first tick in market ticks",
            4,
            START + 300 * SECOND,
            START,
            START + 2 * SECOND,
        )
    ]
    machine.pass_market("ticks", run_of([tick(3, 1)]))
    assert machine.awaits() == []
    machine.admit(3, entry_of(signal(4, 4), 3))
    assert [each.what for each in machine.awaits()] == ["AAA's next tick in market ticks"]
    machine.pass_market("ticks", run_of([tick(400, 1, "BBB")]))
    assert machine.awaits() == []


def test_an_entry_far_ahead_of_its_market_waits_for_that_time():
    machine = DeskMachine(0, accounts=[plain("a")])
    machine.admit(0, entry_of(signal(1_000_000), 0))
    machine.pass_market("ticks", run_of([tick(2, 1)]))
    (told,) = machine.awaits()
    later = time_text(START + 1_000_000 * SECOND)
    assert told.what == f"AAA's next tick in market ticks of {later} or later"


def test_what_is_told_of_waiting_has_a_bound():
    machine = DeskMachine(0, accounts=[plain("a"), plain("b")])
    for number in range(1_500):
        machine.admit(number, entry_of(signal(0, number, symbol=f"S{number % 30:02}"), number))
    told = machine.awaits()
    assert len(told) == 20 and sum(each.entries for each in told) <= 1_000
