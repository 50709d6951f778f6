"""Studies in which something went wrong: does the choice stand?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from scaling.analysis.changes import leads
from scaling.analysis.collapse import collapsed
from scaling.analysis.ranking import rank
from scaling.analysis.stability import rank_stability
from scaling.simulate.answers import answers
from scaling.simulate.truths import BASE, DRAWS, TARGET, Held, Size, Truth, network

CHANCE = 0.1


def _with_collapse(victim: int, every: bool) -> Callable[[Size, np.random.Generator], Iterator[Held]]:
    """Truths half a point apart at costs around the target, and one network's trainings, one or all, end at chance."""

    def study(size: Size, generator: np.random.Generator) -> Iterator[Held]:
        accuracies = np.array([BASE, *(BASE + 0.005 * generator.standard_normal(size.networks))])
        ratios = np.array([1.0, *generator.uniform(1.7, 2.3, size.networks)])
        own = BASE + (accuracies - BASE) * np.log2(ratios)
        bits = answers(own, size.seeds, size.images, generator, seed_sd=size.seed_sd)
        clean = _chosen(bits, ratios)
        broken = [one.copy() for one in bits]
        hit = slice(None) if every else slice(0, 1)
        broken[victim][hit] = generator.random(broken[victim][hit].shape) < CHANCE
        lost = collapsed([one.mean(axis=1) for one in broken], CHANCE, size.images)
        wanted = size.seeds if every else 1
        yield Held(
            "what collapsed is found, and nothing else", 0.99, [int(one.sum()) for one in lost] == _only(victim, wanted, lost)
        )
        if clean != f"n{victim:02d}":
            yield Held("one collapse leaves the choice as it was", 0.90, _chosen(broken, ratios) == clean)

    return study


def _only(victim: int, wanted: int, lost: Sequence[np.ndarray]) -> list[int]:
    return [wanted if index == victim else 0 for index in range(len(lost))]


def _chosen(bits: Sequence[np.ndarray], ratios: np.ndarray) -> str:
    """The best of a study whose collapsed trainings are left out."""
    lost = collapsed([one.mean(axis=1) for one in bits], CHANCE, bits[0].shape[1])
    pairs = [(i, one[~gone], int(gone.sum())) for i, (one, gone) in enumerate(zip(bits, lost, strict=True))]
    kept = [network(i, float(ratios[i]), one, lost=gone) for i, one, gone in pairs if len(one)]
    ranking = rank(kept, TARGET, look=None, draws=DRAWS)
    return "" if ranking.best is None else ranking.networks[ranking.best].name


def _chosen_seeds(size: Size, generator: np.random.Generator) -> Iterator[Held]:
    """Equal networks: the chosen one minus a reference on test images, with the trainings of the choice."""
    images = size.images
    bits = answers([BASE] * (size.networks + 1), size.seeds, 2 * images, generator, seed_sd=size.seed_sd)
    networks = [network(i, TARGET if i else 1.0, one[:, :images]) for i, one in enumerate(bits)]
    ranking = rank(networks, TARGET, draws=DRAWS)
    best = ranking.networks[ranking.best or 0].name
    reference = "n01" if best != "n01" else "n02"
    test = [network(i, TARGET if i else 1.0, one[:, images:]) for i, one in enumerate(bits)]
    (lead,) = leads(test, best, [reference])
    yield Held(
        "test images, the seeds of the choice: interval of the lead", 0.90, lead.difference.low <= 0 <= lead.difference.high
    )
    luck = rank_stability(networks, TARGET).luck
    yield Held("the same less the stated luck", 0.90, lead.difference.low <= luck <= lead.difference.high)


MISHAPS: dict[str, Truth] = {
    "collapse": Truth("true accuracies .5 points apart; one training of a candidate ends at chance", _with_collapse(3, False)),
    "collapse-all": Truth("all trainings of a candidate end at chance", _with_collapse(3, True)),
    "collapse-baseline": Truth("one training of the baseline ends at chance", _with_collapse(0, False)),
    "collapse-baseline-all": Truth(
        "all trainings of the baseline end at chance: one slope has to serve all", _with_collapse(0, True), promised=False
    ),
    "chosen-seeds": Truth("equal networks, the best and a reference on test images", _chosen_seeds, promised=False),
}
"""By name."""
