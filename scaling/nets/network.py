"""From an `Architecture` to a Flax NNX network."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np
from flax import nnx

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.nets.blocks import ConvBlock, Maker, ModelConfig
from scaling.nets.initialise import Draws, Initialiser, Shapes
from scaling.nets.layers import ACTIVATIONS, Classifier, MaxPool


class Network(nnx.Module):
    """Stem, blocks, head, mean over the map, dropout, classifier."""

    def __init__(self, architecture: Architecture, num_classes: int, in_channels: int, make: Maker) -> None:
        stem, last, head = architecture.stem, architecture.stages[-1].channels, architecture.head
        self.stem = make.convolution(in_channels, stem, architecture.stem_kernel, architecture.stem_stride)
        pools = architecture.stem_pool != 1
        self.pool = nnx.data(MaxPool(make.geometry(architecture.stem_pool)) if pools else None)
        self.blocks = nnx.List(_blocks(architecture, make))
        self.head = nnx.data(make.pointwise(last, head) if head else None)
        rngs = make.rngs
        self.dropout = nnx.data(nnx.Dropout(make.settings.dropout, rngs=rngs) if rngs is not None else None)
        self.classifier = Classifier(head or last, num_classes, make.settings.classifier_start, make.init)
        self.activation = architecture.activation
        self.in_channels = in_channels
        self.dtype = make.settings.dtype

    def __call__(self, images: jax.Array) -> jax.Array:
        """(batch, height, width, in_channels) -> float32 logits (batch, num_classes).

        Raises:
            ValueError: the images have another shape.
        """
        return self.logits(self.maps(images))

    def maps(self, images: jax.Array, blocks: int | None = None) -> jax.Array:
        """(batch, height, width, in_channels) -> the maps after the stem and so many blocks; after the head if None."""
        if images.ndim != 4 or images.shape[-1] != self.in_channels:
            raise ValueError(f"images must be (batch, height, width, {self.in_channels}), got the shape {images.shape}")
        activate = ACTIVATIONS[self.activation]
        maps = activate(self.stem(images.astype(self.dtype)))
        if self.pool is not None:
            maps = self.pool(maps)
        for block in self.blocks[:blocks]:
            maps = block(maps)
        return self._headed(maps) if blocks is None else maps

    def logits(self, maps: jax.Array, blocks: int | None = None) -> jax.Array:
        """`maps` of as many blocks -> float32 logits (batch, num_classes)."""
        if blocks is not None:
            for block in self.blocks[blocks:]:
                maps = block(maps)
            maps = self._headed(maps)
        features = maps.mean((1, 2))
        return self.classifier(features if self.dropout is None else self.dropout(features))

    def _headed(self, maps: jax.Array) -> jax.Array:
        return maps if self.head is None else ACTIVATIONS[self.activation](self.head(maps))


def build(
    architecture: Architecture,
    num_classes: int = 1000,
    in_channels: int = 3,
    rngs: nnx.Rngs | None = None,
    settings: ModelConfig | None = None,
) -> Network:
    """A network with freshly drawn parameters, in training mode; `net.eval()` and `net.train()` switch.

    Args:
        architecture: the network, scaled or not.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.
        rngs: draws the parameters (stream `params`) and, while training, dropout and stochastic depth; `nnx.Rngs(0)`
            where left out.
        settings: regularisation, batch norm and precision.

    Returns:
        A module that maps float images (batch, height, width, in_channels) to float32 logits (batch, num_classes). Any
        image size works; `architecture.resolution` is the one it is made for.
    """
    rngs = nnx.Rngs(0) if rngs is None else rngs
    seed = np.asarray(jax.random.key_data(rngs.params())).tolist()
    return _network(architecture, num_classes, in_channels, settings or ModelConfig(), Draws(seed), rngs)


def abstract(
    architecture: Architecture, num_classes: int = 1000, in_channels: int = 3, settings: ModelConfig | None = None
) -> Network:
    """The same network with shapes in place of numbers: to count, trace, compile or export without memory for it."""
    return _network(architecture, num_classes, in_channels, settings or ModelConfig(), Shapes(), nnx.Rngs(0))


def _network(
    architecture: Architecture,
    num_classes: int,
    in_channels: int,
    settings: ModelConfig,
    init: Initialiser,
    rngs: nnx.Rngs,
) -> Network:
    if num_classes < 1 or in_channels < 1:
        raise UserError(f"a network needs 1 class and 1 channel or more, got {num_classes} and {in_channels}")
    random = rngs if settings.dropout or settings.stochastic_depth else None
    return Network(architecture, num_classes, in_channels, Maker(architecture, settings, init, random))


def _blocks(architecture: Architecture, make: Maker) -> Iterator[nnx.Module]:
    total = sum(stage.repeats for stage in architecture.stages)
    index, channels = 0, architecture.stem
    for stage in architecture.stages:
        for repeat in range(stage.repeats):
            drop_rate = make.settings.stochastic_depth * index / total
            stride = stage.stride if repeat == 0 else 1
            yield ConvBlock(stage, channels, stride, drop_rate, make)
            index, channels = index + 1, stage.channels
