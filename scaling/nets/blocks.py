"""The blocks of which stages are made, built from the list of their layers in `scaling.arch.blocks`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from scaling.arch import Activation, Architecture, Stage
from scaling.arch.blocks import KINDS, Layer, layers, skips
from scaling.nets.batch_norm import BatchNorm
from scaling.nets.initialise import Initialiser
from scaling.nets.layers import ACTIVATIONS, Convolution, Depthwise, Pointwise, SqueezeExcite, StochasticDepth
from scaling.nets.padding import Geometry
from scaling.recipe.recipe import ClassifierStart


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What an architecture leaves open; the defaults are those of the released B0.

    Args:
        dropout: rate before the classifier.
        stochastic_depth: rate d of the network; block i of N drops its branch at rate d * i / N, where it has a skip.
        batch_norm_decay: of the running statistics; a training of a few hundred steps needs .9.
        dtype: of images, maps and products; parameters, statistics and logits are float32 always.
        classifier_start: spread of the classifier's initial weights, as `Recipe` has it.
    """

    dropout: float = 0.2
    stochastic_depth: float = 0.2
    batch_norm_decay: float = 0.99
    dtype: Any = jnp.float32
    classifier_start: ClassifierStart = "released"


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
    settings: ModelConfig
    init: Initialiser
    rngs: nnx.Rngs | None

    @property
    def activation(self) -> Activation:
        """The name of the network's activation."""
        return self.architecture.activation

    def geometry(self, stride: int, groups: int = 1) -> Geometry:
        """Where windows lie."""
        return Geometry(stride, self.architecture.padding, groups)

    def pointwise(self, inputs: int, outputs: int, stride: int = 1) -> Normed:
        """1 x 1 convolution, of every stride-th pixel."""
        if stride != 1:
            return self.convolution(inputs, outputs, 1, stride)
        return self._normed(Pointwise(inputs, outputs, self.init), outputs)

    def depthwise(self, channels: int, kernel: int, stride: int) -> Normed:
        """Depthwise convolution."""
        return self._normed(Depthwise(channels, kernel, self.geometry(stride), self.init), channels)

    def convolution(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> Normed:
        """k x k convolution."""
        return self._normed(Convolution(inputs, outputs, kernel, self.geometry(stride, groups), self.init), outputs)

    def layer(self, layer: Layer) -> Normed | SqueezeExcite:
        """The module of a layer; the first of squeeze-excite stands for both."""
        match layer.form:
            case "pointwise":
                return self.pointwise(layer.inputs, layer.outputs, layer.stride)
            case "convolution":
                return self.convolution(layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.groups)
            case "depthwise":
                return self.depthwise(layer.outputs, layer.kernel, layer.stride)
            case "dense":
                return SqueezeExcite(layer.inputs, layer.outputs, self.init)

    def drop(self, rate: float) -> StochasticDepth | None:
        """Stochastic depth, if anything is ever dropped."""
        return StochasticDepth(rate, self.rngs) if self.rngs is not None and rate > 0 else None

    def _normed(self, convolution: nnx.Module, channels: int) -> Normed:
        norm = BatchNorm(channels, self.settings.batch_norm_decay, self.architecture.batch_norm_epsilon, self.init)
        return Normed(convolution, norm)


class Step(NamedTuple):
    """A layer of a block: its attribute, its place in that where it is a list, and whether it is activated."""

    name: str
    number: int | None
    activated: bool


class ConvBlock(nnx.Module):
    """A block of any kind: the layers that `scaling.arch.blocks` lists for it, one after another, and its skip.

    A layer is the attribute that its path names: `attention` is squeeze-excite, `branch` a list. Their initial parameters are
    drawn in the order of the layers.
    """

    def __init__(self, stage: Stage, inputs: int, stride: int, drop_rate: float, make: Maker) -> None:
        steps, several = [], dict[str, list[nnx.Module]]()
        self.shortcut = nnx.data(None)
        for layer in layers(stage, inputs, stride):
            if layer.role == "excite":
                continue  # squeeze has made it
            name, module = str(layer.path[0]), make.layer(layer)
            if layer.number is None:
                setattr(self, name, module)
            else:
                several.setdefault(name, []).append(module)
            if layer.role != "shortcut":
                steps.append(Step(name, layer.number, layer.activated))
        for name, modules in several.items():
            setattr(self, name, nnx.List(modules))
        self.steps = tuple(steps)
        self.skip = skips(stage, inputs, stride)
        self.drop = nnx.data(make.drop(drop_rate) if self.skip else None)
        self.activated = KINDS[stage.block].activated
        self.activation = make.activation

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        activate, hidden = ACTIVATIONS[self.activation], maps
        for name, number, activated in self.steps:
            layer = getattr(self, name)
            hidden = (layer if number is None else layer[number])(hidden)
            hidden = activate(hidden) if activated else hidden
        if self.skip:
            kept = maps if self.shortcut is None else self.shortcut(maps)
            hidden = kept + (hidden if self.drop is None else self.drop(hidden))
        return activate(hidden) if self.activated else hidden
