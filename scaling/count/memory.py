"""What a network needs of a device's memory, in closed form: its state and the activations of a batch.

Estimates to size a family by, not measurements: a compiler fuses some arrays away and needs room of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from scaling.arch import Architecture, Stage
from scaling.arch.blocks import layers, skips
from scaling.core.errors import UserError
from scaling.count.cost import cost

_NUMBER = 4
"""Bytes of a float32, in which parameters, gradients and momenta are kept whatever the precision of the maps."""


def training_bytes(
    architecture: Architecture, batch: int, num_classes: int = 1000, in_channels: int = 3, number: int = _NUMBER
) -> int:
    """Bytes held while a network trains: 4 * 3 params + 3 * number * batch * activations.

    Parameters, their gradients and momenta; and of every convolution its output, that of its batch norm and that of its
    activation function, which the gradient reads.

    Args:
        architecture: the network.
        batch: images a step.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.
        number: bytes of a number in a map, 4 in float32 and 2 in bfloat16.

    Raises:
        UserError: batch is below 1, or as `cost` does.
    """
    _require_batch("training_bytes", batch)
    counted = cost(architecture, num_classes, in_channels)
    return 3 * _NUMBER * counted.params + 3 * number * batch * counted.activations


def inference_bytes(
    architecture: Architecture, batch: int, num_classes: int = 1000, in_channels: int = 3, number: int = _NUMBER
) -> int:
    """Bytes held while a network predicts: 4 params + number * batch * the most that one layer's input and output take.

    Where a block is skipped its input is held as well until the skip.

    Args:
        architecture: the network.
        batch: images at a time.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.
        number: bytes of a number in a map, 4 in float32 and 2 in bfloat16.

    Raises:
        UserError: batch is below 1, or as `cost` does.
    """
    _require_batch("inference_bytes", batch)
    held = max(_held(architecture, in_channels))
    return _NUMBER * cost(architecture, num_classes, in_channels).params + number * batch * held


def _held(architecture: Architecture, in_channels: int) -> Iterator[int]:
    """Numbers alive for one image while each convolution works, the first ones first."""
    side, channels = architecture.resolution, architecture.stem
    image = side * side * in_channels
    side = -(-side // architecture.stem_stride)
    yield image + side * side * channels
    pooled = -(-side // architecture.stem_pool)
    if pooled != side:
        yield (side * side + pooled * pooled) * channels
    side = pooled
    for stage in architecture.stages:
        for repeat in range(min(2, stage.repeats)):  # all but the first are alike
            stride = stage.stride if repeat == 0 else 1
            maps = list(_maps(stage, channels, side, stride))
            skipped = maps[0] if skips(stage, channels, stride) else 0
            yield maps[0] + maps[1]
            yield from (skipped + given + made for given, made in pairwise(maps[1:]))
            side, channels = -(-side // stride), stage.channels
    yield side * side * (channels + architecture.head)


def _maps(stage: Stage, inputs: int, side: int, stride: int) -> Iterator[int]:
    """Sizes of a block's input and of what each of its convolutions makes of it."""
    yield side * side * inputs
    for layer in layers(stage, inputs, stride):
        if layer.in_line:
            side = -(-side // layer.stride)
            yield side * side * layer.outputs


def _require_batch(function: str, batch: int) -> None:
    if batch < 1:
        raise UserError(f"{function}: batch must be at least 1, got {batch}")
