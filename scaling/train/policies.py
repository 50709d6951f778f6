"""Which operations AutoAugment and RandAugment do, as EfficientNet's authors released them.

Source: `policy_v0` and `distort_image_with_randaugment` of autoaugment.py in tensorflow/tpu (EfficientNet) and in google/automl
(EfficientNetV2); the two files agree in both.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One operation of a policy."""

    operation: str
    probability: float
    level: float
    """0 to 10"""


AUTOAUGMENT: tuple[tuple[Step, Step], ...] = (
    (Step("Equalize", 0.8, 1), Step("ShearY", 0.8, 4)),
    (Step("Color", 0.4, 9), Step("Equalize", 0.6, 3)),
    (Step("Color", 0.4, 1), Step("Rotate", 0.6, 8)),
    (Step("Solarize", 0.8, 3), Step("Equalize", 0.4, 7)),
    (Step("Solarize", 0.4, 2), Step("Solarize", 0.6, 2)),
    (Step("Color", 0.2, 0), Step("Equalize", 0.8, 8)),
    (Step("Equalize", 0.4, 8), Step("SolarizeAdd", 0.8, 3)),
    (Step("ShearX", 0.2, 9), Step("Rotate", 0.6, 8)),
    (Step("Color", 0.6, 1), Step("Equalize", 1.0, 2)),
    (Step("Invert", 0.4, 9), Step("Rotate", 0.6, 0)),
    (Step("Equalize", 1.0, 9), Step("ShearY", 0.6, 3)),
    (Step("Color", 0.4, 7), Step("Equalize", 0.6, 0)),
    (Step("Posterize", 0.4, 6), Step("AutoContrast", 0.4, 7)),
    (Step("Solarize", 0.6, 8), Step("Color", 0.6, 9)),
    (Step("Solarize", 0.2, 4), Step("Rotate", 0.8, 9)),
    (Step("Rotate", 1.0, 7), Step("TranslateY", 0.8, 9)),
    (Step("ShearX", 0.0, 0), Step("Solarize", 0.8, 4)),
    (Step("ShearY", 0.8, 0), Step("Color", 0.6, 4)),
    (Step("Color", 1.0, 0), Step("Rotate", 0.6, 2)),
    (Step("Equalize", 0.8, 4), Step("Equalize", 0.0, 8)),
    (Step("Equalize", 1.0, 4), Step("AutoContrast", 0.6, 2)),
    (Step("ShearY", 0.4, 7), Step("SolarizeAdd", 0.6, 7)),
    (Step("Posterize", 0.8, 2), Step("Solarize", 0.6, 10)),
    (Step("Solarize", 0.6, 8), Step("Equalize", 0.6, 1)),
    (Step("Color", 0.8, 6), Step("Rotate", 0.4, 5)),
)
"""Pairs of operations; each image is given one pair, drawn evenly, and each operation of it with its probability.

The released policy is not the one that the paper prints for ImageNet (Cubuk et al. 2019, table 9), which begins with Posterize
and Rotate. Levels are read as the released code reads them, where Solarize and Posterize grow weaker as they rise.
"""

RANDAUGMENT: tuple[str, ...] = (
    "AutoContrast",
    "Equalize",
    "Invert",
    "Rotate",
    "Posterize",
    "Solarize",
    "Color",
    "Contrast",
    "Brightness",
    "Sharpness",
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Cutout",
    "SolarizeAdd",
)
"""Every layer does one of these, drawn evenly; the same one may be drawn twice.

The paper (Cubuk et al. 2020) has 14: these without Invert, Cutout and SolarizeAdd, but with one that leaves the image. The code
draws a probability for each and does not use it. At level 10 Solarize and at level 20 Posterize leave an image as it is.
"""
