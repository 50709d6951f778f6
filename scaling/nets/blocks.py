"""The blocks of which stages are made, one class for each name that a `Stage` may give its block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from scaling.arch import Activation, Architecture, Block, Stage
from scaling.nets.batch_norm import BatchNorm
from scaling.nets.initialise import Initialiser
from scaling.nets.layers import ACTIVATIONS, Convolution, Depthwise, Pointwise, SqueezeExcite, StochasticDepth
from scaling.nets.padding import Geometry


@dataclass(frozen=True, slots=True)
class Settings:
    """What an architecture leaves open; the defaults are those of the released B0.

    Args:
        dropout: rate before the classifier.
        stochastic_depth: rate d of the network; block i of N drops its branch at rate d * i / N, where it has a skip.
        batch_norm_decay: of the running statistics; a training of a few hundred steps needs .9.
        dtype: of pictures, maps and products; parameters, statistics and logits are float32 always.
    """

    dropout: float = 0.2
    stochastic_depth: float = 0.2
    batch_norm_decay: float = 0.99
    dtype: Any = jnp.float32


class Normed(nnx.Module):
    """A convolution and its batch norm."""

    def __init__(self, convolution: nnx.Module, norm: BatchNorm) -> None:
        self.convolution = convolution
        self.norm = norm

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, its height, its width, channels)."""
        return self.norm(self.convolution(maps))


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the layers of one network: with its padding and batch norm, its regularisation, its initial numbers."""

    architecture: Architecture
    settings: Settings
    init: Initialiser
    rngs: nnx.Rngs | None

    @property
    def activation(self) -> Activation:
        """The name of the network's activation."""
        return self.architecture.activation

    def geometry(self, stride: int, groups: int = 1) -> Geometry:
        """Where windows lie."""
        return Geometry(stride, self.architecture.padding, groups)

    def pointwise(self, inputs: int, outputs: int) -> Normed:
        """1 x 1 convolution."""
        return self._normed(Pointwise(inputs, outputs, self.init), outputs)

    def depthwise(self, channels: int, kernel: int, stride: int) -> Normed:
        """Depthwise convolution."""
        return self._normed(Depthwise(channels, kernel, self.geometry(stride), self.init), channels)

    def convolution(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> Normed:
        """k x k convolution."""
        return self._normed(Convolution(inputs, outputs, kernel, self.geometry(stride, groups), self.init), outputs)

    def strided(self, inputs: int, outputs: int, stride: int) -> Normed:
        """1 x 1 convolution of every stride-th pixel."""
        return self.pointwise(inputs, outputs) if stride == 1 else self.convolution(inputs, outputs, 1, stride)

    def drop(self, rate: float) -> StochasticDepth | None:
        """Stochastic depth, if anything is ever dropped."""
        return StochasticDepth(rate, self.rngs) if self.rngs is not None and rate > 0 else None

    def _normed(self, convolution: nnx.Module, channels: int) -> Normed:
        norm = BatchNorm(channels, self.settings.batch_norm_decay, self.architecture.batch_norm_epsilon, self.init)
        return Normed(convolution, norm)


class MBConv(nnx.Module):
    """Expand (1 x 1), depthwise (k x k), squeeze-excite, project (1 x 1); skip where input and output have the same shape."""

    def __init__(self, stage: Stage, inputs: int, stride: int, drop_rate: float, make: Maker) -> None:
        hidden, outputs = inputs * stage.expansion, stage.channels
        self.expand = nnx.data(make.pointwise(inputs, hidden) if stage.expansion != 1 else None)
        self.depthwise = make.depthwise(hidden, stage.kernel, stride)
        squeezed = stage.squeezed_channels(inputs)
        self.attention = nnx.data(SqueezeExcite(hidden, squeezed, make.init) if stage.squeeze_excite else None)
        self.project = make.pointwise(hidden, outputs)
        self.skip = stride == 1 and inputs == outputs
        self.drop = nnx.data(make.drop(drop_rate) if self.skip else None)
        self.activation = make.activation

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        activate = ACTIVATIONS[self.activation]
        hidden = maps if self.expand is None else activate(self.expand(maps))
        hidden = activate(self.depthwise(hidden))
        if self.attention is not None:
            hidden = self.attention(hidden)
        return _joined(self, maps, self.project(hidden))


class FusedMBConv(nnx.Module):
    """Expand (k x k), project (1 x 1), or one k x k convolution without expansion; skipped as MBConv is."""

    def __init__(self, stage: Stage, inputs: int, stride: int, drop_rate: float, make: Maker) -> None:
        hidden, outputs = inputs * stage.expansion, stage.channels
        expands = stage.expansion != 1
        self.expand = make.convolution(inputs, hidden if expands else outputs, stage.kernel, stride)
        self.project = nnx.data(make.pointwise(hidden, outputs) if expands else None)
        self.skip = stride == 1 and inputs == outputs
        self.drop = nnx.data(make.drop(drop_rate) if self.skip else None)
        self.activation = make.activation

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        hidden = ACTIVATIONS[self.activation](self.expand(maps))
        return _joined(self, maps, hidden if self.project is None else self.project(hidden))


class Separable(nnx.Module):
    """Depthwise (k x k) and 1 x 1 convolution, both activated; never skipped."""

    def __init__(self, stage: Stage, inputs: int, stride: int, drop_rate: float, make: Maker) -> None:
        self.depthwise = make.depthwise(inputs, stage.kernel, stride)
        self.project = make.pointwise(inputs, stage.channels)
        self.activation = make.activation

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        activate = ACTIVATIONS[self.activation]
        return activate(self.project(activate(self.depthwise(maps))))


class Residual(nnx.Module):
    """ResNet's block, activated after the sum; the skip is a strided 1 x 1 convolution where the shapes differ."""

    def __init__(self, stage: Stage, inputs: int, stride: int, drop_rate: float, make: Maker) -> None:
        outputs = stage.channels
        if stage.block == "basic":
            branch = [
                make.convolution(inputs, outputs, stage.kernel, stride),
                make.convolution(outputs, outputs, stage.kernel, 1),
            ]
        else:
            hidden = outputs // stage.expansion
            branch = [
                make.pointwise(inputs, hidden),
                make.convolution(hidden, hidden, stage.kernel, stride, stage.groups),
                make.pointwise(hidden, outputs),
            ]
        self.branch = nnx.List(branch)
        reshaped = stride != 1 or inputs != outputs
        self.shortcut = nnx.data(make.strided(inputs, outputs, stride) if reshaped else None)
        self.drop = nnx.data(make.drop(drop_rate))
        self.activation = make.activation

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        activate = ACTIVATIONS[self.activation]
        *inner, last = self.branch
        hidden = maps
        for convolution in inner:
            hidden = activate(convolution(hidden))
        hidden = last(hidden)
        skipped = maps if self.shortcut is None else self.shortcut(maps)
        return activate(skipped + (hidden if self.drop is None else self.drop(hidden)))


BLOCKS: dict[Block, type[MBConv] | type[FusedMBConv] | type[Separable] | type[Residual]] = {
    "mbconv": MBConv,
    "fused": FusedMBConv,
    "separable": Separable,
    "basic": Residual,
    "bottleneck": Residual,
}
"""By the name that a stage has for it."""


def _joined(block: MBConv | FusedMBConv, maps: jax.Array, branch: jax.Array) -> jax.Array:
    if not block.skip:
        return branch
    return maps + (branch if block.drop is None else block.drop(branch))
