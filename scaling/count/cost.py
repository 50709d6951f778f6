"""What a network costs, in closed form and exactly: parameters, MACs, activations.

Definitions, one meaning each:

* params: every trained number: convolution weights, batch-norm scales and offsets, squeeze-excite and classifier with
  their biases; running statistics are not trained.
* MACs: multiply-adds of convolutions, squeeze-excite and classifier, without biases and batch norm. What the EfficientNet
  paper calls FLOPs is this number.
* activations: outputs of every convolution (squeeze-excite and skips included) and of the classifier, per image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from scaling.arch import Architecture, Stage
from scaling.arch.blocks import KINDS, Ends, layers, sized_layers
from scaling.core.errors import UserError

_Counts: TypeAlias = tuple[Any, Any, Any]
"""Params, MACs and activations: whole numbers or arrays of them."""


class Cost(NamedTuple):
    """Exact whole numbers for one image; `flops` counts a multiply-add as two."""

    params: int
    macs: int
    activations: int

    @property
    def flops(self) -> int:
        """2 * macs."""
        return 2 * self.macs


class Part(NamedTuple):
    """What one part of a network costs for one image; the parts of a network sum to its `cost`.

    Attributes:
        name: `stem`, `stage 1` and so on, `head` or `classifier`.
        blocks: of a stage; 1 of the others.
        channels: of its output.
        side: of its output's maps in px; 1 of the classifier.
        cost: params, MACs and activations.
        biases: added numbers, one for every output of squeeze-excite and classifier; no convolution outside has one.
        pooled: numbers that average pooling reads: the maps before squeeze-excite and before the classifier.
        means: numbers that average pooling makes: one a channel of those maps.
        max_pooled: numbers that max pooling reads: the stem's maps, where the stem is pooled.
        activated: numbers that an activation function reads: maps after batch norm or a sum, and squeezed channels.
        rectified: those of `activated` that a plain ReLU reads.
    """

    name: str
    blocks: int
    channels: int
    side: int
    cost: Cost
    biases: int = 0
    pooled: int = 0
    means: int = 0
    max_pooled: int = 0
    activated: int = 0
    rectified: int = 0

    @property
    def normalised(self) -> int:
        """Outputs of batch norm, which follows every convolution outside squeeze-excite."""
        return self.cost.activations - self.biases


def cost(architecture: Architecture, num_classes: int = 1000, in_channels: int = 3) -> Cost:
    """Count a network.

    A layer of stride s maps a side of n px to ceil(n / s), with either padding. A k x k convolution from a to b channels in
    g groups on an output of n x n costs k^2 a b n^2 / g MACs (k^2 a n^2 if depthwise) and gives b n^2 activations.

    Args:
        architecture: the network, scaled or not.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.

    Raises:
        UserError: num_classes or in_channels is below 1.
    """
    return Cost(*costs(architecture, *_sizes(architecture), num_classes, in_channels))


def parts(architecture: Architecture, num_classes: int = 1000, in_channels: int = 3) -> tuple[Part, ...]:
    """Count a network part by part: stem, stages, head, classifier.

    Args:
        architecture: the network, scaled or not.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.

    Raises:
        UserError: as `cost`.
    """
    counted = _layers(architecture, *_sizes(architecture), num_classes, in_channels, Stage.squeezed_channels)
    stem, *blocks = counted
    classifier = blocks.pop()
    inputs, side = architecture.stem, _strided(architecture.resolution, architecture.stem_stride)
    pooled = inputs * side**2 if architecture.stem_pool > 1 else 0
    found = [Part("stem", 1, inputs, side, Cost(*stem), max_pooled=pooled, activated=inputs * side**2)]
    side = _strided(side, architecture.stem_pool)
    for number, stage in enumerate(architecture.stages, 1):
        whole = Cost(*_total(blocks[2 * number - 2 : 2 * number]))  # its first block and the rest of them
        sizes = (stage.repeats, stage.channels, _strided(side, stage.stride))
        found.append(Part(f"stage {number}", *sizes, whole, **_beside_macs(stage, inputs, side)))
        inputs, side = stage.channels, _strided(side, stage.stride)
    if architecture.head:
        inputs = architecture.head
        found.append(Part("head", 1, inputs, side, Cost(*blocks[-1]), activated=inputs * side**2))
    found.append(Part("classifier", 1, num_classes, 1, Cost(*classifier), num_classes, inputs * side**2, inputs))
    return tuple(one._replace(rectified=one.activated if architecture.activation == "relu" else 0) for one in found)


def costs(
    architecture: Architecture,
    repeats: Sequence[Any],
    channels: Sequence[Any],
    side: Any,
    num_classes: int,
    in_channels: int,
    squeezed: Callable[[Stage, Any], Any] = Stage.squeezed_channels,
) -> tuple[Any, Any, Any]:
    """`cost` of an architecture with other repeats, channels and resolution: whole numbers, or arrays that broadcast.

    Args:
        architecture: kernels, strides, expansions and squeeze-excite.
        repeats: of each stage.
        channels: of the stem, of each stage and of the head, whatever stands there where the architecture has none.
        side: resolution in px.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.
        squeezed: `Stage.squeezed_channels`, for whatever `channels` are.

    Returns:
        params, MACs and activations.

    Raises:
        UserError: as `cost`.
    """
    return _total(_layers(architecture, repeats, channels, side, num_classes, in_channels, squeezed))


def _sizes(architecture: Architecture) -> tuple[list[int], list[int], int]:
    """Repeats, channels and resolution as `costs` takes them."""
    repeats = [stage.repeats for stage in architecture.stages]
    channels = [architecture.stem, *(stage.channels for stage in architecture.stages), architecture.head]
    return repeats, channels, architecture.resolution


def _beside_macs(stage: Stage, inputs: int, side: int) -> dict[str, int]:
    """Of a stage whose input has a side of so many px: biases, pooled, means and activated, as a `Part` has them."""
    found = dict.fromkeys(("biases", "pooled", "means", "activated"), 0)
    for repeat in range(stage.repeats):
        for layer in layers(stage, inputs if repeat == 0 else stage.channels, stage.stride if repeat == 0 else 1):
            if layer.in_line:
                side = _strided(side, layer.stride)
                found["activated"] += layer.activated * layer.outputs * side**2
            elif layer.form == "dense":
                found["biases"] += layer.outputs
            if layer.role == "squeeze":
                found["pooled"] += layer.inputs * side**2
                found["means"] += layer.inputs
                found["activated"] += layer.outputs
        found["activated"] += KINDS[stage.block].activated * stage.channels * side**2
    return found


def _layers(
    architecture: Architecture,
    repeats: Sequence[Any],
    channels: Sequence[Any],
    side: Any,
    num_classes: int,
    in_channels: int,
    squeezed: Callable[[Stage, Any], Any],
) -> Iterator[_Counts]:
    """Of the stem, of each stage's first block and of the rest of its blocks, of a head if there is one, of the classifier."""
    if num_classes < 1 or in_channels < 1:
        raise UserError(f"cost: num_classes and in_channels must be at least 1, got {num_classes} and {in_channels}")
    stem, *widths, head = channels
    side = _strided(side, architecture.stem_stride)
    yield _convolution(architecture.stem_kernel, in_channels, stem, side)
    side, inputs = _strided(side, architecture.stem_pool), stem
    for stage, blocks, width in zip(architecture.stages, repeats, widths, strict=True):
        strided = _strided(side, stage.stride)
        inside = partial(squeezed, stage)
        yield _total(_block(stage, Ends(inputs, width, stage.stride, inside), side))
        params, macs, activations = _total(_block(stage, Ends(width, width, 1, inside), strided))
        rest = blocks - 1
        yield rest * params, rest * macs, rest * activations
        side, inputs = strided, width
    if architecture.head:
        yield _convolution(1, inputs, head, side)
        inputs = head
    yield _dense(inputs, num_classes)


