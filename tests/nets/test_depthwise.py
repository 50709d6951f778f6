"""The shifted form against XLA's own convolution, forward and both gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from scaling.nets.depthwise import depthwise
from scaling.nets.layers import _convolution
from scaling.nets.padding import Geometry, edges

CASES = [(kernel, stride, side) for kernel in (1, 3, 5, 7) for stride in (1, 2, 3) for side in (1, 2, 5, 8, 12, 13)]


def zeros(padding, kernel):
    return "SAME" if padding == "same" else [(kernel // 2, kernel // 2)] * 2


def reference(images, kernel, stride, padding="same"):
    return lax.conv_general_dilated(
        images,
        kernel[:, :, None, :],
        (stride, stride),
        zeros(padding, kernel.shape[0]),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=images.shape[-1],
        precision="highest",
    )


def arrays(kernel, side, batch=2, channels=3, wider=1):
    random = np.random.default_rng(0)
    images = random.standard_normal((batch, side, side + wider, channels), np.float32)
    return jnp.asarray(images), jnp.asarray(random.standard_normal((kernel, kernel, channels), np.float32))


@partial(jax.jit, static_argnums=(0, 3))
def with_gradients(form, images, kernel, geometry):
    out, pull_back = jax.vjp(lambda x, w: form(x, w, *geometry), images, kernel)
    weights = jnp.cos(jnp.arange(out.size, dtype=jnp.float32)).reshape(out.shape)
    return (out, *pull_back(weights))


def _differs(kernel, stride, side):
    return any(
        edges(one, kernel, Geometry(stride)) != edges(one, kernel, Geometry(stride, "symmetric")) for one in (side, side + 1)
    )


@pytest.mark.parametrize(
    ("kernel", "stride", "side", "padding"),
    [(*case, "same") for case in CASES] + [(*case, "symmetric") for case in CASES if _differs(*case)],
)
def test_forward_and_gradients(kernel, stride, side, padding):
    for wider in (0, 1):
        check_forward_and_gradients(kernel, stride, side, padding, wider)


def check_forward_and_gradients(kernel, stride, side, padding, wider):
    images, weights = arrays(kernel, side, wider=wider)
    geometry = (stride, padding)
    for ours, theirs in zip(
        with_gradients(depthwise, images, weights, geometry), with_gradients(reference, images, weights, geometry), strict=True
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


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("kernel", "stride", "side"), [(3, 1, 5), (3, 2, 8), (3, 2, 5), (7, 2, 8), (1, 2, 8), (3, 3, 7)])
def test_dense_convolutions(kernel, stride, side, groups, padding):
    random = np.random.default_rng(0)
    images = jnp.asarray(random.standard_normal((2, side, side, 6), np.float32))
    weights = jnp.asarray(random.standard_normal((kernel, kernel, 6 // groups, 4), np.float32))

    def dense(x, w, stride, padding, groups):
        dimensions = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(
            x,
            w,
            (stride, stride),
            zeros(padding, kernel),
            dimension_numbers=dimensions,
            feature_group_count=groups,
            precision="highest",
        )

    def ours(x, w, *geometry):
        return _convolution(x, w, Geometry(*geometry))

    geometry = (stride, padding, groups)
    for found, wanted in zip(
        with_gradients(ours, images, weights, geometry), with_gradients(dense, images, weights, geometry), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=3e-5, atol=3e-5)


def test_padding_is_tensorflows():
    assert edges(224, 3, Geometry(2)) == (0, 1)
    assert edges(225, 3, Geometry(2)) == (1, 1)
    assert edges(112, 5, Geometry(2)) == (1, 2)
    assert edges(7, 5, Geometry(1)) == (2, 2)
    assert edges(5, 1, Geometry(3)) == (0, 0)


def test_padding_is_pytorchs():
    assert edges(224, 3, Geometry(2, "symmetric")) == (1, 1)
    assert edges(224, 7, Geometry(2, "symmetric")) == (3, 3)
    assert edges(5, 1, Geometry(3, "symmetric")) == (0, 0)
