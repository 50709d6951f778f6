"""Released EfficientNets that were trained with AdvProp: the same tensors as the others, other images."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scaling.weights.preprocessing import Colour

DIGITS = 8

DIGESTS: dict[str, tuple[str, ...]] = {
    "efficientnet_b0": ("f262efe1", "b64d5a18"),
    "efficientnet_b1": ("44ef0a3d", "0f3ce85a"),
    "efficientnet_b2": ("2f8e7636", "6e9d97e5"),
    "efficientnet_b3": ("aad25bdd", "cdd7c0f4"),
    "efficientnet_b4": ("dedb23e6", "44fb3a87"),
    "efficientnet_b5": ("9e82fae8", "86493f6b"),
    "efficientnet_b6": ("4ffb161f", "ac80338e"),
    "efficientnet_b7": ("ddb28fec", "4652b6dd"),
    "efficientnet_b8": ("00e169fa", "22a8fe65"),
}
"""By our name of the model the first digits of the SHA-256 of its files in timm and in EfficientNet-PyTorch, which both put at
the end of the files' names. Sources: timm 1.0.31, models/efficientnet.py, the tags `ap_in1k`; EfficientNet-PyTorch, utils.py,
`url_map_advprop`."""

COLOURS: tuple[Colour, Colour] = ((127.5,) * 3, (127.5,) * 3)
"""Mean and deviation: the images run from -1 to 1."""


def is_advprop(model: str, path: Path) -> bool:
    """Whether a file is one of them, by its bytes.

    Raises:
        OSError: the file cannot be read.
    """
    return model in DIGESTS and digest(path) in DIGESTS[model]


def digest(path: Path) -> str:
    """The first digits of a file's SHA-256.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:DIGITS]
