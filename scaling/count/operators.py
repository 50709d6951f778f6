"""A network line by line, as Table 1 of the EfficientNet paper has B0: operator, sizes of the maps, channels, layers."""

from __future__ import annotations

from typing import NamedTuple

from scaling.arch import Architecture
from scaling.arch.blocks import KINDS


class Operator(NamedTuple):
    """One line of such a table.

    Attributes:
        paper_stage: its number, counted as in the paper: the stem is 1, head and classifier share the last.
        operator: what the paper would write, MBConv6, or the field's word.
        kernel: side of the kernel in px; None of the classifier.
        stride: of the stage's first block; None of the classifier.
        expansion: channels of a block's wide end over those of its narrow end; None outside the stages.
        input_side: of its input's maps in px.
        input_channels: of its input.
    """

    paper_stage: int
    operator: str
    kernel: int | None
    stride: int | None
    expansion: int | None
    input_side: int
    input_channels: int


def operators(architecture: Architecture, in_channels: int = 3) -> tuple[Operator, ...]:
    """The lines of a network, in the order of `scaling.count.cost.parts`.

    Args:
        architecture: the network, scaled or not.
        in_channels: channels of the images.
    """
    stem = "Conv" if architecture.stem_pool == 1 else "Conv, max pooling"
    side, inputs = architecture.resolution, in_channels
    found = [Operator(1, stem, architecture.stem_kernel, architecture.stem_stride, None, side, inputs)]
    side = -(-side // architecture.stem_stride)
    side, inputs = -(-side // architecture.stem_pool), architecture.stem
    for number, stage in enumerate(architecture.stages, 2):
        operator = KINDS[stage.block].operator.format(e=stage.expansion) or stage.block
        found.append(Operator(number, operator, stage.kernel, stage.stride, stage.expansion, side, inputs))
        side, inputs = -(-side // stage.stride), stage.channels
    last = len(architecture.stages) + 2
    if architecture.head:
        found.append(Operator(last, "Conv", 1, 1, None, side, inputs))
        inputs = architecture.head
    found.append(Operator(last, "Pooling, FC", None, None, None, side, inputs))
    return tuple(found)
