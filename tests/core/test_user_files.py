"""Paths as people write them, text with a byte order mark, folders that files stand in the way of."""

import json
import os
from pathlib import Path

import pytest

from scaling.core.errors import UserError
from scaling.core.files import make_folder, parse_json, read_text, user_path


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


@pytest.mark.parametrize("text", ['{"a": [1, -2.5, "x", null, true]}', "[]", "9223372036854775807"])
def test_json_as_plain_data(text):
    assert parse_json(text) == json.loads(text)
    assert parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Expecting property name"),
        ("NaN", "NaN is no finite number"),
        ("[1e999]", "1e999 is no finite number"),
        ("[-Infinity]", "-Infinity is no finite number"),
        ("9223372036854775808", "9223372036854775808 is a whole number of more than 63 bits"),
        ("1" * 5000, "1{20} is a whole number of more than 63 bits"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_json_that_no_file_of_ours_holds(text, told):
    with pytest.raises(ValueError, match=told):
        parse_json(text)
