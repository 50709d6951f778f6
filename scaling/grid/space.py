"""The search space of Step 1: a lattice of coefficients, constrained, as distinct networks with their realised cost.

Many points of a lattice round to one network; it is listed once, with all of them as its aliases.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.eligibility import ELIGIBLE_WITHIN, is_eligible
from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.count.cost import Cost
from scaling.grid.enumerate import Networks, enumerate_networks, lattice_points
from scaling.grid.lattice import REFERENCES, Lattice
from scaling.grid.limits import LIMIT_FORMATS, Limits
from scaling.rules.coefficients import BUDGET, UNIT, Coefficients, distance, representative
from scaling.rules.rounding import scale, scaled_name
from scaling.rules.rules import Factors, realised_shares

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Candidate:
    """One distinct network of a search space.

    Args:
        architecture: the scaled network.
        coefficients: its representative: the alias whose product is nearest to 2, then the smaller alpha, then beta.
        aliases: all lattice points that round to it, ascending; for a reference that is no lattice point, its own.
        origin: why it is here: `lattice` and the names of its references.
        cost: with the classes and channels of the images.
        realised: MACs over the baseline's.
        shares: realised shares of depth, width and resolution, None for the baseline.
        over: the limits of the search that it is over, which only a reference may be.
    """

    architecture: Architecture
    coefficients: Coefficients
    aliases: tuple[Coefficients, ...]
    origin: tuple[str, ...]
    cost: Cost
    realised: float
    shares: tuple[float, float, float] | None
    over: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its coefficients as people write them."""
        return "{:.2f} {:.2f} {:.2f}".format(*self.coefficients.decimals)


Size = Callable[[str, Candidate], float | None]
"""(name of a limit, candidate) -> what it costs by that measure; None where it is not known yet."""


