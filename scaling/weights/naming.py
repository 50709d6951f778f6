"""What other libraries call the tensors of a network: for every layer of ours the names of its convolution and batch norm."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from scaling.arch import Architecture, Block, Stage
from scaling.arch.blocks import layers
from scaling.weights.errors import WeightsError


class Place(NamedTuple):
    """One layer of a network.

    Attributes:
        path: attributes and indices that lead to it in the Flax network.
        part: `stem`, `head`, `classifier`, or in a block the layer's role.
        stage: of the block it is in, None outside blocks.
        stage_number: from 0.
        repeat: number of the block in its stage, from 0.
        block: number of the block in the network, from 0.
        convolution: of a branch, from 0.
    """

    path: tuple[str | int, ...]
    part: str
    stage: Stage | None = None
    stage_number: int = 0
    repeat: int = 0
    block: int = 0
    convolution: int = 0


class Names(NamedTuple):
    """Prefixes of a layer's tensors: `.weight` and `.bias` follow; norm is empty where there is no batch norm."""

    convolution: str
    norm: str = ""


Naming = Callable[[Architecture, Place], Names]


def places(architecture: Architecture) -> Iterator[Place]:
    """Every layer with tensors, from the input to the output."""
    yield Place(("stem",), "stem")
    number, inputs = 0, architecture.stem
    for stage_number, stage in enumerate(architecture.stages):
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            for layer in layers(stage, inputs, stride):
                path = ("blocks", number, *layer.path)
                yield Place(path, layer.role, stage, stage_number, repeat, number, layer.number or 0)
            number, inputs = number + 1, stage.channels
    if architecture.head:
        yield Place(("head",), "head")
    yield Place(("classifier",), "classifier")


def timm(architecture: Architecture, place: Place) -> Names:
    """Timm's EfficientNets, V1 and V2, and MobileNets."""
    outside = {"stem": Names("conv_stem", "bn1"), "head": Names("conv_head", "bn2"), "classifier": Names("classifier")}
    if place.stage is None:
        return outside[place.part]
    block, expands = f"blocks.{place.stage_number}.{place.repeat}", place.stage.expansion != 1
    if place.stage.block == "fused":
        expand = "conv_exp" if expands else "conv"
        names = {"expand": Names(expand, "bn1"), "project": Names("conv_pwl", "bn2")}
    else:
        names = {
            "expand": Names("conv_pw", "bn1"),
            "depthwise": Names("conv_dw", "bn2" if expands else "bn1"),
            "squeeze": Names("se.conv_reduce"),
            "excite": Names("se.conv_expand"),
            "project": Names("conv_pwl", "bn3") if expands else Names("conv_pw", "bn2"),
        }
    return _inside(block, names[place.part])


def resnet(architecture: Architecture, place: Place) -> Names:
    """ResNets of torchvision and timm."""
    outside = {"stem": Names("conv1", "bn1"), "classifier": Names("fc")}
    if place.stage is None:
        return outside[place.part]
    block = f"layer{place.stage_number + 1}.{place.repeat}"
    number = place.convolution + 1
    names = {"branch": Names(f"conv{number}", f"bn{number}"), "shortcut": Names("downsample.0", "downsample.1")}
    return _inside(block, names[place.part])


def torchvision_efficientnet(architecture: Architecture, place: Place) -> Names:
    """Torchvision's EfficientNets, V1 and V2."""
    last = len(architecture.stages) + 1
    outside = {
        "stem": Names("features.0.0", "features.0.1"),
        "head": Names(f"features.{last}.0", f"features.{last}.1"),
        "classifier": Names("classifier.1"),
    }
    if place.stage is None:
        return outside[place.part]
    order = ["expand", "depthwise", "squeeze", "project"] if place.stage.expansion != 1 else ["depthwise", "squeeze", "project"]
    if place.stage.block == "fused":
        order = ["expand", "project"]
    block = f"features.{place.stage_number + 1}.{place.repeat}.block"
    if place.part in ("squeeze", "excite"):
        return Names(f"{block}.{order.index('squeeze')}.fc{1 if place.part == 'squeeze' else 2}")
    layer = f"{block}.{order.index(place.part)}"
    return Names(f"{layer}.0", f"{layer}.1")


