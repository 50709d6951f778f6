"""Flax NNX networks from architectures."""

from scaling.nets.blocks import ModelConfig
from scaling.nets.network import Network, abstract, build

__all__ = ["ModelConfig", "Network", "abstract", "build"]
