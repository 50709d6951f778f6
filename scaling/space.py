"""The search space of Step 1: a lattice of coefficients, constrained, as distinct networks with their realised cost.

Many points of a lattice round to one network; it is listed once, with all of them as its aliases.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.arch import Architecture
from scaling.counting import Cost, cost
from scaling.lattice import BUDGET, REFERENCES, UNIT, Coefficients, Lattice, distance, representative
from scaling.rules import MINIMUM_RESOLUTION, Factors, Rounding, scale

HIGHEST_PHI = 10.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One distinct network of a search space.

    Args:
        architecture: the scaled network.
        coefficients: its representative: the alias whose product is nearest to 2, then the smaller alpha, then beta.
        aliases: all lattice points that round to it, ascending; for a reference that is no lattice point, its own.
        origin: why it is here: `lattice` and the names of `REFERENCES`.
        cost: with the classes and channels of the pictures.
        realised: MACs over the baseline's.
        shares: realised shares of depth, width and resolution, None for the baseline.
    """

    architecture: Architecture
    coefficients: Coefficients
    aliases: tuple[Coefficients, ...]
    origin: tuple[str, ...]
    cost: Cost
    realised: float
    shares: tuple[float, float, float] | None

    @property
    def label(self) -> str:
        """Its coefficients as people write them."""
        return "{:.2f} {:.2f} {:.2f}".format(*self.coefficients.decimals)


class Space(NamedTuple):
    """A search space: `points` lattice points that make the lattice networks among `candidates`."""

    points: int
    candidates: tuple[Candidate, ...]
    target: float
    """MACs wanted over the baseline's: 2^phi"""

    @property
    def lattice(self) -> tuple[Candidate, ...]:
        """The candidates that are lattice points."""
        return tuple(candidate for candidate in self.candidates if "lattice" in candidate.origin)


def search_space(
    baseline: Architecture, lattice: Lattice, phi: float = 1.0, *, num_classes: int = 1000, in_channels: int = 3
) -> Space:
    """The distinct networks of a lattice at phi, ascending by coefficients, and the references after them.

    Args:
        baseline: what is scaled.
        lattice: which coefficients, under which constraint.
        phi: budget exponent; coefficients become factors alpha^phi, beta^phi, gamma^phi, the target is 2^phi.
        num_classes: of the pictures.
        in_channels: of the pictures.

    Raises:
        ValueError: phi is not above 0 or too large, the baseline's input is under 12 px, or no point meets the
            constraint; the message says how to widen it.
    """
    if not 0 < phi <= HIGHEST_PHI:
        raise ValueError(f"phi must be above 0 and at most {HIGHEST_PHI:g}, got {phi:g}")
    if baseline.resolution < MINIMUM_RESOLUTION:
        raise ValueError(f"the baseline's resolution must be at least {MINIMUM_RESOLUTION} px, got {baseline.resolution}")
    scaler = _Scaler(baseline, lattice.rounding, phi, num_classes, in_channels)
    points = _sample(_constrained(lattice, scaler), lattice.sample)
    groups: dict[Any, list[Coefficients]] = defaultdict(list)
    for point in points:
        groups[scaler.key(point)].append(point)
    origins: dict[Any, list[str]] = {key: ["lattice"] for key in groups}
    for name, point in REFERENCES.items():
        key = scaler.key(point)
        origins.setdefault(key, []).append(name)
        if "lattice" not in origins[key]:
            groups.setdefault(key, [point])
    candidates = [scaler.candidate(groups[key], origins[key]) for key in groups]
    candidates.sort(key=lambda one: ("lattice" not in one.origin, one.coefficients))
    return Space(len(points), tuple(candidates), float(BUDGET**phi))


def realised_shares(
    baseline: Architecture, factors: Factors, base_macs: int, *, rounding: Rounding, num_classes: int, in_channels: int
) -> tuple[float, float, float] | None:
    """log of the MACs ratio of each factor applied alone, normalised to sum 1: a network's place on the triangle.

    Returns:
        Shares of depth, width and resolution, or None where no factor alone costs anything.
    """
    logs = []
    for dimension, factor in factors._asdict().items():
        alone = scale(baseline, Factors(1, 1, 1)._replace(**{dimension: factor}), rounding=rounding)
        logs.append(math.log(cost(alone, num_classes, in_channels).macs / base_macs))
    total = sum(logs)
    if total <= 0:
        return None
    depth, width, resolution = (log / total for log in logs)
    return depth, width, resolution


