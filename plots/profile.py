"""What accuracy costs in time: published weights over latency measured here

Top-1 accuracy of weights that others trained over the time that one image takes on this device in this library. MACs, which
the paper scales by, are no time: the distances along this axis are what a user waits for. Heights are confounded by training
recipe: EfficientNets stand at the best of timm's weights, trained by recipes of later years, ResNets at the numbers of the 2019
paper's Table 2; the distance between the two is of networks and recipes together. Drawn from `runs/profile/profile.json`,
which `python -m scaling.profile NAME... --record runs/profile` makes.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.figures.profiled import profiled, profiled_numbers
from scaling.profile.record import read_record


def draw() -> Figure:
    """The figure."""
    return profiled(profiled_numbers(read_record(Path("runs/profile"))))
