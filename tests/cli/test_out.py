"""Files that flags name: what cannot be written is said before the work, and missing folders are made."""

import os
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from PIL import Image

from scaling import architecture
from scaling.cam import __main__ as cam
from scaling.core.errors import UserError
from scaling.core.files import require_writable
from scaling.export import __main__ as export
from scaling.nets import build
from scaling.profile import __main__ as profile
from scaling.weights.files import write_safetensors
from scaling.weights.loading import unload

COMMANDS = {
    "export .stablehlo": (export.main, ["--model", "mobilenet_v1", "--weights", "W"], "--out", "a.stablehlo"),
    "export .safetensors": (export.main, ["--model", "mobilenet_v1", "--weights", "W"], "--out", "a.safetensors"),
    "cam": (cam.main, ["--model", "mobilenet_v1", "--weights", "W", "image.png"], "--out", "looks"),
    "profile": (profile.main, ["small"], "--record", "records"),
}


def never(*given, **named):
    raise AssertionError("nothing is loaded and nothing is measured")


@pytest.fixture
def idle(tmp_path, monkeypatch):
    """A folder in which no command comes to its work."""
    monkeypatch.chdir(tmp_path)
    for work in ("scaling.weights.models.open_model", "scaling.profile.measure.device_limits"):
        monkeypatch.setattr(work, never)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_inside_a_file_is_refused_before_the_work(command, idle, capsys):
    Path("file").touch()
    main, words, flag, name = COMMANDS[command]
    assert main([*words, flag, f"file/deeper/{name}"]) == 2
    err = capsys.readouterr().err
    assert f"error: {flag}: file is no folder, so file/deeper/{name}" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_must_not_be_written_to_is_refused_before_the_work(command, idle, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    main, words, flag, name = COMMANDS[command]
    assert main([*words, flag, name]) == 2
    assert f"error: {flag}: . must not be written to; name a file elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_is_no_file(command, idle, capsys):
    main, words, flag, name = COMMANDS[command]
    taken = {"cam": "looks.png", "profile": "records/profile.json"}.get(command, f"{name}.json")
    Path(taken).mkdir(parents=True)
    assert main([*words, flag, name]) == 2
    assert capsys.readouterr().err.endswith(f"error: {flag}: {taken} is a folder; name a file\n")


@pytest.mark.parametrize("name", [".", "..", "folder/.."])
def test_names_without_a_file(name, idle):
    Path("folder").mkdir()
    with pytest.raises(UserError, match=f"^--out: {name} is a folder; name a file$"):
        require_writable(Path(name), "--out")


def test_folders_on_the_way_are_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    described = architecture("mobilenet_v1")
    write_safetensors(Path("W"), unload(build(described, 3, rngs=nnx.Rngs(0)), described), {})
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save("image.png")
    for command in ("export .safetensors", "cam"):
        main, words, flag, name = COMMANDS[command]
        assert main([*words, flag, f"no/such/{name}"]) == 0
    assert sorted(path.name for path in Path("no/such").iterdir()) == [
        "a.safetensors",
        "a.safetensors.json",
        "looks.png",
        "looks.svg",
    ]
    require_writable(Path("neither/of/these"), "--out")
    assert not Path("neither").exists()
