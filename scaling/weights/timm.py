"""Timm's weights: on which images each set of them is evaluated, and which file is which set's."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from scaling.weights.advprop import COLOURS, digest
from scaling.weights.preprocessing import IMAGENET, Preprocessing


class Evaluated(NamedTuple):
    """One set of weights, and the images that timm evaluates it on.

    Attributes:
        weights: its tag in timm.
        sha256: the first digits of its .pth file's SHA-256; timm ends the file's name with them. Empty where there is none.
        preprocessing: of the images.
        note: one line about what is done otherwise here, else empty.
    """

    weights: str
    sha256: str
    preprocessing: Preprocessing
    note: str = ""


_SQUASHED = "timm squashes the whole image to a square for these weights; here the square in its middle is cut out"

SETS: dict[str, tuple[Evaluated, ...]] = {
    "efficientnet_b0-pytorch": (
        Evaluated("ra_in1k", "3dd342df", Preprocessing(224, 0.875, *IMAGENET)),
        Evaluated("ra4_e3600_r224_in1k", "", Preprocessing(256, 1.0, *COLOURS)),
    ),
    "efficientnet_b1-pytorch": (
        Evaluated("ft_in1k", "533bc792", Preprocessing(256, 1.0, *IMAGENET)),
        Evaluated("ra4_e3600_r240_in1k", "", Preprocessing(288, 1.0, *COLOURS)),
    ),
    "efficientnet_b2-pytorch": (Evaluated("ra_in1k", "bcdf34b7", Preprocessing(288, 1.0, *IMAGENET)),),
    "efficientnet_b3-pytorch": (Evaluated("ra2_in1k", "cf984f9c", Preprocessing(320, 1.0, *IMAGENET)),),
    "efficientnet_b4-pytorch": (Evaluated("ra2_in1k", "7eb33cd5", Preprocessing(384, 1.0, *IMAGENET)),),
    "efficientnet_b5-pytorch": (Evaluated("sw_in12k_ft_in1k", "", Preprocessing(448, 1.0, *IMAGENET), _SQUASHED),),
    "efficientnet_lite0-pytorch": (Evaluated("ra_in1k", "37913777", Preprocessing(224, 0.875, *IMAGENET)),),
    "mobilenet_v1": (Evaluated("ra4_e3600_r224_in1k", "", Preprocessing(256, 0.95, *COLOURS)),),
}
"""By our name of the model, the oldest first. Source: timm 1.0.31, models/efficientnet.py, `default_cfgs`."""


class Found(NamedTuple):
    """What a file of weights is taken for.

    Attributes:
        preprocessing: of its images.
        doubt: one line where its tensors and its bytes leave open which set it is, or a set's note; else empty.
    """

    preprocessing: Preprocessing
    doubt: str


def found(model: str, path: Path, usual: Preprocessing) -> Found:
    """How images are prepared for a file whose tensors are named as timm's.

    The sets of one network have the same tensors, so the file is told by its bytes; one that was written anew is taken for the
    oldest set.

    Args:
        model: its name.
        path: of the file.
        usual: preprocessing where timm has no weights of its own for the model.

    Raises:
        OSError: the file cannot be read.
    """
    sets = SETS.get(model, ())
    if not sets:
        return Found(usual, "")
    first = sets[0]
    if len(sets) == 1:
        return Found(first.preprocessing, first.note and f"{path}: {first.note}")
    known = digest(path)
    for one in sets:
        if one.sha256 == known:
            return Found(one.preprocessing, "")
    seen = first.preprocessing
    return Found(
        seen,
        f"{path}: timm's {' and '.join(one.weights for one in sets)} cannot be told apart by their tensors, and this is not a "
        f".pth file of timm's own; images are prepared as for {first.weights}: {seen.side} px, crop {seen.crop:g}, ImageNet's "
        "mean and deviation",
    )
