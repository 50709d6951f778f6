"""ResNets as torchvision has them: strides in the 3 x 3 convolution of a bottleneck.

Sources: He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016), Table 1; Zagoruyko and Komodakis, "Wide
Residual Networks" (2016); Xie et al., "Aggregated Residual Transformations" (CVPR 2017), Table 1.
"""

from scaling.arch.architecture import Architecture, Stage
from scaling.arch.blocks import Block


def _resnet(
    name: str, repeats: tuple[int, int, int, int], block: Block, *, expansion: int = 4, groups: int = 1, divisor: int = 8
) -> Architecture:
    first = 64 if block == "basic" else 256
    return Architecture(
        name=name,
        resolution=224,
        stem=64,
        stages=tuple(
            Stage(count, 3, 1 if number == 0 else 2, expansion, first * 2**number, squeeze_excite=0, block=block, groups=groups)
            for number, count in enumerate(repeats)
        ),
        head=0,
        channel_divisor=divisor,
        stem_kernel=7,
        stem_pool=2,
        activation="relu",
        padding="symmetric",
        batch_norm_epsilon=1e-5,
    )


RESNET18 = _resnet("resnet18", (2, 2, 2, 2), "basic", expansion=1)
RESNET50 = _resnet("resnet50", (3, 4, 6, 3), "bottleneck")
RESNET101 = _resnet("resnet101", (3, 4, 23, 3), "bottleneck")
RESNET152 = _resnet("resnet152", (3, 8, 36, 3), "bottleneck")
WIDE_RESNET50_2 = _resnet("wide_resnet50_2", (3, 4, 6, 3), "bottleneck", expansion=2)
RESNEXT101_32X4D = _resnet("resnext101_32x4d", (3, 4, 23, 3), "bottleneck", expansion=2, groups=32, divisor=64)
"""Its scaled channels are multiples of 64: half of them is split into 32 groups."""
