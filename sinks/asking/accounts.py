"""Which accounts there are."""

from typing import Protocol

from sinks.asking.questions import Answer
from sinks.database.database import DatabaseError


class Ask(Protocol):
    """A named question to a database."""

    def __call__(self, name: str, /, **parameters: object) -> Answer: ...


class UnknownAccountError(DatabaseError):
    """Nothing is stored of an account; says of which there is."""


def require(ask: Ask, account: str) -> None:
    """Nothing, where there is such an account."""
    if ask("report-accounts", account=account).rows:
        return
    known = ", ".join(str(row[0]) for row in ask("report-accounts").rows)
    there_are = f"there are {known}" if known else "no account has done anything yet"
    raise UnknownAccountError(f"no results are stored for the account {account}: {there_are}")
