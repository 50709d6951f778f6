"""What torchvision evaluated its weights on, and which file holds which of them."""

import hashlib

import pytest

from scaling.published import libraries
from scaling.weights.models import MODELS
from scaling.weights.preprocessing import Preprocessing
from scaling.weights.torchvision import SETS, found

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
HALVES = ((127.5,) * 3, (127.5,) * 3)

# As torchvision 0.29.1 says it of every set of weights that a network here can take: the end of its file's name, px of the
# shorter side after resizing, px of the crop, interpolation, mean and deviation of bytes.
GOLDEN = {
    ("efficientnet_b0", "IMAGENET1K_V1"): ("7f5810bc", 256, 224, "bicubic", IMAGENET),
    ("efficientnet_b1", "IMAGENET1K_V1"): ("bac287d4", 256, 240, "bicubic", IMAGENET),
    ("efficientnet_b1", "IMAGENET1K_V2"): ("c27df63c", 255, 240, "bilinear", IMAGENET),
    ("efficientnet_b2", "IMAGENET1K_V1"): ("c35c1473", 288, 288, "bicubic", IMAGENET),
    ("efficientnet_b3", "IMAGENET1K_V1"): ("b3899882", 320, 300, "bicubic", IMAGENET),
    ("efficientnet_b4", "IMAGENET1K_V1"): ("23ab8bcd", 384, 380, "bicubic", IMAGENET),
    ("efficientnet_b5", "IMAGENET1K_V1"): ("1a07897c", 456, 456, "bicubic", IMAGENET),
    ("efficientnet_b6", "IMAGENET1K_V1"): ("24a108a5", 528, 528, "bicubic", IMAGENET),
    ("efficientnet_b7", "IMAGENET1K_V1"): ("c5b4e57e", 600, 600, "bicubic", IMAGENET),
    ("efficientnetv2_s", "IMAGENET1K_V1"): ("dd5fe13b", 384, 384, "bilinear", IMAGENET),
    ("efficientnetv2_m", "IMAGENET1K_V1"): ("dc08266a", 480, 480, "bilinear", IMAGENET),
    ("efficientnetv2_l", "IMAGENET1K_V1"): ("59c71312", 480, 480, "bicubic", HALVES),
    ("mobilenet_v2", "IMAGENET1K_V1"): ("b0353104", 256, 224, "bilinear", IMAGENET),
    ("mobilenet_v2", "IMAGENET1K_V2"): ("7ebf99e0", 232, 224, "bilinear", IMAGENET),
    ("resnet18", "IMAGENET1K_V1"): ("f37072fd", 256, 224, "bilinear", IMAGENET),
    ("resnet50", "IMAGENET1K_V1"): ("0676ba61", 256, 224, "bilinear", IMAGENET),
    ("resnet50", "IMAGENET1K_V2"): ("11ad3fa6", 232, 224, "bilinear", IMAGENET),
    ("resnet101", "IMAGENET1K_V1"): ("63fe2227", 256, 224, "bilinear", IMAGENET),
    ("resnet101", "IMAGENET1K_V2"): ("cd907fc2", 232, 224, "bilinear", IMAGENET),
    ("resnet152", "IMAGENET1K_V1"): ("394f9c45", 256, 224, "bilinear", IMAGENET),
    ("resnet152", "IMAGENET1K_V2"): ("f82ba261", 232, 224, "bilinear", IMAGENET),
    ("wide_resnet50_2", "IMAGENET1K_V1"): ("95faca4d", 256, 224, "bilinear", IMAGENET),
    ("wide_resnet50_2", "IMAGENET1K_V2"): ("9ba9bcbe", 232, 224, "bilinear", IMAGENET),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"tensors")
    return path


def source_of(name):
    return {"e": "torchvision", "m": "torchvision-mobilenet"}.get(name[0], "resnet")


def test_every_set_is_prepared_as_torchvision_prepares_it():
    assert [(name, one.weights) for name, sets in SETS.items() for one in sets] == list(GOLDEN)
    for name, sets in SETS.items():
        for one in sets:
            digest, resized, side, interpolation, colours = GOLDEN[name, one.weights]
            assert one == (one.weights, digest, resized, side, interpolation, *colours)
            assert one.preprocessing == Preprocessing(side, side / resized, *colours, interpolation)


def test_sets_are_of_models_and_at_the_published_resolution():
    assert SETS.keys() <= MODELS.keys()
    for row in libraries.torchvision():
        sets = {one.weights.removeprefix("IMAGENET1K_").lower(): one for one in SETS[row.network.replace("_v2_", "v2_")]}
        assert sets[row.weights].side == row.resolution_px


@pytest.mark.parametrize(("name", "weights"), GOLDEN)
def test_a_file_of_torchvisions_own_is_told_by_its_bytes(name, weights, file, monkeypatch):
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    sets = [one._replace(sha256=digest) if one.weights == weights else one for one in SETS[name]]
    monkeypatch.setitem(SETS, name, tuple(sets))
    taken = found(name, source_of(name), file)
    assert (taken.evaluated.weights, taken.doubt) == (weights, "")


@pytest.mark.parametrize("name", SETS)
def test_another_file_is_taken_for_the_oldest_set_and_doubt_is_said(name, file):
    taken = found(name, source_of(name), file)
    assert taken.evaluated == SETS[name][0]
    assert bool(taken.doubt) == (len(SETS[name]) > 1 or "resnet" in name)


def test_the_words_of_doubt(file):
    assert found("efficientnet_b1", "torchvision", file).doubt == (
        f"{file}: torchvision's IMAGENET1K_V1 and IMAGENET1K_V2 cannot be told apart by their tensors, and this is not a file "
        "of torchvision's own; images are prepared as for IMAGENET1K_V1: resized to 256 px (bicubic), cropped to 240"
    )
    assert "torchvision's IMAGENET1K_V1 and timm's cannot be told apart" in found("resnet18", "resnet", file).doubt


@pytest.mark.parametrize(
    ("name", "source"),
    [("efficientnet_b2", "timm"), ("resnet50", "own"), ("resnext101_32x4d", "resnet"), ("efficientnet_b8", "torchvision")],
)
def test_what_torchvision_has_no_weights_of(name, source, tmp_path):
    assert found(name, source, tmp_path / "missing") is None
