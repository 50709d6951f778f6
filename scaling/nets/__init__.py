"""Flax NNX networks from architectures."""

from scaling.nets.efficientnet import EfficientNet, Settings, abstract, build

__all__ = ["EfficientNet", "Settings", "abstract", "build"]
