"""Networks in a form that others run: StableHLO, one file for every platform and any number of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import export
from numpy.typing import NDArray

from scaling.nets import Network

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""What an exported program runs on."""


def stablehlo(network: Network, side: int, channels: int, platforms: Sequence[str] = PLATFORMS) -> bytes:
    """A network with its weights as a serialised program of `jax.export`: images -> logits.

    The program takes float32 (batch, side, side, channels), prepared as the network wants them, for any batch. It is StableHLO
    with a version of its own: `jax.export.deserialize(content).call(images)` runs it, without this project, and
    `.mlir_module()` shows it to other compilers.

    Args:
        network: in evaluation mode.
        side: px of its images.
        channels: of its images.
        platforms: to lower it for.
    """
    graph, state = nnx.split(network)
    weights = jax.device_get(state)

    def logits(images: jax.Array) -> jax.Array:
        return nnx.merge(graph, jax.tree.map(jnp.asarray, weights))(images)

    (batch,) = export.symbolic_shape("batch")
    images = jax.ShapeDtypeStruct((batch, side, side, channels), jnp.float32)
    return bytes(export.export(jax.jit(logits), platforms=list(platforms))(images).serialize())


class Sample(NamedTuple):
    """Random images (batch, side, side, channels), and the network's logits (batch, classes) on them."""

    images: NDArray[np.float32]
    logits: NDArray[np.float32]


def sample(network: Network, side: int, channels: int, batch: int = 2) -> Sample:
    """Run a network, in evaluation mode, on random images."""
    images = np.random.default_rng(0).standard_normal((batch, side, side, channels), np.float32)
    return Sample(images, np.asarray(nnx.jit(lambda net, x: net(x))(network, images)))


def largest_difference(content: bytes, beside: Sample) -> float:
    """Run an exported program on a network's images: the largest difference to its logits over the largest of them."""
    theirs, ours = np.asarray(export.deserialize(bytearray(content)).call(beside.images)), beside.logits
    return float(np.abs(ours - theirs).max() / max(np.abs(ours).max(), np.finfo(np.float32).tiny))
