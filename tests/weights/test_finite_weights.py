"""Weights that are not finite: every command that takes weights refuses them alike."""

import numpy as np
import pytest
from flax import nnx
from PIL import Image

from scaling import architecture
from scaling.cam import __main__ as cam
from scaling.export import __main__ as export
from scaling.nets import build
from scaling.predict import __main__ as predict
from scaling.weights.files import write_safetensors
from scaling.weights.loading import unload

COMMANDS = {
    "predict": (predict.main, ["image.png"]),
    "cam": (cam.main, ["image.png"]),
    "cam --block": (cam.main, ["--block", "2", "image.png"]),
    "export as a program": (export.main, ["--out", "out.stablehlo"]),
    "export of weights": (export.main, ["--out", "out.safetensors"]),
}


@pytest.fixture(scope="module")
def tensors():
    described = architecture("mobilenet_v1")
    return unload(build(described, 7, rngs=nnx.Rngs(0)), described, "timm")


@pytest.mark.parametrize("command", COMMANDS)
def test_weights_that_are_not_finite_are_refused(command, tensors, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (9, 9)).save("image.png")
    damaged = {name: tensor.copy() for name, tensor in tensors.items()}
    damaged["classifier.bias"][:] = np.nan
    damaged["blocks.2.0.bn1.running_var"][[3, 5]] = np.inf, -np.inf
    write_safetensors(tmp_path / "weights", damaged, {})
    main, words = COMMANDS[command]
    status = main(["--model", "mobilenet_v1", "--weights", "weights", *words])
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err == (
        f"python -m scaling.{command.split()[0]}: error: weights: tensor blocks.2.0.bn1.running_var is NaN or infinite in 2 of "
        "128 numbers; the file is damaged or its training diverged, use other weights\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.png", "weights"]


@pytest.mark.parametrize("command", COMMANDS)
def test_outputs_that_are_not_finite_are_refused(command, tensors, tmp_path, monkeypatch, capsys):
    """Every weight is finite, and yet the products overflow."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)).save("image.png")
    large = {**tensors, "classifier.weight": np.full_like(tensors["classifier.weight"], 3e38)}
    large["blocks.4.1.bn2.weight"] = tensors["blocks.4.1.bn2.weight"] * np.float32(1e30)
    write_safetensors(tmp_path / "weights", large, {})
    main, words = COMMANDS[command]
    status = main(["--model", "mobilenet_v1", "--weights", "weights", *words])
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    name = command.split()[0]
    assert err == f"python -m scaling.{name}: error: the outputs of mobilenet_v1 are not finite; its weights may be damaged\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.png", "weights"]
