"""The published update formulas, worked through in plain Python beside what trains."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from scaling import architecture
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.published import recipe
from scaling.recipe.recipe import Recipe
from scaling.recipe.schedules import Schedule
from scaling.train.optimizer import apply_updates, averaged, initial_moments, optimizer, pack, schedule, unpack
from scaling.train.step import abstract_weights
from scaling.train.task import Task

GRADIENTS = [0.5, -2.0, 0.0, 3.0, 0.25, -0.125]
RATES = [0.1, 0.2, 0.2, 0.05, 0.05, 0.3]


def trained(made, value=1.5):
    """A kernel of one number, after each step of the recipe's optimizer."""
    params = pack({"kernel": jnp.full((1, 1), value)})
    state, found = initial_moments(made, params, {"kernel": jnp.zeros((1, 1))}), []
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        rate = jnp.float32(rate)
        updates, state = optimizer(made).update(pack({"kernel": jnp.full((1, 1), gradient)}), state, params, rate=rate)
        params = apply_updates(made, params, updates, rate)
        found.append(float(params.kernels[0]))
    return found


def test_rmsprop_is_that_of_the_release():
    made = Recipe(momentum=0.9, weight_decay=0.01, optimizer=Optimizer("rmsprop"))
    p, square, velocity, expected = 1.5, 1.0, 0.0, []
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        gradient += 0.01 * p
        square = 0.9 * square + 0.1 * gradient**2
        velocity = 0.9 * velocity + rate * gradient / math.sqrt(square + 1e-3)
        p -= velocity
        expected.append(p)
    np.testing.assert_allclose(trained(made), expected, rtol=2e-6)


def test_adamw_corrects_its_bias_and_decays_apart():
    made = Recipe(momentum=0.9, weight_decay=0.05, optimizer=Optimizer("adamw"))
    p, mean, square, expected = 1.5, 0.0, 0.0, []
    for step, (gradient, rate) in enumerate(zip(GRADIENTS, RATES, strict=True), 1):
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        corrected = mean / (1 - 0.9**step) / (math.sqrt(square / (1 - 0.999**step)) + 1e-8)
        p -= rate * (corrected + 0.05 * p)
        expected.append(p)
    np.testing.assert_allclose(trained(made), expected, rtol=2e-6)


def test_sgd_has_nesterovs_momentum():
    p, velocity, expected = 1.5, 0.0, []
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        gradient += 0.01 * p
        velocity = 0.9 * velocity + gradient
        p -= rate * (gradient + 0.9 * velocity)
        expected.append(p)
    np.testing.assert_allclose(trained(Recipe(momentum=0.9, weight_decay=0.01)), expected, rtol=2e-6)


@pytest.mark.parametrize("epochs", [35, 350])
def test_the_staircase_is_the_papers_at_any_length(epochs):
    made = dataclasses.replace(recipe("efficientnet"), epochs=epochs, batch=128)
    steps = 100 * epochs
    found = np.asarray(schedule(made, steps)(jnp.arange(steps)))
    peak, warmup, stair = 0.256 * 128 / 4096, 5 / 350 * steps, 2.4 / 350 * steps
    expected = [peak * (step / warmup if step < warmup else 0.97 ** math.floor(step / stair)) for step in range(steps)]
    # A step that falls on the edge of a stair may be on either side of it, by the last bit of a float32.
    near = [abs(step / stair - round(step / stair)) < 1e-4 for step in range(steps)]
    np.testing.assert_allclose(found[~np.array(near)], np.array(expected)[~np.array(near)], rtol=1e-4)
    assert sum(near) <= 0.05 * steps


def test_the_cosine_scales_with_the_batch():
    found = schedule(Recipe(peak_rate=0.4, reference_batch=512, batch=128, warmup=0.1), 1000)(
        jnp.array([0, 50, 100, 550, 1000])
    )
    np.testing.assert_allclose(found, [0, 0.05, 0.1, 0.05, 0], atol=1e-8)


def test_the_average_warms_up():
    average, expected = jnp.float32(2.0), 2.0
    for step, value in enumerate([1.0, 3.0, -1.0, 5.0], 1):
        average = averaged(0.3, jnp.int32(step), average, jnp.float32(value))
        kept = min(0.3, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * value
    assert float(average) == pytest.approx(expected, rel=1e-6)


def test_what_the_release_decays():
    """Every kernel and bias, and no scale or offset of batch norm: where all gradients are 0, only those move."""
    made = dataclasses.replace(recipe("efficientnet"), weight_decay=0.5)
    task = Task(architecture("efficientnet_b0"), made, 10, 3, 4096)
    shapes = abstract_weights(task, "cpu").params
    ones = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), shapes)
    params = pack(ones)
    zeros = jax.tree.map(jnp.zeros_like, params)
    updates, _ = optimizer(made, shapes).update(zeros, initial_moments(made, params, shapes), params, rate=jnp.float32(1))
    moved = unpack(updates, shapes)
    seen = {"kernel": set(), "bias": set(), "norm": set()}
    for path, leaf in jax.tree_util.tree_leaves_with_path(moved):
        name = jax.tree_util.keystr(path)
        kind = "norm" if "'norm'" in name else "bias" if "'bias'" in name else "kernel"
        seen[kind] |= set(np.unique(np.asarray(leaf)).tolist())
    (moved_by,) = seen["kernel"]
    assert moved_by == pytest.approx(0.5 / math.sqrt(0.9 + 0.1 * 0.25 + 1e-3), rel=1e-5)
    assert seen["bias"] == {moved_by}
    assert seen["norm"] == {0.0}


@pytest.mark.parametrize("kind", ["rmsprop", "adamw"])
def test_without_decay_of_biases_only_kernels_move(kind):
    made = Recipe(weight_decay=0.5, optimizer=Optimizer(kind))
    params = pack({"kernel": jnp.ones((2, 2)), "bias": jnp.ones(3)})
    zeros = jax.tree.map(jnp.zeros_like, params)
    updates, _ = optimizer(made).update(zeros, initial_moments(made, params, None), params, rate=jnp.float32(1))
    assert np.asarray(updates.kernels).all()
    assert not np.asarray(updates.vectors).any()


def test_a_schedule_of_one_step_and_one_without_warmup_are_finite():
    for made in (Recipe(warmup=0.0, schedule=Schedule("staircase")), Recipe(schedule=Schedule("staircase"))):
        for steps in (1, 2, 7):
            assert np.isfinite(np.asarray(schedule(made, steps)(jnp.arange(steps)))).all()
