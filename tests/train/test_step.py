import dataclasses

import jax
import jax.numpy as jnp
import pytest

from scaling import architecture
from scaling.recipe.recipe import Recipe
from scaling.train.step import Pixels, abstract_state, abstract_weights, evaluation_program, settings, training_program
from scaling.train.task import Task

B0 = architecture("efficientnet_b0")
RECIPE = Recipe(epochs=2, batch=4, dropout=0.2, stochastic_depth=0.2)
TASK = Task(B0, RECIPE, num_classes=10, in_channels=3, images=9)
PIXELS = Pixels(*[jax.ShapeDtypeStruct((3,), jnp.float32)] * 2)


def images(count):
    return jax.ShapeDtypeStruct((count, 224, 224, 3), jnp.uint8)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_training_step_of_b0_lowers_for_every_platform(precision):
    task = TASK._replace(recipe=dataclasses.replace(RECIPE, precision=precision))
    program = training_program(task, "cpu")
    labels = jax.ShapeDtypeStruct((9,), jnp.int32)
    order, mirrored = (jax.ShapeDtypeStruct((2, 4), kind) for kind in (jnp.int32, jnp.bool_))
    exported = jax.export.export(program, platforms=("cpu", "cuda", "tpu"))(
        abstract_state(task, "cpu"), images(9), labels, PIXELS, order, mirrored
    )
    assert exported.platforms == ("cpu", "cuda", "tpu")


def test_the_evaluation_of_b0_lowers_for_every_platform():
    weights = abstract_weights(TASK, "cpu")
    exported = jax.export.export(evaluation_program(TASK, "cpu"), platforms=("cpu", "cuda", "tpu"))(
        weights, images(250), PIXELS
    )
    assert exported.out_avals[0].shape == (250, 10)


def test_a_cpu_program_holds_no_convolution_and_a_gpu_program_does():
    weights = abstract_weights(TASK, "cpu")
    program = evaluation_program(TASK, "cpu")
    text = {
        platform: program.trace(weights, images(4), PIXELS).lower(lowering_platforms=(platform,)).as_text()
        for platform in ("cpu", "cuda")
    }
    assert "stablehlo.convolution" not in text["cpu"]
    assert text["cuda"].count("stablehlo.convolution") == 1 + 16  # the stem and a depthwise convolution per block


def test_precision_follows_the_device_unless_it_is_named():
    assert settings(Recipe(), "cpu").dtype == jnp.float32
    assert settings(Recipe(), "gpu").dtype == settings(Recipe(), "tpu").dtype == jnp.bfloat16
    assert settings(Recipe(precision="float32"), "gpu").dtype == jnp.float32
    assert settings(Recipe(precision="bfloat16"), "cpu").dtype == jnp.bfloat16
