"""Secrets of a home: random, the same for ever, and for its user alone."""

import os
import stat
import subprocess
import sys

import pytest

from streams.local.machine import private
from streams.local.machine.home import Home

SAYS_ONE = "import sys; from pathlib import Path; from streams.local.machine import private; print(private.secret(Path(sys.argv[1])))"


def test_a_secret_is_made_once_and_each_name_has_its_own(tmp_path):
    home, other = Home(tmp_path / "one"), Home(tmp_path / "other")
    made = home.secret("clickhouse")
    assert len(made) == 43
    assert home.secret("clickhouse") == made
    assert len({made, home.secret("kafka"), other.secret("clickhouse")}) == 3


def test_its_user_alone_may_read_a_secret(tmp_path):
    home = Home(tmp_path / "home")
    home.secret("clickhouse")
    folder = home.folder / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "clickhouse").stat().st_mode) == 0o600


def test_processes_that_begin_together_have_the_same_secret(tmp_path):
    command = [sys.executable, "-c", SAYS_ONE, str(tmp_path / "secrets" / "clickhouse")]
    begun = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate()[0] for process in begun}) == 1
    assert [process.returncode for process in begun] == [0] * 4


@pytest.mark.parametrize("read", [private.secret, private.key])
def test_what_another_user_wrote_is_no_secret(tmp_path, monkeypatch, read):
    """Who is root may read it all the same."""
    file = tmp_path / "clickhouse"
    read(file)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(private.PrivateFileError, match=f"{file} belongs to another user"):
        read(file)


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("short", 0o600), ("x" * 43, 0o640)])
def test_what_is_no_secret_is_told_with_its_file(tmp_path, text, mode):
    file = tmp_path / "clickhouse"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(private.PrivateFileError, match=f"{file} .*delete it, and start Ghostfill again"):
        private.secret(file)
