"""Accounts that are to be there: a desk is waited for, and what it answers is told."""

import pytest

from schemas.messages import Command
from streams.cli import opening
from streams.cli.opening import await_ready, open_accounts
from streams.transport.cluster import ClusterError


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(opening, "LOOK_S", 0.01)
    monkeypatch.setattr(opening, "ANSWER_S", 2.0)


def failing(*words):
    """Something that is not there so often."""
    left = list(words)

    def find(*_):
        if left:
            raise ClusterError(left.pop(0))
        return "found"

    return find


def test_what_is_not_there_is_waited_for_and_told_once(capsys):
    assert await_ready(failing("no topic", "no topic", "no desk", "no desk")) == "found"
    assert capsys.readouterr().err == "waiting: no topic\nwaiting: no desk\n"


def test_accounts_are_opened_when_a_desk_is_there(live, desk, monkeypatch, capsys):
    monkeypatch.setattr(opening, "_need_desk", failing("no desk is running yet"))
    silent = ["opening-b"]

    def answer(command: Command):
        if command.account in silent:
            silent.remove(command.account)
            return []
        exists = {"decision": "refused", "reason": "exists"}
        return [exists if command.account == "opening-c" else {"decision": "accepted"}]

    desk.answer = answer
    settings = '{"preset": "auto-trader"}'
    open_accounts(live.cluster, dict.fromkeys(("opening-a", "opening-b", "opening-c"), settings))
    asked = sorted(command.account for command in desk.commands)
    assert asked == ["opening-a", "opening-b", "opening-b", "opening-c"]
    said = capsys.readouterr()
    assert said.out == "create opening-a: accepted\ncreate opening-b: accepted\n"
    assert said.err == "waiting: no desk is running yet\n"


def test_an_account_is_opened_at_a_time_that_is_known(live, desk, monkeypatch):
    monkeypatch.setattr(opening, "_need_desk", failing())
    desk.answer = lambda command: [{"decision": "accepted"}]
    open_accounts(live.cluster, {"opening-e": '{"preset": "auto-trader"}'}, 5_000_000)
    (command,) = desk.commands
    assert (command.account, command.ts) == ("opening-e", 5_000_000)


def test_an_account_that_is_refused_is_an_error(live, desk, monkeypatch):
    monkeypatch.setattr(opening, "_need_desk", failing())
    desk.answer = lambda command: [{"decision": "refused", "reason": "settings"}]
    with pytest.raises(ClusterError, match="create opening-d: refused: settings"):
        open_accounts(live.cluster, {"opening-d": '{"preset": "auto-trader"}'})


def test_without_accounts_no_desk_is_needed(live, desk):
    open_accounts(live.cluster, {})
    assert desk.commands == []
