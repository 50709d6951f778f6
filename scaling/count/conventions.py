"""What "the FLOPs" of a network are in different tools: one count each, with what it counts and who prints it.

They differ by what they add to the multiply-adds of convolutions, squeeze-excite and classifier, not by how they count
those. Checked against pycls's stored totals (biases), against timm's speed tables (batch norm), and against what fvcore, thop
and ptflops count of torchvision's networks (`tests/benchmarks/conventions.py`).

A further cause of disagreement is no convention: a tool that does not see a layer counts 0 for it. timm's squeeze-excite
pools by a mean, which none of the three sees; torchvision's MobileNetV2 pools before its classifier by a function, which thop
does not see and ptflops sees once; timm's batch norm is a class of its own, which neither of the two knows.
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


def _ptflops(part: Part) -> int:
    """ReLU and pooling twice, since ptflops counts the module and the function that the module calls; ReLU6 and SiLU once."""
    once = part.cost.macs + part.biases + 2 * part.normalised + part.activated
    return once + part.rectified + 2 * (part.pooled + part.max_pooled)


CONVENTIONS: dict[str, Convention] = {
    "macs": Convention(
        "multiply-adds of convolutions, squeeze-excite, classifier",
        "this project, the papers' FLOPs, torchvision",
        lambda part: part.cost.macs,
    ),
    "macs_biases": Convention(
        "MACs + 1 per bias",
        "pycls, ptflops 0.7.5 (backend aten)",
        lambda part: part.cost.macs + part.biases,
    ),
    "macs_batch_norm": Convention(
        "MACs + 2 per output of batch norm",
        "timm's tables, thop 0.0.31 but for pooling",
        lambda part: part.cost.macs + 2 * part.normalised,
    ),
    "macs_batch_norm_pooling": Convention(
        "MACs + 2 per output of batch norm + 1 per pooled number",
        "fvcore 0.1.5",
        lambda part: part.cost.macs + 2 * part.normalised + part.pooled,
    ),
    "thop_0_1_1": Convention(
        "MACs + 4 per output of batch norm + 1 per averaged number and per mean",
        "thop 0.1.1",
        lambda part: part.cost.macs + 4 * part.normalised + part.pooled + part.means,
    ),
    "ptflops_0_7_5": Convention(
        "MACs + 1 per bias and output of SiLU or ReLU6 + 2 per output of batch norm or ReLU and pooled number",
        "ptflops 0.7.5 (backend pytorch, its default)",
        _ptflops,
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
