"""The papers' recipes by name, and the tables that recipes are made of."""

import dataclasses

import pytest

from scaling.core.errors import SpecError
from scaling.core.plain import from_plain, to_plain
from scaling.recipe.augment import Augment
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.progressive import Progressive
from scaling.recipe.published import RECIPES, recipe
from scaling.recipe.recipe import Recipe
from scaling.recipe.schedules import Schedule
from scaling.study.spec import read_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_comes_back_from_plain_data(name):
    assert from_plain(Recipe, to_plain(recipe(name)), "recipe") == recipe(name)


def test_the_proxy_is_what_records_were_made_with():
    assert recipe("proxy") == Recipe()
    assert to_plain(Recipe()).keys() == {
        "epochs",
        "batch",
        "peak_rate",
        "warmup",
        "momentum",
        "weight_decay",
        "label_smoothing",
        "flip",
        "dropout",
        "stochastic_depth",
        "batch_norm_decay",
        "precision",
    }


def test_efficientnets_rate_and_dropout():
    made = recipe("efficientnet")
    assert made.highest_rate == 0.256
    assert dataclasses.replace(made, batch=256).highest_rate == pytest.approx(0.016)
    assert made.for_cost(1).dropout == 0.2
    assert made.for_cost(2**7).dropout == pytest.approx(0.5)
    assert made.for_cost(0.5).dropout == 0.2
    assert "dropout_per_doubling" not in to_plain(made.for_cost(2))


def test_v2s_sizes_as_released_and_as_in_the_paper():
    released, paper = (recipe(name).progressive for name in ("efficientnetv2", "efficientnetv2-paper"))
    assert [int(384 * one.side) for one in released.strengths()] == [171, 214, 257, 300]
    assert [round(384 * one.side) for one in paper.strengths()] == [128, 185, 243, 300]
    assert [one.place for one in released.strengths()] == [one.place for one in paper.strengths()] == [0, 1 / 3, 2 / 3, 1]


def test_a_specification_changes_a_recipe_by_name_key_by_key():
    table = {"base": "efficientnet", "epochs": 30, "augment": {"mixup": 0.2}, "optimizer": {"epsilon": 1e-2}}
    made = read_recipe(table, "study.toml: recipe")
    named = recipe("efficientnet")
    assert made == dataclasses.replace(
        named,
        epochs=30,
        augment=dataclasses.replace(named.augment, mixup=0.2),
        optimizer=dataclasses.replace(named.optimizer, epsilon=1e-2),
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"base": "eficientnet"}, "recipe.base: no recipe is called 'eficientnet'; known: .*did you mean efficientnet"),
        ({"base": 3}, "recipe.base must be a text in quotes, got 3"),
        ({"base": "efficientnet", "augment": {"mixip": 1}}, "recipe.augment: unknown key 'mixip'.*did you mean mixup"),
        ({"base": "efficientnet", "optimizer": "sgd"}, "recipe.optimizer must be a table, got 'sgd'"),
        ({"optimizer": {"kind": "adam"}}, "recipe.optimizer.kind must be one of sgd, rmsprop, adamw, got 'adam'"),
        ({"schedule": {"every": 0}}, "recipe.schedule: Schedule.every must be above 0 and at most 1, got 0"),
        ({"progressive": {"stages": 9, "smallest": 0.5}}, "has 9 stages, more than the 8 epochs they share"),
        (
            {"progressive": {"dropout": 0.1}},
            "progressive.dropout is where the first stage begins, and the recipe itself has none",
        ),
        ({"progressive": {"magnitude": 5}}, "progressive.magnitude is where the first stage begins"),
        ({"progressive": {"mixup": 0}}, "progressive.mixup is where the first stage begins"),
        ({"progressive": {"mixup": 0}, "augment": {"cutmix": 1}}, "progressive.mixup is where the first stage begins"),
    ],
)
def test_a_recipe_table_is_checked(table, message):
    with pytest.raises(SpecError, match=message):
        read_recipe(table, "study.toml: recipe")


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (Optimizer, {"square_decay": 0.9}, "belong to rmsprop and adamw; sgd has none"),
        (Optimizer, {"kind": "rmsprop", "square_decay": 1.0}, "square_decay must be from 0 to below 1, got 1.0"),
        (Optimizer, {"kind": "adamw", "epsilon": 0.0}, "epsilon must be above 0 and at most 1, got 0.0"),
        (Schedule, {"factor": 1.5}, "Schedule.factor must be above 0 and at most 1, got 1.5"),
        (Augment, {"crop": 1.5}, "Augment.crop must be from 0 to 1, got 1.5"),
        (Augment, {"magnitude": 31}, "Augment.magnitude must be from 0 to 30, got 31"),
        (Augment, {"layers": 0}, "Augment.layers must be from 1 to 8, got 0"),
        (Progressive, {"stages": 0}, "Progressive.stages must be from 1 to 100, got 0"),
        (Progressive, {"smallest": 1.5}, "smallest must be above 0 and at most largest, and that at most 2, got 1.5 and 1.0"),
        (Progressive, {"dropout": 0.0}, "Progressive.dropout must be above 0 and below 1, got 0.0"),
        (Progressive, {"magnitude": 50.0}, "Progressive.magnitude must be from 0 to 30, got 50.0"),
        (Progressive, {"stages": 10**9}, "Progressive.stages must be from 1 to 100, got 1,000,000,000"),
        (Progressive, {"mixup": -1.0}, "Progressive.mixup must be from 0 to 10, got -1.0"),
    ],
)
def test_the_tables_of_a_recipe_are_checked(kind, change, message):
    with pytest.raises(ValueError, match=message):
        kind(**change)
