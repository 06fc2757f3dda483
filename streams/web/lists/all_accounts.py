"""All accounts at a glance: what they are found by, put in order by, and come to together.

Rules of this file: few accounts are looked at whenever somebody asks. Looking at many takes a tenth of the
time at most, and gives way every few milliseconds, so a glance may be some seconds old.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.web.state.account_now import Standing
from streams.web.state.live_state import LiveState

FEW = 200
SHARE = 0.1
"""Of the time, for looking at many."""
GIVE_WAY_S = 0.005


class Glance(NamedTuple):
    """An account as it stood a moment ago."""

    name: str
    status: str
    follow: tuple[str, ...]
    equity: int
    day_pnl: int
    unrealised: int
    risk: int
    drawdown: float
    positions: int
    slices: int


def glance_at(live: LiveState, name: str) -> Glance:
    standing = Standing(live, name)
    return Glance(
        name=name,
        status=standing.state.status,
        follow=standing.settings.follow,
        equity=standing.equity,
        day_pnl=standing.day_pnl,
        unrealised=standing.unrealised,
        risk=standing.risk,
        drawdown=standing.drawdown,
        positions=len(standing.holdings),
        slices=sum(len(plan.waiting) for plan in standing.state.plans.values()),
    )


class Totals(NamedTuple):
    """What accounts come to together."""

    accounts: int
    equity: int
    day_pnl: int
    unrealised: int
    risk: int
    positions: int
    slices: int


def totals_of(glances: Sequence[Glance]) -> Totals:
    sums = (sum(getattr(each, name) for each in glances) for name in Totals._fields[1:])
    return Totals(len(glances), *sums)


class AllAccounts:
    """What is known of all of them."""

    def __init__(self, live: LiveState) -> None:
        self._live = live
        self._newest: list[Glance] = []
        self._look_again = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def glances(self) -> Sequence[Glance]:
        """Of every account, in no order."""
        if len(self._live.accounts) <= FEW:
            return list(self._each())
        if self._looking is None and time.monotonic() >= self._look_again:
            self._looking = asyncio.create_task(self._look())
        if self._looking is not None and not self._newest:
            await asyncio.shield(self._looking)
        return self._newest

    async def _look(self) -> None:
        try:
            began = gave_way = time.monotonic()
            found = []
            for glance in self._each():
                found.append(glance)
                if time.monotonic() - gave_way > GIVE_WAY_S:
                    await asyncio.sleep(0)
                    gave_way = time.monotonic()
            self._newest = found
            ended = time.monotonic()
            self._look_again = ended + (ended - began) / SHARE
        finally:
            self._looking = None

    def _each(self) -> Iterator[Glance]:
        """Those that are there when it begins; one that goes meanwhile is left out."""
        accounts = self._live.accounts
        return (glance_at(self._live, name) for name in list(accounts) if name in accounts)
