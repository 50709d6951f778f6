"""How every command ends: a bug of ours as a traceback and status 1, what people can mend as one line and status 2."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BUG = "operands could not be broadcast together with shapes (3,) (4,)"

BROKEN = {
    "grid": (["--dry-run"], "scaling.count.cost.costs"),
    "family": ([], "scaling.count.cost.costs"),
    "count": (["efficientnet_b0"], "scaling.count.cost.costs"),
    "profile": (["small"], "scaling.profile.measure.device_limits"),
    "results": (["runs/step1"], "scaling.analysis.ranking.adjustment"),
    "gallery": (["published_widths"], "scaling.figures.style.save"),
    "predict": (["--model", "efficientnet_b0", "plots/profile.png"], "scaling.weights.models.open_model"),
    "cam": (["--model", "efficientnet_b0", "plots/profile.png", "--out", "cam"], "scaling.weights.models.open_model"),
    "export": (["--model", "efficientnet_b0", "--out", "b0.safetensors"], "scaling.weights.models.open_model"),
    "ablation": (["ablation", "--dry-run"], "scaling.ablation.study.cost"),
    "simulate": (["--studies", "1", "equal"], "scaling.analysis.ranking.adjustment"),
}
"""For each command words that are right, and a function on their way in which a bug is planted."""

REFUSED = {
    "grid": (["--phi", "-1"], "phi must be above 0 and at most 10, got -1"),
    "family": (["--rule", "deeper"], "no rule is called 'deeper'; known: compound"),
    "count": (["efficientnet_b9"], "no network 'efficientnet_b9'; known: efficientnet_b0"),
    "profile": (["small", "--batch", "0"], "--batch must be at least 1, got 0"),
    "results": (["runs/nowhere"], "runs/nowhere: no such run folder here"),
    "gallery": (["nothing"], "no figure 'nothing' in plots/; there are"),
    "predict": (["--model", "efficientnet_b9", "plots/profile.png"], "no model 'efficientnet_b9'; known: efficientnet_b0"),
    "cam": (["--out", "cam"], "give either --run with a recorded family or --model"),
    "export": (["--model", "efficientnet_b0", "--out", "b0.pickle"], "--out must end in .stablehlo or .safetensors"),
    "ablation": (["ablatoin"], "no specification 'ablatoin': neither a file nor one of "),
    "simulate": (["--studies", "0"], "--studies must be 1 or more, got 0"),
}


def commands():
    return {path.parent.name for path in ROOT.glob("scaling/*/__main__.py")}


def run(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_command_is_tried():
    assert set(BROKEN) == set(REFUSED) == commands()


@pytest.fixture
def planted(monkeypatch):
    """planted(place) plants a bug in a function."""

    def broken(*given, **named):
        raise ValueError(BUG)

    return lambda place: monkeypatch.setattr(place, broken)


def entry(command):
    return importlib.import_module(f"scaling.{command}.__main__").main


@pytest.mark.parametrize("command", BROKEN)
def test_a_bug_is_not_caught(command, planted, monkeypatch, capsys):
    words, place = BROKEN[command]
    monkeypatch.chdir(ROOT)
    planted(place)
    with pytest.raises(ValueError, match=re.escape(BUG)):
        entry(command)(words)
    assert "error:" not in capsys.readouterr().err


@pytest.mark.parametrize("command", REFUSED)
def test_bad_input_is_one_line_and_status_2(command, monkeypatch, capsys):
    words, message = REFUSED[command]
    monkeypatch.chdir(ROOT)
    assert entry(command)(words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert err.startswith(f"python -m scaling.{command}: error: ")
    assert message in err


@pytest.mark.parametrize("command", ["count", "grid"])
def test_a_bug_is_a_traceback_and_status_1(command):
    words, place = BROKEN[command]
    module = place.rpartition(".")[0]
    done = run(
        f"import runpy, sys, {module}\n"
        f"def broken(*args, **kwargs): raise ValueError({BUG!r})\n"
        f"assert callable({place}); {place} = broken\n"
        f"sys.argv[1:] = {words!r}\n"
        f"runpy.run_module('scaling.{command}', run_name='__main__', alter_sys=True)"
    )
    assert done.returncode == 1, done
    assert "Traceback (most recent call last)" in done.stderr, done.stderr
    assert done.stderr.rstrip().endswith(f"ValueError: {BUG}"), done.stderr


@pytest.mark.parametrize("command", ["count", "grid"])
def test_the_process_ends_with_that_status(command):
    words, message = REFUSED[command]
    done = run(
        f"import runpy, sys\nsys.argv[1:] = {words!r}\n"
        f"runpy.run_module('scaling.{command}', run_name='__main__', alter_sys=True)"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
