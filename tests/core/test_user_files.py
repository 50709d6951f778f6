"""Paths as people write them, text with a byte order mark, folders that files stand in the way of."""

import os
from pathlib import Path

import pytest

from scaling.core.errors import UserError
from scaling.core.files import make_folder, read_text, user_path


@pytest.mark.parametrize(
    ("text", "path"),
    [("~/nets", "/home/me/nets"), ("~", "/home/me"), ("~nobody_x/nets", "~nobody_x/nets"), ("a/~/b", "a/~/b"), ("/x", "/x")],
)
def test_user_path(text, path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert user_path(text) == user_path(Path(text)) == Path(path)


def test_user_path_without_a_home(monkeypatch):
    import pwd

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert user_path("~/nets") == Path("~/nets")


def test_read_text(tmp_path):
    path = tmp_path / "file"
    for content in (b"\xef\xbb\xbfcaf\xc3\xa9\n", b"caf\xc3\xa9\n"):
        path.write_bytes(content)
        assert read_text(path) == "café\n"
    path.write_bytes("café".encode("utf-16"))
    with pytest.raises(UnicodeDecodeError):
        read_text(path)


def test_make_folder(tmp_path):
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: cannot be a folder, since it is a file; name another"):
        make_folder(tmp_path / "file")
    with pytest.raises(UserError, match=f"file{os.sep}a{os.sep}b: cannot be a folder, since .*file is a file; name another"):
        make_folder(tmp_path / "file" / "a" / "b")
