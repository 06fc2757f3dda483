"""What an account may be called that is opened from now on; those that are open keep their names."""

import json

import msgspec
import pytest

from schemas.messages import Command
from streams.accounts import SettingsError, account_with, whole_settings
from streams.agents.settings_units import in_engine_units
from streams.cli.instance.opening import open_accounts
from streams.clients.settings_texts import create_settings
from streams.engine.model.settings_check import BadSettingsError, read_settings
from streams.transport.kafka.cluster import Cluster

NAMES = ["mine", "paper-1", "7", "a.b_c-d", "vsr-slicer", "x" * 64]
LOOK_ALIKES = [
    "Paper-1", "PAPER-1", "paper-1 ", " paper-1", "paper 1", "p\u0430per-1", "paper\u20111", "paper-\u0661", "\uff50aper-1", "paper-1\u0301",
    "paper-\u00b9", "pa\u200bper-1", "\u202epaper-1", "paper-1\n", "pa\x00per", "ﬁne",
    "", ".", "..", "-a", "_a", "a/b", "a\\b", "a:b", "=a", "x" * 65,
]  # fmt: skip


def command(account, kind="create", **settings):
    return Command(command_id="c", account=account, kind=kind, ts=1, settings=json.dumps(settings))


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_name_is_a_name(name):
    settings = read_settings(in_engine_units(command(name, preset="vsr-slicer")).settings)
    assert settings.name == name
    assert json.loads(create_settings(name, "vsr-slicer", (), {}, None))["name"] == name


@pytest.mark.parametrize("name", LOOK_ALIKES, ids=ascii)
def test_no_new_account_is_called_like_another(name):
    """Whoever asks: on the topic, at the terminal, and for an account of the file of `up` that is not there."""
    expected = "expected a name of up to 64 small letters from a to z, digits"
    with pytest.raises(BadSettingsError, match=expected) as refused:
        read_settings(in_engine_units(command(name, preset="vsr-slicer")).settings)
    assert str(refused.value).isascii() and str(refused.value).isprintable()
    with pytest.raises(SettingsError, match=expected):
        create_settings(name, "vsr-slicer", (), {}, None)


def test_the_file_of_up_opens_no_look_alike(monkeypatch):
    monkeypatch.setattr("streams.cli.instance.opening._missing", lambda cluster, settings: settings)
    with pytest.raises(SettingsError, match="found 'Mine'"):
        open_accounts(Cluster("nowhere:1"), {"mine": "{}", "Mine": "{}"}, lambda market: 0)


@pytest.mark.parametrize("name", ["Mein Konto", "Grün", "..", "A"])
def test_an_account_that_is_open_keeps_its_name(name):
    former = msgspec.structs.replace(account_with("vsr-slicer", {}), name=name)
    changed = in_engine_units(command(name, "change", stop_loss="3%"))
    assert read_settings(changed.settings, former).name == name
    assert in_engine_units(command(name, "pause")).account == name
    assert read_settings(whole_settings(former)).name == name


@pytest.mark.parametrize("rho", [-0.01, 1.01])
def test_a_correlation_that_no_two_symbols_have_is_refused(rho):
    engine_units = json.loads(in_engine_units(command("mine", preset="vsr-slicer")).settings or "")
    engine_units["max_correlated"] = {"positions": 1, "rho": rho}
    with pytest.raises(BadSettingsError, match="max_correlated"):
        read_settings(json.dumps(engine_units))
