"""Zeros around images and maps: as TensorFlow has them and the released EfficientNets need it, or as PyTorch has them."""

from __future__ import annotations

from typing import NamedTuple

from scaling.arch import Padding


class Geometry(NamedTuple):
    """What decides where the windows of a convolution lie; either padding gives ceil(size / stride) outputs."""

    stride: int
    padding: Padding = "same"
    groups: int = 1


def edges(size: int, kernel: int, geometry: Geometry) -> tuple[int, int]:
    """Zeros before and after `size` px.

    `same`: as few as windows of `kernel` px need, an odd one on the far side; `symmetric`: kernel // 2 on either side.
    """
    if geometry.padding == "symmetric":
        return kernel // 2, kernel // 2
    total = max((-(-size // geometry.stride) - 1) * geometry.stride + kernel - size, 0)
    return total // 2, total - total // 2
