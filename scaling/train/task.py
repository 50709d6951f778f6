"""What is trained: one network, one recipe, images of one shape."""

from __future__ import annotations

from typing import NamedTuple

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.recipe.recipe import Recipe

SEGMENT_STEPS = 64
"""Most training steps in one program call: progress is reported and a stop obeyed between calls."""


class Task(NamedTuple):
    """What is trained on what; the seed is apart, since a task is compiled once for all seeds."""

    architecture: Architecture
    recipe: Recipe
    num_classes: int
    in_channels: int
    images: int
    """training images"""

    @property
    def segments(self) -> tuple[int, int]:
        """(segments of an epoch, steps of a segment)."""
        return segments(self.recipe, self.images)

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        count, steps = self.segments
        return self.recipe.epochs * count * steps


def segments(recipe: Recipe, images: int) -> tuple[int, int]:
    """(segments of an epoch, steps of a segment): equal segments, so that one program serves them all.

    Images that fill no batch or no segment sit out the epoch; which ones is drawn anew for each.

    Raises:
        UserError: there are fewer images than one batch.
    """
    steps = images // recipe.batch
    if steps < 1:
        raise UserError(f"{images} training images do not fill one batch of {recipe.batch}; lower recipe.batch")
    count = -(-steps // SEGMENT_STEPS)
    return count, steps // count


class Given(NamedTuple):
    """How a training program is given its images.

    Attributes:
        images: in the array that it is called with.
        side: px of them.
        steps: of one call; a segment's, or an equal part of it.
        whole: they are cut and resized on the device; else they have the network's resolution.
    """

    images: int
    side: int
    steps: int
    whole: bool = False


class Segment(NamedTuple):
    """How one call of a training program went.

    Attributes:
        epoch: that it belongs to, from 0.
        last: of its epoch.
        loss: mean over its images as they were seen.
        accuracy: share of them recognised.
    """

    epoch: int
    last: bool
    loss: float
    accuracy: float
