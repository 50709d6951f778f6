"""Image size and regularisation that change while a network trains: EfficientNetV2's progressive learning, and FixRes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from scaling.core.errors import UserError
from scaling.recipe.augment import LARGEST_ALPHA, LARGEST_MAGNITUDE

MOST_STAGES = 100


class Strength(NamedTuple):
    """What holds during one stage.

    Attributes:
        side: of the training images, as a share of the network's resolution.
        place: 0 in the weakest stage, 1 in the strongest: where between its first and its last value the regularisation is.
    """

    side: float
    place: float


@dataclass(frozen=True, slots=True)
class Progressive:
    """Stages of equal length, each with an image size and a regularisation of its own.

    In stage i of M (i from 0) the images' side is S0 + (Se - S0) p(i), with S0 and Se the smallest and the largest; as the
    paper's algorithm has it p = i / (M - 1), as the released code p = (i + 1) / M, so that it never trains at S0.
    Regularisation goes from the values given here to those of the recipe by i / (M - 1) in both. What is left at None stays
    as the recipe has it in every stage.

    Args:
        stages: number of sizes; 1 trains at `largest` throughout.
        smallest: S0 as a share of the network's resolution.
        largest: Se, likewise. Below 1 the network is judged at a larger size than it was trained at, as FixRes has it.
        sizes: `paper` or `released`, see above.
        order: `growing`, or `random`: one of the stages is drawn every few epochs.
        every: epochs between two draws, where the order is random.
        dropout: in the first stage.
        magnitude: of RandAugment in the first stage.
        mixup: alpha in the first stage; CutMix's begins in the same proportion to its own.

    Source: Tan and Le 2021, section 4 with algorithm 1 and tables 6 and 7; Touvron et al. 2019 (FixRes).
    """

    stages: int = 1
    smallest: float = 1.0
    largest: float = 1.0
    sizes: Literal["paper", "released"] = "paper"
    order: Literal["growing", "random"] = "growing"
    every: int = 1
    dropout: float | None = None
    magnitude: float | None = None
    mixup: float | None = None

    def __post_init__(self) -> None:
        for name, most in (("stages", MOST_STAGES), ("every", 10**6)):
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"Progressive.{name} must be from 1 to {most:,}, got {getattr(self, name):,}")
        if not 0 < self.smallest <= self.largest <= 2:
            raise UserError(
                "Progressive.smallest must be above 0 and at most largest, and that at most 2, got "
                f"{self.smallest} and {self.largest}"
            )
        if self.dropout is not None and not 0 < self.dropout < 1:
            raise UserError(f"Progressive.dropout must be above 0 and below 1, got {self.dropout}")
        for name, high in (("magnitude", LARGEST_MAGNITUDE), ("mixup", LARGEST_ALPHA)):
            if (value := getattr(self, name)) is not None and not 0 <= value <= high:
                raise UserError(f"Progressive.{name} must be from 0 to {high:g}, got {value}")

    def strengths(self) -> tuple[Strength, ...]:
        """Of every stage, from the smallest images to the largest."""
        last = max(1, self.stages - 1)
        found = []
        for stage in range(self.stages):
            place = stage / last if self.stages > 1 else 1.0
            share = place if self.sizes == "paper" else (stage + 1) / self.stages
            found.append(Strength(self.smallest + (self.largest - self.smallest) * share, place))
        return tuple(found)

    def mean_area(self) -> float:
        """Pixels of a training image over those at the network's resolution, a mean over the stages.

        What a training costs is about proportional to it.
        """
        return sum(one.side**2 for one in self.strengths()) / self.stages
