"""Networks in a form that others run: StableHLO, one file for every platform and any number of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import export

from scaling.nets import Network

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""What an exported program runs on."""


def stablehlo(network: Network, side: int, channels: int, platforms: Sequence[str] = PLATFORMS) -> bytes:
    """A network with its weights as a serialised program of `jax.export`: pictures -> logits.

    The program takes float32 (batch, side, side, channels), prepared as the network wants them, for any batch. It is StableHLO
    with a version of its own: `jax.export.deserialize(content).call(pictures)` runs it, without this project, and
    `.mlir_module()` shows it to other compilers.

    Args:
        network: in evaluation mode.
        side: px of its pictures.
        channels: of its pictures.
        platforms: to lower it for.
    """
    graph, state = nnx.split(network)
    weights = jax.device_get(state)

    def logits(pictures: jax.Array) -> jax.Array:
        return nnx.merge(graph, jax.tree.map(jnp.asarray, weights))(pictures)

    (batch,) = export.symbolic_shape("batch")
    pictures = jax.ShapeDtypeStruct((batch, side, side, channels), jnp.float32)
    return bytes(export.export(jax.jit(logits), platforms=list(platforms))(pictures).serialize())


def largest_difference(content: bytes, network: Network, side: int, channels: int, batch: int = 2) -> float:
    """Run an exported program beside its network on random pictures: the largest difference over the largest logit."""
    pictures = np.random.default_rng(0).standard_normal((batch, side, side, channels), np.float32)
    theirs = np.asarray(export.deserialize(bytearray(content)).call(pictures))
    ours = np.asarray(nnx.jit(lambda net, x: net(x))(network, pictures))
    return float(np.abs(ours - theirs).max() / max(np.abs(ours).max(), np.finfo(np.float32).tiny))
