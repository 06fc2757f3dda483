"""What the accounts of one test told, each thing handed out once to who waits for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from ghostfill.testing.errors import NothingCameError
from ghostfill.testing.outputs import Outputs
from ghostfill.testing.results import Result, result_of

OURS = ("settle-", "create-")
"""How the ids of commands begin that a test did not give itself."""
DECIDED_S = 10.0
OVER = ("filled", "cancelled", "expired", "rejected")


class Told:
    """By account and kind of message."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._handed_out: set[str] = set()

    def all(self, account: str, kind: str) -> list[Result]:
        return [result_of(each) for each in self._outputs.told(account, kind)]

    def newest(self, account: str, kind: str, key: str) -> list[Result]:
        """Each as it was told last."""
        return list({getattr(each, key): each for each in self.all(account, kind)}.values())

    def decisions(self, account: str) -> list[Result]:
        return [
            each for each in self.all(account, "decision") if not (each.command_id or "").startswith(OURS)
        ]

    def decision(self, account: str, command_id: str) -> Result:
        """What was decided of a command; waits for it."""

        def found() -> list[Result]:
            return [each for each in self.all(account, "decision") if each.command_id == command_id]

        if not self._outputs.until(lambda: bool(found()), DECIDED_S):
            raise NothingCameError(f"nothing was decided for {account} within {DECIDED_S:g} s")
        return found()[-1]

    def has(self, account: str, kind: str, like: Mapping[str, Any], seconds: float) -> bool:
        """Whether one comes that nobody was given yet."""
        return self._outputs.until(lambda: bool(self._new(account, kind, like)), seconds)

    def hand_out(self, account: str, kind: str, like: Mapping[str, Any]) -> Result:
        first = self._new(account, kind, like)[0]
        self._handed_out.add(_id(first, kind))
        return first

    def instead(self, account: str) -> str:
        """For who waits in vain."""
        decided = [f"{each.symbol or ''} {each.decision} {each.reason}" for each in self.decisions(account)]
        orders = [
            f"{each.symbol} {each.side} {each.order_type} {each.state} {each.reason}"
            for each in self.newest(account, "order", "order_id")
            if each.state not in OVER
        ]
        if not decided and not orders:
            return "nothing was decided: does it follow the source, and has the symbol had a record since?"
        return "; ".join([*_listed("decided", decided), *_listed("open orders", orders)])

    def _new(self, account: str, kind: str, like: Mapping[str, Any]) -> list[Result]:
        return [
            each
            for each in self.all(account, kind)
            if _id(each, kind) not in self._handed_out
            and all(getattr(each, name) == value for name, value in like.items())
        ]


def _id(result: Result, kind: str) -> str:
    return str(getattr(result, f"{kind}_id"))


def _listed(what: str, lines: Iterable[str]) -> list[str]:
    said = ", ".join(line.strip() for line in lines)
    return [f"{what}: {said}"] if said else []
