"""What a network costs, in closed form and exactly: parameters, MACs, activations.

Definitions, one meaning each:

* params: every trained number: convolution weights, batch-norm scales and offsets, squeeze-excite and classifier with
  their biases; running statistics are not trained.
* MACs: multiply-adds of convolutions, squeeze-excite and classifier, without biases and batch norm. What the EfficientNet
  paper calls FLOPs is this number.
* activations: outputs of every convolution (squeeze-excite included) and of the classifier, per picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scaling.arch import Architecture, Stage


class Cost(NamedTuple):
    """Exact whole numbers for one picture; `flops` counts a multiply-add as two."""

    params: int
    macs: int
    activations: int

    @property
    def flops(self) -> int:
        """2 * macs."""
        return 2 * self.macs


def cost(architecture: Architecture, num_classes: int = 1000, in_channels: int = 3) -> Cost:
    """Count a network.

    With SAME padding a layer of stride s maps a side of n px to ceil(n / s). A k x k convolution from a to b channels on
    an output of n x n costs k^2 a b n^2 MACs (k^2 a n^2 if depthwise) and gives b n^2 activations.

    Args:
        architecture: the network, scaled or not.
        num_classes: outputs of the classifier.
        in_channels: channels of the pictures.

    Raises:
        ValueError: num_classes or in_channels is below 1.
    """
    if num_classes < 1 or in_channels < 1:
        raise ValueError(f"cost: num_classes and in_channels must be at least 1, got {num_classes} and {in_channels}")
    parts = list(_layers(architecture, num_classes, in_channels))
    return Cost(*(sum(column) for column in zip(*parts, strict=True)))


def _layers(architecture: Architecture, num_classes: int, in_channels: int) -> Iterator[Cost]:
    side = _strided(architecture.resolution, architecture.stem_stride)
    yield _convolution(3, in_channels, architecture.stem, side)
    channels = architecture.stem
    for stage in architecture.stages:
        yield from _block(stage, channels, side, _strided(side, stage.stride))
        side, channels = _strided(side, stage.stride), stage.channels
        for part in _block(stage, channels, side, side):
            yield Cost(*((stage.repeats - 1) * count for count in part))
    yield _convolution(1, channels, architecture.head, side)
    yield _dense(architecture.head, num_classes)


def _block(stage: Stage, channels: int, side_in: int, side_out: int) -> Iterator[Cost]:
    hidden = channels * stage.expansion
    if stage.expansion != 1:
        yield _convolution(1, channels, hidden, side_in)
    yield _convolution(stage.kernel, 1, hidden, side_out)
    if stage.squeeze_excite:
        squeezed = stage.squeezed_channels(channels)
        yield _dense(hidden, squeezed)
        yield _dense(squeezed, hidden)
    yield _convolution(1, hidden, stage.channels, side_out)


def _convolution(kernel: int, fan_in: int, channels: int, side: int) -> Cost:
    weights, outputs = kernel**2 * fan_in * channels, channels * side**2
    return Cost(weights + 2 * channels, weights * side**2, outputs)


def _dense(inputs: int, outputs: int) -> Cost:
    return Cost(inputs * outputs + outputs, inputs * outputs, outputs)


def _strided(side: int, stride: int) -> int:
    return -(-side // stride)
