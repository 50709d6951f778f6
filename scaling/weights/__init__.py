"""Released weights: reading them from files without running anything, and the pictures and classes that belong to them."""

from scaling.weights.errors import WeightsError
from scaling.weights.files import read_weights, write_safetensors
from scaling.weights.imagenet import class_names
from scaling.weights.packaged import packaged_weights
from scaling.weights.preprocessing import Preprocessing, prepare
from scaling.weights.torch_file import read_torch

__all__ = [
    "Preprocessing",
    "WeightsError",
    "class_names",
    "packaged_weights",
    "prepare",
    "read_torch",
    "read_weights",
    "write_safetensors",
]
