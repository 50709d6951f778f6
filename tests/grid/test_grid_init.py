"""A search, and the pilot before it, that start from given weights."""

from types import SimpleNamespace

import pytest
from flax import nnx

from scaling.arch import Architecture, Stage
from scaling.core.errors import SpecError
from scaling.grid import __main__ as grid
from scaling.grid.pilot import Pilot, PilotSpec
from scaling.nets import build
from scaling.recipe.recipe import Recipe
from scaling.study.history import recorded_starts
from scaling.study.initial import InitialWeights
from scaling.study.resolve import started
from scaling.weights.files import write_safetensors
from scaling.weights.loading import unload

NET = Architecture("net", 12, 4, (Stage(1, 3, 2, 1, 4),), 8, channel_divisor=2)


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "given.safetensors"
    write_safetensors(path, unload(build(NET, 7, 1, nnx.Rngs(0)), NET, "own"), {})
    return path


def test_every_candidate_is_checked_first(tiny, given, tmp_path, capsys):
    words = ["--spec", str(tiny), "--run", str(tmp_path / "run"), "--init", str(given)]
    for dry in (["--dry-run"], []):
        assert grid.main([*words, *dry]) == 2
        said = capsys.readouterr().err
        assert "given.safetensors: " in said
        assert said.count("\n") == 1
        assert not (tmp_path / "run").exists()


def test_the_key_of_a_specification_is_a_path_too(tiny, tmp_path, capsys):
    tiny.write_text(tiny.read_text() + 'init = "nowhere.pth"\n')
    assert grid.main(["--spec", str(tiny), "--run", str(tmp_path / "run"), "--dry-run"]) == 2
    assert "nowhere.pth: no weights to start from here: neither a file nor a folder" in capsys.readouterr().err
    tiny.write_text(tiny.read_text().replace("nowhere.pth", "sha256:0123456789abcdef"))
    assert grid.main(["--spec", str(tiny), "--run", str(tmp_path / "run"), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "its trainings start from given weights (sha256:0123456789abcdef); give them again with --init" in said


@pytest.mark.parametrize("is_folder", [True, False])
def test_every_length_of_a_pilot_starts_from_them(given, is_folder):
    if is_folder:
        given = given.rename(given.parent / "net.safetensors").parent
    dataset = SimpleNamespace(num_classes=2, in_channels=1, fingerprint="abc", train=range(600))
    initial = InitialWeights(str(given))
    pilot = started(Pilot(PilotSpec(NET, 1), dataset, Recipe(epochs=2, init=str(given))), initial)
    recipes = [trial.recipe for trial in pilot.all_trials()]
    assert [one.epochs for one in recipes] == [2 * 2**doubling for doubling in range(7)]
    assert {one.init for one in recipes} == set(pilot.starts.values())
    assert all(one.init.startswith("sha256:") for one in recipes)


def test_damaged_starts_are_one_line():
    assert recorded_starts({}) == {"starts": {}, "start_source": ""}
    with pytest.raises(SpecError, match=r"initial: must be a table of tables, got \{'networks': 3\}"):
        recorded_starts({"initial": {"networks": 3}})
