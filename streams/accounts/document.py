"""A YAML text as items that know where they stand, and the faults found in it.

Rules of this file: a scalar stays the text that was written, so that `0.1` is exactly a tenth and
`15:55` is a time; every fault says where, what was found and what was expected.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

DEEPEST = 8
"""Levels of nesting; no file of ours needs more, and an alias may refer to itself."""

MOST_FAULTS = 20
"""Of one text. To look for what was meant takes long, and nobody reads a thousand."""
LONGEST_SHOWN = 80
"""Letters of what was found."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one where it is built."""

FEW = 8
"""So many names are listed where none is near to what was written."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a text that a person wrote."""

    origin: str
    line: int | None
    key: str = ""

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        return f"{self.origin}{line}" + (f", {shown(self.key)}" if self.key else "")


class Fault(str):
    """What is wrong as it is told, and apart from that what it is about: a page marks the field."""

    where: Where
    what: str

    def __new__(cls, where: Where, what: str) -> "Fault":
        told = super().__new__(cls, f"{where}: {what}")
        told.where, told.what = where, what
        return told

    @property
    def setting(self) -> str:
        """The key of an account file."""
        return re.split(r"[.\[]", self.where.key or self.where.origin)[0]


class SettingsError(ValueError):
    """Everything that is wrong with a text, a line each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Faults:
    """Gathers faults, so that all of a text's are told at once; of very many the first."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        try:
            yield
        except SettingsError as error:
            self.found.extend(error.faults)
        if len(self.found) >= MOST_FAULTS:
            raise SettingsError(self.found[:MOST_FAULTS])

    def raise_any(self) -> None:
        if self.found:
            raise SettingsError(self.found)


@dataclass(frozen=True, slots=True)
class Item:
    """A value's text, a list's items, or a mapping's entries: the other two are empty."""

    where: Where
    kind: str
    text: str = ""
    items: tuple["Item", ...] = ()
    entries: dict[str, "Item"] = field(default_factory=dict)

    @property
    def is_none(self) -> bool:
        """Whether it says that its key is not set."""
        return self.kind == "value" and self.text in ("", "~", "null", "none")

    def plain(self) -> Any:
        """The same as JSON; a value stays the text that was written."""
        if self.kind == "mapping":
            return {key: item.plain() for key, item in self.entries.items()}
        return [item.plain() for item in self.items] if self.kind == "list" else self.text

    def wrong(self, expected: str) -> SettingsError:
        found = f'"{shown(self.text)}"' if self.kind == "value" else f"a {self.kind}"
        return self.fault(f"found {found}; expected {expected}")

    def fault(self, what: str) -> SettingsError:
        return SettingsError([Fault(self.where, what)])

    def value(self, expected: str) -> str:
        """The text of a value."""
        if self.kind != "value" or not self.text:
            raise self.wrong(expected)
        return self.text

    def list_or_one(self, expected: str) -> tuple["Item", ...]:
        """A list's items; a single value stands for a list of one."""
        if self.kind == "mapping" or self.is_none:
            raise self.wrong(expected)
        return self.items if self.kind == "list" else (self,)

    def fields(self, readers: Mapping[str, Callable[["Item"], Any]], expected: str) -> dict[str, Any]:
        """What the readers make of a mapping's entries; unknown keys are faults."""
        if self.kind != "mapping":
            raise self.wrong(expected)
        faults = Faults()
        read = {}
        for key, item in self.entries.items():
            with faults.gathered():
                if key not in readers:
                    raise item.fault("unknown key; " + nearest(key, readers))
                read[key] = readers[key](item)
        faults.raise_any()
        return read

    def need(self, read: Mapping[str, Any], *keys: str) -> None:
        """Refuses a mapping that lacks one of these keys."""
        missing = [key for key in keys if key not in read]
        if missing:
            raise self.fault(f"{' and '.join(missing)} missing")


def shown(text: str) -> str:
    """As much of a text as a message has room for."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or all of a few."""
    names = list(known)
    name = shown(name).lower()
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    if len(names) <= FEW:
        return "known are " + ", ".join(names)
    return f"the nearest known one is {difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]}"


def parse(text: str, origin: str, faults: Faults) -> Item:
    """The text's one document; an empty one is an empty mapping. What stands twice is a fault."""
    node = _compose(text, Where(origin, 1))
    if node is None:
        return Item(Where(origin, 1), "mapping")
    return _item(node, Where(origin, _line(node)), 1, faults)


def parse_value(text: str, origin: str) -> Item:
    """A value given outside a file: it has no line."""
    faults = Faults()
    node = _compose(text, Where(origin, None))
    if node is None:
        return Item(Where(origin, None), "value")
    item = _without_line(_item(node, Where(origin, None), 1, faults))
    faults.raise_any()
    return item


def _compose(text: str, where: Where) -> yaml.Node | None:
    try:
        _check_depth(text, where)
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if where.line is not None and mark is not None:
            where = Where(where.origin, mark.line + 1)
        raise SettingsError([Fault(where, f"not YAML: {error.problem or error.context}")]) from None
    except yaml.YAMLError as error:
        raise SettingsError([Fault(where, f"not YAML: {error}")]) from None


def _check_depth(text: str, where: Where) -> None:
    """What is composed goes as deep as its text does, and must not come to the end of the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _too_deep(where)


def _too_deep(where: Where) -> SettingsError:
    return SettingsError([Fault(where, f"nested deeper than {DEEPEST} levels")])


def _item(node: yaml.Node, where: Where, depth: int, faults: Faults) -> Item:
    if depth > DEEPEST:
        raise _too_deep(where)
    if isinstance(node, yaml.ScalarNode):
        return Item(where, "value", text=node.value.strip())
    if isinstance(node, yaml.SequenceNode):
        parts = (
            _item(part, Where(where.origin, _line(part), f"{where.key}[{number}]"), depth + 1, faults)
            for number, part in enumerate(node.value, start=1)
        )
        return Item(where, "list", items=tuple(parts))
    entries: dict[str, Item] = {}
    for name_node, part in node.value:
        name = str(name_node.value) if isinstance(name_node, yaml.ScalarNode) else "?"
        place = Where(where.origin, _line(name_node), f"{where.key}.{name}" if where.key else name)
        if name in entries:
            faults.found.append(f"{place}: given twice, first on line {entries[name].where.line}")
        entries[name] = _item(part, place, depth + 1, faults)
    return Item(where, "mapping", entries=entries)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _without_line(item: Item) -> Item:
    return Item(
        Where(item.where.origin, None, item.where.key),
        item.kind,
        item.text,
        tuple(_without_line(part) for part in item.items),
        {name: _without_line(part) for name, part in item.entries.items()},
    )
