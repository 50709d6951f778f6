"""Tensors of a file into a network of ours, and back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from scaling.arch import Architecture
from scaling.nets import ModelConfig, Network, abstract
from scaling.weights.errors import WeightsError
from scaling.weights.naming import NAMINGS, names_of, places, source_of

Tensors = Mapping[str, NDArray[Any]]

_NORM = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
_COUNTED = "num_batches_tracked"
"""PyTorch's batch norm counts its batches in a tensor of this name; nothing here needs it."""


_LINEAR = {"classifier.weight", "classifier.1.weight", "fc.weight", "_fc.weight"}
"""Where PyTorch has a linear layer, not a 1 x 1 convolution."""


class _Tensor(NamedTuple):
    """A tensor of a file and the variable that it becomes."""

    name: str
    variable: nnx.Variable[Any]


def load(
    architecture: Architecture,
    tensors: Tensors,
    where: str | Path,
    settings: ModelConfig | None = None,
    in_channels: int | None = None,
) -> Network:
    """A network in evaluation mode with the tensors of a file in it.

    The source is recognised by the tensors' names, the number of classes and of channels by their shapes. Weights of
    torchvision's EfficientNets are given that library's padding and batch norm, whatever the architecture says.

    Args:
        architecture: what they are weights of.
        tensors: by name, in the layout of PyTorch: convolutions (outputs, inputs, height, width).
        where: they came from, for messages.
        settings: precision; weights are float32 whatever it is.
        in_channels: of the images; None takes them as the weights have them.

    Raises:
        WeightsError: the names follow no source known, or a tensor is missing, of another shape or type, has no place or is
            not finite; the message names the first that does not fit.
    """
    source = source_of(tensors)
    if source is None:
        raise WeightsError(
            f"{where}: its tensors ({', '.join(sorted(tensors)[:3])}, ...) are named as in none of {', '.join(NAMINGS)}"
        )
    architecture = as_trained(architecture, source)
    classes = _shape(where, architecture, tensors, source, "classifier", 2)[0]
    channels = _shape(where, architecture, tensors, source, "stem", 4)[1] if in_channels is None else in_channels
    network = abstract(architecture, classes, channels, settings)
    network.eval()
    placed = set()
    for name, variable in _tensors(network, architecture, source):
        tensor = _found(where, architecture, tensors, source, name)
        placed.add(name)
        variable.set_value(jnp.asarray(_fitting(where, architecture, name, tensor, variable.get_value().shape)))
    for name in tensors:
        if name not in placed and not name.endswith(_COUNTED):
            raise WeightsError(f"{where}: {architecture.name} has no place for its tensor {name}")
    require_finite(network, architecture, source, where)
    return network


def require_finite(network: Network, architecture: Architecture, source: str, where: str | Path) -> None:
    """Refuse weights with NaN or infinity in them: what a network says with them would be no answer.

    Args:
        network: of that architecture.
        architecture: what it was built from.
        source: a key of `NAMINGS`, whose names the message uses.
        where: the weights came from, for the message.

    Raises:
        WeightsError: a number is not finite in float32; the message names the first tensor, from the input to the output.
    """
    for name, variable in _tensors(network, architecture, source):
        numbers = np.asarray(variable.get_value())
        if bad := numbers.size - np.count_nonzero(np.isfinite(numbers)):
            raise WeightsError(
                f"{where}: tensor {name} is NaN or infinite in {bad:,} of {numbers.size:,} numbers; the file is damaged or its "
                "training diverged, use other weights"
            )


def require_finite_outputs(name: str, *outputs: NDArray[Any]) -> None:
    """Refuse what a network says where that is no number: finite weights can be so large that their outputs are not.

    Raises:
        WeightsError: a number is NaN or infinite.
    """
    if not all(np.isfinite(one).all() for one in outputs):
        raise WeightsError(f"the outputs of {name} are not finite; its weights may be damaged")


def sources_for(architecture: Architecture) -> list[str]:
    """The sources whose names a network's tensors can be given: those that name all its layers and have it as it is."""
    return [
        source for source in NAMINGS if as_trained(architecture, source) == architecture and _names_all(architecture, source)
    ]


def _names_all(architecture: Architecture, source: str) -> bool:
    try:
        return all(names_of(architecture, place, source) for place in places(architecture))
    except WeightsError:
        return False


def unload(network: Network, architecture: Architecture, source: str = "own") -> dict[str, NDArray[np.float32]]:
    """The tensors of a network as another library names and lays them out: the inverse of `load`.

    Args:
        network: of that architecture.
        architecture: what it was built from.
        source: a key of `NAMINGS`.
    """
    found = {}
    for name, variable in _tensors(network, architecture, source):
        array = np.asarray(variable.get_value())
        if name.endswith(".weight"):
            array = _outwards(array, name in _LINEAR)
        found[name] = np.ascontiguousarray(array)
    return found


def kept_by_a_run(tensors: Tensors) -> bool:
    """Whether tensors are named as a run folder keeps them, in this version or an older one."""
    return "stem.convolution.kernel" in map(_since_renamed, tensors)


