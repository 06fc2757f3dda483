"""Who else can log in to this machine."""

import pwd

import pytest

from streams.cli.instance.instance import Ghostfill
from streams.cli.instance.setup import Setup, WebSetup
from streams.local.machine import people
from streams.local.machine.home import Home


def account(name, uid, shell="/bin/bash"):
    return pwd.struct_passwd((name, "x", uid, uid, "", f"/home/{name}", shell))


ACCOUNTS = [
    account("root", 0),
    account("daemon", 1, "/usr/sbin/nologin"),
    account("postgres", 70, "/bin/sh"),
    account("ann", 1000),
    account("bob", 1001, "/usr/bin/zsh"),
    account("eve", 1002, ""),
    account("git", 1003, "/usr/bin/false"),
    account("nobody", 65_534, "/bin/sh"),
]


def test_people_are_told_from_what_the_system_has():
    assert people.others(ACCOUNTS, me=1000) == ["bob", "eve"]
    assert people.others(ACCOUNTS, me=0) == ["ann", "bob", "eve"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["ann"], "ann"),
        (["ann", "bob", "eve"], "ann, bob and eve"),
        (["ann", "bob", "eve", "joe", "kim"], "ann, bob, eve and 2 more"),
    ],
)
def test_their_names(names, words):
    assert people.in_words(names) == words


@pytest.mark.parametrize(
    ("setup", "password", "what"),
    [
        (Setup(), "", "and may use Kafka and the page: see docs/security.md"),
        (Setup(), "secret", "and may use the page: see docs/security.md"),
        (Setup(parts=("trader",)), "", "and may use Kafka: see docs/security.md"),
        (Setup(web=WebSetup(names=("a.example",))), "secret", "but cannot use this Ghostfill"),
    ],
)
def test_one_line_says_what_they_may_use(tmp_path, monkeypatch, setup, password, what):
    instance = Ghostfill(Home(tmp_path), setup, {}, None)
    monkeypatch.setattr(instance.kafka, "exit_code", lambda: None)
    instance.kafka.password = password
    monkeypatch.setattr(people, "others", list)
    assert instance._others() is None
    monkeypatch.setattr(people, "others", lambda: ["ann"])
    assert instance._others() == f"ann can log in to this machine, {what}"
