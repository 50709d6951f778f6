"""All networks of a lattice and what they cost, as arrays: every point without a Python loop over points.

Repeats depend on alpha only, channels on beta only, the resolution on gamma only, and each rounds to few patterns. So the
distinct networks are a grid, depths x widths x sides, that one pass of the closed form counts; points are looked up in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.count.cost import costs
from scaling.grid.lattice import Lattice
from scaling.rules.coefficients import Coefficients
from scaling.rules.rounding import MINIMUM_RESOLUTION, Rounding, scale

HIGHEST_PHI = 10.0

_Pattern: TypeAlias = tuple[int, ...]


class Enumeration(NamedTuple):
    """The points of a lattice and the distinct networks that they round to.

    The row of a point in `networks` leads to its cost: `macs[networks]` are the MACs of every point. Counts are int64, or
    Python's integers (dtype object, slower) where one could pass 2^63.

    Attributes:
        points: (points, 3) alpha, beta, gamma in hundredths, ascending.
        networks: (points,) which network a point rounds to.
        params: (networks,) trained numbers.
        macs: (networks,) multiply-adds for one image.
        activations: (networks,) outputs of convolutions and classifier for one image.
    """

    points: NDArray[np.int64]
    networks: NDArray[np.int64]
    params: NDArray[Any]
    macs: NDArray[Any]
    activations: NDArray[Any]


class Networks(NamedTuple):
    """The distinct networks that values on three axes make: depths x widths x sides.

    Attributes:
        rows: for alpha, beta and gamma: the row of the grid that a value in hundredths rounds to.
        sides: resolutions in px.
        params: (depths, widths, sides) trained numbers.
        macs: the same shape, multiply-adds for one image.
        activations: the same shape, outputs of convolutions and classifier for one image.
    """

    rows: tuple[dict[int, int], ...]
    sides: tuple[int, ...]
    params: NDArray[Any]
    macs: NDArray[Any]
    activations: NDArray[Any]

    def indices(self, axes: Iterable[Iterable[int]]) -> NDArray[np.int64]:
        """(points,) index in the flattened grid of the network of each point of `lattice_points(axes)`."""
        rows = ([known[value] for value in axis] for known, axis in zip(self.rows, axes, strict=True))
        return np.ravel_multi_index(np.ix_(*rows), self.macs.shape).ravel()

    def index_of(self, point: Coefficients) -> int:
        """The same of one point."""
        return int(self.indices([value] for value in point)[0])

    def place(self, index: int) -> tuple[int, int, int]:
        """Rows of depth, width and side of the network at an index of the flattened grid."""
        _, widths, sides = self.macs.shape
        rest, side = divmod(index, sides)
        return *divmod(rest, widths), side


def enumerate_lattice(
    baseline: Architecture, lattice: Lattice, phi: float = 1.0, *, num_classes: int = 1000, in_channels: int = 3
) -> Enumeration:
    """Every point of a lattice, whatever its constraint and sample, with its network and that network's cost.

    The network of point i is `scale(baseline, Coefficients(*points[i].tolist()).factors(phi), rounding=lattice.rounding)`.

    Args:
        baseline: what is scaled.
        lattice: its steps, ranges and rounding are used.
        phi: budget exponent; coefficients become factors alpha^phi, beta^phi, gamma^phi.
        num_classes: of the images.
        in_channels: of the images.

    Raises:
        UserError: phi is not above 0 or too large, the baseline's input is under 12 px, or num_classes or in_channels is
            below 1.
    """
    axes = lattice.axes()
    grid = enumerate_networks(baseline, axes, phi, lattice.rounding, num_classes, in_channels)
    counts = (grid.params, grid.macs, grid.activations)
    return Enumeration(lattice_points(axes), grid.indices(axes), *(one.ravel() for one in counts))


def lattice_points(axes: Iterable[Iterable[int]]) -> NDArray[np.int64]:
    """(points, 3) all combinations of values of alpha, beta and gamma; the last changes fastest."""
    columns = np.meshgrid(*(np.array(axis, np.int64) for axis in axes), indexing="ij")
    return np.stack([column.ravel() for column in columns], axis=1)


def enumerate_networks(
    baseline: Architecture,
    axes: Iterable[Iterable[int]],
    phi: float,
    rounding: Rounding,
    num_classes: int,
    in_channels: int,
) -> Networks:
    """The distinct networks of all combinations of three axes' values.

    Args:
        baseline: what is scaled.
        axes: values of alpha, beta and gamma in hundredths.
        phi: budget exponent.
        rounding: a name that `scale` knows.
        num_classes: of the images.
        in_channels: of the images.

    Raises:
        UserError: as `enumerate_lattice`.
    """
    if not 0 < phi <= HIGHEST_PHI:
        raise UserError(f"phi must be above 0 and at most {HIGHEST_PHI:g}, got {phi:g}")
    if baseline.resolution < MINIMUM_RESOLUTION:
        raise UserError(f"the baseline's resolution must be at least {MINIMUM_RESOLUTION} px, got {baseline.resolution}")
    rows: list[dict[int, int]] = []
    patterns: list[list[_Pattern]] = []
    for axis, values in enumerate(axes):
        rounded = {value: _pattern(baseline, axis, value, phi, rounding) for value in values}
        known = {pattern: row for row, pattern in enumerate(dict.fromkeys(rounded.values()))}
        rows.append({value: known[pattern] for value, pattern in rounded.items()})
        patterns.append(list(known))
    sides = tuple(side for (side,) in patterns[2])
    return Networks(tuple(rows), sides, *_counted(baseline, patterns, num_classes, in_channels))


def _pattern(baseline: Architecture, axis: int, value: int, phi: float, rounding: Rounding) -> _Pattern:
    """All that one coefficient decides: repeats of the stages, channels of stem, stages and head, or the resolution."""
    alone = Coefficients(100, 100, 100)._replace(**{Coefficients._fields[axis]: value})
    scaled = scale(baseline, alone.factors(phi), rounding=rounding)
    return (
        tuple(stage.repeats for stage in scaled.stages),
        (scaled.stem, *(stage.channels for stage in scaled.stages), scaled.head),
        (scaled.resolution,),
    )[axis]


def _counted(
    baseline: Architecture, patterns: Sequence[Sequence[_Pattern]], num_classes: int, in_channels: int
) -> list[NDArray[Any]]:
    """params, MACs and activations of all combinations of patterns, each (depths, widths, sides)."""
    kind = np.int64 if _fits(baseline, patterns, num_classes, in_channels) else object
    # Axis 0 of every array is depths, axis 1 widths, axis 2 sides: a term is computed only over what it depends on.
    depths, widths, sides = (np.array(rows, kind).T for rows in patterns)
    counts = costs(
        baseline,
        list(depths[:, :, None, None]),
        list(widths[:, None, :, None]),
        sides[0],
        num_classes,
        in_channels,
        lambda stage, inputs: np.vectorize(stage.squeezed_channels, otypes=[kind])(inputs),
    )
    shape = tuple(len(rows) for rows in patterns)
    return [np.broadcast_to(one, shape) for one in counts]


def _fits(baseline: Architecture, patterns: Sequence[Sequence[_Pattern]], num_classes: int, in_channels: int) -> bool:
    """Whether int64 holds the costs of all combinations: it does if it holds those of the largest of every number together.

    Numbers met on the way are no larger, save a block that repeats 0 times more; it may wrap around and counts nothing.
    """
    repeats, channels, (side,) = ([max(column) for column in zip(*rows, strict=True)] for rows in patterns)
    return max(side, *costs(baseline, repeats, channels, side, num_classes, in_channels)) < 2**63
