"""Rows by symbol, as they are at one moment of a market.

Rules of this file: a table is a value: new rows make another, and who holds the one before sees what was. The
newest has the columns; an older one has the rows that were changed behind it, and asks the next for others.
So a batch of twenty symbols costs twenty rows, however many symbols the market has.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from schemas.columns import Ints

Things = npt.NDArray[np.object_]
ROOM = 16
_Value = TypeVar("_Value")


class SymbolNames:
    """The symbols of a market, numbered as they came; all its tables share them."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self._asked: list[str] = []
        self._answer = np.zeros(0, np.int64)

    def place_of(self, name: str) -> int:
        return self.places.setdefault(name, len(self.places))

    def places_of(self, names: list[str]) -> Ints:
        """Of each of a run's names; a market's runs have one growing list."""
        if names is not self._asked or len(names) != len(self._answer):
            self._asked, self._answer = names, np.array([self.place_of(name) for name in names], np.int64)
        return self._answer


class RowsAt(NamedTuple):
    """Of some symbols, side by side."""

    numbers: Ints
    things: Sequence[Things] = ()


class RowAt(NamedTuple):
    numbers: list[int]
    things: list[Any]


class _Columns:
    """What the newest table has."""

    def __init__(self, empty: Ints, numbers: Ints, things: list[Things]) -> None:
        self._empty = empty
        """What a symbol has that has no row."""
        self.numbers, self.things = numbers, things

    def copy(self) -> "_Columns":
        return _Columns(self._empty, self.numbers.copy(), [column.copy() for column in self.things])

    def make_room(self, places: Ints) -> None:
        room = self.numbers.shape[1]
        missing = int(places.max(initial=0)) + 1 - room
        if missing > 0:
            more = max(missing, room)
            self.numbers = np.concatenate((self.numbers, np.repeat(self._empty, more, axis=1)), axis=1)
            nothing = np.full(more, None, object)
            self.things = [np.concatenate((column, nothing)) for column in self.things]

    def rows(self, places: Ints) -> RowsAt:
        return RowsAt(self.numbers[:, places], [column[places] for column in self.things])

    def row(self, place: int) -> RowAt:
        if place >= self.numbers.shape[1]:
            return RowAt(self._empty[:, 0].tolist(), [None] * len(self.things))
        return RowAt(self.numbers[:, place].tolist(), [column[place] for column in self.things])

    def put(self, places: Ints, rows: RowsAt) -> None:
        self.numbers[:, places] = rows.numbers
        for column, values in zip(self.things, rows.things, strict=True):
            column[places] = values


class _Former:
    """What an older table has: rows as they were, and the table that has others in their place."""

    def __init__(self, places: Ints, rows: RowsAt, after: "SymbolTable") -> None:
        self.places, self.rows, self.after = places, rows, after
        self._at: dict[int, int] | None = None

    def row(self, place: int) -> RowAt | None:
        if self._at is None:
            self._at = {known: at for at, known in enumerate(self.places.tolist())}
        at = self._at.get(place)
        if at is None:
            return None
        return RowAt(self.rows.numbers[:, at].tolist(), [column[at] for column in self.rows.things])


class SymbolTable:
    """Numbers, and other things, of each symbol, by its place."""

    __slots__ = ("has",)

    def __init__(self, empty: Sequence[int], things: int = 0) -> None:
        """`empty`: the numbers of a symbol that has no row; `things`: how many columns there are besides."""
        none = np.array(empty, np.int64)[:, None]
        columns = [np.full(ROOM, None, object) for _ in range(things)]
        self.has: _Columns | _Former = _Columns(none, np.repeat(none, ROOM, axis=1), columns)

    def row(self, place: int) -> RowAt:
        has = self.has
        while isinstance(has, _Former):
            found = has.row(place)
            if found is not None:
                return found
            has = has.after.has
        return has.row(place)

    def rows(self, places: Ints) -> RowsAt:
        columns = self._columns()
        columns.make_room(places)
        return columns.rows(places)

    def columns(self) -> RowsAt:
        """Of every place that there may be; they are not to be kept."""
        columns = self._columns()
        return RowsAt(columns.numbers, columns.things)

    def with_rows(self, places: Ints, rows: RowsAt) -> "SymbolTable":
        """The table in which these places have other rows; no place comes twice."""
        columns = self._columns()
        columns.make_room(places)
        after = SymbolTable.__new__(SymbolTable)
        after.has = columns
        if columns is self.has:
            self.has = _Former(places, columns.rows(places), after)
        columns.put(places, rows)
        return after

    def _columns(self) -> _Columns:
        """Its own; those of an older table are made anew."""
        behind = []
        has = self.has
        while isinstance(has, _Former):
            behind.append(has)
            has = has.after.has
        if not behind:
            return has
        columns = has.copy()
        for each in reversed(behind):
            columns.put(each.places, each.rows)
        return columns


class BySymbol(Mapping[str, _Value]):
    """What a table has of each symbol. It has a symbol whose first number is not 0."""

    __slots__ = ("names", "table")

    def __init__(self, names: SymbolNames | None, table: SymbolTable) -> None:
        self.names = names or SymbolNames()
        self.table = table

    @abstractmethod
    def value(self, symbol: str, row: RowAt) -> _Value:
        """Of a symbol that is there."""

    def row(self, symbol: str) -> RowAt | None:
        """None: it has never been named."""
        place = self.names.places.get(symbol)
        return None if place is None else self.table.row(place)

    def __getitem__(self, symbol: str) -> _Value:
        row = self.row(symbol)
        if row is None or not row.numbers[0]:
            raise KeyError(symbol)
        return self.value(symbol, row)

    def __iter__(self) -> Iterator[str]:
        names = list(self.names.places)
        return (names[place] for place in np.flatnonzero(self.firsts()).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self.firsts()))

    def firsts(self) -> Ints:
        """The first number of each place; as it is now, to be copied by who keeps it."""
        firsts: Ints = self.table.columns().numbers[0]
        return firsts