class _Scaler:
    """Scales one baseline; rounds each dimension once per coefficient, whatever the number of points."""

    def __init__(self, baseline: Architecture, rounding: Rounding, phi: float, num_classes: int, in_channels: int) -> None:
        self.baseline, self.rounding, self.phi = baseline, rounding, phi
        self.num_classes, self.in_channels = num_classes, in_channels
        self.base_macs = self._cost(baseline).macs
        self._patterns: dict[tuple[int, int], Any] = {}
        self._costs: dict[Any, Cost] = {}

    def key(self, point: Coefficients) -> tuple[Any, Any, Any]:
        """Equal for two points that round to the same network."""
        depth, width, resolution = (self._pattern(axis, value) for axis, value in enumerate(point))
        return depth, width, resolution

    def realised(self, point: Coefficients) -> float:
        key = self.key(point)
        if key not in self._costs:
            self._costs[key] = self._cost(self.scaled(point))
        return self._costs[key].macs / self.base_macs

    def scaled(self, point: Coefficients) -> Architecture:
        return scale(self.baseline, point.factors(self.phi), rounding=self.rounding)

    def candidate(self, aliases: Sequence[Coefficients], origin: Sequence[str]) -> Candidate:
        chosen = representative(aliases)
        architecture = self.scaled(chosen)
        counted = self._cost(architecture)
        shares = realised_shares(
            self.baseline,
            chosen.factors(self.phi),
            self.base_macs,
            rounding=self.rounding,
            num_classes=self.num_classes,
            in_channels=self.in_channels,
        )
        realised = counted.macs / self.base_macs
        return Candidate(architecture, chosen, tuple(sorted(aliases)), tuple(origin), counted, realised, shares)

    def _cost(self, architecture: Architecture) -> Cost:
        return cost(architecture, self.num_classes, self.in_channels)

    def _pattern(self, axis: int, value: int) -> Any:
        if (axis, value) not in self._patterns:
            alone = self.scaled(Coefficients(100, 100, 100)._replace(**{Coefficients._fields[axis]: value}))
            stages = alone.stages
            self._patterns[axis, value] = (
                tuple(stage.repeats for stage in stages),
                (alone.stem, *(stage.channels for stage in stages), alone.head),
                alone.resolution,
            )[axis]
        return self._patterns[axis, value]


def _constrained(lattice: Lattice, scaler: _Scaler) -> list[Coefficients]:
    alpha, beta, gamma = np.meshgrid(*(np.array(axis, np.int64) for axis in lattice.axes()), indexing="ij")
    gap = np.abs(alpha * beta**2 * gamma**2 - BUDGET * UNIT)
    kept = gap <= round(lattice.tolerance * UNIT) if lattice.constraint != "realised" else gap >= 0
    points = _points(alpha[kept], beta[kept], gamma[kept])
    target = BUDGET**scaler.phi
    if lattice.constraint != "nominal":
        points = [point for point in points if abs(scaler.realised(point) / target - 1) <= lattice.tolerance + 1e-12]
    if not points:
        raise ValueError(_empty_message(lattice, scaler, _points(alpha.ravel(), beta.ravel(), gamma.ravel())))
    return points


def _points(alpha: NDArray[np.int64], beta: NDArray[np.int64], gamma: NDArray[np.int64]) -> list[Coefficients]:
    return [Coefficients(*point) for point in zip(alpha.tolist(), beta.tolist(), gamma.tolist(), strict=True)]


def _empty_message(lattice: Lattice, scaler: _Scaler, points: Sequence[Coefficients]) -> str:
    nearest = representative(points)
    if lattice.constraint == "nominal":
        found, needed = f"product {nearest.nominal:.4g}", distance(nearest) / UNIT
    else:
        target = BUDGET**scaler.phi
        gaps = {point: abs(scaler.realised(point) / target - 1) for point in points}
        nearest = min(points, key=gaps.__getitem__)
        needed = max(gaps[nearest], distance(nearest) / UNIT if lattice.constraint == "both" else 0.0)
        found = f"realised ratio {scaler.realised(nearest):.4g} of a target of {target:.4g}"
    alpha, beta, gamma = nearest.decimals
    return (
        f"no point of the lattice (step {lattice.step:g}) meets the {lattice.constraint} constraint within "
        f"{lattice.tolerance:g}; the nearest, {alpha:g} {beta:g} {gamma:g}, has {found}: "
        f"take a tolerance of {math.ceil(needed * 1000) / 1000:g} or more, or a finer step"
    )


def _sample(points: list[Coefficients], count: int) -> list[Coefficients]:
    if not count or count >= len(points):
        return points
    # The first points of one fixed shuffle: a larger sample contains a smaller one, so a run can grow.
    chosen = np.random.default_rng(0).permutation(len(points))[:count]
    return [points[index] for index in sorted(chosen)]
