"""Ways to drive accounts through a world, which must all give the same."""

from random import Random

from schemas.messages import Output
from streams.engine.account.account import Account
from streams.engine.account.shared import Shared
from streams.engine.execution import trailing
from streams.engine.market.column import BUY, MARK, SELL
from streams.engine.market.market import Market, between
from streams.engine.market.moment import Moment
from streams.engine.shard.shard import Shard
from streams.engine.trading import step
from tests.engine.soundness import assert_sound
from tests.engine.worlds import World, columns_of


def in_batches(world: World, cuts: list[int]) -> list[Output]:
    """Through the shard, the market cut at these places and wherever an entry arrives."""
    return fold(Shard(world.accounts, world.instruments), world, cuts)


def fold(shard: Shard, world: World, cuts: list[int], dice: Random | None = None) -> list[Output]:
    """`dice` says how far a crowd comes between two calls; at the end it has come as far as all others."""
    told: list[Output] = []
    places = sorted({0, *cuts, *(at for at, _ in world.entries), len(world.records)})
    entries = list(world.entries)
    for start, end in zip(places, [*places[1:], None], strict=True):
        while entries and entries[0][0] <= start:
            told += shard.admit(entries.pop(0)[1], len(world.entries) - len(entries))
            told += catch_up(shard, dice.choice((0, 0, 1, 5, 100)) if dice else 0)
        if end is not None and end > start:
            told += shard.pass_market(columns_of(world.records[start:end]))
            told += catch_up(shard, dice.choice((0, 0, 1, 5, 100)) if dice else 0)
    return told + catch_up(shard)


def catch_up(shard: Shard, calls: int | None = None) -> list[Output]:
    """So many times, while anybody is behind; None: until nobody is."""
    told: list[Output] = []
    while shard.is_behind and calls != 0:
        told += shard.catch_up()
        calls = None if calls is None else calls - 1
    return told


def every_record(world: World) -> list[Output]:
    """Every account stepped at every record, with nothing left out."""
    shard = Shard(world.accounts, world.instruments)
    shared = Shared()
    market = Market(sessions=True, histories=shared.histories)
    accounts = [
        Account(settings, world.instruments, number=number, shared=shared)
        for number, settings in enumerate(world.accounts)
    ]
    told: list[Output] = []
    entries = list(world.entries)
    for at in range(len(world.records) + 1):
        while entries and entries[0][0] <= at:
            entry = entries.pop(0)[1]
            for account in accounts:
                if getattr(entry, "account", account.name) == account.name:
                    step.admit(
                        account,
                        entry,
                        len(world.entries) - len(entries),
                        between(market.time, market.symbols, market.histories),
                    )
                    told += account.take_output()
        if at == len(world.records):
            break
        checked = shard.gatekeeper.check(columns_of(world.records[at : at + 1]))
        if not len(checked):
            continue
        for batch in market.batches(checked):
            for account in accounts:
                step.step(account, Moment(batch, 0))
                assert_sound(account, Moment(batch, 0))
                told += account.take_output()
                trailing.end_batch(account, batch.series)
            for symbol in batch.series:
                shared.ranges.take_in(batch.series[symbol], {SELL, BUY, MARK})
    return told


def by_account(told: list[Output]) -> dict[str, list[Output]]:
    split: dict[str, list[Output]] = {}
    for output in told:
        split.setdefault(output.account, []).append(output)
    return split
