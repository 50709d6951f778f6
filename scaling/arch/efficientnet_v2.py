"""EfficientNetV2 as released: fused blocks in the early stages; the searched S, M, L and XL, and B0, which is scaled.

Source: google/automl, efficientnetv2/effnetv2_configs.py; resolutions are those of evaluation. Tan and Le, "EfficientNetV2:
Smaller Models and Faster Training" (ICML 2021), Table 4 has S.
"""

from scaling.arch.architecture import Architecture, Stage


def _fused(repeats: int, stride: int, expansion: int, channels: int) -> Stage:
    return Stage(repeats, 3, stride, expansion, channels, squeeze_excite=0, block="fused")


def _mbconv(repeats: int, stride: int, expansion: int, channels: int) -> Stage:
    return Stage(repeats, 3, stride, expansion, channels)


EFFICIENTNETV2_B0 = Architecture(
    name="efficientnetv2_b0",
    resolution=224,
    stem=32,
    stages=(
        _fused(1, 1, 1, 16),
        _fused(2, 2, 4, 32),
        _fused(2, 2, 4, 48),
        _mbconv(3, 2, 4, 96),
        _mbconv(5, 1, 6, 112),
        _mbconv(8, 2, 6, 192),
    ),
    head=1280,
)

EFFICIENTNETV2_S = Architecture(
    name="efficientnetv2_s",
    resolution=384,
    stem=24,
    stages=(
        _fused(2, 1, 1, 24),
        _fused(4, 2, 4, 48),
        _fused(4, 2, 4, 64),
        _mbconv(6, 2, 4, 128),
        _mbconv(9, 1, 6, 160),
        _mbconv(15, 2, 6, 256),
    ),
    head=1280,
)

EFFICIENTNETV2_M = Architecture(
    name="efficientnetv2_m",
    resolution=480,
    stem=24,
    stages=(
        _fused(3, 1, 1, 24),
        _fused(5, 2, 4, 48),
        _fused(5, 2, 4, 80),
        _mbconv(7, 2, 4, 160),
        _mbconv(14, 1, 6, 176),
        _mbconv(18, 2, 6, 304),
        _mbconv(5, 1, 6, 512),
    ),
    head=1280,
)

EFFICIENTNETV2_L = Architecture(
    name="efficientnetv2_l",
    resolution=480,
    stem=32,
    stages=(
        _fused(4, 1, 1, 32),
        _fused(7, 2, 4, 64),
        _fused(7, 2, 4, 96),
        _mbconv(10, 2, 4, 192),
        _mbconv(19, 1, 6, 224),
        _mbconv(25, 2, 6, 384),
        _mbconv(7, 1, 6, 640),
    ),
    head=1280,
)

EFFICIENTNETV2_XL = Architecture(
    name="efficientnetv2_xl",
    resolution=512,
    stem=32,
    stages=(
        _fused(4, 1, 1, 32),
        _fused(8, 2, 4, 64),
        _fused(8, 2, 4, 96),
        _mbconv(16, 2, 4, 192),
        _mbconv(24, 1, 6, 256),
        _mbconv(32, 2, 6, 512),
        _mbconv(8, 1, 6, 640),
    ),
    head=1280,
)
