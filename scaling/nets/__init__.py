"""Flax NNX networks from architectures."""

from scaling.nets.blocks import Settings
from scaling.nets.network import Network, abstract, build

__all__ = ["Network", "Settings", "abstract", "build"]
