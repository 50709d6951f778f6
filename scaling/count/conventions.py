"""What "the FLOPs" of a network are in different tools: one count each, with what it counts and who prints it.

They differ by what they add to the multiply-adds of convolutions, squeeze-excite and classifier, not by how they count
those. Checked against pycls's stored totals (biases), timm's speed tables (batch norm) and fvcore on torchvision's B0
(pooling). A further cause of disagreement is no convention: a tool that does not know a layer counts 0 for it, as fvcore does
for the pooling that timm's squeeze-excite writes as a mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from scaling.count.cost import Part


class Convention(NamedTuple):
    """A way to count.

    Attributes:
        counts: what it counts, in words.
        printed_by: papers and tools whose figure it is.
        of: the count of one part of a network.
    """

    counts: str
    printed_by: str
    of: Callable[[Part], int]


CONVENTIONS: dict[str, Convention] = {
    "macs": Convention(
        "multiply-adds of convolutions, squeeze-excite, classifier",
        "this project, the papers' FLOPs, torchvision",
        lambda part: part.cost.macs,
    ),
    "macs_biases": Convention(
        "MACs + 1 per bias",
        "pycls",
        lambda part: part.cost.macs + part.biases,
    ),
    "macs_batch_norm": Convention(
        "MACs + 2 per output of batch norm",
        "timm, thop with rules for every layer",
        lambda part: part.cost.macs + 2 * part.normalised,
    ),
    "macs_batch_norm_pooling": Convention(
        "MACs + 2 per output of batch norm + 1 per pooled number",
        "fvcore",
        lambda part: part.cost.macs + 2 * part.normalised + part.pooled,
    ),
    "flops": Convention(
        "2 x MACs",
        "whoever calls a MAC two operations",
        lambda part: part.cost.flops,
    ),
}
"""By their keys in JSON."""


def by_convention(parts: Iterable[Part]) -> dict[str, int]:
    """A network's count by every convention.

    Args:
        parts: of the network, from `parts`.
    """
    whole = tuple(parts)
    return {name: sum(map(convention.of, whole)) for name, convention in CONVENTIONS.items()}
