"""Images in: sets by name, folders and files, decoded, resized and split. Needs NumPy and Pillow only.

>>> from scaling.data import load
>>> images = load("fashion-mnist-10k")
>>> images.train.images.shape, images.validation.images.shape, images.test.images.shape
((6000, 28, 28, 1), (2500, 28, 28, 1), (1500, 28, 28, 1))
"""

from scaling.data.bicubic import resize
from scaling.data.dataset import DataError, Dataset, Split
from scaling.data.listed import ListedDataset
from scaling.data.load import load
from scaling.data.packed import pack

__all__ = ["DataError", "Dataset", "ListedDataset", "Split", "load", "pack", "resize"]
