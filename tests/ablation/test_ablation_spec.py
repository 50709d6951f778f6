"""Ablations as data: what a specification says, and what is refused."""

import dataclasses
import json
from pathlib import Path

import pytest

from scaling import architecture
from scaling.ablation.findings import changed
from scaling.ablation.read_spec import read_ablation_spec, recorded_ablation_spec
from scaling.ablation.spec import AblationSpec
from scaling.ablation.study import make_ablation_study
from scaling.core.errors import SpecError
from scaling.data import load
from scaling.family.read_spec import read_family_spec
from scaling.grid.spec import read_spec
from scaling.recipe.augment import Augment
from scaling.recipe.progressive import Progressive
from scaling.recipe.published import recipe
from scaling.recipe.recipe import Recipe
from scaling.study.run import Run
from scaling.study.study import left_to_train

ROOT = Path(__file__).parents[2]
SMALL = architecture("small")
TEXT = """
data = "fashion-mnist-10k"
seeds = 3
[networks]
v1 = "small"
large = { like = "small", resolution = 28 }
[networks.own]
resolution = 16
stem = 4
head = 8
stages = [{ repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 8 }]
[recipe]
epochs = 4
augment = { policy = "randaugment", magnitude = 8 }
[recipes.fixed]
[recipes.growing]
augment = { magnitude = 12 }
progressive = { stages = 4, smallest = 0.5 }
[recipes.paper]
base = "efficientnet"
flip = false
"""


def written(folder, text=TEXT):
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def dataset():
    return load("fashion-mnist-10k")


def test_a_specification(tmp_path):
    spec = read_ablation_spec(written(tmp_path))
    assert (spec.name, spec.seeds, spec.reference, spec.data) == ("mine", 3, "fixed", "fashion-mnist-10k")
    assert list(spec.networks) == ["v1", "large", "own"]
    assert spec.networks["v1"] == dataclasses.replace(SMALL, name="v1")
    assert spec.networks["large"] == dataclasses.replace(SMALL, name="large", resolution=28)
    assert (spec.networks["own"].name, spec.networks["own"].stages[0].channels) == ("own", 8)
    shared = Recipe(epochs=4, augment=Augment(policy="randaugment", magnitude=8))
    assert spec.recipes["fixed"] == shared
    assert spec.recipes["growing"] == dataclasses.replace(
        shared, augment=Augment(policy="randaugment", magnitude=12), progressive=Progressive(4, 0.5)
    )
    paper = recipe("efficientnet")
    augment = dataclasses.replace(paper.augment, policy="randaugment", magnitude=8)
    assert spec.recipes["paper"] == dataclasses.replace(paper, epochs=4, augment=augment, flip=False)


def test_without_networks_it_is_the_small_baseline(tmp_path):
    spec = read_ablation_spec(written(tmp_path, "[recipes.a]\n[recipes.b]\nflip = false\n"))
    assert list(spec.networks) == ["small"]
    assert (spec.networks["small"], spec.seeds) == (SMALL, 2)


def test_it_comes_back_from_what_is_recorded(tmp_path):
    spec = dataclasses.replace(read_ablation_spec(written(tmp_path)), grouped=True, side=20, train_share=0.1, minival=7)
    config = json.loads(json.dumps({**spec.to_dict(), "pictures": spec.data, "data": "a fingerprint"}))
    assert recorded_ablation_spec(tmp_path, config) == dataclasses.replace(spec, name=str(tmp_path))
    for key, value, said in (
        ("recipes", [], "config.recipes must be a table"),
        ("networks", {"a": {}}, "config.networks.a: the key 'name' is missing"),
        ("seeds", 0, "seeds must be from 1 to 1000, got 0"),
    ):
        with pytest.raises(SpecError, match=said):
            recorded_ablation_spec(tmp_path, config | {key: value})


