import json
from pathlib import Path

import pytest

from scaling.ablation.read_spec import read_ablation_spec
from scaling.arch import SMALL
from scaling.core.errors import SpecError
from scaling.family.read_spec import read_family_spec
from scaling.grid.lattice import Lattice
from scaling.grid.spec import StudySpec, read_spec
from scaling.rules.releases import NAMES, architecture
from scaling.study.spec import baseline_toml, difference, find_spec, read_baseline

GRID = Path(__file__).parents[2] / "grid"


@pytest.mark.parametrize(
    ("text", "seeds", "batch"), [("seeds = 1e2", 100, 128), ('seeds = "0.1k"', 100, 128), ("[recipe]\nbatch = 1e3", 2, 1000)]
)
def test_counts_as_people_write_them(text, seeds, batch, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(text)
    spec = read_spec(str(path))
    assert (spec.seeds, spec.recipe.batch) == (seeds, batch)
    assert isinstance(spec.seeds, int)


@pytest.mark.parametrize("path", sorted(GRID.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_specification_reads_and_says_its_command(path):
    text = path.read_text("utf-8")
    read, command = next(
        how
        for key, how in {
            "[family]": (read_family_spec, "scaling.family --train"),
            "[recipes.": (read_ablation_spec, "scaling.ablation"),
            "": (read_spec, "scaling.grid"),
        }.items()
        if key in text
    )
    assert read(str(path)).name == path.stem
    assert text.startswith(f"# python -m {command}")


def test_the_default_study():
    spec = read_spec("default")
    assert spec.baseline == SMALL
    assert (spec.data, spec.phi, spec.seeds) == ("fashion-mnist-10k", 1.0, 2)
    assert spec.lattice == Lattice(step=0.1)


def test_names_are_looked_for_as_a_file_then_here_then_among_the_shipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_spec("quick").parent != Path("grid")
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid" / "quick.toml").write_text("")
    assert find_spec("quick") == Path("grid/quick.toml")
    (tmp_path / "quick").write_text("")
    assert find_spec("quick") == Path("quick")


def test_plain_data_is_json():
    assert json.loads(json.dumps(read_spec("default").to_dict()))["lattice"]["alpha"] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sedes = 2", r"x.toml: unknown key 'sedes'; allowed: baseline, data, side, phi, seeds, lattice, recipe"),
        ("seeds = 2.5", r"x.toml: seeds must be a whole number, got 2.5"),
        ("seeds = true", r"seeds must be a whole number, got True"),
        ("seeds = 0", r"x.toml: seeds must be from 1 to 1000, got 0"),
        ("phi = -1", r"phi must be above 0 and at most 10, got -1"),
        ("phi = nan", r"phi must be a number, got nan"),
        ("data = 3", r"data must be a text in quotes, got 3"),
        ("lattice = 3", r"x.toml: lattice must be a table, got 3"),
        ("[lattice]\nstpe = .1", r"not a TOML file"),
        ("[lattice]\nstpe = 0.1", r"x.toml: lattice: unknown key 'stpe'; allowed: step, tolerance, constraint"),
        ('[lattice]\nstep = "a"', r"x.toml: lattice.step must be a number, got 'a'"),
        ("[lattice]\nalpha = [1]", r"lattice.alpha must be a list of 2 numbers, got \[1\]"),
        ("[lattice]\nalpha = [0.5, 2]", r"x.toml: lattice: alpha must not be below 1, got 0.5"),
        ('[lattice]\nconstraint = "exact"', r"lattice.constraint must be one of nominal, realised, both, got 'exact'"),
        ("side = 100000", r"x.toml: side must be from 1 to 4096 px, got 100000"),
        ("[recipe]\nflip = 1", r"recipe.flip must be true or false, got 1"),
        ("[recipe]\nepochs = 0", r"x.toml: recipe: Recipe.epochs must be at least 1, got 0"),
        ('baseline = "b9"', r"no network 'b9'; known: efficientnet_b0, efficientnet_b1"),
        ("[baseline]\nstem = 3", r"x.toml: baseline: Architecture: the key 'resolution' is missing"),
    ],
)
def test_bad_specifications_are_named_in_one_line(tmp_path, text, message):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message) as caught:
        read_spec(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_specification_lists_the_shipped():
    with pytest.raises(SpecError, match=r"no specification 'nope': neither a file nor one of .*default.*quick"):
        read_spec("nope")


def test_a_baseline_from_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        "resolution = 16\nstem = 8\nhead = 32\nstages = [{repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 8}]"
    )
    found = read_baseline(str(path))
    assert (found.name, found.resolution, found.channel_divisor) == ("mine", 16, 8)
    bare = path.read_text()
    path.write_text("[baseline]\n" + bare)
    assert read_baseline(str(path)) == found
    path.write_text("resolution = ")
    with pytest.raises(SpecError, match="not a TOML file"):
        read_baseline(str(path))
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        read_baseline(str(tmp_path / "other.toml"))


def test_differences_are_named():
    old, new = StudySpec("a", SMALL).to_dict(), StudySpec("a", SMALL, seeds=3).to_dict()
    assert difference(old, new) == ["seeds: 2, now 3"]
    assert difference({"a": {"b": 1}}, {"a": {"b": 2}, "c": 3}) == ["a.b: 1, now 2", "c: none, now 3"]
    assert difference({"a": {"b": 1, "c": None}}, {}) == ["a.b: 1, now none"]


@pytest.mark.parametrize("name", NAMES)
def test_every_network_comes_back_from_its_toml(name, tmp_path):
    path = tmp_path / f"{name}.toml"
    path.write_text(baseline_toml(architecture(name)))
    assert read_baseline(str(path)) == architecture(name)
