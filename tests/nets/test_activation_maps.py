import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from scaling import Stage, architecture
from scaling.nets import build
from scaling.nets.activation_maps import class_activation_maps, gradient_activation_maps

TINY = dataclasses.replace(
    architecture("small"), resolution=16, stem=8, head=16, stages=(Stage(2, 3, 1, 1, 8), Stage(1, 3, 2, 2, 12, 0.0))
)
IMAGES = np.random.default_rng(0).standard_normal((3, 16, 16, 2), np.float32)
CLASSES = jnp.array([0, 3, 1])


@pytest.fixture(scope="module", params=[16, 0])
def network(request):
    made = build(dataclasses.replace(TINY, head=request.param), 5, 2, nnx.Rngs(1))
    made.eval()
    return made


def test_the_mean_of_the_map_is_the_logit_without_its_bias(network):
    network.classifier.bias.set_value(jnp.arange(5.0))
    maps = class_activation_maps(network, IMAGES, CLASSES)
    assert maps.shape == (3, 4, 4)
    logits = network(IMAGES)[jnp.arange(3), CLASSES] - CLASSES
    np.testing.assert_allclose(maps.mean((1, 2)), logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("blocks", [0, 1, 2, 3])
def test_parts_of_a_network_make_the_whole(network, blocks):
    np.testing.assert_array_equal(network.logits(network.maps(IMAGES, blocks), blocks), network(IMAGES))


def test_grad_cam_by_differences(network):
    maps = network.maps(IMAGES, 2)
    slopes = jax.jacobian(lambda x: network.logits(x, 2)[jnp.arange(3), CLASSES].sum())(maps)
    wanted = np.maximum((np.asarray(maps) * np.asarray(slopes).mean((1, 2), keepdims=True)).sum(-1), 0)
    np.testing.assert_allclose(gradient_activation_maps(network, IMAGES, CLASSES, 2), wanted, rtol=1e-4, atol=1e-6)


def test_on_the_last_maps_grad_cam_is_the_positive_part_of_cam():
    made = build(dataclasses.replace(TINY, head=0), 5, 2, nnx.Rngs(1))
    made.eval()
    cam, grad_cam = class_activation_maps(made, IMAGES, CLASSES), gradient_activation_maps(made, IMAGES, CLASSES, 3)
    np.testing.assert_allclose(grad_cam * cam.shape[1] * cam.shape[2], np.maximum(cam, 0), rtol=1e-4, atol=1e-5)
