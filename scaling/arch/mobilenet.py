"""MobileNets as released, the first two: the paper's Table 3 scales them.

Sources: Howard et al., "MobileNets" (2017), Table 1; Sandler et al., "MobileNetV2" (CVPR 2018), Table 2. Activation, padding
and batch norm are those of the weights people use (torchvision's for the second).
"""

from scaling.arch.architecture import Architecture, Stage


def _separable(repeats: int, stride: int, channels: int) -> Stage:
    return Stage(repeats, 3, stride, 1, channels, squeeze_excite=0, block="separable")


def _inverted(repeats: int, stride: int, expansion: int, channels: int) -> Stage:
    return Stage(repeats, 3, stride, expansion, channels, squeeze_excite=0)


MOBILENET_V1 = Architecture(
    name="mobilenet_v1",
    resolution=224,
    stem=32,
    stages=(
        _separable(1, 1, 64),
        _separable(2, 2, 128),
        _separable(2, 2, 256),
        _separable(6, 2, 512),
        _separable(2, 2, 1024),
    ),
    head=0,
    activation="relu6",
    padding="symmetric",
    batch_norm_epsilon=1e-5,
)

MOBILENET_V2 = Architecture(
    name="mobilenet_v2",
    resolution=224,
    stem=32,
    stages=(
        _inverted(1, 1, 1, 16),
        _inverted(2, 2, 6, 24),
        _inverted(3, 2, 6, 32),
        _inverted(4, 2, 6, 64),
        _inverted(3, 1, 6, 96),
        _inverted(3, 2, 6, 160),
        _inverted(1, 1, 6, 320),
    ),
    head=1280,
    activation="relu6",
    padding="symmetric",
    batch_norm_epsilon=1e-5,
)