def _block(stage: Stage, ends: Ends, side: Any) -> Iterator[_Counts]:
    """Of each layer of a block whose input has a side of so many px."""
    for layer in sized_layers(stage, ends):
        if layer.in_line:
            side = _strided(side, layer.stride)
        if layer.form == "dense":
            yield _dense(layer.inputs, layer.outputs)
        else:  # the skip's convolution, which comes last, ends on the side that the others end on
            params, macs, activations = _convolution(layer.kernel, layer.fan_in, layer.outputs, side)
            yield params * layer.present, macs * layer.present, activations * layer.present


def _total(parts: Iterable[_Counts]) -> _Counts:
    params, macs, activations = 0, 0, 0
    for part in parts:  # one after another: arrays of millions of networks are not all held at once
        params, macs, activations = params + part[0], macs + part[1], activations + part[2]
    return params, macs, activations


def _convolution(kernel: int, fan_in: Any, channels: Any, side: Any) -> _Counts:
    weights, outputs = kernel**2 * fan_in * channels, channels * side**2
    return weights + 2 * channels, weights * side**2, outputs


def _dense(inputs: Any, outputs: Any) -> _Counts:
    return inputs * outputs + outputs, inputs * outputs, outputs


def _strided(side: Any, stride: int) -> Any:
    return -(-side // stride)
