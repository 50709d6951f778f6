"""Baselines for small images, made here: the paper's network divides the side by 32, which leaves nothing of 20 px."""

from scaling.arch.architecture import Architecture, Stage

SMALL = Architecture(
    name="small",
    resolution=20,
    stem=16,
    stages=(
        Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
        Stage(repeats=2, kernel=3, stride=2, expansion=3, channels=24),
        Stage(repeats=3, kernel=3, stride=2, expansion=3, channels=40),
    ),
    head=128,
    channel_divisor=4,
)
"""The default study's baseline: 595 k MACs, 50 k parameters with ten classes and one channel; maps of 10, 5 and 3 px."""
