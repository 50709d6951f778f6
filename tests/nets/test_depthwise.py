"""The shifted form against XLA's own convolution, forward and both gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from scaling.nets.depthwise import depthwise
from scaling.nets.layers import _stem_convolution
from scaling.nets.padding import same_padding

CASES = [(kernel, stride, side) for kernel in (1, 3, 5, 7) for stride in (1, 2, 3) for side in (1, 2, 5, 8, 12, 13)]


def reference(images, kernel, stride):
    return lax.conv_general_dilated(
        images,
        kernel[:, :, None, :],
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=images.shape[-1],
        precision="highest",
    )


def arrays(kernel, side, batch=2, channels=3, wider=1):
    random = np.random.default_rng(0)
    images = random.standard_normal((batch, side, side + wider, channels), np.float32)
    return jnp.asarray(images), jnp.asarray(random.standard_normal((kernel, kernel, channels), np.float32))


@partial(jax.jit, static_argnums=(0, 3))
def with_gradients(form, images, kernel, stride):
    out, pull_back = jax.vjp(lambda x, w: form(x, w, stride), images, kernel)
    weights = jnp.cos(jnp.arange(out.size, dtype=jnp.float32)).reshape(out.shape)
    return (out, *pull_back(weights))


@pytest.mark.parametrize("wider", [0, 1])
@pytest.mark.parametrize(("kernel", "stride", "side"), CASES)
def test_forward_and_gradients(kernel, stride, side, wider):
    images, weights = arrays(kernel, side, wider=wider)
    for ours, theirs in zip(
        with_gradients(depthwise, images, weights, stride), with_gradients(reference, images, weights, stride), strict=True
    ):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_under_vmap():
    images, weights = arrays(3, 6)
    stacked = jnp.stack([weights, 2 * weights])
    ours = jax.vmap(lambda w: depthwise(images, w, 2))(stacked)
    np.testing.assert_allclose(ours[1], 2 * ours[0], rtol=1e-6)
    gradients = jax.vmap(jax.grad(lambda w: (depthwise(images, w, 2) ** 2).sum()))(stacked)
    np.testing.assert_allclose(gradients[1], 2 * gradients[0], rtol=1e-5)


@pytest.mark.parametrize("side", [5, 8])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_stem(stride, side):
    random = np.random.default_rng(0)
    images = jnp.asarray(random.standard_normal((2, side, side, 3), np.float32))
    kernel = jnp.asarray(random.standard_normal((3, 3, 3, 4), np.float32))

    def dense(x, w, stride):
        return lax.conv_general_dilated(x, w, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    for ours, theirs in zip(
        with_gradients(_stem_convolution, images, kernel, stride), with_gradients(dense, images, kernel, stride), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_padding_is_tensorflows():
    assert same_padding(224, 3, 2) == (0, 1)
    assert same_padding(225, 3, 2) == (1, 1)
    assert same_padding(112, 5, 2) == (1, 2)
    assert same_padding(7, 5, 1) == (2, 2)
    assert same_padding(5, 1, 3) == (0, 0)
