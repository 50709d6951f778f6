"""Dataclasses to plain data and back: strict, and unchanged by fields that are added later."""

import dataclasses
import json
from pathlib import Path

import pytest

from scaling.arch import ARCHITECTURES, SMALL, Architecture, Stage
from scaling.core.errors import SpecError
from scaling.core.plain import from_plain, is_later, later, to_plain
from scaling.family.spec import FamilyConfig, FamilySpec
from scaling.grid.lattice import Lattice
from scaling.grid.limits import Limits
from scaling.grid.spec import StudySpec
from scaling.recipe.augment import Augment
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.progressive import Progressive
from scaling.recipe.published import RECIPES
from scaling.recipe.recipe import Recipe
from scaling.recipe.schedules import Schedule
from scaling.study.trial import Trial

ROOT = Path(__file__).parents[2]

DEFAULTS = {
    Stage: {"squeeze_excite": 0.25, "block": "mbconv", "groups": 1},
    Architecture: {
        "stem_stride": 2,
        "channel_divisor": 8,
        "stem_kernel": 3,
        "stem_pool": 1,
        "activation": "silu",
        "padding": "same",
        "batch_norm_epsilon": 1e-3,
        "fixed_ends": False,
    },
    Recipe: {
        "epochs": 8,
        "batch": 128,
        "peak_rate": 0.5,
        "warmup": 0.2,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "label_smoothing": 0.1,
        "flip": True,
        "dropout": 0.0,
        "stochastic_depth": 0.0,
        "batch_norm_decay": 0.9,
        "precision": "auto",
        "optimizer": Optimizer(),
        "schedule": Schedule(),
        "reference_batch": 0,
        "average": 0.0,
        "classifier_start": "released",
        "augment": Augment(),
        "progressive": Progressive(),
        "dropout_per_doubling": 0.0,
        "init": "",
        "frozen_stages": 0,
        "body_rate": 1.0,
    },
    Optimizer: {"kind": "sgd", "square_decay": None, "epsilon": None, "decay_biases": False},
    Schedule: {"kind": "cosine", "factor": 0.97, "every": 2.4 / 350},
    Augment: {"crop": 0.0, "policy": "none", "layers": 2, "magnitude": 10.0, "mixup": 0.0, "cutmix": 0.0, "erase": 0.0},
    Progressive: {
        "stages": 1,
        "smallest": 1.0,
        "largest": 1.0,
        "sizes": "paper",
        "order": "growing",
        "every": 1,
        "dropout": None,
        "magnitude": None,
        "mixup": None,
    },
    Lattice: {
        "step": 0.05,
        "tolerance": 0.1,
        "constraint": "nominal",
        "alpha": (1.0, 2.0),
        "beta": (1.0, 1.5),
        "gamma": (1.0, 1.5),
        "sample": 0,
        "rounding": "released",
        "extrapolated": None,
    },
    Limits: {"params": None, "macs": None, "latency": None, "memory": None},
    FamilyConfig: {
        "rules": ("compound", "depth", "width", "resolution"),
        "phi": "0:3:0.5",
        "realise": False,
        "alpha": 1.2,
        "beta": 1.1,
        "gamma": 1.15,
        "rounding": "released",
        "dropout_per_doubling": 0.0,
    },
    StudySpec: {
        "data": "fashion-mnist-10k",
        "side": None,
        "phi": 1.0,
        "seeds": 2,
        "lattice": Lattice(),
        "recipe": Recipe(),
        "limits": Limits(),
        "eligible_only": False,
        "grouped": False,
        "top_classes": False,
        "skip_unreadable": False,
        "validation_share": None,
        "train_share": None,
        "minival": None,
    },
    FamilySpec: {
        "data": "fashion-mnist-10k",
        "side": None,
        "seeds": 3,
        "family": FamilyConfig(),
        "recipe": Recipe(),
        "grouped": False,
        "top_classes": False,
        "skip_unreadable": False,
        "validation_share": None,
        "train_share": None,
        "minival": None,
    },
}
"""What records were made with. A default here is never changed: where a better one is found, it is a new field or a recipe."""

LATER = {
    Recipe: {
        "optimizer",
        "schedule",
        "reference_batch",
        "average",
        "classifier_start",
        "augment",
        "progressive",
        "dropout_per_doubling",
        "init",
        "frozen_stages",
        "body_rate",
    },
    Stage: {"block", "groups"},
    Architecture: {"stem_kernel", "stem_pool", "activation", "padding", "batch_norm_epsilon", "fixed_ends"},
    StudySpec: {
        "limits",
        "eligible_only",
        "grouped",
        "top_classes",
        "skip_unreadable",
        "validation_share",
        "minival",
        "train_share",
    },
    FamilySpec: {"grouped", "top_classes", "skip_unreadable", "validation_share", "minival", "train_share"},
}
"""Fields that records do not hold at their default."""


