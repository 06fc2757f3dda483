"""How the sections of `ghostfill.yaml` are read: a key without a value has its default."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from schemas.errors import MessageError
from streams.accounts import values
from streams.accounts.document import Faults, Item
from streams.local.kafka.topics import MARKET_NAME

Reader = Callable[[Item], Any]

market = values.text("a name of letters, digits, - and _, without `ticks.`", MARKET_NAME.pattern)


def given(item: Item, readers: Mapping[str, Reader], expected: str) -> dict[str, Any]:
    """What is said of these keys."""
    if item.is_none:
        return {}

    def unless_none(reader: Reader) -> Reader:
        return lambda each: None if each.is_none else reader(each)

    read = item.fields({key: unless_none(reader) for key, reader in readers.items()}, expected)
    return {key: value for key, value in read.items() if value is not None}


def section(kind: Callable[..., Any], readers: Mapping[str, Reader], expected: str) -> Reader:
    return lambda item: kind(**given(item, readers, expected))


def named(item: Item, check: Reader, reader: Callable[[str, Item], Any], expected: str) -> dict[str, Any]:
    """What the reader makes of each entry, by the entry's name."""
    if item.kind != "mapping":
        raise item.wrong(expected)
    faults = Faults()
    read = {}
    for name, entry in item.entries.items():
        with faults.gathered():
            check(Item(entry.where, "value", name))
            read[name] = reader(name, entry)
    faults.raise_any()
    return read


def port(item: Item) -> int:
    found = values.whole()(item)
    if found > 65535:
        raise item.wrong("a port, 1 to 65535")
    return found


def file(folder: Path, what: str) -> Callable[[Item], Path]:
    """A path as it is seen from the folder."""
    expected = f"the path of {what}"

    def read(item: Item) -> Path:
        path = folder / Path(item.value(expected)).expanduser()
        if not path.is_file():
            raise item.fault(f'found "{item.text}", and no such file; expected {expected}')
        return path

    return read


def as_option(option: Any) -> Callable[[Item], str]:
    """Text that an option of the command line takes."""

    def read(item: Item) -> str:
        try:
            option.read(item.value("a value"))
        except MessageError as error:
            raise item.wrong(error.expected) from None
        return item.text

    return read
