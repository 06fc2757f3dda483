"""Ways to drive accounts through a world, which must all give the same."""

from schemas.messages import Output
from streams.engine import following
from streams.engine.account import Account
from streams.engine.market import Market, Moment
from streams.engine.series import BUY, MARK, SELL
from streams.engine.shard import Shard, histories_for
from tests.engine.soundness import assert_sound
from tests.engine.worlds import World, columns_of


def in_batches(world: World, cuts: list[int]) -> list[Output]:
    """Through the shard, the market cut at these places and wherever an entry arrives."""
    shard = Shard(world.accounts, world.instruments)
    told: list[Output] = []
    places = sorted({0, *cuts, *(at for at, _ in world.entries), len(world.records)})
    entries = list(world.entries)
    for start, end in zip(places, [*places[1:], None], strict=True):
        while entries and entries[0][0] <= start:
            told += shard.admit(entries.pop(0)[1])
        if end is not None and end > start:
            told += shard.pass_market(columns_of(world.records[start:end]))
    return told


def every_record(world: World) -> list[Output]:
    """Every account stepped at every record, with nothing left out."""
    shard = Shard(world.accounts, world.instruments)
    market = Market(sessions=True, histories=histories_for(world.accounts))
    accounts = [Account(settings, world.instruments) for settings in world.accounts]
    told: list[Output] = []
    entries = list(world.entries)
    now: Moment | None = None
    for at in range(len(world.records) + 1):
        while entries and entries[0][0] <= at:
            entry = entries.pop(0)[1]
            for account in accounts:
                if getattr(entry, "account", account.name) == account.name:
                    account.admit(entry, now)
                    told += account.take_output()
        if at == len(world.records):
            break
        checked = shard.gatekeeper.check(columns_of(world.records[at : at + 1]))
        if not len(checked):
            continue
        for batch in market.batches(checked):
            for account in accounts:
                account.step(Moment(batch, 0))
                assert_sound(account, Moment(batch, 0))
                told += account.take_output()
                following.end_batch(account, batch.series)
            now = Moment(batch, 0, passed=True)
            market.close(batch, {symbol: {SELL, BUY, MARK} for symbol in market.symbols})
    return told


def by_account(told: list[Output]) -> dict[str, list[Output]]:
    split: dict[str, list[Output]] = {}
    for output in told:
        split.setdefault(output.account, []).append(output)
    return split
