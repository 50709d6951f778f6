"""Programs of recipes that use nothing new are, to the letter, those that recorded trainings were made by."""

import hashlib
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from scaling import architecture
from scaling.arch import SMALL
from scaling.recipe.recipe import Recipe
from scaling.train.step import Pixels, abstract_state, abstract_weights, evaluation_program, training_program
from scaling.train.task import Task

TASKS = {
    "small": Task(SMALL, Recipe(), 10, 1, 6000),
    "efficientnet_b0": Task(
        architecture("efficientnet_b0"), Recipe(epochs=2, batch=4, dropout=0.2, stochastic_depth=0.2), 10, 3, 9
    ),
    "efficientnetv2_b0": Task(
        architecture("efficientnetv2_b0"),
        Recipe(epochs=3, batch=8, momentum=0, weight_decay=0, label_smoothing=0, dropout=0.1),
        7,
        3,
        40,
    ),
}
KNOWN = json.loads((Path(__file__).parents[1] / "golden" / "lowered.json").read_text("utf-8"))
"""By version of JAX: the digests of training and evaluation, as they were when the committed runs were made."""


def digests(task):
    side, (_, steps) = task.architecture.resolution, task.segments
    pixels = Pixels(*[jax.ShapeDtypeStruct((task.in_channels,), jnp.float32)] * 2)

    def images(count):
        return jax.ShapeDtypeStruct((count, side, side, task.in_channels), jnp.uint8)

    order, mirrored = (jax.ShapeDtypeStruct((steps, task.recipe.batch), kind) for kind in (jnp.int32, jnp.bool_))
    labels = jax.ShapeDtypeStruct((task.images,), jnp.int32)
    state, weights = abstract_state(task, "cpu"), abstract_weights(task, "cpu")
    training = training_program(task, "cpu").lower(state, images(task.images), labels, pixels, order, mirrored)
    evaluation = evaluation_program(task, "cpu").lower(weights, images(250), pixels)
    return [hashlib.sha256(one.as_text().encode()).hexdigest()[:16] for one in (training, evaluation)]


@pytest.mark.parametrize("name", TASKS)
def test_programs_are_those_of_the_records(name):
    found = digests(TASKS[name])
    if jax.__version__ not in KNOWN:
        pytest.skip(f"the digests of JAX {jax.__version__} are not recorded; of {', '.join(KNOWN)} they are")
    assert found == KNOWN[jax.__version__][name]
