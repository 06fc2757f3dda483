"""Files of ticks and bars as the columns that the engine reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import BAR, NOT_QUOTED, Columns, Ints
from schemas.text import names
from schemas.text.numbers import TIME_END
from streams.files.arrays import Flags, flags_of, numbers_of
from streams.files.order import PartOfFile, RecordOrder, in_known_order, in_time_order
from streams.files.survey import Fit, Given, Survey
from streams.files.tables.forms import AS_IT_SAYS, Form, read_rows
from streams.files.tables.names import BARS, TICKS, Names, require
from streams.files.tables.rows import NumberRows
from streams.files.tables.tables import ROWS, FileBlock, Read, unheard
from streams.files.values.faults import BadRows, FileError, Good

Kind = Literal["ticks", "bars"]


def possible_times(columns: Columns) -> npt.NDArray[np.bool_]:
    """The records whose time can be published."""
    found: npt.NDArray[np.bool_] = (columns.ts >= 0) & (columns.ts < TIME_END)
    return found


@dataclass(slots=True)
class Symbols:
    """Numbers for the symbols of a file, in the order in which they come."""

    numbers: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def encode(self, column: pa.Array) -> npt.NDArray[np.int32]:
        """Each row's number; that of what is no symbol is -1."""
        if not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(pc.cast(column, pa.string()))
        found = [self._number(name) for name in column.dictionary.to_pylist()]
        lookup = np.array([*found, -1], np.int32)
        missing = flags_of(column.indices.is_null())
        numbers: npt.NDArray[np.int32] = lookup[np.where(missing, len(found), numbers_of(column.indices))]
        return numbers

    def one(self, name: str, length: int) -> npt.NDArray[np.int32]:
        return np.full(length, self._number(name), np.int32)

    def _number(self, name: str | None) -> int:
        name = (name or "").strip()
        if not names.is_name(name):
            return -1
        if name not in self.numbers:
            self.numbers[name] = len(self.names)
            self.names = [*self.names, name]
        return self.numbers[name]


