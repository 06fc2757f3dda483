"""What a person adds in `ghostfill.yaml`, each under a name: accounts, feeds and strategies."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from streams.accounts import SettingsError, account_within, values
from streams.accounts.document import Item
from streams.accounts.keys import READERS
from streams.cli.instance.sections import Reader, as_option, file, given, market, named
from streams.cli.instance.setup import Feed, Own, Published, Recorded, Simulated
from streams.cli.options.params import SPEED, TIME
from streams.clients.settings_texts import settings_of
from streams.local.machine.home import CLICKHOUSE, WEB
from streams.local.parts.program import path_of

ACCOUNTS = "names, each with an account's keys, such as mine: {preset: vsr-slicer, follow: [tracker]}"
FEED = "one of simulate: {speed: 60x}, publish: {ticks: day.csv.gz} and command: [python, my_feed.py]"
SIMULATE = "{speed: 60x, seed: 5}"
PUBLISH = "one of ticks, bars and signals, and its file, such as {ticks: day.csv.gz, speed: 60x}"
COMMAND = "a program and its arguments, such as [python, my_strategy.py]"
STRATEGY = f"command: {COMMAND}"
ENVIRONMENT = "names and values, such as {RISK: low}"
KINDS: tuple[Recorded, ...] = get_args(Recorded)
OURS = ("kafka", CLICKHOUSE, "gate", "desk", "sink", WEB, "accounts")
"""What the parts of Ghostfill itself are called."""

_part_name = values.text(
    "a name of up to 30 letters, digits, dots, dashes and underscores", r"[A-Za-z0-9][\w.-]{0,29}"
)
_variable = values.text("the name of a variable, such as RISK", r"[A-Za-z_]\w*")


def read_accounts(item: Item, folder: Path) -> dict[str, str]:
    """The settings of each, as a `create` has them."""

    def account(name: str, each: Item) -> str:
        words = account_within(each, name, folder)
        try:
            return settings_of(words)
        except SettingsError as error:
            raise each.fault(str(error)) from None

    return named(item, READERS["name"], account, ACCOUNTS)


def read_feeds(item: Item, folder: Path) -> dict[str, Feed]:
    return named(item, _name, lambda _, each: _feed(each, folder), f"names, each with {FEED}")


def read_strategies(item: Item, folder: Path) -> dict[str, Own]:
    return named(item, _name, lambda _, each: _own(each, folder), f"names, each with {STRATEGY}")


def _name(name: Item) -> None:
    _part_name(name)
    if name.text in OURS or name.text.startswith("desk-"):
        raise name.fault("a part of Ghostfill has this name; expected another")


def _feed(item: Item, folder: Path) -> Feed:
    kinds = [kind for kind in ("simulate", "publish", "command") if kind in item.entries]
    match kinds:
        case ["command"]:
            return _own(item, folder)
        case ["simulate"]:
            simulated: Simulated = item.fields({"simulate": _simulated}, FEED)["simulate"]
            return simulated
        case ["publish"]:
            published: Published = item.fields({"publish": lambda each: _published(each, folder)}, FEED)[
                "publish"
            ]
            return published
        case _:
            raise item.fault(f"expected {FEED}")


def _simulated(item: Item) -> Simulated:
    readers: Mapping[str, Reader] = {
        "speed": as_option(SPEED),
        "seed": values.whole(least=0),
        "market": market,
        "accounts": values.boolean,
    }
    return Simulated(**given(item, readers, SIMULATE))


def _published(item: Item, folder: Path) -> Published:
    readers: Mapping[str, Reader] = {
        **{kind: file(folder, "a file to publish") for kind in KINDS},
        "speed": as_option(SPEED),
        "from": as_option(TIME),
        "market": market,
        "symbol": values.text("a symbol", r"\S+"),
    }
    read = given(item, readers, PUBLISH)
    kinds = [kind for kind in KINDS if kind in read]
    if len(kinds) != 1:
        raise item.fault(f"expected {PUBLISH}")
    (kind,) = kinds
    return Published(kind=kind, file=read.pop(kind), start=read.pop("from", None), **read)


def _own(item: Item, folder: Path) -> Own:
    readers: Mapping[str, Reader] = {
        "command": lambda each: tuple(word.value(COMMAND) for word in each.list_or_one(COMMAND)),
        "folder": lambda each: folder / Path(each.value("a folder")).expanduser(),
        "environment": lambda each: named(each, _variable, lambda _, value: value.text, ENVIRONMENT),
    }
    read = given(item, readers, STRATEGY)
    if not read.get("command"):
        raise item.fault(f"expected {STRATEGY}")
    own = Own(**{"folder": folder, **read})
    if not own.folder.is_dir():
        raise item.entries["folder"].wrong("a folder that is there")
    if not _is_program(own):
        raise item.entries["command"].fault(
            f'found no program "{own.command[0]}"; expected one that is on PATH, or its path'
        )
    return own


def _is_program(own: Own) -> bool:
    program = own.command[0]
    if os.sep in program:
        return os.access(own.folder / program, os.X_OK)
    return shutil.which(program, path=path_of({**os.environ, **own.environment})) is not None