TWO = "[recipes.a]\n[recipes.b]\nflip = false\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = 2\n", r"mine.toml: has no tables \[recipes.NAME\], the recipes that an ablation compares"),
        ("[recieps.a]\n", "unknown key 'recieps'; allowed: data, .*; did you mean recipes"),
        ("[family]\n", "python -m scaling.family --train --spec .*mine.toml takes it"),
        ("[lattice]\n", "python -m scaling.grid --spec .*mine.toml takes it"),
        ("[recipes.a]\n", "recipes must be two or more to be compared, got a"),
        ("recipes = 1\n", "recipes must be a table, got 1"),
        ("[recipes]\na = 1\nb = 2\n", "recipes.a must be a table, got 1"),
        ("sedes = 2\n" + TWO, "unknown key 'sedes'; allowed: .*; did you mean seeds"),
        ("seeds = 0\n" + TWO, "seeds must be from 1 to 1000, got 0"),
        ("seeds = true\n" + TWO, "seeds must be a whole number, got True"),
        ('reference = "c"\n' + TWO, "reference must be one of the recipes a, b, got 'c'"),
        ("reference = 1\n" + TWO, "reference must be a text in quotes, got 1"),
        ("[recipe]\nepoch = 3\n" + TWO, "mine.toml: recipe: unknown key 'epoch'; .*; did you mean epochs"),
        ("[recipes.a]\n[recipes.b]\nflop = true\n", "mine.toml: recipes.b: unknown key 'flop'; .*; did you mean flip"),
        ("[recipes.a]\n[recipes.b.augment]\nmagnitud = 3\n", "recipes.b.augment: unknown key 'magnitud'"),
        ("[recipes.a]\n[recipes.b]\nepochs = 0\n", "recipes.b: Recipe.epochs must be at least 1, got 0"),
        ('[recipes.a]\n[recipes.b]\nbase = "efficientent"\n', "recipes.b.base: no recipe is called 'efficientent'"),
        ("[recipes.a]\n[recipes.b]\n", "recipes: a and b are the same recipe; leave one of them out"),
        ('[recipes."a b"]\n[recipes.b]\nflip = false\n', "without spaces, got 'a b'"),
        ("[networks]\n" + TWO, "networks must be one or more, got none"),
        ("networks = 1\n" + TWO, "networks must be a table, got 1"),
        ('[networks]\na = "smal"\n' + TWO, "networks.a: no network 'smal'; .*; did you mean small"),
        ('[networks]\na = { like = "smal" }\n' + TWO, "networks.a.like: no network 'smal'"),
        ('[networks]\na = { like = "small", resolutoin = 28 }\n' + TWO, "networks.a: unknown key 'resolutoin'"),
        ("[networks]\na = { lik = 1 }\n" + TWO, "networks.a: unknown key 'lik'; .*; did you mean like"),
        ("[networks]\na = { resolution = 20 }\n" + TWO, "networks.a: the key 'stem' is missing"),
        ("[networks]\na = 1\n" + TWO, "networks.a must be a text in quotes, got 1"),
        ('[networks]\na = "small"\nb = "small"\n' + TWO, "networks: a and b are the same network; leave one of them out"),
    ],
)
def test_refused_specifications(tmp_path, text, said):
    with pytest.raises(SpecError, match=said):
        read_ablation_spec(written(tmp_path, text))


def test_a_search_and_a_family_send_an_ablation_to_its_command():
    with pytest.raises(SpecError, match=r"asks for an ablation, not for a search: python -m scaling\.ablation ablation"):
        read_spec("ablation")
    with pytest.raises(SpecError, match=r"has no table \[family\]"):
        read_family_spec("ablation")


@pytest.mark.parametrize("name", ["ablation", "progressive"])
def test_shipped_specifications(name):
    spec = read_ablation_spec(name)
    assert len(spec.recipes) >= 5
    assert spec.reference == next(iter(spec.recipes))
    for network in spec.networks.values():
        for one in spec.recipes.values():
            assert min(network.resolution * stage.side for stage in one.progressive.strengths()) >= 12


def test_every_pair_is_trained_from_every_seed_with_its_own_recipe(tmp_path, dataset):
    study = make_ablation_study(read_ablation_spec(written(tmp_path)), dataset, "float32")
    assert [one.label for one in study.networks[:4]] == ["v1 fixed", "v1 growing", "v1 paper", "large fixed"]
    assert min(one.realised for one in study.networks) == 1
    assert study.pair("v1", "fixed").realised < study.pair("large", "fixed").realised
    trials = study.all_trials()
    assert len({trial.id for trial in trials}) == len(trials) == 3 * 3 * 3
    labels = [study.label(trial) for trial in trials]
    assert len(set(labels)) == len(labels)  # a trial is found by its network and its recipe
    assert labels[3] == "v1 growing seed 0"
    assert {trial.recipe.precision for trial in trials} == {"float32"}
    # The paper's dropout follows the cost, here over the cheapest network's.
    paper = study.spec.recipes["paper"]
    for name in study.spec.networks:
        pair = study.pair(name, "paper")
        assert pair.training.dropout == paper.for_cost(pair.realised).dropout
    assert 0.2 < study.pair("v1", "paper").training.dropout < study.pair("large", "paper").training.dropout
    assert min(pair.training.dropout for pair in study.networks if pair.recipe == "paper") == 0.2