def default_of(field):
    return field.default_factory() if field.default is dataclasses.MISSING else field.default


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_defaults_are_those_that_records_were_made_with(kind):
    optional = [
        field
        for field in dataclasses.fields(kind)
        if (field.default, field.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
    ]
    assert {field.name: default_of(field) for field in optional} == DEFAULTS[kind]
    assert {field.name for field in optional if is_later(field)} == LATER.get(kind, set())


def grown(kind, **values):
    """`kind` with one more field that later code might add; an instance with the same values."""
    wider = dataclasses.make_dataclass(
        kind.__name__, [("novelty", str, later("as before"))], bases=(kind,), frozen=True, slots=True
    )
    return wider(**values)


def fields_of(one):
    return {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}


def recorded_trials():
    for path in sorted(ROOT.glob("runs/*/trials.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            if "trial" in record:  # older lines of test images hold the id alone
                yield record["id"], Trial.from_dict(record["trial"])


def test_every_recorded_id_is_computed_again_with_and_without_a_new_field():
    trials = list(recorded_trials())
    assert len(trials) >= 360
    for identity, trial in trials:
        assert trial.id == identity
        network = trial.architecture
        stages = tuple(grown(Stage, **fields_of(stage)) for stage in network.stages)
        wider = grown(
            Trial,
            **{
                **fields_of(trial),
                "recipe": grown(Recipe, **fields_of(trial.recipe)),
                "architecture": grown(Architecture, **{**fields_of(network), "stages": stages}),
            },
        )
        assert wider.id == identity
        other = dataclasses.replace(wider, recipe=dataclasses.replace(wider.recipe, novelty="another"))
        assert other.id != identity


@pytest.mark.parametrize("folder", sorted(ROOT.glob("runs/*/spec.json")), ids=lambda path: path.parent.name)
def test_a_recorded_configuration_is_read_and_written_as_it_was(folder):
    stored = json.loads(folder.read_text("utf-8"))
    if "recipes" in stored:  # an ablation has by name what others have one of
        tables = [(Recipe, one) for one in stored["recipes"].values()]
        tables += [(Architecture, one) for one in stored["networks"].values()]
    else:
        kinds = {"recipe": Recipe, "lattice": Lattice, "family": FamilyConfig, "baseline": Architecture}
        tables = [(kind, stored[key]) for key, kind in kinds.items() if key in stored]
    for kind, table in tables:
        read = from_plain(kind, table, "here")
        assert to_plain(read) == table
        assert to_plain(grown(kind, **fields_of(read))) == table


def test_to_plain_and_from_plain_are_inverse():
    for value in (SMALL, Recipe(epochs=3), Lattice(alpha=(1.0, 1.5)), FamilyConfig(rules=("depth",)), Limits(params=8e4)):
        assert from_plain(type(value), json.loads(json.dumps(to_plain(value))), "here") == value


@pytest.mark.parametrize(
    ("kind", "table", "message"),
    [
        (Recipe, {"epochs": 1.5}, "here.epochs must be a whole number, got 1.5"),
        (Recipe, {"epochs": "many"}, "here.epochs must be a whole number, as 3, 1e3 or 80k, got 'many'"),
        (Recipe, {"flip": 1}, "here.flip must be true or false, got 1"),
        (Recipe, {"optimiser": "sgd"}, "here: unknown key 'optimiser'; allowed: epochs, batch"),
        (Recipe, [], r"here must be a table, got \[\]"),
        (Recipe, {"epochs": 0}, "here: Recipe.epochs must be at least 1, got 0"),
        (Lattice, {"alpha": [1.0]}, r"here.alpha must be a list of 2 numbers, got \[1.0\]"),
        (Lattice, {"constraint": "real"}, "here.constraint must be one of nominal, realised, both, got 'real'"),
        (FamilyConfig, {"rules": "depth"}, "here.rules must be a list of names, got 'depth'"),
        (FamilyConfig, {"rules": [1]}, "here.rules must be a text in quotes, got 1"),
        (Architecture, {"name": "mine"}, "here: the key 'resolution' is missing"),
        (Architecture, {"stages": 3}, "here.stages must be a list of tables, got 3"),
    ],
)
def test_from_plain_names_what_is_wrong(kind, table, message):
    with pytest.raises(SpecError, match=message):
        from_plain(kind, table, "here")


def test_an_id_does_not_depend_on_how_a_number_was_written():
    """A preset's `magnitude=9` is read back as 9.0."""
    ways = (Augment(magnitude=9), from_plain(Augment, {"magnitude": 9}, "augment"), Augment(magnitude=9.0))
    assert {json.dumps(to_plain(one)) for one in ways} == {json.dumps(to_plain(Augment(magnitude=9.0)))}
    assert json.dumps(to_plain(Lattice(alpha=(1, 2)))) == json.dumps(to_plain(Lattice(alpha=(1.0, 2.0))))
    assert json.dumps(to_plain(Progressive(4, 0.5, magnitude=2))) == json.dumps(to_plain(Progressive(4, 0.5, magnitude=2.0)))


@pytest.mark.parametrize("made", [*RECIPES.values(), *ARCHITECTURES.values()], ids=[*RECIPES, *ARCHITECTURES])
def test_what_is_recorded_of_something_published_is_what_is_read_back(made):
    written = json.dumps(to_plain(made))
    assert json.dumps(to_plain(from_plain(type(made), json.loads(written), "published"))) == written
