"""How much two orders of the same networks agree."""

from __future__ import annotations

import numpy as np
from scipy import stats

from scaling.analysis.errors import Floats


def kendall(x: Floats, y: Floats) -> Floats:
    """Kendall's tau-b along the last axis: concordant minus discordant pairs, over the pairs not tied.

    Args:
        x: shape (..., m).
        y: shape (..., m).

    Returns:
        Shape (...): -1 to 1, not a number where all of x or all of y are equal.

    Source: Kendall 1945, "The treatment of ties in ranking problems".
    """
    i, j = np.triu_indices(x.shape[-1], 1)
    one, other = np.sign(x[..., i] - x[..., j]), np.sign(y[..., i] - y[..., j])
    with np.errstate(invalid="ignore"):
        return (one * other).sum(axis=-1) / np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))


def spearman(x: Floats, y: Floats) -> Floats:
    """Spearman's rho along the last axis: the correlation of the ranks; arguments and result as of `kendall`."""
    one, other = stats.rankdata(x, axis=-1), stats.rankdata(y, axis=-1)
    middle = (x.shape[-1] + 1) / 2
    one, other = one - middle, other - middle
    with np.errstate(invalid="ignore"):
        return (one * other).sum(axis=-1) / np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
