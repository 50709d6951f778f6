"""Torchvision's weights: on which images each set of them was evaluated, and which file is which set's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from scaling.weights.preprocessing import IMAGENET, Colour, Interpolation, Preprocessing

_SOURCES = ("torchvision", "torchvision-mobilenet", "resnet")
_DIGITS = 8


class Evaluated(NamedTuple):
    """One set of weights, and the images it was evaluated on: resized, then a square cut out of the middle.

    Attributes:
        weights: its name in torchvision.
        sha256: the first digits of its file's SHA-256; torchvision ends the file's name with them.
        resized: px of the shorter side before the square is cut out.
        side: of the square, in px.
        interpolation: of the resizing.
        mean: subtracted from red, green and blue, which run from 0 to 255.
        std: they are divided by this afterwards.
    """

    weights: str
    sha256: str
    resized: int
    side: int
    interpolation: Interpolation
    mean: Colour = IMAGENET[0]
    std: Colour = IMAGENET[1]

    @property
    def preprocessing(self) -> Preprocessing:
        """The same as a crop that is resized once."""
        return Preprocessing(self.side, self.side / self.resized, self.mean, self.std, self.interpolation)


def _v1(sha256: str, resized: int, side: int, interpolation: Interpolation) -> tuple[Evaluated, ...]:
    return (Evaluated("IMAGENET1K_V1", sha256, resized, side, interpolation),)


def _v1_and_v2(first: str, second: str) -> tuple[Evaluated, ...]:
    """The recipe of the second set, with which torchvision retrained its older networks, was evaluated on 232 px."""
    return (*_v1(first, 256, 224, "bilinear"), Evaluated("IMAGENET1K_V2", second, 232, 224, "bilinear"))


SETS: dict[str, tuple[Evaluated, ...]] = {
    "efficientnet_b0": _v1("7f5810bc", 256, 224, "bicubic"),
    "efficientnet_b1": (
        *_v1("bac287d4", 256, 240, "bicubic"),
        Evaluated("IMAGENET1K_V2", "c27df63c", 255, 240, "bilinear"),
    ),
    "efficientnet_b2": _v1("c35c1473", 288, 288, "bicubic"),
    "efficientnet_b3": _v1("b3899882", 320, 300, "bicubic"),
    "efficientnet_b4": _v1("23ab8bcd", 384, 380, "bicubic"),
    "efficientnet_b5": _v1("1a07897c", 456, 456, "bicubic"),
    "efficientnet_b6": _v1("24a108a5", 528, 528, "bicubic"),
    "efficientnet_b7": _v1("c5b4e57e", 600, 600, "bicubic"),
    "efficientnetv2_s": _v1("dd5fe13b", 384, 384, "bilinear"),
    "efficientnetv2_m": _v1("dc08266a", 480, 480, "bilinear"),
    "efficientnetv2_l": (Evaluated("IMAGENET1K_V1", "59c71312", 480, 480, "bicubic", (127.5,) * 3, (127.5,) * 3),),
    "mobilenet_v2": _v1_and_v2("b0353104", "7ebf99e0"),
    "resnet18": _v1("f37072fd", 256, 224, "bilinear"),
    "resnet50": _v1_and_v2("0676ba61", "11ad3fa6"),
    "resnet101": _v1_and_v2("63fe2227", "cd907fc2"),
    "resnet152": _v1_and_v2("394f9c45", "f82ba261"),
    "wide_resnet50_2": _v1_and_v2("95faca4d", "9ba9bcbe"),
}
"""By our name of the network, the oldest first. Source: torchvision 0.29.1, models/{efficientnet,mobilenetv2,resnet}.py."""


class Found(NamedTuple):
    """What a file of weights is taken for.

    Attributes:
        evaluated: the set.
        doubt: one line where its tensors and its bytes leave open whose they are, else empty.
    """

    evaluated: Evaluated
    doubt: str


def found(name: str, source: str | None, path: Path) -> Found | None:
    """The set of torchvision's weights that a file holds.

    The sets of one network have the same tensors, and timm names a ResNet's as torchvision does. So the file is told by its
    bytes; one that was written anew is taken for the oldest set.

    Args:
        name: of the network.
        source: whose names its tensors have, a key of `NAMINGS`.
        path: of the file.

    Returns:
        None where torchvision has no weights of that network, or the names are not torchvision's.

    Raises:
        OSError: the file cannot be read.
    """
    sets = SETS.get(name, ()) if source in _SOURCES else ()
    others = ["timm's"] if source == "resnet" else []
    if not sets:
        return None
    if len(sets) + len(others) == 1:
        return Found(sets[0], "")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()[:_DIGITS]
    for one in sets:
        if one.sha256 == digest:
            return Found(one, "")
    first = sets[0]
    alike = " and ".join([f"torchvision's {' and '.join(one.weights for one in sets)}", *others])
    return Found(
        first,
        f"{path}: {alike} cannot be told apart by their tensors, and this is not a file of torchvision's own; images are "
        f"prepared as for {first.weights}: resized to {first.resized} px ({first.interpolation}), cropped to {first.side}",
    )
