"""An account's settings from a preset, a file, and values that override them.

Rules of this file: layers of keys, the later one wins, whole key by whole key; then all are read,
and all that is wrong is told at once.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from streams.accounts.document import Faults, Item, SettingsError, Where, nearest, parse, parse_value
from streams.accounts.keys import AGGRESSIVE, KNOWN, PRESET, READERS, WHEN_NONE
from streams.accounts.values import boolean
from streams.engine.model.settings import Settings, Size
from streams.engine.model.units import ONE

CAREFUL = 0.60
"""The confidence that `aggressive: false` alone asks for."""

PLAIN = {"balance": 100_000 * ONE, "size": Size(mode="quantity")}
"""What an account without preset and file starts from."""

FILE = "file"
WITHIN = "an account's keys, such as {preset: vsr-slicer, follow: [tracker]}"

Layer = dict[str, Item]


@cache
def presets() -> tuple[str, ...]:
    """The names of the accounts that ship with Ghostfill."""
    folder = resources.files("streams") / "presets"
    return tuple(sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".yaml")))


def preset_text(name: str) -> str:
    return (resources.files("streams") / "presets" / f"{name}.yaml").read_text(encoding="utf-8")


def load_account(path_or_preset: str, overrides: Mapping[str, str] | None = None) -> Settings:
    """A preset by its name, or a file by its path, with values as YAML text in place of its own."""
    if path_or_preset in presets():
        return account_with(path_or_preset, overrides or {})
    text = read_text(path_or_preset, "account", presets())
    return parse_account(text, path_or_preset, overrides)


def parse_account(text: str, origin: str, overrides: Mapping[str, str] | None = None) -> Settings:
    """An account file; without a `name` of its own it is called like the file."""
    faults = Faults()
    layer = _joined(_with_preset(_entries(text, origin, faults)), _override_layer(overrides or {}))
    return _settings(layer, {"name": Path(origin).stem}, origin, faults)


def named(settings: Settings, name: str, origin: str) -> Settings:
    """The same for an account of this name."""
    item = Item(Where(origin, None, "name"), "value", name)
    return msgspec.structs.replace(settings, name=READERS["name"](item))


def account_within(item: Item, name: str, folder: Path) -> dict[str, Any]:
    """An account of a larger file, checked, as its keys and texts; it may start from a `file` of its own."""
    if item.kind != "mapping":
        raise item.wrong(WITHIN)
    if "name" in item.entries:
        raise item.entries["name"].fault(f"its name is {name} already; leave the key out")
    faults = Faults()
    layer = {key: part for key, part in item.entries.items() if key != FILE}
    if FILE in item.entries:
        layer = _joined(_file_layer(item.entries[FILE], folder, PRESET in layer, faults), layer)
    _settings(_with_preset(layer), {"name": name}, str(item.where), faults)
    return {**{key: part.plain() for key, part in layer.items()}, "name": name}


def _file_layer(item: Item, folder: Path, has_preset: bool, faults: Faults) -> Layer:
    path = folder / item.value("an account file")
    if has_preset:
        raise item.fault("give file or preset, not both: a file names its own preset")
    if not path.is_file():
        raise item.wrong("an account file that is there")
    return _entries(read_text(str(path), "account", []), str(path), faults)


def account_with(preset: str | None, overrides: Mapping[str, str], name: str | None = None) -> Settings:
    """A preset, or a plain account, with values as YAML text in place of its own."""
    layer = _override_layer(overrides)
    if preset is None:
        return _settings(layer, {**PLAIN, "name": name or "account"}, "account", Faults())
    base = _preset_layer(Item(Where("account", None), "value", preset))
    return _settings(_joined(base, layer), {"name": name or preset}, preset, Faults())


def changed_settings(text: str, origin: str) -> str:
    """The keys that a `change` names, as the engine reads them: JSON of fields of `Settings`."""
    faults = Faults()
    item = parse_value(text, origin)
    if item.kind != "mapping":
        raise item.wrong('changed keys, such as {"stop_loss": "2%"}')
    values = _values(item.entries, faults)
    faults.raise_any()
    return msgspec.json.encode(values, order="deterministic").decode()


def whole_settings(settings: Settings) -> str:
    """What a `create` says: JSON of fields of `Settings`; what is as usual is left out."""
    return msgspec.json.encode(settings, order="deterministic").decode()


def _override_layer(overrides: Mapping[str, str]) -> Layer:
    faults = Faults()
    layer = {}
    for key, text in overrides.items():
        with faults.gathered():
            if key not in READERS and key != AGGRESSIVE:
                raise SettingsError([f"--set {key}: unknown key; " + nearest(key, KNOWN)])
            layer[key] = parse_value(text, f"--set {key}")
    faults.raise_any()
    return layer


def _preset_layer(name: Item) -> Layer:
    """The keys of a preset, which may itself build on another."""
    known = presets()
    if name.value("the name of a preset") not in known:
        raise name.wrong("a preset: " + nearest(name.text, known))
    return _preset_keys(name.text)


@cache
def _preset_keys(name: str) -> Layer:
    """Read once: thousands of accounts may be opened with it."""
    return _with_preset(_entries(preset_text(name), f"{name}.yaml", Faults()))


def read_text(path: str, what: str, names: Sequence[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        known = f" and no preset of that name; presets: {', '.join(names)}" if names else ""
        raise SettingsError([f"{path}: no such {what} file{known}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {error}"]) from None


def _entries(text: str, origin: str, faults: Faults) -> Layer:
    item = parse(text, origin, faults)
    if item.kind != "mapping":
        raise item.wrong("keys and values, such as balance: 100000")
    return item.entries


def _with_preset(layer: Layer) -> Layer:
    if PRESET not in layer:
        return layer
    rest = {key: item for key, item in layer.items() if key != PRESET}
    return _joined(_preset_layer(layer[PRESET]), rest)


def _joined(base: Layer, over: Layer) -> Layer:
    """A layer that speaks of confidence replaces all that the one below says of it."""
    spoken = {"min_confidence", AGGRESSIVE}
    replaced = over.keys() | (spoken if over.keys() & spoken else set())
    return {**{key: item for key, item in base.items() if key not in replaced}, **over}


def _settings(layer: Layer, defaults: Mapping[str, object], origin: str, faults: Faults) -> Settings:
    read = {**defaults, **_values(layer, faults)}
    missing = [key for key in ("balance", "size") if key not in read and key not in layer]
    if missing:
        faults.found.append(
            f"{origin}: {' and '.join(missing)} missing; give them, or a preset to start from"
        )
    with faults.gathered():
        _check_risk(layer, read)
    faults.raise_any()
    return msgspec.convert(read, Settings)


def _values(layer: Layer, faults: Faults) -> dict[str, object]:
    """The fields of `Settings` that the keys say."""
    read: dict[str, object] = {}
    for key, item in layer.items():
        with faults.gathered():
            if key not in READERS and key != AGGRESSIVE:
                raise item.fault("unknown key; " + nearest(key, KNOWN))
            if key == AGGRESSIVE:
                read |= _confidence(item, layer)
            elif key in WHEN_NONE and item.is_none:
                read[key] = WHEN_NONE[key]
            else:
                read[key] = READERS[key](item)
    return read


def _confidence(item: Item, layer: Layer) -> dict[str, object]:
    """What `aggressive` says, where no confidence is named."""
    aggressive = boolean(item)
    named = layer.get("min_confidence")
    if aggressive and named is not None and not named.is_none:
        raise item.fault("says that no confidence is needed, and min_confidence says the opposite")
    return {} if named is not None else {"min_confidence": None if aggressive else CAREFUL}


def _check_risk(layer: Layer, read: Mapping[str, object]) -> None:
    """A size by risk needs a distance that is not measured in itself."""
    size, stop = read.get("size"), read.get("stop_loss")
    if not isinstance(size, Size) or size.mode != "risk" or size.stop is not None or "size" not in layer:
        return
    if read.get("use_signal_targets") and stop is None:
        return
    if stop is None or getattr(stop, "kind", "") == "risk":
        raise layer["size"].fault("the risk has no distance; expected a stop, as in {risk: 2%, stop: 5%}")