class MarketFileReader:
    """Reads one kind of market file; what cannot be read goes to `bad`, and how it was read is said there."""

    def __init__(
        self,
        kind: Kind,
        bad: BadRows,
        symbol: str | None = None,
        form: Form = AS_IT_SAYS,
        intervals: Given | None = None,
    ) -> None:
        self.kind = kind
        self.bad = bad
        if symbol is not None and not names.is_name(symbol):
            raise FileError(f"--symbol {symbol!a}: expected {names.expected()}")
        self.symbol = symbol
        """Whose market a file is that names no symbol."""
        self.form = form
        self.intervals = intervals or {}
        """How long bars are that do not say it."""
        self.names: Names = TICKS if kind == "ticks" else BARS
        self.needed = ["ts"] if kind == "ticks" else ["ts", "open", "high", "low", "close"]
        if symbol is None:
            self.needed.append("symbol")

    def survey(self, path: Path, asked: Mapping[str, Ints] | None = None) -> Survey:
        """A first look at the whole file: of ticks only at their order."""
        survey = Survey(self.intervals, asked)
        if self.kind == "ticks":
            survey.order = self._order(path)
            return survey
        for _, columns in self._glance(path, "ts", "symbol", "interval"):
            survey.add(columns)
        survey.finish()
        return survey

    def read(self, path: Path, progress: Read = unheard, survey: Survey | None = None) -> Iterator[Columns]:
        """The file's records in the order in which they are known; every bar with its interval."""
        survey = survey or self.survey(path)
        good = Good(path, self.bad)
        parts = self._in_time_order(path, self.bad, progress, survey.order)
        columns = self._bars(path, parts, survey) if self.kind == "bars" else (part.columns for part in parts)
        for each in columns:
            good.add(len(each))
            yield each
        good.require_some()
        if told := survey.order.told():
            self.bad.notes.append(f"{path.name}: {told}")

    def first_time(self, path: Path) -> int | None:
        """Of the file's first record that has a possible one; None where there is none."""
        for part in self._in_time_order(path, BadRows(), unheard, self._order(path)):
            possible = part.columns.ts[possible_times(part.columns)]
            if len(possible):
                return int(possible[0])
        return None

    def _order(self, path: Path) -> RecordOrder:
        order = RecordOrder()
        for rows, columns in self._glance(path, "ts", "symbol"):
            order.add(columns.names, columns.symbol, columns.ts)
            if "symbol" not in rows.resolved:  # of one symbol the first rows tell which way the file goes
                break
        return order

    def _glance(self, path: Path, *only: str) -> Iterator[tuple[NumberRows, Columns]]:
        """Columns of these names alone: whoever reads the file says what is wrong with it."""
        symbols, unsaid = Symbols(), BadRows()
        for block in read_rows(path, self.names, unsaid, self.form, only=only):
            rows = NumberRows(block, self._known(block), unsaid)
            if "ts" not in rows.resolved or (self.symbol is None and "symbol" not in rows.resolved):
                return
            ts, symbol = rows.time("ts"), self._symbols(rows, symbols)
            interval = rows.interval()
            good = rows.good()
            if good.any():
                nothing = np.full(int(good.sum()), NOT_QUOTED, np.int64)
                prices = (nothing, nothing, nothing, nothing)
                yield rows, Columns(symbols.names, symbol[good], ts[good], *prices, interval=interval[good])

    def _bars(self, path: Path, parts: Iterator[PartOfFile], survey: Survey) -> Iterator[Columns]:
        filled = self._filled(path, parts, survey)
        return in_known_order(filled) if survey.is_mixed() else filled

    def _filled(self, path: Path, parts: Iterator[PartOfFile], survey: Survey) -> Iterator[Columns]:
        fit = Fit(path.name, self.bad)
        for part in parts:
            survey.fill(part, fit)
            yield part.columns
        fit.finish()
        survey.tell(self.bad)

    def _in_time_order(
        self, path: Path, bad: BadRows, progress: Read, order: RecordOrder
    ) -> Iterator[PartOfFile]:
        parts = self._parts(path, bad, progress)
        return in_time_order(parts, order, ROWS) if order.told() else parts

    def _parts(self, path: Path, bad: BadRows, progress: Read) -> Iterator[PartOfFile]:
        symbols = Symbols()
        for block in read_rows(path, self.names, bad, self.form, progress):
            rows = NumberRows(block, self._resolve(block), bad)
            columns, good = self._columns(rows, symbols)
            if len(columns):
                yield PartOfFile(columns, block.rows[good], block.word)

    def _resolve(self, block: FileBlock) -> dict[str, str]:
        if self.symbol is None and "symbol" not in self._known(block):
            found = ", ".join(block.columns)
            raise FileError(f"{block.file}: no column symbol; found {found}; name the symbol with --symbol")
        resolved = require(block, self.names, self.needed)
        if self.kind == "ticks" and "price" not in resolved and not {"bid", "ask"} <= resolved.keys():
            raise FileError(
                f"{block.file}: no column price; found {', '.join(block.columns)}; expected one of "
                f"{', '.join(TICKS['price'])}, or a bid and an ask"
            )
        return resolved

    def _known(self, block: FileBlock) -> dict[str, str]:
        return require(block, self.names, [])

    def _columns(self, rows: NumberRows, symbols: Symbols) -> tuple[Columns, Flags]:
        """The good rows, and which they are."""
        ts = rows.time("ts")
        symbol = self._symbols(rows, symbols)
        if self.kind == "ticks":
            prices = {name: rows.price(name) for name in ("price", "bid", "ask")}
        else:
            prices = {name: rows.price(name, needed=True) for name in ("open", "high", "low", "close")}
        size = rows.size("size" if self.kind == "ticks" else "volume")
        interval = rows.interval()
        good = rows.good()
        taken = {name: values[good] for name, values in prices.items()}
        if self.kind == "ticks":
            ticks = (symbol[good], ts[good], taken["price"], size[good], taken["bid"], taken["ask"])
            return Columns(symbols.names, *ticks), good
        nothing = np.full(int(good.sum()), NOT_QUOTED, np.int64)
        bars = Columns(
            symbols.names,
            symbol[good],
            ts[good],
            taken["close"],
            size[good],
            nothing,
            nothing,
            kind=np.full(len(nothing), BAR, np.int8),
            open=taken["open"],
            high=taken["high"],
            low=taken["low"],
            interval=interval[good],
        )
        return bars, good

    def _symbols(self, rows: NumberRows, symbols: Symbols) -> npt.NDArray[np.int32]:
        column = rows.column("symbol")
        if column is None:
            return symbols.one(self.symbol or "", len(rows))
        numbers = symbols.encode(column)
        rows.refuse("symbol", numbers < 0, f"a symbol of {names.expected()}")
        return numbers