def torchvision_mobilenet(architecture: Architecture, place: Place) -> Names:
    """Torchvision's MobileNetV2."""
    last = sum(stage.repeats for stage in architecture.stages) + 1
    outside = {
        "stem": Names("features.0.0", "features.0.1"),
        "head": Names(f"features.{last}.0", f"features.{last}.1"),
        "classifier": Names("classifier.1"),
    }
    if place.stage is None:
        return outside[place.part]
    first = 0 if place.stage.expansion != 1 else -1
    numbers = {"expand": first, "depthwise": first + 1, "project": first + 2}
    layer = f"conv.{numbers[place.part]}"
    names = Names(layer, f"conv.{first + 3}") if place.part == "project" else Names(f"{layer}.0", f"{layer}.1")
    return _inside(f"features.{place.block + 1}", names)


def lukemelas(architecture: Architecture, place: Place) -> Names:
    """The PyTorch ports EfficientNet-PyTorch and EfficientNet-Lite."""
    outside = {"stem": Names("_conv_stem", "_bn0"), "head": Names("_conv_head", "_bn1"), "classifier": Names("_fc")}
    if place.stage is None:
        return outside[place.part]
    names = {
        "expand": Names("_expand_conv", "_bn0"),
        "depthwise": Names("_depthwise_conv", "_bn1"),
        "squeeze": Names("_se_reduce"),
        "excite": Names("_se_expand"),
        "project": Names("_project_conv", "_bn2"),
    }
    return _inside(f"_blocks.{place.block}", names[place.part])


def own(architecture: Architecture, place: Place) -> Names:
    """Our own: the path in the network."""
    path = ".".join(map(str, place.path))
    if place.part in ("squeeze", "excite", "classifier"):
        return Names(path)
    return Names(f"{path}.convolution", f"{path}.norm")


NAMINGS: dict[str, Naming] = {
    "timm": timm,
    "resnet": resnet,
    "torchvision": torchvision_efficientnet,
    "torchvision-mobilenet": torchvision_mobilenet,
    "lukemelas": lukemelas,
    "own": own,
}
"""By the name of their source."""

_KINDS: dict[str, tuple[Block, ...]] = {
    "timm": ("mbconv", "fused", "separable"),
    "resnet": ("basic", "bottleneck"),
    "torchvision": ("mbconv", "fused"),
    "torchvision-mobilenet": ("mbconv",),
    "lukemelas": ("mbconv",),
}
"""The blocks of the networks that a source has; `own` has every one."""

_STEMS = {
    "conv_stem.weight": "timm",
    "conv1.weight": "resnet",
    "_conv_stem.weight": "lukemelas",
    "stem.convolution.weight": "own",
}


def names_of(architecture: Architecture, place: Place, source: str) -> Names:
    """What a source calls a layer.

    Raises:
        WeightsError: it has no name for it: the source has no network of this kind.
    """
    try:
        if place.stage is not None and place.stage.block not in _KINDS.get(source, (place.stage.block,)):
            raise KeyError(place.stage.block)
        return NAMINGS[source](architecture, place)
    except (KeyError, ValueError):
        raise WeightsError(
            f"{architecture.name} has layers that the names of {source} have no name for: {place.part}"
        ) from None


def source_of(names: Mapping[str, object]) -> str | None:
    """Which of `NAMINGS` the names of a file's tensors follow; None if none.

    Args:
        names: a mapping by tensor name.
    """
    for stem, source in _STEMS.items():
        if stem in names:
            return source
    if "features.0.0.weight" not in names:
        return None
    return "torchvision-mobilenet" if "features.1.conv.0.0.weight" in names else "torchvision"


def roots_of(names: Collection[str]) -> list[str]:
    """What is before the names of the networks that a file holds: empty for one by itself, `model.` inside another module."""
    found = {
        name.removesuffix(stem)
        for name in names
        for stem in (*_STEMS, "features.0.0.weight")
        if name == stem or name.endswith(f".{stem}")
    }
    # A ResNet's blocks have a layer of their stem's name.
    found = {root for root in found if f"{root}conv1.weight" not in names or f"{root}layer1.0.conv1.weight" in names}
    return sorted(root for root in found if not any(other != root and root.startswith(other) for other in found))


def _inside(block: str, names: Names) -> Names:
    return Names(f"{block}.{names.convolution}", names.norm and f"{block}.{names.norm}")
