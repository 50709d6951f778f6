"""Networks that can be given released weights, each with how its images are prepared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from scaling.arch import Architecture
from scaling.core.names import did_you_mean
from scaling.nets import Network
from scaling.rules.releases import NAMES, architecture
from scaling.weights import timm, torchvision
from scaling.weights.advprop import COLOURS, is_advprop
from scaling.weights.errors import WeightsError
from scaling.weights.files import read_checkpoint
from scaling.weights.imagenet import class_names
from scaling.weights.loading import as_trained, load
from scaling.weights.naming import source_of
from scaling.weights.packaged import PACKAGES, packaged_weights
from scaling.weights.preprocessing import IMAGENET, Preprocessing

_V2 = ((128.0,) * 3, (128.0,) * 3)
_LITE = ((127.0,) * 3, (128.0,) * 3)

_TRAINED_IN_TIMM = ("efficientnet_b", "efficientnet_lite0")

PYTORCH = "-pytorch"
"""Ends the names of EfficientNets trained in PyTorch: symmetric padding, batch norm's epsilon at 1e-5."""


class Model(NamedTuple):
    """A network and how its images are prepared."""

    architecture: Architecture
    preprocessing: Preprocessing


class Pretrained(NamedTuple):
    """A network with its weights.

    Attributes:
        network: (batch, side, side, 3) float32 -> logits (batch, classes); compiled at its first call for each batch.
        preprocessing: what its images want.
        source: where the weights came from, in words.
        entry: as in `Opened`.
        remarks: as in `Opened`.
    """

    network: Callable[[jax.Array | NDArray[np.float32]], jax.Array]
    preprocessing: Preprocessing
    source: str
    entry: str
    remarks: tuple[str, ...]


def _model(name: str) -> Model:
    network = architecture(name.removesuffix(PYTORCH))
    if name.endswith(PYTORCH):
        network = dataclasses.replace(network, padding="symmetric", batch_norm_epsilon=1e-5)
    return Model(
        network, timm.SETS[name][0].preprocessing if name.endswith(PYTORCH) and name in timm.SETS else _preprocessing(network)
    )


def _preprocessing(architecture: Architecture) -> Preprocessing:
    """As the weights were evaluated: EfficientNets leave 32 px around the crop, the large V2 nothing, others an eighth."""
    name, side = architecture.name, architecture.resolution
    crop = side / (side + 32) if name.startswith("efficientnet") else 0.875
    if name.startswith("efficientnetv2") and "_b" not in name:
        return Preprocessing(side, 1.0, *_V2)
    return Preprocessing(side, crop, *(_LITE if "lite" in name else IMAGENET if name != "mobilenet_v1" else _V2))


MODELS: dict[str, Model] = {
    name: _model(name)
    for released_name in NAMES
    if released_name != "small"
    for name in (released_name, *([released_name + PYTORCH] if released_name.startswith(_TRAINED_IN_TIMM) else []))
}
"""By name; those that end in `-pytorch` are for weights of timm's own EfficientNets."""


def model(name: str) -> Model:
    """A network that can be given released weights.

    Raises:
        WeightsError: there is none of that name; the message lists those there are.
    """
    if name not in MODELS:
        # In timm what has a tag, and no tf_ before it, was trained there.
        theirs = f"{name.split('.')[0]}{PYTORCH}" if "." in name and not name.startswith("tf_") else ""
        near = did_you_mean(theirs if theirs in MODELS else name, MODELS)
        raise WeightsError(f"no model {name!r}; known: {', '.join(MODELS)}{near}")
    return MODELS[name]


def weights_of(name: str, weights: Path | None = None) -> Path:
    """The file of a model's weights: as given, or what an installed package brings along.

    Raises:
        WeightsError: none is given or installed.
    """
    path = weights if weights is not None else packaged_weights(name)
    if path is None:
        package = f"install the package {PACKAGES[name]}, or " if name in PACKAGES else ""
        raise WeightsError(f"no weights of {name} are installed: {package}give a file with --weights")
    return path


class Opened(NamedTuple):
    """A model with its weights in it.

    Attributes:
        architecture: with the padding and batch norm of the weights' source.
        network: in evaluation mode.
        preprocessing: of the weights' source.
        source: the file, in words.
        entry: of the file that was read, as `state_dict_ema`; empty where the file is a state dict.
        classes: names of its outputs: ImageNet's for a thousand of them, else their numbers.
        remarks: a line each where the file holds more weights than were read, or leaves open how its images are prepared.
    """

    architecture: Architecture
    network: Network
    preprocessing: Preprocessing
    source: str
    entry: str
    classes: tuple[str, ...]
    remarks: tuple[str, ...]


def open_model(name: str, weights: Path | None = None) -> Opened:
    """A model with the weights of a file, or of an installed package, as a network.

    Args:
        name: a key of `MODELS`.
        weights: as `pretrained` takes them.

    Raises:
        WeightsError: as `pretrained`, or the weights are of images without three channels.
    """
    architecture, preprocessing = model(name)
    path = weights_of(name, weights)
    tensors, entry, remarks = read_checkpoint(path)
    network = load(architecture, tensors, path)
    channels, outputs = network.in_channels, network.classifier.bias.shape[0]
    if channels != len(preprocessing.mean):
        raise WeightsError(f"{path}: weights for images of {channels} channel(s), {name} is given {len(preprocessing.mean)}")
    source = source_of(tensors)
    names = class_names()
    classes = names if outputs == len(names) else tuple(f"class {number}" for number in range(outputs))
    trained = as_trained(architecture, source or "")
    seen, doubt = _evaluated(name, architecture, source, path, preprocessing)
    said = (*remarks, doubt) if doubt else remarks
    return Opened(trained, network, seen, str(path), entry, classes, said)


def _evaluated(
    name: str, architecture: Architecture, source: str | None, path: Path, usual: Preprocessing
) -> tuple[Preprocessing, str]:
    """The preprocessing of the weights in a file, and a line where it is in doubt."""
    if source in ("timm", "lukemelas") and is_advprop(name, path):
        return dataclasses.replace(usual, mean=COLOURS[0], std=COLOURS[1]), ""
    if source == "timm":
        return timm.found(name, path, usual)
    found = torchvision.found(architecture.name, source, path)
    return (usual, "") if found is None else (found.evaluated.preprocessing, found.doubt)


def pretrained(name: str, weights: Path | None = None) -> Pretrained:
    """A network with released weights.

    Args:
        name: a key of `MODELS`.
        weights: a file of timm, torchvision, EfficientNet-PyTorch, EfficientNet-Lite or of `scaling.weights`; None takes
            those that an installed package brings along.

    Raises:
        WeightsError: there is no such model, no weights of it are found, or the file is not of it.
    """
    opened = open_model(name, weights)
    graph, state = nnx.split(opened.network)
    apply = jax.jit(lambda state, images: nnx.merge(graph, state)(images))
    network = lambda images: apply(state, images)  # noqa: E731
    return Pretrained(network, opened.preprocessing, opened.source, opened.entry, opened.remarks)