def test_recipes_that_are_one_on_a_device_are_refused(dataset):
    recipes = {"a": Recipe(), "b": Recipe(precision="float32")}
    spec = AblationSpec("mine", {"small": SMALL}, recipes)
    with pytest.raises(SpecError, match="mine: recipes a and b are one on this device, in float32"):
        make_ablation_study(spec, dataset, "float32")
    assert len(make_ablation_study(spec, dataset, "bfloat16").networks) == 2
    with pytest.raises(SpecError, match="do not fill one batch of 7000"):
        make_ablation_study(
            AblationSpec("mine", {"small": SMALL}, {"a": Recipe(batch=7000), "b": Recipe()}), dataset, "float32"
        )


def test_a_folder_grows_by_recipes_networks_and_seeds_and_changes_none(tmp_path, dataset):
    spec, folder = read_ablation_spec(written(tmp_path)), tmp_path / "run"
    few = dataclasses.replace(spec, recipes={name: spec.recipes[name] for name in ("fixed", "growing")}, seeds=2)
    with Run(folder).opened(make_ablation_study(few, dataset, "float32").config()):
        pass
    with Run(folder).opened(make_ablation_study(spec, dataset, "float32").config()) as run:
        assert run.config_changes == ["recipes: fixed, growing, now fixed, growing, paper", "seeds: 2, now 3"]
    other = dataclasses.replace(spec, recipes={**spec.recipes, "fixed": Recipe(epochs=5)})
    with pytest.raises(SpecError, match=r"was made from another specification .recipes.fixed.augment.*epochs: 4, now 5"):
        Run(folder).require_same_config(make_ablation_study(other, dataset, "float32").config())
    other = dataclasses.replace(spec, networks={"v1": spec.networks["large"]})
    with pytest.raises(SpecError, match=r"networks\.v1\.name: v1, now large; networks.v1.resolution: 20, now 28"):
        Run(folder).require_same_config(make_ablation_study(other, dataset, "float32").config())
    with pytest.raises(SpecError, match=r"recipe\.precision: float32, now bfloat16"):
        Run(folder).require_same_config(make_ablation_study(spec, dataset, "bfloat16").config())
    with pytest.raises(SpecError, match="holds an ablation and cannot take a search too; take another folder"):
        Run(folder).require_same_config({"baseline": SMALL.to_dict(), "data": dataset.fingerprint, "recipe": {}, "seeds": 1})
    assert len(left_to_train(make_ablation_study(spec, dataset, "bfloat16"), Run(folder))) == 27  # in what it was recorded in


def test_a_recipe_that_leaves_its_precision_to_the_device_can_be_added(tmp_path, dataset):
    exact = {"a": Recipe(precision="float32"), "b": Recipe(epochs=4, precision="float32")}
    spec, folder = AblationSpec("mine", {"small": SMALL}, exact), tmp_path / "run"
    with Run(folder).opened(make_ablation_study(spec, dataset, "bfloat16").config()):
        pass
    grown = dataclasses.replace(spec, recipes={**exact, "c": Recipe(epochs=2)})
    with Run(folder).opened(make_ablation_study(grown, dataset, "bfloat16").config()):
        pass
    with pytest.raises(SpecError, match=r"recipe\.precision: bfloat16, now float32"):
        Run(folder).require_same_config(make_ablation_study(grown, dataset, "float32").config())
    other = dataclasses.replace(grown, recipes={**exact, "a": Recipe(epochs=3, precision="float32")})
    with pytest.raises(SpecError, match=r"recipes\.a\.epochs: 8, now 3"):
        Run(folder).require_same_config(make_ablation_study(other, dataset, "bfloat16").config())


def test_dropout_follows_the_cost_over_the_cheapest_network_in_whatever_order_they_are_named(dataset):
    networks = {"large": dataclasses.replace(SMALL, name="large", resolution=28), "small": SMALL}
    recipes = {"plain": Recipe(), "rising": Recipe(dropout=0.2, dropout_per_doubling=0.1)}
    one = make_ablation_study(AblationSpec("mine", networks, recipes), dataset, "float32")
    other = make_ablation_study(AblationSpec("mine", dict(reversed(networks.items())), recipes), dataset, "float32")
    assert {trial.id for trial in one.all_trials()} == {trial.id for trial in other.all_trials()}
    assert one.pair("small", "rising").training.dropout == 0.2 < one.pair("large", "rising").training.dropout


def test_changes_between_recipes_in_words():
    assert changed(Recipe(), Recipe()) == []
    assert changed(Recipe(), Recipe(flip=False, progressive=Progressive(4, 0.5, dropout=None), peak_rate=0.25)) == [
        "peak_rate 0.25 instead of 0.5",
        "flip false instead of true",
        "progressive.stages 4 instead of 1",
        "progressive.smallest 0.5 instead of 1",
    ]
    growing = Recipe(dropout=0.3, progressive=Progressive(2, dropout=0.1))
    assert changed(Recipe(dropout=0.3, progressive=Progressive(2)), growing) == ["progressive.dropout 0.1 instead of none"]
