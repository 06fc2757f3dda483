"""The newest messages of each account, in the order of their times: the first page of every list.

Rules of this file: of an account it has every message of a kind from some time on, and says from where.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.messages import Alert, Decision, Equity, Fill, Message, Trade

MOST = 200
"""So many messages of a kind are kept for an account."""

Key = tuple[int, int, str]
"""Time, and the id in the order in which ids are given: `-f9` is before `-f10`."""


class KeptKind(NamedTuple):
    """A kind that is kept."""

    time: str
    id: str


KEPT: dict[type[Message], KeptKind] = {
    Fill: KeptKind("ts", "fill_id"),
    Trade: KeptKind("exit_ts", "trade_id"),
    Decision: KeptKind("ts", "decision_id"),
    Equity: KeptKind("ts", "equity_id"),
    Alert: KeptKind("ts", "alert_id"),
}


def key_of(message: Message) -> Key:
    kept = KEPT[type(message)]
    id_: str = getattr(message, kept.id)
    return getattr(message, kept.time), len(id_), id_


class Found(NamedTuple):
    """What is remembered of a page, the newest first."""

    messages: list[Any]
    is_all: bool
    """Whether the page needs nothing older."""
    before: Key | None
    """Where what is older begins; None: nothing is remembered, and nothing was asked for."""


class Recent:
    """By kind and account, ascending."""

    def __init__(self) -> None:
        self._kept: dict[tuple[type[Message], str], list[Any]] = {}

    def add(self, message: Message) -> None:
        """What is there already is not added again."""
        if type(message) not in KEPT:
            return
        held = self._kept.setdefault((type(message), message.account), [])  # type: ignore[attr-defined]
        key = key_of(message)
        if held and key_of(held[-1]) >= key:
            at = bisect_left(held, key, key=key_of)
            if key_of(held[at]) == key:
                return
        insort(held, message, key=key_of)
        if len(held) > MOST:
            del held[: len(held) - MOST]

    def held(self, kind: type[Message], account: str) -> list[Any]:
        """All that is kept, ascending."""
        return self._kept.get((kind, account), [])

    def page(
        self,
        kind: type[Message],
        account: str,
        wanted: Callable[[Any], bool],
        before: Key | None,
        most: int,
        since: int | None,
    ) -> Found:
        """The newest that are wanted before a place, as far as they are remembered."""
        held = self.held(kind, account)
        end = len(held) if before is None else bisect_left(held, before, key=key_of)
        found: list[Any] = []
        for message in reversed(held[:end]):
            if since is not None and key_of(message)[0] < since:
                return Found(found, True, None)
            if wanted(message):
                found.append(message)
                if len(found) == most:
                    return Found(found, True, None)
        return Found(found, False, key_of(held[0]) if end else before)
