"""Every flag that names a file or folder."""

import argparse
import importlib
from pathlib import Path

import pytest

from scaling.cli.options import place

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(path.parent.name for path in ROOT.glob("scaling/*/__main__.py"))
PLACES = ("FOLDER", "FILE", "RUN", "IMAGE")
"""What flags are called that take a file or folder and nothing else; NAME|FILE and NAME|PATH are read where they are used."""


def actions(command):
    return importlib.import_module(f"scaling.{command}.__main__").parser()._actions


@pytest.mark.parametrize("command", COMMANDS)
def test_every_place_is_read_as_one(command):
    for action in actions(command):
        names_a_place = action.metavar in PLACES
        assert action.type is not Path, action.dest
        assert not names_a_place or action.type is place, action.dest


@pytest.mark.parametrize(("text", "path"), [("~/nets", "/home/me/nets"), ("nets", "nets"), ("~nobody_x/a", "~nobody_x/a")])
def test_place(text, path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert place(text) == Path(path)


def test_no_place():
    with pytest.raises(argparse.ArgumentTypeError, match="names no file or folder: it is empty"):
        place("")
