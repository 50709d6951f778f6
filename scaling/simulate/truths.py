"""The truths that studies are drawn from, and what each study says of them: pairs of what is stated and whether it held."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import errors
from scaling.analysis.intervals import accuracy_interval, difference_interval
from scaling.analysis.mcb import ERROR
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import rank
from scaling.simulate.answers import answers, group_numbers

TARGET = 2.0
BASE = 0.87
DRAWS = 4_000  # of the critical values: a fifth of what a command takes, which moves the coverage by less than .01


class Held(NamedTuple):
    """One statement of one study.

    Attributes:
        quantity: what was stated.
        stated: how often it should hold.
        held: whether it did.
    """

    quantity: str
    stated: float
    held: bool


class Size(NamedTuple):
    """A study's size; the true seed spread is that of the recorded study of this size."""

    networks: int
    seeds: int
    images: int
    seed_sd: float


SIZES = {"default": Size(18, 2, 2_500, 0.0032), "fashion": Size(19, 3, 10_000, 0.00125)}


class Truth(NamedTuple):
    """A kind of study.

    Attributes:
        says: what is true in it, in words.
        study: draws one and yields what it states.
        promised: whether the printed sentences promise that it holds here; where not, they say so.
    """

    says: str
    study: Callable[[Size, np.random.Generator], Iterator[Held]]
    promised: bool = True


def network(index: int, ratio: float, correct: np.ndarray, **more: object) -> Measured:
    """One of a study, the baseline at ratio 1."""
    origin = ("baseline",) if ratio == 1 else ("lattice",)
    return Measured(f"n{index:02d}", round(600_000 * ratio), ratio, correct, None, origin, **more)  # type: ignore[arg-type]


def intervals(networks: Sequence[Measured], accuracies: Sequence[float] | np.ndarray) -> Iterator[Held]:
    """Of the first candidate's accuracy, of its adjusted accuracy and of its difference from the second."""
    measured = errors(networks)
    own = accuracy_interval(measured, 1, networks[1].seeds)
    yield Held("accuracy", 0.90, own.low <= accuracies[1] <= own.high)
    row = np.zeros(len(networks))
    row[1], row[2] = 1, -1
    gap, _ = difference_interval(row, measured, networks[1].seeds)
    yield Held("difference of two", 0.90, gap.low <= accuracies[1] - accuracies[2] <= gap.high)


def ties(networks: Sequence[Measured], adjusted: Sequence[float], look: int = 1) -> Iterator[Held]:
    """Whether the truly best candidate is among the tied, and whether each adjusted interval holds."""
    ranking = rank(networks, TARGET, look=look, draws=DRAWS)
    best = 1 + int(np.argmax(adjusted[1:]))
    yield Held("ties keep the truly best", ranking.tie_confidence or 0.0, bool(ranking.networks[best].tied))
    first = ranking.networks[1].adjusted
    if first is not None:
        yield Held("adjusted", 0.90, first.low <= adjusted[1] <= first.high)


