"""Layers with a gradient of their own against their formula's, and networks in evaluation against finite differences."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from scaling import Architecture, Stage
from scaling.nets import ModelConfig, build
from scaling.nets.batch_norm import BatchNorm
from scaling.nets.initialise import Draws
from scaling.nets.layers import silu


@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 1e-6), (jnp.bfloat16, 2**-7)])
def test_silu_and_its_gradient_everywhere(dtype, tolerance):
    numbers = jnp.concatenate([jnp.linspace(-20, 20, 401), jnp.array([-1e4, -100.0, 100.0, 1e4])])
    ours, theirs = (
        jax.vmap(jax.value_and_grad(form))(numbers.astype(kind)) for form, kind in ((silu, dtype), (jax.nn.silu, jnp.float32))
    )
    for found, wanted in zip(ours, theirs, strict=True):
        assert found.dtype == dtype
        np.testing.assert_allclose(found.astype(jnp.float32), wanted, rtol=tolerance, atol=tolerance)


def plain(maps, scale, bias, epsilon):
    mean = maps.mean((0, 1, 2))
    return (maps - mean) * scale / jnp.sqrt(((maps - mean) ** 2).mean((0, 1, 2)) + epsilon) + bias


def test_batch_norm_in_training_and_all_its_gradients():
    random = np.random.default_rng(0)
    maps, weights = (jnp.asarray(random.standard_normal((4, 5, 3, 6)), jnp.float32) for _ in range(2))
    scale, bias = (jnp.asarray(random.standard_normal(6), jnp.float32) for _ in range(2))
    definition, state, running = nnx.split(BatchNorm(6, 0.9, 1e-3, Draws(0)), nnx.Param, ...)

    def ours(maps, scale, bias):
        given = jax.tree.unflatten(jax.tree.structure(state), [bias, scale])  # in the order of their names
        return nnx.merge(definition, given, running, copy=True)(maps)

    for found, wanted in zip(
        jax.vjp(ours, maps + 3, scale, bias)[1](weights),
        jax.vjp(lambda *given: plain(*given, 1e-3), maps + 3, scale, bias)[1](weights),
        strict=True,
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours(maps + 3, scale, bias), plain(maps + 3, scale, bias, 1e-3), rtol=1e-4, atol=1e-5)


def test_running_statistics_follow_the_batches_or_are_the_last_ones():
    maps = jnp.arange(24, dtype=jnp.float32).reshape(2, 2, 3, 2)
    for decay, share in ((0.9, 0.1), (0.0, 1.0)):
        norm = BatchNorm(2, decay, 1e-3, Draws(0))
        norm(maps)
        np.testing.assert_allclose(norm.mean[...], share * maps.mean((0, 1, 2)), rtol=1e-6)
        np.testing.assert_allclose(norm.var[...], (1 - share) + share * maps.var((0, 1, 2)), rtol=1e-5)


# One network for each kind of block. SiLU throughout: at the kinks of a ReLU differences and gradients rightly disagree.
SEVERAL = {
    "mbconv": Architecture("mbconv", 12, 6, (Stage(1, 3, 1, 1, 6), Stage(2, 3, 2, 2, 8)), 10),
    "fused": Architecture("fused", 12, 6, (Stage(2, 3, 1, 1, 6, 0, "fused"), Stage(1, 3, 2, 2, 8, 0, "fused")), 10),
    "separable": Architecture("separable", 12, 6, (Stage(3, 3, 1, 1, 8, 0, "separable"),), 0),
    "basic": Architecture("basic", 12, 6, (Stage(3, 3, 2, 1, 8, 0, "basic"),), 0),
    "bottleneck": Architecture("bottleneck", 12, 6, (Stage(3, 3, 1, 2, 8, 0, "bottleneck", groups=2),), 0),
}
# The start of the SHA-256 of paths, shapes and bits of the parameters that seed 1 draws: recorded trainings began with such.
DRAWN = {
    "mbconv": "86aeb5188e56f391",
    "fused": "09437b995b99a7ba",
    "separable": "97587a02b84766e3",
    "basic": "01c578368bb07c5e",
    "bottleneck": "7f010c71c019b03f",
}
IMAGES = jnp.asarray(np.random.default_rng(0).standard_normal((3, 12, 12, 2)), jnp.float32)
CHOSEN = jnp.array([0, 3, 1])


@pytest.mark.parametrize("name", SEVERAL)
def test_initial_parameters_to_the_last_bit(name):
    digest = hashlib.sha256()
    for path, variable in nnx.to_flat_state(nnx.state(build(SEVERAL[name], 5, 2, nnx.Rngs(1)), nnx.Param)):
        digest.update(repr((path, variable.shape)).encode() + np.asarray(variable.get_value()).tobytes())
    assert digest.hexdigest()[:16] == DRAWN[name]


@pytest.fixture(scope="module", params=SEVERAL)
def evaluated(request):
    """A network in evaluation mode whose running statistics are neither those at the start nor those of `IMAGES`."""
    made = build(SEVERAL[request.param], 5, 2, nnx.Rngs(1), ModelConfig(batch_norm_decay=0.3))
    made(1.5 * IMAGES[:2] + 0.3)
    made.eval()
    return made


def of_inputs(network):
    return lambda images: network(images)[jnp.arange(3), CHOSEN].sum(), IMAGES


def of_inner_maps(network):
    return lambda maps: network.logits(maps, 2)[jnp.arange(3), CHOSEN].sum(), network.maps(IMAGES, 2)


def of_parameters(network):
    definition, parameters, others = nnx.split(network, nnx.Param, ...)

    def chosen(parameters):
        return nnx.merge(definition, parameters, others, copy=True)(IMAGES)[jnp.arange(3), CHOSEN].sum()

    return chosen, parameters


@pytest.mark.parametrize("of", [of_inputs, of_inner_maps, of_parameters])
def test_gradients_in_evaluation_are_central_differences(evaluated, of):
    """Along random directions, whose slope is gradient . direction; float32 leaves the differences some four digits."""
    function, at = of(evaluated)
    function = jax.jit(function)
    gradient, random, step = jax.grad(function)(at), np.random.default_rng(2), 3e-3
    size = float(jnp.sqrt(sum((leaf**2).sum() for leaf in jax.tree.leaves(gradient))))
    for _ in range(8):
        towards = jax.tree.map(lambda leaf: jnp.asarray(random.standard_normal(leaf.shape), jnp.float32), at)
        ahead, behind = (function(jax.tree.map(lambda x, d: x + sign * step * d, at, towards)) for sign in (1, -1))  # noqa: B023
        slope = sum((g * d).sum() for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(towards), strict=True))
        assert abs((ahead - behind) / (2 * step) - slope) < 2e-3 * size


def test_in_evaluation_an_images_gradient_is_its_own(evaluated):
    function, _ = of_inputs(evaluated)
    together = jax.jit(jax.grad(function))(IMAGES)
    of_one = jax.jit(jax.grad(lambda images, number: evaluated(images)[0, number]))
    for one in range(3):
        alone = of_one(IMAGES[one : one + 1], CHOSEN[one])
        np.testing.assert_allclose(together[one], alone[0], rtol=1e-4, atol=1e-4 * float(abs(alone).max()))


@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 1e-6), (jnp.bfloat16, 2**-7)])
def test_batch_norm_in_evaluation_and_all_its_gradients(dtype, tolerance):
    random = np.random.default_rng(0)
    maps, weights = (jnp.asarray(random.standard_normal((4, 5, 3, 6)), dtype) for _ in range(2))
    norm = BatchNorm(6, 0.9, 1e-3, Draws(0))
    for variable in (norm.scale, norm.bias, norm.mean, norm.var):
        variable.set_value(jnp.asarray(random.uniform(0.5, 2, 6), jnp.float32))
    norm.use_running_average = True
    definition, state, running = nnx.split(norm, nnx.Param, ...)
    found, backward = jax.vjp(lambda x, state: nnx.merge(definition, state, running, copy=True)(x), maps, state)
    of_maps, of_state = backward(weights)
    deviation, wide, given = (jnp.sqrt(norm.var[...] + 1e-3), maps.astype(jnp.float32), weights.astype(jnp.float32))
    unit = (wide - norm.mean[...]) / deviation
    for got, wanted in (
        (found, unit * norm.scale[...] + norm.bias[...]),
        (of_maps, given * norm.scale[...] / deviation),
        (of_state["scale"][...], (given * unit).sum((0, 1, 2))),
        (of_state["bias"][...], given.sum((0, 1, 2))),
    ):
        np.testing.assert_allclose(got.astype(jnp.float32), wanted, rtol=tolerance, atol=tolerance)
