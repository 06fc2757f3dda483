"""Whom a signal concerns, while settings change and accounts come and go."""

from schemas.messages import Command, Signal
from streams.engine.account.account import Account
from streams.engine.model.settings import Instruments, Settings, Size
from streams.engine.model.units import ONE
from streams.engine.shard.followers import Followers
from tests.engine.worlds import START


def account(number: int, *follow: str) -> Account:
    settings = Settings(name=f"a{number}", balance=ONE, size=Size(mode="quantity"), follow=follow)
    return Account(settings, Instruments(), number=number)


def followers_of(*accounts: Account) -> Followers:
    followers = Followers()
    for each in accounts:
        followers.add(each)
    return followers


def concerned(followers: Followers, source: str) -> list[int]:
    signal = Signal(signal_id="s", source=source, symbol="X", side="long", ts=START)
    return [each.number for each in followers.of(signal)]


def test_who_follows_a_source_and_who_follows_all() -> None:
    both = account(2, "one", "two")
    followers = followers_of(both, account(1), account(0, "two"))
    assert concerned(followers, "one") == [1, 2]
    assert concerned(followers, "two") == [0, 1, 2]
    assert concerned(followers, "three") == [1]
    followers.remove(both)
    assert concerned(followers, "one") == [1]
    assert concerned(followers, "two") == [0, 1]


def test_who_waits_for_a_change_may_follow_anything() -> None:
    waits = account(0, "one")
    waits.inbox.add(Command(command_id="c", account="a0", kind="change", ts=START, settings="{}"), 0)
    followers = followers_of(waits, account(1, "two"))
    assert concerned(followers, "two") == [0, 1]
    followers.remove(waits)
    assert concerned(followers, "two") == [1]


def test_who_has_changed_follows_what_it_says() -> None:
    changed = account(0, "one")
    followers = followers_of(changed)
    followers.expect_change(changed)
    assert concerned(followers, "two") == []
    assert concerned(followers, "one") == [0]
    followers.remove(changed)
    assert concerned(followers, "one") == []
