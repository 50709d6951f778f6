"""Files that describe a network or a study, as people write and name them."""

import pytest

from scaling.arch import SMALL
from scaling.core.errors import SpecError, UserError
from scaling.grid.spec import read_spec
from scaling.study.spec import baseline_toml, find_spec, read_baseline, read_toml

NOT_UTF8 = "not a TOML file: its text is not in UTF-8; save it in that encoding"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home, which is the current folder too."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_byte_order_mark_is_no_part_of_a_file(home):
    (home / "mine.toml").write_bytes(b"\xef\xbb\xbf" + baseline_toml(SMALL).encode())
    assert read_baseline("mine.toml") == SMALL
    (home / "study.toml").write_bytes(b'\xef\xbb\xbfbaseline = "mine.toml"\nseeds = 4\n')
    spec = read_spec("study.toml")
    assert (spec.seeds, spec.baseline) == (4, SMALL)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding(encoding, home):
    (home / "mine.toml").write_bytes('name = "é"'.encode(encoding))
    with pytest.raises(SpecError, match=f"mine.toml: {NOT_UTF8}"):
        read_toml(home / "mine.toml")


def test_a_home_in_names_of_files(home):
    (home / "mine.toml").write_text(baseline_toml(SMALL))
    (home / "study.toml").write_text('baseline = "~/mine.toml"\n')
    assert read_baseline("~/mine.toml") == SMALL
    assert find_spec("~/study.toml") == home / "study.toml"
    assert read_spec("~/study.toml").baseline == SMALL
    with pytest.raises(SpecError, match=r"^~nobody_x/mine\.toml: cannot be read: No such file"):
        read_baseline("~nobody_x/mine.toml")


def test_a_file_or_folder_called_as_a_network_hides_none(home):
    (home / "small").touch()
    (home / "resnet50").mkdir()
    assert read_baseline("small") == SMALL
    assert read_baseline("resnet50").name == "resnet50"
    assert read_spec("default").baseline == SMALL


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file", "file: a file that describes a network must end in .toml"),
        ("/dev/null", "/dev/null: a file that describes a network must end in .toml"),
        ("folder", "folder is a folder; a network is described by a file that ends in .toml"),
        ("folder.toml", "folder.toml: cannot be read: Is a directory"),
        ("", "no network ''; known: efficientnet_b0, efficientnet_b1"),
        ("b0", "no network 'b0'; known: efficientnet_b0, .*, or a file that ends in .toml"),
        ("number.toml", "number.toml: baseline must be a name or a table, got 5"),
        ("list.toml", r"list.toml: baseline must be a name or a table, got \[1\]"),
        ("empty.toml", "empty.toml: Architecture: the key 'resolution' is missing"),
        ("damaged.toml", "damaged.toml: not a TOML file: Invalid value"),
    ],
)
def test_what_is_no_network(name, message, home):
    (home / "file").touch()
    (home / "folder").mkdir()
    (home / "folder.toml").mkdir()
    for stem, text in {"number": "baseline = 5", "list": "baseline = [1]", "empty": "", "damaged": "a = ["}.items():
        (home / f"{stem}.toml").write_text(text)
    with pytest.raises(UserError, match=f"^{message}"):
        read_baseline(name)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seeds = " + "1" * 5000, "not a TOML file: Exceeds the limit"),
        ("seeds = 9223372036854775808", r"seeds must be below 2\^63, got a whole number of 19 digits"),
        ("phi = 1" + "0" * 400, r"phi must be below 2\^63, got a whole number of 401 digits"),
        ("data = " + "[" * 100_000, "not a TOML file: nested too deeply"),
        ("side = 1e999", "side must be a whole number, got inf"),
    ],
)
def test_numbers_that_nothing_has_are_refused(tmp_path, text, told):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(SpecError, match=told):
        read_spec(str(path))
