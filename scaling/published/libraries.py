"""What timm and torchvision measured: accuracies on ImageNet, speeds on three devices."""

from __future__ import annotations

from typing import NamedTuple

from scaling.published.reading import rows


class Accuracy(NamedTuple):
    """A set of timm's weights on ImageNet's validation images; the crop is a fraction of the resized image's side."""

    weights: str
    resolution_px: int
    top1_percent: float
    top5_percent: float
    params_m: float
    crop_fraction: float
    interpolation: str


class Inference(NamedTuple):
    """A network's speed in timm; `step_ms` is the time of one batch.

    Attributes:
        network: timm's name.
        resolution_px: side of the input.
        batch: images at once.
        pictures_per_s: speed.
        step_ms: milliseconds a batch.
        macs_batch_norm_g: 10^9 MACs as timm counts them, which adds two for every output of a batch norm.
        activations_m: millions of outputs of convolutions and classifier.
        params_m: millions of parameters.
    """

    network: str
    resolution_px: int
    batch: int
    pictures_per_s: float
    step_ms: float
    macs_batch_norm_g: float
    activations_m: float
    params_m: float


class Training(NamedTuple):
    """A network's training speed in timm; `step_ms` is the time of one step, forward, backward and update."""

    network: str
    resolution_px: int
    batch: int
    pictures_per_s: float
    step_ms: float
    params_m: float


class Weights(NamedTuple):
    """A set of torchvision's weights: accuracy at a resolution, exact parameters, 10^9 MACs."""

    network: str
    weights: str
    resolution_px: int
    top1_percent: float
    params: int
    macs_g: float


def timm_imagenet() -> tuple[Accuracy, ...]:
    """EfficientNets, their lite and V2 relatives, and TinyNets."""
    return rows("timm_imagenet", Accuracy)


def timm_inference_rtx4090() -> tuple[Inference, ...]:
    """Large batches in mixed precision on a GPU."""
    return rows("timm_inference_rtx4090", Inference)


def timm_inference_i9_10940x() -> tuple[Inference, ...]:
    """One image at a time in float32 on a CPU."""
    return rows("timm_inference_i9_10940x", Inference)


def timm_training_rtx3090() -> tuple[Training, ...]:
    """Training in mixed precision on a GPU."""
    return rows("timm_training_rtx3090", Training)


def torchvision() -> tuple[Weights, ...]:
    """EfficientNet B0 to B7 and V2 S to L."""
    return rows("torchvision", Weights)
