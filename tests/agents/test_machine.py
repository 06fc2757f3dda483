"""The desk's machine: what comes in is decoded, what goes out is records, what it knows survives as bytes."""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode
from schemas.messages import Command, Message, Signal, Tick
from streams.accounts import whole_settings
from streams.agents.machine import DeskMachine
from streams.agents.market import MarketRun
from streams.engine.settings import Settings, Size
from streams.engine.units import ONE, SECOND
from streams.transport.machine import Record
from tests.agents.desk import Store, entries_of, run_of
from tests.engine.worlds import START, World, bars, ticks, worlds


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
    worlds(market=st.one_of(ticks(), bars()), accounts=3),
    st.sets(st.integers(0, 60), max_size=5),
    st.frozensets(st.integers(1, 30), min_size=1, max_size=6),
)
def test_restored_at_any_place_it_goes_on_the_same(
    world: World, cuts: set[int], snapshots: frozenset[int]
) -> None:
    world.entries = [
        (0, command(0, "create", each.name, settings=whole_settings(each))) for each in world.accounts
    ] + world.entries
    cuts = {cut for cut in cuts if cut < len(world.records)}
    whole = run_world(world, cuts, snapshots, restoring=False)
    assert run_world(world, cuts, snapshots, restoring=True) == whole
