"""Layers with a gradient of their own against what differentiation makes of their formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

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
