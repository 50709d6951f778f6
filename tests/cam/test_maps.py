import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from scaling import Stage, architecture
from scaling.cam.maps import class_activation_maps, gradient_activation_maps
from scaling.nets import ModelConfig, build

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


@pytest.fixture(scope="module")
def smooth():
    """In evaluation mode, with running statistics of other images. SiLU: differences across a ReLU's kink are no slopes."""
    made = build(dataclasses.replace(TINY, activation="silu"), 5, 2, nnx.Rngs(1), ModelConfig(batch_norm_decay=0.3))
    made(1.5 * IMAGES[::-1] + 0.3)
    made.eval()
    return made


def central_differences(network, images, classes, blocks, step=3e-3):
    """Grad-CAM from forward passes alone: a channel's mean slope is that of the logit where the whole channel is shifted."""
    maps = network.maps(images, blocks)
    chosen = jax.jit(lambda maps: network.logits(maps, blocks)[jnp.arange(len(classes)), classes])
    slopes = [
        (chosen(maps.at[..., channel].add(step)) - chosen(maps.at[..., channel].add(-step))) / (2 * step)
        for channel in range(maps.shape[-1])
    ]
    means = jnp.stack(slopes, -1) / (maps.shape[1] * maps.shape[2])
    return np.maximum(jnp.einsum("nijk,nk->nij", maps, means), 0)


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_grad_cam_is_that_of_central_differences(smooth, blocks):
    wanted = central_differences(smooth, IMAGES, CLASSES, blocks)
    found = gradient_activation_maps(smooth, IMAGES, CLASSES, blocks)
    np.testing.assert_allclose(found, wanted, rtol=1e-2, atol=2e-3 * wanted.max())
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_grad_cam_of_an_image_is_its_own(smooth, blocks):
    together = gradient_activation_maps(smooth, IMAGES, CLASSES, blocks)
    for one in range(len(IMAGES)):
        alone = gradient_activation_maps(smooth, IMAGES[one : one + 1], CLASSES[one : one + 1], blocks)
        np.testing.assert_allclose(together[one], alone[0], rtol=1e-4, atol=1e-5 * float(together.max()))


def test_on_the_last_maps_grad_cam_is_the_positive_part_of_cam():
    made = build(dataclasses.replace(TINY, head=0), 5, 2, nnx.Rngs(1))
    made.eval()
    cam, grad_cam = class_activation_maps(made, IMAGES, CLASSES), gradient_activation_maps(made, IMAGES, CLASSES, 3)
    np.testing.assert_allclose(grad_cam * cam.shape[1] * cam.shape[2], np.maximum(cam, 0), rtol=1e-4, atol=1e-5)
