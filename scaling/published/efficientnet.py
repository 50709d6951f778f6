"""Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML 2019): tables and figures.

All accuracies are top-1 or top-5 of ImageNet. MACs are what the paper prints or plots, which is not always what the scaled
networks cost: in figures 3 and 4 the baseline lies at 0.50 G instead of 0.39 G, and figure 8 moves that one point only, so
its lines of one dimension stand on another scale than its compound line. `recounted` puts all of them on one.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from scaling.arch import EFFICIENTNET_B0
from scaling.count.cost import cost
from scaling.published.reading import rows
from scaling.rules.rounding import scale
from scaling.rules.rules import RELEASED, Factors


class OverB0(Protocol):
    """A published point whose network B0 is scaled to."""

    @property
    def factors(self) -> Factors:
        """Over B0."""


def recounted(point: OverB0) -> int:
    """MACs of a published point's network, B0 scaled by its factors as released, counted by `cost`."""
    return cost(scale(EFFICIENTNET_B0, point.factors)).macs


class Released(NamedTuple):
    """A row of Table 2: one of B0 to B7.

    Attributes:
        network: its name in `RELEASED`.
        top1_percent: as in version 5 of the paper, with AutoAugment.
        top1_preprint_percent: as in version 1, on which figure 8 and Table 4 still stand.
        top5_percent: as in version 5.
        params_m: millions of parameters.
        macs_g: 10^9 MACs; those of B4 and B5 are 4 to 5 % under the recount.
    """

    network: str
    top1_percent: float
    top1_preprint_percent: float
    top5_percent: float
    params_m: float
    macs_g: float

    @property
    def factors(self) -> Factors:
        """Over B0, as released."""
        return RELEASED[self.network]


class Rival(NamedTuple):
    """A row of Table 2: a network that is no EfficientNet; `macs_g` is None where the table has none."""

    network: str
    top1_percent: float
    top5_percent: float
    params_m: float
    macs_g: float | None


class Enlarged(NamedTuple):
    """A row of Table 3: another baseline, scaled; the factors of two compound rows are not printed."""

    baseline: str
    rule: str
    depth: float | None
    width: float | None
    resolution: float | None
    macs_g: float
    top1_percent: float


class Setting(NamedTuple):
    """A row of Table 7: B0 scaled in one dimension or in all; `macs_g` of the former on the scale of figure 3."""

    rule: str
    depth: float
    width: float
    resolution: float
    macs_g: float
    top1_percent: float

    @property
    def factors(self) -> Factors:
        """Over B0, as printed."""
        return Factors(self.depth, self.width, self.resolution)


class Splits(NamedTuple):
    """A row of Table 8: accuracies on ImageNet's validation images and on its test server."""

    network: str
    validation_top1_percent: float
    test_top1_percent: float
    validation_top5_percent: float
    test_top5_percent: float


class Single(NamedTuple):
    """A point of figure 3 or 8: one dimension ("depth", "width" or "resolution") of B0 scaled by a factor."""

    dimension: str
    factor: float
    macs_g: float
    top1_percent: float

    @property
    def factors(self) -> Factors:
        """Over B0."""
        return Factors(1.0, 1.0, 1.0)._replace(**{self.dimension: self.factor})


class Compound(NamedTuple):
    """A point of figure 8's compound line: a network of the released family at the accuracy of the paper's version 1."""

    network: str
    macs_g: float
    top1_percent: float

    @property
    def factors(self) -> Factors:
        """Over B0, as released."""
        return RELEASED[self.network]


class Widened(NamedTuple):
    """A point of figure 4: B0 of a depth and a resolution, widened by a factor that is not given.

    Attributes:
        depth: factor of the line's baseline.
        resolution: the same, as in the legend; the paper's text says 2.0 where the legend says 1.3.
        macs_g: 10^9 MACs as plotted.
        top1_percent: as plotted.
        reading: `centre` of the marker, `part hidden` by another, or `by eye`.
    """

    depth: float
    resolution: float
    macs_g: float
    top1_percent: float
    reading: str


class Transferred(NamedTuple):
    """A row of one half of Table 5: a rival on another data set, and the EfficientNet set against it.

    Attributes:
        data_set: as printed.
        comparison: `public` with the best network that anybody can have, `reported` with the best that was written of.
        rival: network.
        rival_percent: its accuracy.
        rival_params_m: millions of parameters.
        network: of this paper.
        percent: its accuracy.
        params_m: millions of parameters, with the classifier for the data set.
    """

    data_set: str
    comparison: str
    rival: str
    rival_percent: float
    rival_params_m: float | None
    network: str
    percent: float
    params_m: float | None


def table5() -> tuple[Transferred, ...]:
    """Networks trained on ImageNet, then on eight other data sets."""
    return rows("efficientnet_table5", Transferred)


def table2() -> tuple[Released, ...]:
    """B0 to B7."""
    return rows("efficientnet_table2", Released)


def table2_rivals() -> tuple[Rival, ...]:
    """The networks that B0 to B7 are compared with."""
    return rows("efficientnet_table2_rivals", Rival)


def table3() -> tuple[Enlarged, ...]:
    """MobileNets and ResNet-50 scaled in one dimension and in all."""
    return rows("efficientnet_table3", Enlarged)


def table7() -> tuple[Setting, ...]:
    """B0 at about four times its cost, four ways. The compound row is B3, at 4.7 times the cost by the recount."""
    return rows("efficientnet_table7", Setting)


def table8() -> tuple[Splits, ...]:
    """B0 to B7 on both of ImageNet's held-out sets."""
    return rows("efficientnet_table8", Splits)


def figure3() -> tuple[Single, ...]:
    """B0 scaled in width, depth or resolution alone; each line starts at the baseline, plotted at 0.50 G."""
    return rows("efficientnet_figure3", Single)


def figure4() -> tuple[Widened, ...]:
    """Width scaled on four baselines. Points that figure 3 shows too differ from it by .25 to .5 points of accuracy."""
    return rows("efficientnet_figure4", Widened)


def figure8() -> tuple[Single, ...]:
    """The lines of one dimension: figure 3 again, with the baseline moved to 0.39 G and nothing else."""
    return rows("efficientnet_figure8", Single)


def figure8_compound() -> tuple[Compound, ...]:
    """The compound line: B0 to B4 at the MACs of Table 2."""
    return rows("efficientnet_figure8_compound", Compound)
