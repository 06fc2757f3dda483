"""What the dialog of an account's settings asks for: everything, as it can be sent back, and faults by their field."""

import json

import msgspec
import pytest

from streams.accounts import SettingsError, account_with, changed_settings, parse_account, presets
from streams.accounts.document import Fault
from streams.accounts.keys import READERS
from streams.clients.settings_texts import changes_in_words
from streams.engine.model.settings import Settings
from streams.web.pages.limits import FIXED, GROUPS, limits
from tests.shell.test_account_writing import EVERYTHING

EVERY = {name: account_with(name, {}) for name in presets()} | {
    "everything": parse_account(EVERYTHING, "everything", {"name": "all"})
}


def test_no_setting_is_forgotten():
    """A new key of an account file needs its words here."""
    asked = [key for titles in GROUPS.values() for key in titles]
    assert sorted([*asked, *FIXED]) == sorted(READERS)


def test_no_two_fields_have_the_same_name():
    titles = [title for group in GROUPS.values() for title in group.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", EVERY)
def test_what_it_shows_can_be_sent_back(name):
    texts = {each.key: each.text for group in limits(EVERY[name]).values() for each in group}
    read = json.loads(changed_settings(changes_in_words(texts), "settings"))
    assert msgspec.convert({**msgspec.to_builtins(EVERY[name]), **read}, Settings) == EVERY[name]


@pytest.mark.parametrize(
    ("texts", "settings"),
    [
        ({"max_positions": "many"}, {"max_positions"}),
        ({"slices": "[{at: 0m, fraction: 50%}"}, {"slices"}),
        ({"slices": "[{at: 0m, fraction: 50%, if: [rises]}]", "stop_loss": "2"}, {"slices", "stop_loss"}),
        ({"partial": "[{at: 1%, fraction: 70%}, {at: 2%, fraction: 70%}]"}, {"partial"}),
        ({"max_position": ""}, set()),
        ({"size": "", "filters": "vsr >> 3", "cooldown": "1y"}, {"size", "filters", "cooldown"}),
    ],
)
def test_a_fault_knows_its_field(texts, settings):
    if not settings:
        changed = changed_settings(changes_in_words(texts), "settings")
        assert json.loads(changed) == dict.fromkeys(texts), "what is left empty is switched off"
        return
    with pytest.raises(SettingsError) as told:
        changes_in_words(texts)
    faults = [each for each in told.value.faults if isinstance(each, Fault)]
    assert {each.setting for each in faults} == settings
    assert all(each.what and str(each).endswith(each.what) for each in faults)
