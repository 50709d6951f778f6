"""The thousand classes of ImageNet in the order of the networks' outputs."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def class_names() -> tuple[str, ...]:
    """A short English name for each of the 1000 classes, in their usual order; a few classes share a name, such as crane."""
    _, *lines = (files("scaling.weights") / "imagenet_classes.csv").read_text("utf-8").splitlines()  # the first is the source
    return tuple(row["name"] for row in csv.DictReader(lines))
