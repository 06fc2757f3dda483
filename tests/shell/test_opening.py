"""Accounts that are to be there: a desk is waited for, and what it answers is told."""

import pytest

from schemas.messages import Command
from streams.cli.instance import opening
from streams.cli.instance.first_time import first_time
from streams.cli.instance.opening import await_ready, open_accounts
from streams.cli.instance.setup import Feed, Own, Published, Simulated
from streams.clients import commands
from streams.engine.model.units import SECOND
from streams.feeds.market_day import OPEN
from streams.transport.kafka.cluster import ClusterError

BEGINS = 1_767_355_200 * SECOND


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(opening, "LOOK_S", 0.01)
    monkeypatch.setattr(opening, "ANSWER_S", 2.0)


def unknown(topic):
    """When a market's first record was."""
    return 0


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
    open_accounts(live.cluster, dict.fromkeys(("opening-a", "opening-b", "opening-c"), settings), unknown)
    asked = sorted(command.account for command in desk.commands)
    assert asked == ["opening-a", "opening-b", "opening-b", "opening-c"]
    said = capsys.readouterr()
    assert said.out == "create opening-a: accepted\ncreate opening-b: accepted\n"
    assert said.err == "waiting: no desk is running yet\n"


@pytest.mark.parametrize(
    ("newest", "expected"),
    [(0, BEGINS), (BEGINS + 7 * SECOND, BEGINS + 7 * SECOND)],
    ids=["empty", "not empty"],
)
def test_an_account_of_an_empty_market_is_opened_where_that_begins(live, desk, monkeypatch, newest, expected):
    monkeypatch.setattr(opening, "_need_desk", failing())
    monkeypatch.setattr(commands, "reports", lambda cluster: [])
    for module in (opening, commands):
        monkeypatch.setattr(module, "newest_time", lambda cluster, topic: newest)
    desk.answer = lambda command: [{"decision": "accepted"}]
    open_accounts(live.cluster, {"opening-e": '{"preset": "auto-trader"}'}, {"ticks": BEGINS}.__getitem__)
    (command,) = desk.commands
    assert (command.account, command.ts) == ("opening-e", expected)


def test_a_market_begins_with_the_first_record_of_all_its_files(tmp_path):
    def file(name, *times):
        path = tmp_path / name
        path.write_text("\n".join(["symbol,ts,price", *(f"X,{time},1" for time in times)]))
        return path

    feeds: list[Feed] = [
        Published("ticks", file("b.csv", 1_767_355_300, 1_767_355_400)),
        Published("ticks", file("a.csv", "bad", -5, 1_767_355_200, 1_767_355_500)),
        Published("signals", file("c.csv", 1_767_355_100)),
        Published("ticks", file("d.csv", 1_767_355_600), market="eu"),
        Published("ticks", file("empty.csv"), market="us"),
        Published("ticks", tmp_path / "none.csv", market="us"),
        Simulated(market="made-up"),
        Own(("./feed.sh",), tmp_path),
    ]
    expected = {
        "ticks": 1_767_355_200 * SECOND,
        "ticks.eu": 1_767_355_600 * SECOND,
        "ticks.us": 0,
        "ticks.made-up": OPEN,
        "ticks.other": 0,
    }
    assert {topic: first_time(feeds, topic) for topic in expected} == expected


def test_an_account_that_is_refused_is_an_error(live, desk, monkeypatch):
    monkeypatch.setattr(opening, "_need_desk", failing())
    desk.answer = lambda command: [{"decision": "refused", "reason": "settings"}]
    with pytest.raises(ClusterError, match="create opening-d: refused: settings"):
        open_accounts(live.cluster, {"opening-d": '{"preset": "auto-trader"}'}, unknown)


def test_without_accounts_no_desk_is_needed(live, desk):
    open_accounts(live.cluster, {}, unknown)
    assert desk.commands == []
