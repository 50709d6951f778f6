"""`python -m scaling`: the list of the commands, and the way to each."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import scaling
from scaling.__main__ import commands, main

ROOT = Path(__file__).parents[1]


def run(*words):
    return subprocess.run([sys.executable, "-m", "scaling", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_every_command_is_listed_with_a_line(words, capsys):
    assert main(words) == 0
    out = capsys.readouterr().out
    folders = {path.parent.name for path in (ROOT / "scaling").glob("*/__main__.py")}
    assert commands().keys() == folders
    for name, subject in commands().items():
        assert len(subject) > 20
        assert f"  {name} " in out
        assert subject in out


def test_a_command_is_run_as_by_its_own_name():
    words = ("small", "--classes", "10", "--channels", "1")
    done = run("count", *words)
    alone = subprocess.run(
        [sys.executable, "-m", "scaling.count", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, alone.stdout, "")


def test_its_status_is_the_commands():
    done = run("count", "efficientnet_b9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m scaling.count: error: no network 'efficientnet_b9'")


def test_an_unknown_command(capsys):
    assert main(["grids"]) == 2
    assert capsys.readouterr() == (
        "",
        f"python -m scaling: error: no command 'grids'; known: {', '.join(commands())}; did you mean grid?\n",
    )


def test_the_version_is_the_installed_one(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{scaling.__version__}\n"
    assert importlib.metadata.version("compound-scaling") == scaling.__version__


def test_types_are_shipped():
    assert (Path(scaling.__file__).parent / "py.typed").is_file()
