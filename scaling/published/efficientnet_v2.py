"""Tan and Le, "EfficientNetV2: Smaller Models and Faster Training" (ICML 2021), and the networks as released."""

from __future__ import annotations

from typing import NamedTuple

from scaling.published.reading import rows


class Compared(NamedTuple):
    """A row of Table 7.

    Attributes:
        family: what it belongs to.
        network: as printed.
        pretraining: `imagenet-21k`, or None.
        top1_percent: of ImageNet.
        params_m: millions of parameters.
        macs_g: 10^9 MACs; for V2-S those of an early network, 5 % over the released one's.
        infer_ms_v100: milliseconds for a batch of 16 on a V100 in half precision.
        train_h_32_tpu_cores: hours of training.
    """

    family: str
    network: str
    pretraining: str | None
    top1_percent: float
    params_m: float
    macs_g: float | None
    infer_ms_v100: float | None
    train_h_32_tpu_cores: float | None


class Released(NamedTuple):
    """A network as google/automl released it; `pretraining` is `imagenet-21k` or None."""

    network: str
    pretraining: str | None
    top1_percent: float
    params_m: float | None
    macs_g: float | None


class Transferred(NamedTuple):
    """A row of Table 8: accuracies in percent, deviations over five runs where they are printed."""

    network: str
    params_m: float
    imagenet: float
    cifar10: float
    cifar100: float
    flowers: float
    cars: float | None
    cifar10_sd: float | None
    cifar100_sd: float | None
    flowers_sd: float | None
    cars_sd: float | None


def table8() -> tuple[Transferred, ...]:
    """Networks trained on ImageNet, then on four other data sets."""
    return rows("efficientnetv2_table8", Transferred)


def table7() -> tuple[Compared, ...]:
    """EfficientNetV2 beside V1, other ConvNets and transformers. (Figure 5c plots V1's training hours as milliseconds.)"""
    return rows("efficientnetv2_table7", Compared)


def released() -> tuple[Released, ...]:
    """S to XL and B0 to B3."""
    return rows("efficientnetv2_released", Released)
