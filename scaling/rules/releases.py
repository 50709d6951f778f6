"""Every released network by its name: those that are given whole, and those that are a scaled baseline."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from scaling.arch import ARCHITECTURES, Architecture
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.rules.rounding import Rounding, scale
from scaling.rules.rules import RELEASED, Factors


class Release(NamedTuple):
    """A released network that is a scaled baseline: which, by what, and how channels were rounded."""

    baseline: str
    factors: Factors
    rounding: Rounding = "released"


LITE: dict[str, Factors] = {
    "efficientnet_lite1": Factors(1.1, 1.0, 240 / 224),
    "efficientnet_lite2": Factors(1.2, 1.1, 260 / 224),
    "efficientnet_lite3": Factors(1.4, 1.2, 280 / 224),
    "efficientnet_lite4": Factors(1.8, 1.4, 300 / 224),
}
"""Over Lite0 (tensorflow/tpu, efficientnet_lite_builder.py); timm feeds the last two 300 and 380 px."""

V2: dict[str, Factors] = {
    "efficientnetv2_b1": Factors(1.1, 1.0, 240 / 224),
    "efficientnetv2_b2": Factors(1.2, 1.1, 260 / 224),
    "efficientnetv2_b3": Factors(1.4, 1.2, 300 / 224),
}
"""Over V2-B0 (google/automl, effnetv2_configs.py), whose channels have no 10 % guard."""

MOBILENETS: dict[str, Factors] = {
    f"mobilenet_v2_{round(100 * width):03}": Factors(1.0, width, 1.0) for width in (0.35, 0.5, 0.75, 1.3, 1.4)
}
"""Over MobileNetV2 (tensorflow/models, slim, mobilenet_v2.py), whose head does not shrink; in hundredths of its width."""

RELEASES: dict[str, Release] = {
    **{name: Release("efficientnet_b0", factors) for name, factors in RELEASED.items() if name not in ARCHITECTURES},
    **{name: Release("efficientnet_lite0", factors) for name, factors in LITE.items()},
    **{name: Release("efficientnetv2_b0", factors, "unguarded") for name, factors in V2.items()},
    **{name: Release("mobilenet_v2", factors, "mobilenetv2") for name, factors in MOBILENETS.items()},
}
"""By name."""

NAMES: tuple[str, ...] = tuple(sorted((*ARCHITECTURES, *RELEASES)))
"""What `architecture` knows."""


def architecture(name: str) -> Architecture:
    """A network by its name, at the resolution it was released for.

    Args:
        name: one of `NAMES`.

    Raises:
        UserError: there is none of that name; the message lists those there are.

    >>> architecture("efficientnetv2_b3").resolution
    300
    """
    if name in RELEASES:
        baseline, factors, rounding = RELEASES[name]
        return dataclasses.replace(scale(ARCHITECTURES[baseline], factors, rounding=rounding), name=name)
    if name not in ARCHITECTURES:
        raise UserError(f"no network {name!r}; known: {', '.join(NAMES)}{did_you_mean(name, NAMES)}")
    return ARCHITECTURES[name]
