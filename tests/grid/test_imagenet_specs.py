"""The shipped specifications for ImageNet: read without it, and with the hours that their heads say."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from scaling import architecture, cost
from scaling.family.read_spec import read_family_spec
from scaling.family.study import make_family_study
from scaling.grid.spec import read_spec
from scaling.grid.study import plan

TRAIN, MINIVAL = 1_281_167, 25_022
RATE = 8000 * cost(architecture("efficientnet_b0")).activations
"""Activations that a device trains in a second, as the heads have it."""


def head(name):
    text = (Path(__file__).parents[2] / "grid" / f"{name}.toml").read_text("utf-8")
    return " ".join(re.findall(r"^# (.*)", text, re.MULTILINE))


def hours(networks, spec):
    images = (TRAIN - spec.minival) * (spec.train_share or 1)
    every = sum(one.cost.activations for one in networks) * images * spec.recipe.epochs * spec.seeds
    return every * spec.recipe.progressive.mean_area() / RATE / 3600


def test_step_1():
    spec = read_spec("imagenet")
    networks = plan(spec, 1000, 3).candidates
    assert f"{hours(networks, spec):.1f} device-hours for {len(networks)} networks" in head("imagenet")
    assert max(one.architecture.resolution for one in networks) <= spec.side
    assert spec.baseline.resolution == 128
    assert spec.recipe.optimizer.kind == "rmsprop"


@pytest.mark.parametrize("name", ["imagenet_family", "imagenet_v2"])
def test_step_2(name):
    spec = read_family_spec(name)
    images = SimpleNamespace(name=name, num_classes=1000, in_channels=3, train=range(TRAIN - MINIVAL))
    networks = make_family_study(spec, images, "bfloat16").networks
    assert f"{hours(networks, spec):.0f} device-hours for {len(networks)} networks" in head(name)
    if name == "imagenet_v2":
        assert [one.architecture.resolution for one in networks] == [224, 240, 260, 300]
        assert [one.cost.params for one in networks] == [7_139_704, 8_141_052, 10_096_086, 14_358_406]