def from_run(tensors: Tensors) -> dict[str, NDArray[Any]]:
    """The tensors that a run folder keeps of a trained network, in the names and the layout of `own`.

    Args:
        tensors: by name, arrays in the layout of ours.
    """
    theirs = {ours: name for name, ours in _NORM.items()}
    found = {}
    for name, array in ((_since_renamed(name), array) for name, array in tensors.items()):
        path, _, last = name.rpartition(".")
        if path.endswith(".norm"):
            found[f"{path}.{theirs.get(last, last)}"] = array
        elif last == "kernel":
            found[f"{path}.weight"] = _outwards(array, f"{path}.weight" in _LINEAR) if array.ndim in (2, 3, 4) else array
        else:
            found[name] = array
    return found


def _since_renamed(name: str) -> str:
    """What a run folder calls a tensor that it once called by Flax's path, as `[0]['stem']['convolution']['kernel'].value`."""
    if not name.startswith("["):
        return name
    words = re.findall(r"\w+", name)[1:]
    return ".".join(words[:-1] if words[-1:] == ["value"] else words)


def as_trained(architecture: Architecture, source: str) -> Architecture:
    """The architecture with the padding and batch norm of its weights' source, where the source decides them.

    Torchvision's EfficientNets pad symmetrically and have batch norm's epsilon at 1e-5 up to B4, 1e-3 above and in V2.
    """
    if source != "torchvision":
        return architecture
    small = architecture.name in {f"efficientnet_b{number}" for number in range(5)}
    return dataclasses.replace(architecture, padding="symmetric", batch_norm_epsilon=1e-5 if small else 1e-3)


def _tensors(network: Network, architecture: Architecture, source: str) -> Iterator[_Tensor]:
    for place in places(architecture):
        names, module = names_of(architecture, place, source), _at(network, place.path)
        if not names.norm:
            yield _Tensor(f"{names.convolution}.weight", module.kernel)
            yield _Tensor(f"{names.convolution}.bias", module.bias)
            continue
        yield _Tensor(f"{names.convolution}.weight", module.convolution.kernel)
        yield from (_Tensor(f"{names.norm}.{theirs}", getattr(module.norm, ours)) for theirs, ours in _NORM.items())


def _at(module: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        module = module[step] if isinstance(step, int) else getattr(module, step)
    return module


def _found(where: str | Path, architecture: Architecture, tensors: Tensors, source: str, name: str) -> NDArray[Any]:
    if name not in tensors:
        raise WeightsError(f"{where}: no tensor {name}, which {architecture.name} has in the names of {source}")
    return tensors[name]


def _shape(
    where: str | Path, architecture: Architecture, tensors: Tensors, source: str, part: str, dimensions: int
) -> tuple[int, ...]:
    """The shape of the stem's or the classifier's weights, which decides channels and classes."""
    place = next(place for place in places(architecture) if place.part == part)
    name = f"{names_of(architecture, place, source).convolution}.weight"
    shape = _found(where, architecture, tensors, source, name).shape
    if len(shape) != dimensions:
        raise WeightsError(f"{where}: tensor {name} is {shape}, of another number of dimensions than {dimensions}")
    return shape


def _fitting(
    where: str | Path, architecture: Architecture, name: str, tensor: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """A tensor as float32 in the layout of ours."""
    if not jnp.issubdtype(tensor.dtype, jnp.floating):
        raise WeightsError(f"{where}: tensor {name} holds {tensor.dtype}, weights are floating-point numbers")
    theirs = _outward_shape(shape, tensor.ndim) if name.endswith(".weight") and len(shape) > 1 else shape
    if tensor.shape != theirs:
        raise WeightsError(f"{where}: tensor {name} is {tensor.shape}, {architecture.name} needs {theirs}")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and that is refused with its name
        return np.asarray(_inwards(tensor, len(shape)) if len(shape) > 1 else tensor, np.float32)


def _outward_shape(shape: tuple[int, ...], dimensions: int) -> tuple[int, ...]:
    if len(shape) == 2:
        inputs, outputs = shape
        return (outputs, inputs, 1, 1) if dimensions == 4 else (outputs, inputs)
    if len(shape) == 3:
        rows, columns, channels = shape
        return channels, 1, rows, columns
    rows, columns, inputs, outputs = shape
    return outputs, inputs, rows, columns


def _inwards(tensor: NDArray[Any], dimensions: int) -> NDArray[Any]:
    """PyTorch's layout to ours: a product (inputs, outputs), depthwise (rows, columns, channels), dense (.., in, out)."""
    if dimensions == 2:
        return tensor.reshape(tensor.shape[:2]).T
    if dimensions == 3:
        return tensor[:, 0].transpose(1, 2, 0)
    return tensor.transpose(2, 3, 1, 0)


def _outwards(array: NDArray[Any], dense: bool) -> NDArray[Any]:
    """Ours to PyTorch's."""
    if array.ndim == 1:
        return array
    if array.ndim == 2:
        return array.T if dense else array.T[:, :, None, None]
    if array.ndim == 3:
        return array.transpose(2, 0, 1)[:, None]
    return array.transpose(3, 2, 0, 1)