class Space(NamedTuple):
    """A search space: `points` lattice points that make the lattice networks among `candidates`."""

    points: int
    candidates: tuple[Candidate, ...]
    target: float
    """MACs wanted over the baseline's: 2^phi"""
    over_limits: int = 0
    """lattice networks that were left out, being over a limit"""

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
        num_classes: of the images.
        in_channels: of the images.

    Raises:
        UserError: phi is not above 0 or too large, the baseline's input is under 12 px, num_classes or in_channels is
            below 1, or no point meets the constraint; the message says how to widen it.
    """
    axes = lattice.axes()
    # With the references' values on the axes, one grid holds them and the baseline as well.
    joined = [[*axis, *values] for axis, values in zip(axes, zip(*lattice.references.values(), strict=True), strict=True)]
    grid = enumerate_networks(baseline, joined, phi, lattice.rounding, num_classes, in_channels)
    builder = _Builder(baseline, lattice, phi, grid)
    points, networks = lattice_points(axes), grid.indices(axes)
    kept = _sample(_constrained(lattice, points, builder.realised[networks], BUDGET**phi), lattice.sample)
    groups = _groups(points[kept], networks[kept])
    origins = {network: ["lattice"] for network in groups}
    for name, point in lattice.references.items():
        network = grid.index_of(point)
        groups.setdefault(network, (point,))
        origins.setdefault(network, []).append(name)
    candidates = [builder.candidate(network, groups[network], origins[network]) for network in groups]
    candidates.sort(key=lambda one: ("lattice" not in one.origin, one.coefficients))
    return Space(len(kept), tuple(candidates), float(BUDGET**phi))


def within(space: Space, limits: Limits, size: Size) -> Space:
    """A search space without the lattice networks that are over a limit.

    The references stay, whatever they cost; one over a limit is no lattice network any more and says so (`Candidate.over`),
    so that it is not chosen. A network whose size is not known yet stays.

    Args:
        space: unlimited.
        limits: inclusive.
        size: of its candidates.

    Raises:
        UserError: no lattice network is left; the message has, for each limit, how many are over it and the least found.
    """
    most = limits.given()
    judged = [_judged(one, most, size) for one in space.candidates]
    kept = [one for one in judged if one.origin]  # any reason left to be here
    kept.sort(key=lambda one: ("lattice" not in one.origin, one.coefficients))
    left = [one for one in kept if "lattice" in one.origin]
    if not left:
        raise UserError(_too_tight_message(space.lattice, most, size))
    points = sum(len(one.aliases) for one in left)
    return space._replace(points=points, candidates=tuple(kept), over_limits=len(space.lattice) - len(left))


def eligible_only(space: Space) -> Space:
    """A search space without the lattice networks whose cost is too far from the target to be chosen; the references stay.

    Raises:
        UserError: no lattice network is left.
    """
    left = [one for one in space.candidates if is_eligible(one.realised, space.target)]
    lattice = [one for one in left if "lattice" in one.origin]
    if not lattice:
        ratios = sorted(one.realised for one in space.lattice)
        raise UserError(
            f"no lattice network costs x{space.target:g} within {ELIGIBLE_WITHIN:.0%}: they cost x{ratios[0]:.2f} to "
            f"x{ratios[-1]:.2f}; take --constraint realised, or a finer step"
        )
    others = [_only_reference(one) for one in space.candidates if one not in left]
    kept = [*left, *(one for one in others if one.origin)]
    kept.sort(key=lambda one: ("lattice" not in one.origin, one.coefficients))
    return space._replace(points=sum(len(one.aliases) for one in lattice), candidates=tuple(kept))


def _only_reference(one: Candidate) -> Candidate:
    return dataclasses.replace(one, origin=tuple(name for name in one.origin if name != "lattice"))


class _Builder:
    """Makes the candidates of one grid of networks; what one or two factors decide is computed once for all of them."""

    def __init__(self, baseline: Architecture, lattice: Lattice, phi: float, grid: Networks) -> None:
        self.baseline, self.rounding, self.phi, self.grid = baseline, lattice.rounding, phi, grid
        depth, width, side = grid.place(grid.index_of(REFERENCES["baseline"]))
        base_macs = int(grid.macs[depth, width, side])
        # Python's integers: they divide with one rounding, whatever their size.
        self.realised = np.array([macs / base_macs for macs in grid.macs.ravel().tolist()])
        alone = grid.macs[:, width, side], grid.macs[depth, :, side], grid.macs[depth, width, :]
        self._logs = [[math.log(macs / base_macs) for macs in one.tolist()] for one in alone]
        self._enlarged: dict[tuple[int, int], Architecture] = {}

    def candidate(self, network: int, aliases: Sequence[Coefficients], origin: Sequence[str]) -> Candidate:
        chosen, place = representative(aliases), self.grid.place(network)
        counts = self.grid.params[place], self.grid.macs[place], self.grid.activations[place]
        return Candidate(
            architecture=self._architecture(place, chosen.factors(self.phi)),
            coefficients=chosen,
            aliases=tuple(aliases),
            origin=tuple(origin),
            cost=Cost(*map(int, counts)),
            realised=float(self.realised[network]),
            shares=realised_shares([logs[row] for logs, row in zip(self._logs, place, strict=True)]),
        )

    def _architecture(self, place: tuple[int, int, int], factors: Factors) -> Architecture:
        """What `scale` makes of the baseline; networks that differ in the resolution only share their stages."""
        depth, width, side = place
        if (depth, width) not in self._enlarged:
            self._enlarged[depth, width] = scale(self.baseline, factors._replace(resolution=1), rounding=self.rounding)
        name = scaled_name(self.baseline.name, factors)
        return dataclasses.replace(self._enlarged[depth, width], name=name, resolution=self.grid.sides[side])


def _groups(points: NDArray[np.int64], networks: NDArray[np.int64]) -> dict[int, tuple[Coefficients, ...]]:
    """The points of each network, ascending."""
    order = np.argsort(networks, kind="stable")
    ordered = [Coefficients(*point) for point in points[order].tolist()]
    distinct, starts = np.unique(networks[order], return_index=True)
    ends = [*starts[1:].tolist(), len(ordered)]
    return {
        network: tuple(ordered[start:end]) for network, start, end in zip(distinct.tolist(), starts.tolist(), ends, strict=True)
    }


def _constrained(
    lattice: Lattice, points: NDArray[np.int64], realised: NDArray[np.float64], target: float
) -> NDArray[np.int64]:
    """(kept,) rows of the points that meet the constraint."""
    product_gap, cost_gap = distance(*points.T), np.abs(realised / target - 1)
    nominal = product_gap <= round(lattice.tolerance * UNIT)
    real = cost_gap <= lattice.tolerance + 1e-12
    kept = {"nominal": nominal, "realised": real, "both": nominal & real}[lattice.constraint]
    if not kept.any():
        raise UserError(_empty_message(lattice, points, realised, target))
    return np.flatnonzero(kept)


def _empty_message(lattice: Lattice, points: NDArray[np.int64], realised: NDArray[np.float64], target: float) -> str:
    product_gap, cost_gap = distance(*points.T), np.abs(realised / target - 1)
    row = np.argmin(product_gap if lattice.constraint == "nominal" else cost_gap)
    nearest = Coefficients(*points[row].tolist())
    if lattice.constraint == "nominal":
        found, needed = f"product {nearest.nominal:.4g}", product_gap[row] / UNIT
    else:
        found = f"realised ratio {realised[row]:.4g} of a target of {target:.4g}"
        needed = max(cost_gap[row], product_gap[row] / UNIT if lattice.constraint == "both" else 0)
    alpha, beta, gamma = nearest.decimals
    return (
        f"no point of the lattice (step {lattice.step:g}) meets the {lattice.constraint} constraint within "
        f"{lattice.tolerance:g}; the nearest, {alpha:g} {beta:g} {gamma:g}, has {found}: "
        f"take a tolerance of {math.ceil(needed * 1000) / 1000:g} or more, or a finer step"
    )


def _sample(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if not count or count >= len(rows):
        return rows
    # The first points of one fixed shuffle: a larger sample contains a smaller one, so a run can grow.
    return rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:count])]


def _judged(candidate: Candidate, limits: Mapping[str, float], size: Size) -> Candidate:
    sizes = {name: size(name, candidate) for name in limits}
    over = tuple(name for name, found in sizes.items() if found is not None and found > limits[name])
    return dataclasses.replace(_only_reference(candidate), over=over) if over else candidate


def _too_tight_message(lattice: Sequence[Candidate], limits: Mapping[str, float], size: Size) -> str:
    said = []
    for name, most in limits.items():
        sizes = [found for found in (size(name, one) for one in lattice) if found is not None]
        over = [found for found in sizes if found > most]
        if over:
            word = LIMIT_FORMATS[name]
            said.append(f"{len(over)} over {word.format(most)}, the least found is {word.format(min(sizes))}")
    return f"none of the lattice's {len(lattice)} networks is within the limits: {'; '.join(said)}"
