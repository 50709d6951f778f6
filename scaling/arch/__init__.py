"""Frozen data that says what a network is; one module per family."""

from scaling.arch.architecture import Architecture, Stage
from scaling.arch.efficientnet import EFFICIENTNET_B0
from scaling.arch.small import SMALL

ARCHITECTURES: dict[str, Architecture] = {arch.name: arch for arch in (EFFICIENTNET_B0, SMALL)}
"""Every baseline by its name."""


def architecture(name: str) -> Architecture:
    """The baseline called `name`, as released.

    Args:
        name: a key of `ARCHITECTURES`.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture: unknown name {name!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[name]


__all__ = ["ARCHITECTURES", "EFFICIENTNET_B0", "SMALL", "Architecture", "Stage", "architecture"]
