"""What a study can tell apart, before it starts.

The three variances were measured on a short proxy: a 595k-MAC MBConv net on 6,000 pictures of 20 px, 8 epochs, at about
87 % accuracy. They are that proxy's; another data set or a longer training has others.
"""

from __future__ import annotations

TRUE_SEED_SD = 0.00149
"""Between trainings of one network, on infinitely many pictures."""

PICTURE_VARIANCE = 0.0036
"""Of the per-picture difference of two networks, on infinitely many seeds."""

FLIP_RATE = 0.0741
"""Pictures on which two trainings of one network disagree."""
