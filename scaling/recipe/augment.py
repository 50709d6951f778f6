"""How training images are changed before a network sees them: everything is off unless asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from scaling.core.errors import UserError
from scaling.core.names import did_you_mean

Policy = Literal["none", "autoaugment", "randaugment"]

LARGEST_MAGNITUDE = 30.0
LARGEST_ALPHA = 10.0


@dataclass(frozen=True, slots=True)
class Augment:
    """Random changes of training images, drawn anew for every image and epoch; mirroring is `Recipe.flip`.

    Args:
        crop: least share of the area that a random resized crop keeps, its ratio of width to height between 3/4 and 4/3;
            .08 in the papers; 0 takes the whole image.
        policy: colours and shapes are changed by none, by AutoAugment's policy for ImageNet, or by RandAugment.
        layers: operations of RandAugment one after another.
        magnitude: of RandAugment's operations, 10 being the largest of AutoAugment; EfficientNetV2 goes to 20.
        mixup: alpha of the Beta distribution that weighs two images; 0 mixes none.
        cutmix: alpha of the Beta distribution of the share of an image replaced by a box of another; 0 replaces none; with
            mixup, either half of a batch is mixed in one of the two ways.
        erase: probability that a box of an image is replaced by noise.

    Source: Szegedy et al. 2015 (crop); Cubuk et al. 2019 (AutoAugment) and 2020 (RandAugment); Zhang et al. 2018 (mixup);
    Yun et al. 2019 (CutMix); Zhong et al. 2020 (random erasing).
    """

    crop: float = 0.0
    policy: Policy = "none"
    layers: int = 2
    magnitude: float = 10.0
    mixup: float = 0.0
    cutmix: float = 0.0
    erase: float = 0.0

    def __post_init__(self) -> None:
        for name, high in (
            ("crop", 1.0),
            ("erase", 1.0),
            ("magnitude", LARGEST_MAGNITUDE),
            ("mixup", LARGEST_ALPHA),
            ("cutmix", LARGEST_ALPHA),
        ):
            if not 0 <= getattr(self, name) <= high:
                raise UserError(f"Augment.{name} must be from 0 to {high:g}, got {getattr(self, name)}")
        if not 1 <= self.layers <= 8:
            raise UserError(f"Augment.layers must be from 1 to 8, got {self.layers}")
        if self.policy not in get_args(Policy):
            near = did_you_mean(self.policy, get_args(Policy))
            raise UserError(f"Augment.policy must be one of {', '.join(get_args(Policy))}, got {self.policy!r}{near}")
