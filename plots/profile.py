"""What accuracy costs in time: published weights over latency measured here

EfficientNets by the top-1 accuracy of weights that others trained, as timm measured it, over the time that one picture takes
on this device in this library. MACs, which the paper scales by, are no time: the distances along this axis are what a user
waits for. Drawn from `runs/profile/profile.json`, which `python -m scaling.profile NAME... --record runs/profile` makes.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.figures import profiled, profiled_numbers
from scaling.profile_record import read_record


def draw() -> Figure:
    """The figure."""
    return profiled(profiled_numbers(read_record(Path("runs/profile"))))
