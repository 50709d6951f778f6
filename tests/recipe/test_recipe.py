import dataclasses

import pytest

from scaling.recipe.recipe import Recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "Recipe.epochs must be at least 1, got 0"),
        ({"batch": 1}, "Recipe.batch must be at least 2, got 1"),
        ({"warmup": 1.0}, "Recipe.warmup must be from 0 to below 1, got 1.0"),
        ({"momentum": -0.1}, "Recipe.momentum must be from 0 to below 1"),
        ({"peak_rate": 0}, "Recipe.peak_rate must be above 0"),
        ({"weight_decay": -1}, "weight_decay 0 or more, got 0.5 and -1"),
        ({"precision": "float16"}, "Recipe.precision must be one of auto, float32, bfloat16, got 'float16'"),
    ],
)
def test_a_recipe_is_checked(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Recipe(), **change)
