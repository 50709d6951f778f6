"""EfficientNet V1 as released: the baseline B0.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML 2019), Table 1, with
strides as in the authors' released code (the table's are one stage off).
"""

from scaling.arch.architecture import Architecture, Stage

EFFICIENTNET_B0 = Architecture(
    name="efficientnet_b0",
    resolution=224,
    stem=32,
    stages=(
        Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
        Stage(repeats=2, kernel=3, stride=2, expansion=6, channels=24),
        Stage(repeats=2, kernel=5, stride=2, expansion=6, channels=40),
        Stage(repeats=3, kernel=3, stride=2, expansion=6, channels=80),
        Stage(repeats=3, kernel=5, stride=1, expansion=6, channels=112),
        Stage(repeats=4, kernel=5, stride=2, expansion=6, channels=192),
        Stage(repeats=1, kernel=3, stride=1, expansion=6, channels=320),
    ),
    head=1280,
)
