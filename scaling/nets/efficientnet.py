"""From an `Architecture` to a Flax NNX network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from scaling.arch import Architecture, Stage
from scaling.nets.batch_norm import BatchNorm
from scaling.nets.initialise import Draws, Initialiser, Shapes
from scaling.nets.layers import Classifier, Depthwise, Pointwise, SqueezeExcite, Stem, StochasticDepth, silu


@dataclass(frozen=True, slots=True)
class Settings:
    """What an architecture leaves open; the defaults are those of the released B0.

    Args:
        dropout: rate before the classifier.
        stochastic_depth: rate d of the network; block i of N drops its branch at rate d * i / N, where it has a skip.
        batch_norm_decay: of the running statistics; a training of a few hundred steps needs .9.
        batch_norm_epsilon: added to the variance.
        dtype: of pictures, maps and products; parameters, statistics and logits are float32 always.
    """

    dropout: float = 0.2
    stochastic_depth: float = 0.2
    batch_norm_decay: float = 0.99
    batch_norm_epsilon: float = 1e-3
    dtype: Any = jnp.float32


class Normed(nnx.Module):
    """A convolution and its batch norm."""

    def __init__(self, convolution: nnx.Module, channels: int, settings: Settings, init: Initialiser) -> None:
        self.convolution = convolution
        self.norm = BatchNorm(channels, settings.batch_norm_decay, settings.batch_norm_epsilon, init)

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, its height, its width, channels)."""
        return self.norm(self.convolution(maps))


class MBConv(nnx.Module):
    """Expand (1x1), depthwise (k x k), squeeze-excite, project (1x1); skip where input and output have the same shape."""

    def __init__(
        self,
        stage: Stage,
        inputs: int,
        stride: int,
        drop_rate: float,
        settings: Settings,
        init: Initialiser,
        rngs: nnx.Rngs | None,
    ) -> None:
        hidden, outputs = inputs * stage.expansion, stage.channels
        expands = stage.expansion != 1
        self.expand = nnx.data(Normed(Pointwise(inputs, hidden, init), hidden, settings, init) if expands else None)
        self.depthwise = Normed(Depthwise(hidden, stage.kernel, stride, init), hidden, settings, init)
        squeezed = stage.squeezed_channels(inputs)
        self.attention = nnx.data(SqueezeExcite(hidden, squeezed, init) if stage.squeeze_excite else None)
        self.project = Normed(Pointwise(hidden, outputs, init), outputs, settings, init)
        self.skip = stride == 1 and inputs == outputs
        drops = rngs is not None and self.skip and drop_rate > 0
        self.drop = nnx.data(StochasticDepth(drop_rate, rngs) if drops else None)  # type: ignore[arg-type]

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        hidden = maps if self.expand is None else silu(self.expand(maps))
        hidden = silu(self.depthwise(hidden))
        if self.attention is not None:
            hidden = self.attention(hidden)
        branch = self.project(hidden)
        if not self.skip:
            return branch
        return maps + (branch if self.drop is None else self.drop(branch))


class EfficientNet(nnx.Module):
    """Stem, MBConv blocks, head, mean over the map, dropout, classifier."""

    def __init__(
        self,
        architecture: Architecture,
        num_classes: int,
        in_channels: int,
        settings: Settings,
        init: Initialiser,
        rngs: nnx.Rngs | None,
    ) -> None:
        stem, last, head = architecture.stem, architecture.stages[-1].channels, architecture.head
        self.stem = Normed(Stem(in_channels, stem, architecture.stem_stride, init), stem, settings, init)
        self.blocks = nnx.List(_blocks(architecture, settings, init, rngs))
        self.head = Normed(Pointwise(last, head, init), head, settings, init)
        self.dropout = nnx.data(nnx.Dropout(settings.dropout, rngs=rngs) if rngs is not None else None)
        self.classifier = Classifier(architecture.head, num_classes, init)
        self.dtype = settings.dtype

    def __call__(self, images: jax.Array) -> jax.Array:
        """(batch, height, width, in_channels) -> float32 logits (batch, num_classes)."""
        maps = silu(self.stem(images.astype(self.dtype)))
        for block in self.blocks:
            maps = block(maps)
        maps = silu(self.head(maps))
        features = maps.mean((1, 2))
        return self.classifier(features if self.dropout is None else self.dropout(features))


def build(
    architecture: Architecture,
    num_classes: int = 1000,
    in_channels: int = 3,
    rngs: nnx.Rngs | None = None,
    settings: Settings | None = None,
) -> EfficientNet:
    """A network with freshly drawn parameters, in training mode; `net.eval()` and `net.train()` switch.

    Args:
        architecture: the network, scaled or not.
        num_classes: outputs of the classifier.
        in_channels: channels of the pictures.
        rngs: draws the parameters (stream `params`) and, while training, dropout and stochastic depth; `nnx.Rngs(0)`
            where left out.
        settings: regularisation, batch norm and precision.

    Returns:
        A module that maps float pictures (batch, height, width, in_channels) to float32 logits (batch, num_classes). Any
        picture size works; `architecture.resolution` is the one it is made for.
    """
    rngs = nnx.Rngs(0) if rngs is None else rngs
    seed = np.asarray(jax.random.key_data(rngs.params())).tolist()
    return _network(architecture, num_classes, in_channels, settings or Settings(), Draws(seed), rngs)


def abstract(
    architecture: Architecture, num_classes: int = 1000, in_channels: int = 3, settings: Settings | None = None
) -> EfficientNet:
    """The same network with shapes in place of numbers: to count, trace, compile or export without memory for it."""
    return _network(architecture, num_classes, in_channels, settings or Settings(), Shapes(), nnx.Rngs(0))


def _network(
    architecture: Architecture,
    num_classes: int,
    in_channels: int,
    settings: Settings,
    init: Initialiser,
    rngs: nnx.Rngs,
) -> EfficientNet:
    random = rngs if settings.dropout or settings.stochastic_depth else None
    return EfficientNet(architecture, num_classes, in_channels, settings, init, random)


def _blocks(architecture: Architecture, settings: Settings, init: Initialiser, rngs: nnx.Rngs | None) -> Iterator[MBConv]:
    total = sum(stage.repeats for stage in architecture.stages)
    index, channels = 0, architecture.stem
    for stage in architecture.stages:
        for repeat in range(stage.repeats):
            drop_rate = settings.stochastic_depth * index / total
            stride = stage.stride if repeat == 0 else 1
            yield MBConv(stage, channels, stride, drop_rate, settings, init, rngs)
            index, channels = index + 1, stage.channels
