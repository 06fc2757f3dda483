"""The oracle: a naive, slow, exact engine written from docs/rules.md alone."""

from collections.abc import Sequence

from schemas.messages import Bar, Clock, Command, Output, Signal, Tick
from streams.engine.model.settings import Instruments, Settings

from .account import Account
from .market import Market


def run(
    accounts: Sequence[Settings],
    records: Sequence[Tick | Bar | Clock],
    entries: Sequence[tuple[int, Signal | Command]],
    instruments: Instruments = Instruments(),  # noqa: B008
) -> list[Output]:
    """Everything that happens: `entries` are (n, entry), which arrives after n records were processed."""
    market = Market(records, instruments)
    running = [Account(settings, market) for settings in accounts]
    out: list[Output] = []

    def collect() -> None:
        for account in running:
            out.extend(account.out)
            account.out = []

    for count in range(len(records) + 1):
        market.record = None
        for position, entry in entries:
            if position == count:
                for account in running:
                    if isinstance(entry, Signal) or entry.account == account.settings.name:
                        account.arrive(entry)
                        collect()
        if count < len(records) and market.offer(records[count]):
            for account in running:
                account.at_record()
                collect()
    return out


def drops(
    records: Sequence[Tick | Bar | Clock],
    instruments: Instruments = Instruments(),  # noqa: B008
) -> dict[str, int]:
    """How many records were dropped, by reason."""
    market = Market(records, instruments)
    for record in records:
        market.offer(record)
    return market.dropped


__all__ = ["drops", "run"]
