"""Frozen data that says what a network is; one module per family."""

from scaling.arch.architecture import Activation, Architecture, Padding, Stage
from scaling.arch.blocks import Block
from scaling.arch.efficientnet import EFFICIENTNET_B0
from scaling.arch.efficientnet_lite import EFFICIENTNET_LITE0
from scaling.arch.efficientnet_v2 import (
    EFFICIENTNETV2_B0,
    EFFICIENTNETV2_L,
    EFFICIENTNETV2_M,
    EFFICIENTNETV2_S,
    EFFICIENTNETV2_XL,
)
from scaling.arch.mobilenet import MOBILENET_V1, MOBILENET_V2
from scaling.arch.resnet import RESNET18, RESNET50, RESNET101, RESNET152, RESNEXT101_32X4D, WIDE_RESNET50_2
from scaling.arch.small import SMALL

ARCHITECTURES: dict[str, Architecture] = {
    arch.name: arch
    for arch in (
        EFFICIENTNET_B0,
        SMALL,
        EFFICIENTNET_LITE0,
        EFFICIENTNETV2_B0,
        EFFICIENTNETV2_S,
        EFFICIENTNETV2_M,
        EFFICIENTNETV2_L,
        EFFICIENTNETV2_XL,
        MOBILENET_V1,
        MOBILENET_V2,
        RESNET18,
        RESNET50,
        RESNET101,
        RESNET152,
        WIDE_RESNET50_2,
        RESNEXT101_32X4D,
    )
}
"""Every network that is no scaled one, by its name."""

__all__ = [
    "ARCHITECTURES",
    "EFFICIENTNET_B0",
    "SMALL",
    "Activation",
    "Architecture",
    "Block",
    "Padding",
    "Stage",
]
