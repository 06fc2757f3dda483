"""`ghostfill token`, as a person uses it."""

import json

import pytest

from streams.local.machine.home import HOME
from streams.web.guard.tokens import Tokens
from tests.shell.conftest import run


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_token_is_shown_once(home, capsys):
    assert run("token create phone --role read --expires 30d") == 0
    shown = capsys.readouterr()
    assert "phone may read, until" in shown.err and "not shown again" in shown.err
    found = Tokens(home / "tokens.json").find(shown.out.strip())
    assert found is not None and found.expires is not None and (found.expires - found.created).days == 30
    assert run("token list") == 0 and run("token list --json") == 0
    assert shown.out.strip().split("_", 2)[2] not in capsys.readouterr().out


def test_the_list_is_for_people_and_programs(capsys):
    assert run("token list") == 0
    assert "ghostfill token create" in capsys.readouterr().out
    run("token create desk --role trade")
    capsys.readouterr()
    run("token list")
    heads, row = capsys.readouterr().out.splitlines()
    assert heads.split() == ["name", "id", "role", "created", "expires"]
    assert row.split()[0] == "desk" and row.split()[2] == "trade" and row.endswith("never")
    run("token list --json")
    (each,) = json.loads(capsys.readouterr().out)
    assert set(each) == {"name", "id", "role", "created", "expires", "is_live"}


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_token_is_revoked_by_name_or_id(home, capsys, by):
    run("token create desk --role trade")
    tokens = Tokens(home / "tokens.json")
    text = capsys.readouterr().out.strip()
    assert tokens.find(text) is not None
    assert run(["token", "revoke", getattr(tokens.all()[0], by)]) == 0
    assert Tokens(home / "tokens.json").find(text) is None
    assert run("token revoke desk") == 1
    assert "no token desk" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("token create", 2, "Missing argument"),
        ("token create a", 2, "--role"),
        ("token create a --role admin", 2, "'read', 'trade'"),
        ("token create a --role read --expires 0d", 2, "expected a time such as 30d"),
        ("token create a --role read --expires 99999999999d", 2, "expected a time such as 30d"),
        ("token create a --role read --expires soon", 2, "expected a time such as 30d"),
        ("token create ../a --role read", 1, "expected up to 64 letters"),
        ("token revoke a", 1, "there are none"),
    ],
)
def test_what_is_wrong_is_told(capsys, line, code, says):
    assert run(line) == code
    assert says in capsys.readouterr().err
