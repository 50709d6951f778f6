"""Trainings that start from given weights: found, told apart, checked before anything is trained."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from scaling import Factors, Stage, architecture, scale
from scaling.arch import Architecture
from scaling.core.errors import SpecError, UserError
from scaling.core.plain import to_plain
from scaling.family import __main__ as family
from scaling.family.reopen import read_family
from scaling.family.trained import open_trained
from scaling.nets import abstract, build
from scaling.recipe.recipe import INIT_OF_EACH, Recipe
from scaling.study.engines.body import body_for
from scaling.study.initial import InitialWeights
from scaling.study.trial import Trial
from scaling.train.loop import initial_state, unpacked
from scaling.train.names import named, named_by_flax
from scaling.train.step import abstract_weights, settings, split
from scaling.train.task import Task
from scaling.weights.errors import WeightsError
from scaling.weights.files import read_weights, write_safetensors
from scaling.weights.loading import unload

ROOT = Path(__file__).parents[2]
NET = Architecture("net", 12, 4, (Stage(1, 3, 1, 1, 4), Stage(2, 3, 2, 2, 8)), 16, channel_divisor=2)

TINY = """
data = "{images}"
seeds = 1
[baseline]
resolution = 12
stem = 4
head = 8
channel_divisor = 2
stages = [{{repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 4}}]
[family]
rules = ["width"]
phi = "0:1"
[recipe]
epochs = {epochs}
batch = 16
peak_rate = 0.2
{more}
"""


@dataclasses.dataclass(frozen=True)
class Member:
    architecture: Architecture
    label: str = "compound 1"


def network_of(described, classes=5, channels=1, seed=0):
    network = build(described, classes, channels, nnx.Rngs(seed))
    random = np.random.default_rng(seed)
    for statistic in jax.tree.leaves(nnx.state(network, nnx.BatchStat), is_leaf=lambda one: isinstance(one, nnx.Variable)):
        statistic.set_value(jnp.asarray(random.uniform(0.5, 1.5, statistic.get_value().shape), jnp.float32))
    network.eval()
    return network


def written(path, described=NET, source="timm", **asked):
    network = network_of(described, **asked)
    write_safetensors(path, unload(network, described, source), {})
    return network


@pytest.mark.parametrize("source", ["timm", "lukemelas", "own"])
def test_features_are_those_of_the_weights(tmp_path, source):
    path = tmp_path / "given.bin"
    network, initial = written(path, source=source), InitialWeights(str(path))
    (identity,) = initial.identities([Member(NET)], 1).values()
    assert identity == initial.mark == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    trial = Trial(NET, Recipe(precision="float32", init=identity), "data", 2, 1, 600, 3)
    task = Task(NET, trial.recipe, 2, 1, 600)
    started = unpacked(task, initial_state(task, 3, body_for(trial, initial)))
    again = build(NET, 2, 1, settings=settings(trial.recipe, "cpu"))
    again.eval()
    definition, _, _, rest = split(again)
    again = nnx.merge(definition, started.params, started.statistics, rest)
    images = np.random.default_rng(1).standard_normal((2, 12, 12, 1), np.float32)
    np.testing.assert_array_equal(again.maps(images), network.maps(images))
    drawn = unpacked(task, initial_state(task, 3)).params["classifier"]["kernel"].get_value()
    np.testing.assert_array_equal(again.classifier.kernel[...], drawn)


def test_weights_of_a_run_are_read_by_older_names_too(tmp_path):
    network = network_of(NET)
    parts = split(network)[1:3]
    files = {
        "older": {name: np.asarray(leaf) for name, leaf in named_by_flax(parts)},
        "now": {name: np.asarray(leaf) for part in parts for name, leaf in named(part)},
    }
    assert files["older"].keys().isdisjoint(files["now"])
    for name, tensors in files.items():
        write_safetensors(tmp_path / name, tensors, {})
        initial = InitialWeights(str(tmp_path / name))
        (identity,) = initial.identities([Member(NET)], 1).values()
        given = initial.of(Trial(NET, Recipe(init=identity), "data", 5, 1, 600, 0))
        images = np.random.default_rng(1).standard_normal((2, 12, 12, 1), np.float32)
        np.testing.assert_array_equal(given(images), network(images))


def test_other_bytes_are_another_trial(tmp_path):
    path, ids = tmp_path / "given.safetensors", []
    for seed in (0, 0, 1):
        written(path, seed=seed)
        (identity,) = InitialWeights(str(path)).identities([Member(NET)], 1).values()
        ids.append(Trial(NET, Recipe(precision="float32", init=identity), "data", 2, 1, 600, 0).id)
    assert ids[0] == ids[1] != ids[2]
    assert Trial(NET, Recipe(precision="float32"), "data", 2, 1, 600, 0).id not in ids
    assert to_plain(Recipe()).keys().isdisjoint({"init", "frozen_stages", "body_rate"})


def test_nothing_to_start_from_is_our_mistake():
    with pytest.raises(LookupError, match="nothing was given to start from, and the recipe names sha256:0"):
        body_for(Trial(NET, Recipe(init="sha256:0"), "data", 2, 1, 600, 0), None)


@pytest.mark.parametrize(
    ("network", "channels", "message"),
    [
        (scale(NET, Factors(1, 2, 1)), 1, r"tensor conv_stem.weight is \(4, 1, 3, 3\), compound 1 needs \(8, 1, 3, 3\)"),
        (NET, 3, r"tensor conv_stem.weight is \(4, 1, 3, 3\), compound 1 needs \(4, 3, 3, 3\)"),
        (dataclasses.replace(NET, head=18), 1, r"tensor conv_head.weight is \(16, 8, 1, 1\), compound 1 needs \(18, 8, 1, 1\)"),
        (scale(NET, Factors(2, 1, 1)), 1, "no tensor blocks.0.1.conv_dw.weight, which compound 1 has in the names of timm"),
    ],
)
def test_weights_of_another_network_are_one_line(tmp_path, network, channels, message):
    written(tmp_path / "given.safetensors")
    with pytest.raises(WeightsError, match=f"given.safetensors: {message}"):
        InitialWeights(str(tmp_path / "given.safetensors")).identities([Member(network)], channels)


def test_a_folder_has_a_file_for_each_released_network(tmp_path):
    lite = [dataclasses.replace(architecture(f"efficientnet_lite{number}"), resolution=32) for number in (0, 1)]
    for number, described in enumerate(lite):
        tensors = unload(abstracted(described), described, "lukemelas")
        write_safetensors(tmp_path / f"efficientnet_lite{number}.safetensors", tensors, {})
    (tmp_path / "efficientnet_lite0.json").write_text("{}")
    as_scaled = dataclasses.replace(lite[1], name="efficientnet_lite0 d1.1 w1 r1")
    initial = InitialWeights(str(tmp_path))
    found = initial.identities([Member(lite[0], "baseline"), Member(as_scaled)], 3)
    assert initial.mark == INIT_OF_EACH
    files = [tmp_path / f"efficientnet_lite{number}.safetensors" for number in (0, 1)]
    assert list(found.values()) == [f"sha256:{hashlib.sha256(one.read_bytes()).hexdigest()[:16]}" for one in files]
    other = Member(architecture("efficientnet_lite2"), "compound 2")
    with pytest.raises(SpecError, match=r"no weights of compound 2: it has no file efficientnet_lite2 \(.safetensors, .pth"):
        initial.identities([other], 3)


def abstracted(described):
    """A network of zeros: drawing its numbers would take longer."""
    network = abstract(described)
    nnx.update(network, jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), nnx.state(network)))
    return network


def test_what_torchvision_does_otherwise_is_remarked(tmp_path):
    path = tmp_path / "given.safetensors"
    written(path, source="torchvision")
    initial = InitialWeights(str(path))
    initial.identities([Member(NET)], 1)
    assert initial.remarks[0].startswith(
        "Trainings start from the weights given.safetensors, each with a classifier of its own"
    )
    assert initial.remarks[1:] == [
        f"{path}: torchvision's networks pad symmetrically; compound 1 keeps its own. A baseline with "
        'padding = "symmetric" and batch_norm_epsilon = 0.001 is theirs.'
    ]
    alike = InitialWeights(str(path))
    alike.identities([Member(dataclasses.replace(NET, padding="symmetric"))], 1)
    assert len(alike.remarks) == 1


def test_the_epsilon_is_the_one_of_the_network_of_that_name(tmp_path):
    for name, epsilon in (("efficientnet_b0", "1e-05"), ("efficientnetv2_s", None)):
        path = tmp_path / f"{name}.safetensors"
        write_safetensors(path, unload(abstracted(architecture(name)), architecture(name), "torchvision"), {})
        initial = InitialWeights(str(path))
        initial.identities([Member(architecture(name))], 3)
        assert ("batch norm's epsilon" in initial.remarks[1]) is (epsilon is not None)
        assert f"batch_norm_epsilon = {epsilon or '0.001'} is theirs" in initial.remarks[1]


@pytest.mark.parametrize(("change", "name"), [({"frozen_stages": 1}, "frozen_stages"), ({"body_rate": 0.1}, "body_rate")])
def test_what_needs_weights_is_refused_without(change, name):
    with pytest.raises(UserError, match=f"Recipe.{name} belongs to a training that starts from given weights"):
        Recipe(**change).require_init()
    Recipe(**change, init="somewhere").require_init()


@pytest.mark.parametrize("change", [{"frozen_stages": -1}, {"body_rate": -0.5}, {"body_rate": float("inf")}])
def test_numbers_out_of_range_are_refused(change):
    with pytest.raises(UserError, match=r"must be at least 0, got -1|must be 0 or more and finite, got (-0.5|inf)"):
        Recipe(**change)


@pytest.fixture(scope="module")
def home(tmp_path_factory, image_folder):
    """A family trained from random numbers, and the specification of one that starts from its weights."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "first.toml").write_text(TINY.format(images=image_folder, epochs=12, more=""))
    more = "frozen_stages = 1\nbody_rate = 0.1"
    (folder / "second.toml").write_text(TINY.format(images=image_folder, epochs=1, more=more))
    run = [sys.executable, "-m", "scaling.family", "--train", "--json", "--spec"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in (["first.toml"], ["second.toml", "--init", "runs/first"]):
        subprocess.run([*run, *words], cwd=folder, env=environment, check=True, text=True, stdout=subprocess.DEVNULL)
    return folder


def asked(home, *words, capsys=None):
    status = family.main(["--train", "--spec", str(home / "second.toml"), "--to", str(home / "runs" / "second"), *words])
    return status, capsys.readouterr().err


def test_a_family_starts_from_a_run(home, image_folder):
    first, second = (read_family(home / "runs" / name) for name in ("first", "second"))
    for one in second.study.networks:
        (trial,) = second.study.trials(one)
        (before,) = first.study.trials(one)
        path = home / "runs" / "first" / "weights" / f"{before.id}.safetensors"
        assert trial.recipe.init == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
        assert second.run.outcome(trial).accuracy > 0.9  # of one epoch
        was, now = (
            read_weights(home / "runs" / name / "weights" / f"{t.id}.safetensors")
            for name, t in (("first", before), ("second", trial))
        )
        same = {name for name in was if np.array_equal(was[name], now[name])}
        assert same == {name for name in was if name.startswith(("stem.", "blocks."))}
    text = (home / "runs" / "second" / "spec.json").read_text()
    assert str(home) not in text
    config = json.loads(text)
    assert config["recipe"]["init"] == INIT_OF_EACH
    assert (config["initial"]["source"], len(config["initial"]["networks"])) == ("first", 2)
    assert open_trained(home / "runs" / "second", "baseline", str(image_folder)).network is not None


def test_a_run_without_the_network_gives_its_best(home, tmp_path):
    initial = InitialWeights(str(home / "runs" / "first"))
    with pytest.raises(WeightsError, match=r"weights/\w+.safetensors: .* compound 1 (needs|has no place for) .*"):
        initial.identities([Member(dataclasses.replace(NET, stem=10))], 1)
    (tmp_path / "spec.json").touch()
    with pytest.raises(SpecError, match="no trial is finished; go on with the command that made it, or give other weights"):
        InitialWeights(str(tmp_path)).identities([Member(NET)], 1)


def test_asked_again_it_needs_the_same_weights(home, tmp_path, capsys):
    first = home / "runs" / "first"
    assert asked(home, "--init", str(first), "--dry-run", capsys=capsys)[0] == 0
    status, said = asked(home, capsys=capsys)
    assert (status, said.count("\n")) == (2, 1)
    assert "its trainings start from the weights first (each network's own); give them again with --init" in said
    moved = tmp_path / "first"
    (moved / "weights").mkdir(parents=True)
    for path in first.glob("*.json*"):
        (moved / path.name).write_bytes(path.read_bytes())
    for path in (first / "weights").iterdir():
        tensors = {name: tensor + 0.5 for name, tensor in read_weights(path).items()}
        write_safetensors(moved / "weights" / path.name, tensors, {})
    status, said = asked(home, "--init", str(moved), capsys=capsys)
    assert (status, said.count("\n")) == (2, 1)
    assert "was made from another specification (weights that 2 network(s) start from: sha256:" in said
    (moved / "weights" / path.name).unlink()
    assert "no weights here to start" in asked(home, "--init", str(moved), capsys=capsys)[1]


def test_nothing_is_written_where_weights_do_not_fit(home, tmp_path, capsys):
    given, to = tmp_path / "given.safetensors", tmp_path / "new"
    written(given, Architecture("one", 12, 4, (Stage(1, 3, 2, 1, 4),), 8))
    words = ["--train", "--spec", str(home / "second.toml"), "--to", str(to), "--init"]
    for place, message in (
        (given, "given.safetensors: tensor conv_stem.weight is (4, 1, 3, 3), width 1 needs (6, 1, 3, 3)"),
        (tmp_path / "nowhere", "nowhere: no weights to start from here: neither a file nor a folder"),
        (tmp_path, "no weights of baseline: it has no file"),
    ):
        assert family.main([*words, str(place)]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1
        assert not to.exists()
    assert family.main(["--init", str(given)]) == 2
    assert "--init has no use without --train" in capsys.readouterr().err
    (tmp_path / "deep.toml").write_text((home / "second.toml").read_text().replace("frozen_stages = 1", "frozen_stages = 2"))
    assert family.main(["--train", "--spec", str(tmp_path / "deep.toml"), "--to", str(to), "--init", str(given)]) == 2
    assert "Recipe.frozen_stages is 2, and baseline has 1 stages" in capsys.readouterr().err
    assert family.main(["--train", "--spec", str(home / "second.toml"), "--to", str(to)]) == 2
    assert "recipe: Recipe.frozen_stages belongs to a training that starts from given weights" in capsys.readouterr().err


def test_weights_of_a_task_have_the_structure_of_those_given(tmp_path):
    written(tmp_path / "given.safetensors", classes=2)
    initial = InitialWeights(str(tmp_path / "given.safetensors"))
    (identity,) = initial.identities([Member(NET)], 1).values()
    recipe = Recipe(dropout=0.2, stochastic_depth=0.2, init=identity)
    given = body_for(Trial(NET, recipe, "data", 2, 1, 600, 0), initial)
    wanted = abstract_weights(Task(NET, recipe, 2, 1, 600), "cpu")
    assert jax.tree.map(lambda one: one.shape, given) == jax.tree.map(lambda one: one.shape, wanted)