def equal(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """All candidates as good as each other and as the baseline: the least favourable case for ties."""
    yield from _alike(size, generator, [BASE] * (size.networks + 1))


def spread(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """True accuracies .4 points apart, normally."""
    yield from _alike(size, generator, [BASE, *(BASE + 0.004 * generator.standard_normal(size.networks))])


def two_ahead(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Two exactly alike, .5 points ahead of a tight field."""
    yield from _alike(size, generator, [BASE, BASE + 0.005, BASE + 0.005, *[BASE] * (size.networks - 2)])


def wide_best(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """The best with three times the others' true spread of seeds."""
    spreads = [1.0, 3.0, *[1.0] * (size.networks - 1)]
    yield from _alike(size, generator, [BASE] * (size.networks + 1), np.array(spreads))


def wide_half(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Half of the networks with four times the others' true spread of seeds, the best one of them."""
    half = size.networks // 2
    spreads = np.array([1.0, *[4.0] * half, *[1.0] * (size.networks - half)])
    yield from _alike(size, generator, [BASE] * (size.networks + 1), spreads)


def copies(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Images in fives that are nearly the same, taken as independent."""
    yield from _alike(size, generator, [BASE] * (size.networks + 1), copies=5)


def grouped(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Images in fives that are nearly the same, their groups known."""
    yield from _alike(size, generator, [BASE] * (size.networks + 1), copies=5, known=True)


def steep(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """A network at x1.74 that gains 1.4 points a doubling among others that gain .1, all straight over log MACs; it is best."""
    ratios = np.array([1.0, 1.74, *generator.uniform(1.7, 2.3, size.networks - 1)])
    gains = np.array([0.0, 0.014, *[0.001] * (size.networks - 1)])
    accuracies = BASE + gains * np.log2(ratios)
    bits = answers(accuracies, size.seeds, size.images, generator, seed_sd=size.seed_sd)
    networks = [network(i, float(r), one) for i, (r, one) in enumerate(zip(ratios, bits, strict=True))]
    yield from ties(networks, (BASE + gains).tolist())


def heavy(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Trainings whose shifts have heavy tails, candidates equally good."""
    yield from _alike(size, generator, [BASE] * (size.networks + 1), heavy=True)


def looks(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Equal candidates, looked at after every added seed, from the planned number to ten."""
    accuracies = [BASE] * (size.networks + 1)
    bits = answers(accuracies, 10, size.images, generator, seed_sd=size.seed_sd)
    kept = True
    for look, seeds in enumerate(range(size.seeds, 11), 1):
        networks = [network(i, 1.0 if not i else TARGET, one[:seeds]) for i, one in enumerate(bits)]
        kept &= bool(rank(networks, TARGET, look=look, draws=DRAWS).networks[1].tied)
    yield Held("ties keep the truly best at every look", 1 - ERROR, kept)


def tiny(_: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Thirty images at 97 %, two seeds."""
    yield from _alike(Size(8, 2, 30, 0.0), generator, [0.97] * 9)


def _alike(
    size: Size,
    generator: np.random.Generator,
    accuracies: Sequence[float],
    spreads: np.ndarray | None = None,
    *,
    copies: int = 1,
    known: bool = False,
    heavy: bool = False,
) -> Iterator[Held]:
    """A study of networks near the target cost, straight over log MACs; of equally good ones the first counts as the best.

    `accuracies` are true at the target; at its own cost a network has the part of its gain that it pays for.
    """
    sd = size.seed_sd * (np.ones(len(accuracies)) if spreads is None else spreads)
    ratios = np.array([1.0, *generator.uniform(1.7, 2.3, len(accuracies) - 1)])
    own = accuracies[0] + (np.array(accuracies) - accuracies[0]) * np.log2(ratios)
    bits = answers(own, size.seeds, size.images, generator, seed_sd=sd.tolist(), copies=copies, heavy=heavy)
    groups = group_numbers(size.images, copies) if known else None
    networks = [network(i, float(r), one, groups=groups) for i, (r, one) in enumerate(zip(ratios, bits, strict=True))]
    yield from intervals(networks, own)
    yield from ties(networks, accuracies)


TRUTHS: dict[str, Truth] = {
    "equal": Truth("all candidates equally good; heavy-tailed difficulty of images", equal),
    "spread": Truth("true accuracies normal, sd .4 points", spread),
    "two-ahead": Truth("two exactly alike, .5 points ahead of a tight field", two_ahead),
    "steep": Truth("the best gains 1.4 points a doubling, the others .1; costs x1.7 to x2.3", steep),
    "heavy": Truth("equal, trainings whose accuracies have heavy tails", heavy),
    "looks": Truth("equal, ranked again after every added seed up to ten", looks),
    "tiny": Truth("30 images at 97 %, two seeds", tiny),
    "wide-best": Truth("the best has three times the others' true seed spread", wide_best, promised=False),
    "wide-half": Truth("half of the networks have four times the others' true seed spread", wide_half, promised=False),
    "copies": Truth("images in fives that are nearly the same, taken as independent", copies, promised=False),
    "grouped": Truth("the same, their groups known", grouped),
}
"""Of the ranking, by name."""
