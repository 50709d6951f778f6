"""Where a network looks: class activation maps."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from scaling.nets.network import Network


def class_activation_maps(network: Network, images: jax.Array, classes: jax.Array) -> jax.Array:
    """What each pixel of the last maps adds to a class's logit: sum over channels k of w[k, class] * maps[.., k].

    Its mean over the map is the logit without the classifier's bias.

    Args:
        network: in evaluation mode.
        images: (batch, height, width, channels), as the network takes them.
        classes: (batch,), a class for each image.

    Returns:
        float32 (batch, rows, columns) of the last maps.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR 2016), equation 2.
    """
    maps = network.maps(images).astype(jnp.float32)
    return jnp.einsum("nijk,nk->nij", maps, network.classifier.kernel[...].T[classes])


def gradient_activation_maps(network: Network, images: jax.Array, classes: jax.Array, blocks: int) -> jax.Array:
    """Grad-CAM after some blocks: relu(sum over channels k of a[k] * maps[.., k]), a[k] the mean gradient of the logit.

    After the last block of a network without a head it is the positive part of `class_activation_maps` but for a factor.

    Args:
        network: in evaluation mode.
        images: (batch, height, width, channels), as the network takes them.
        classes: (batch,), a class for each image.
        blocks: after how many blocks.

    Returns:
        float32 (batch, rows, columns) of those maps.

    Source: Selvaraju et al., "Grad-CAM" (ICCV 2017), equations 1 and 2.
    """

    def chosen(maps: jax.Array) -> jax.Array:
        return jnp.take_along_axis(network.logits(maps, blocks), classes[:, None], axis=1).sum()

    maps = network.maps(images, blocks)
    slopes = jax.grad(chosen)(maps).astype(jnp.float32).mean((1, 2))
    return jnp.maximum(jnp.einsum("nijk,nk->nij", maps.astype(jnp.float32), slopes), 0)
