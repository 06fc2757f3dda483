"""Tokens: made, found, ended, and kept as they should be."""

import json
import stat
import threading
from datetime import timedelta

import pytest

from streams.local.machine import private
from streams.web.guard.tokens import TokenError, Tokens


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "home" / "tokens.json", clock=Clock())


class Clock:
    """A second later each time, so that each look is a new one."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_a_token_is_found_by_its_text_alone(tokens):
    made, text = tokens.create("phone", "read")
    other, other_text = tokens.create("desk", "trade")
    assert tokens.find(text) == made and tokens.find(other_text) == other
    prefix, id_, secret = text.split("_", 2)
    assert (prefix, id_) == ("gf", made.id) and len(secret) == 43
    other_secret = other_text.split("_", 2)[2]
    for wrong in (
        "",
        "gf",
        secret,
        made.id,
        made.sha256,
        f"gf_{made.id}_",
        f"gf_{made.id}_{made.sha256}",
        f"gf_{made.id}_{other_secret}",
        f"{text} ",
        f"{text}\n",
        text.upper(),
    ):
        assert tokens.find(wrong) is None


def test_the_secret_is_nowhere_in_the_file(tokens):
    _, text = tokens.create("phone", "read")
    kept = tokens.file.read_text()
    assert text not in kept and text.split("_", 2)[2] not in kept
    assert set(json.loads(kept)["tokens"][0]) == {"id", "name", "role", "sha256", "created", "expires"}


def test_its_user_alone_may_read_the_files(tokens):
    tokens.create("phone", "read")
    private.key(tokens.file.parent / "web.key")
    for file in (tokens.file, tokens.file.parent / "web.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {file.name for file in tokens.file.parent.iterdir()} == {
        "tokens.json",
        "tokens.json.lock",
        "web.key",
        "web.key.lock",
    }


def test_a_running_server_sees_what_others_change(tokens):
    running = Tokens(tokens.file, clock=Clock())
    assert running.find("gf_00000000_" + "A" * 43) is None
    made, text = tokens.create("phone", "read")
    assert running.find(text) == made
    tokens.revoke(made.id)
    assert running.find(text) is None
    _, text = tokens.create("phone", "trade")
    assert running.find(text) is not None
    tokens.file.unlink()
    assert running.find(text) is None


def test_it_looks_once_a_second(tokens):
    now = 0.0
    running = Tokens(tokens.file, clock=lambda: now)
    assert running.by_id("00000000") is None
    _, text = tokens.create("phone", "read")
    now = 0.9
    assert running.find(text) is None
    now = 1.0
    assert running.find(text) is not None


def test_it_ends_when_it_expires(tokens):
    _, text = tokens.create("phone", "read", timedelta(days=1))
    assert tokens.find(text) is not None
    _, text = tokens.create("old", "read", timedelta(seconds=-1))
    assert tokens.find(text) is None
    assert [each.is_live for each in tokens.all()] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"tokens": [{"id": 1}]}',
        '{"tokens": [{"id": "a", "name": "a", "role": "root", "sha256": "", "created": "2026-01-01T00:00:00Z"}]}',
        "\xff",
    ],
)
def test_a_file_that_is_broken_lets_nobody_in(tokens, caplog, text):
    _, secret = tokens.create("phone", "read")
    tokens.file.write_bytes(text.encode("latin-1"))
    assert tokens.find(secret) is None
    assert "nobody is let in" in caplog.text
    for change in (lambda: tokens.create("other", "read"), lambda: tokens.revoke("phone"), tokens.all):
        with pytest.raises(TokenError, match="cannot be read"):
            change()
    assert tokens.file.read_bytes() == text.encode("latin-1")


def test_names_are_told_apart(tokens):
    made, _ = tokens.create("phone", "read")
    for name in ("phone", made.id):
        with pytest.raises(TokenError, match="already"):
            tokens.create(name, "trade")
    for name in ("", "a b", "../x", "-x", "<script>", "a" * 65, "x\n"):
        with pytest.raises(TokenError, match="expected up to 64"):
            tokens.create(name, "read")
    with pytest.raises(TokenError, match="there are phone"):
        tokens.revoke("desk")


def test_many_at_once_lose_nothing(tokens):
    def work(number: int) -> None:
        mine = Tokens(tokens.file)
        for step in range(5):
            mine.create(f"t{number}-{step}", "read")
        mine.revoke(f"t{number}-0")

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.name for each in tokens.all()) == sorted(
        f"t{n}-{s}" for n in range(8) for s in range(1, 5)
    )


def test_a_key_stays_and_a_broken_one_is_told(tmp_path):
    file = tmp_path / "web.key"
    assert private.key(file) == private.key(file) and len(private.key(file)) == 32
    file.write_bytes(b"short")
    with pytest.raises(private.PrivateFileError, match="5 bytes; expected 32"):
        private.key(file)
