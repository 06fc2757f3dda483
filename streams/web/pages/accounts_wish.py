"""Which accounts the overview shows: those found, in which order, which hundred of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from streams.clients.accounts.finding import is_found
from streams.web.lists.all_accounts import Glance

PAGE = 100
OPEN_FIRST = ""
COLUMNS = {
    "Account": "name", "#Day P&L": "day_pnl", "#Equity": "equity", "~State": "status", "~Trend": "",
    "#~Open P&L": "unrealised", "#~Drawdown": "drawdown", "#~Open risk": "risk", "#~Positions": "positions",
    "#~Slices": "slices",
}  # fmt: skip
"""The table's heads, and by which field of a glance each puts the accounts in order; empty: by none."""
SORTS = frozenset(filter(None, COLUMNS.values()))
WORDS = ("name", "status")
"""They begin with A; numbers begin with the largest."""


@dataclass(frozen=True)
class AccountsWish:
    find: str = ""
    sort: str = OPEN_FIRST
    is_turned: bool = False
    """The other way round than a field is usually put in order."""
    page: int = 1

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "AccountsWish":
        """What is no wish is left out: a link may be old."""
        sort = asked.get("sort", "")
        field = sort.removeprefix("-")
        page = asked.get("page", "1")
        return cls(
            find=asked.get("find", "").strip(),
            sort=field if field in SORTS else OPEN_FIRST,
            is_turned=field in SORTS and sort.startswith("-"),
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    def given(self) -> dict[str, str]:
        """What an address says of it."""
        sort = f"-{self.sort}" if self.is_turned else self.sort
        page = str(self.page) if self.page > 1 else ""
        return {name: text for name, text in (("find", self.find), ("sort", sort), ("page", page)) if text}

    @property
    def link(self) -> str:
        given = self.given()
        return f"/?{urlencode(given)}" if given else "/"

    def by(self, field: str) -> "AccountsWish":
        """The same, put in order by a field; once more turns it round."""
        return replace(self, sort=field, is_turned=self.sort == field and not self.is_turned, page=1)

    def on(self, page: int) -> "AccountsWish":
        return replace(self, page=page)

    @property
    def is_falling(self) -> bool:
        return (self.sort not in WORDS) != self.is_turned


@dataclass(frozen=True)
class Shown:
    """What there is of it."""

    names: list[str]
    found: int
    pages: int
    wish: AccountsWish
    """Its page is one that there is."""

    @property
    def first(self) -> int:
        return (self.wish.page - 1) * PAGE + 1


def shown(glances: Sequence[Glance], wish: AccountsWish) -> Shown:
    found = [each for each in glances if not wish.find or is_found(wish.find, each.name, each.follow)]
    found.sort(key=lambda each: each.name)
    if wish.sort == OPEN_FIRST:
        found.sort(key=lambda each: each.status == "closed")
    else:
        found.sort(key=lambda each: getattr(each, wish.sort), reverse=wish.is_falling)
    pages = max(1, -(-len(found) // PAGE))
    page = min(wish.page, pages)
    names = [each.name for each in found[(page - 1) * PAGE : page * PAGE]]
    return Shown(names, len(found), pages, wish.on(page))
