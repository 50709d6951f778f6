"""Networks written for others, read back without this project."""

import json
import subprocess
import sys

import jax
import numpy as np
import pytest
from flax import nnx

from scaling import architecture
from scaling.export.__main__ import main
from scaling.nets import build
from scaling.weights.files import read_weights, write_safetensors
from scaling.weights.loading import unload


@pytest.fixture(scope="module")
def network():
    made = build(architecture("mobilenet_v1"), 7, rngs=nnx.Rngs(0))
    made.eval()
    return made


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet.safetensors"
    write_safetensors(path, unload(network, architecture("mobilenet_v1"), "timm"), {})
    return path


def run(*words):
    return main([*map(str, words)])


def test_a_program_that_jax_runs_alone(network, weights, tmp_path, capsys):
    out = tmp_path / "mobile.stablehlo"
    assert run("--model", "mobilenet_v1", "--weights", weights, "--out", out) == 0
    said = capsys.readouterr().out
    assert "bytes for cpu, cuda, rocm, tpu, any number of images; read back and run" in said
    described = json.loads((tmp_path / "mobile.stablehlo.json").read_text())
    assert described["input"] == ["batch", 256, 256, 3]
    assert (described["channels"], described["values"], described["crop"]) == ("RGB", [0, 255], 0.95)
    assert (described["mean"], described["classes"]) == ([127.5] * 3, [f"class {i}" for i in range(7)])
    images = np.random.default_rng(1).standard_normal((3, 256, 256, 3), np.float32)
    np.save(tmp_path / "images.npy", images)
    code = (
        "import sys, numpy as np; from jax import export\n"
        f"program = export.deserialize(bytearray(open({str(out)!r}, 'rb').read()))\n"
        f"np.save({str(tmp_path / 'logits.npy')!r}, program.call(np.load({str(tmp_path / 'images.npy')!r})))\n"
        "assert not any(name.split('.')[0] == 'scaling' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
    wanted = jax.jit(lambda x: network(x))(images)
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), wanted, rtol=1e-3, atol=1e-5)


def test_weights_in_the_names_of_another_library(network, weights, tmp_path, capsys):
    out = tmp_path / "mobile.safetensors"
    assert run("--model", "mobilenet_v1", "--weights", weights, "--out", out, "--names", "timm") == 0
    assert f"{out}: 137 tensors, read back and equal." in capsys.readouterr().out
    first, second = read_weights(weights), read_weights(out)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_images_are_those_of_the_weights_not_of_the_network(tmp_path, capsys):
    described = architecture("efficientnet_b2")
    path, out = tmp_path / "b2.safetensors", tmp_path / "own.safetensors"
    write_safetensors(path, unload(build(described, 7), described, "torchvision"), {})
    assert run("--model", "efficientnet_b2", "--weights", path, "--out", out) == 0
    described = json.loads((tmp_path / "own.safetensors.json").read_text())
    assert (described["input"], described["crop"]) == (["batch", 288, 288, 3], 1.0)
    assert described["resize"] == "bicubic, antialiased, as Pillow's"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "a.stablehlo"], "give either --model or --run with --network"),
        (["--model", "mobilenet_v1", "--out", "a.onnx"], "--out must end in .stablehlo or .safetensors, got a.onnx"),
        (["--model", "resnet18", "--weights", "W", "--out", "a.stablehlo"], "resnet18 needs (64, 3, 7, 7)"),
        (
            ["--model", "mobilenet_v1", "--weights", "W", "--out", "a.safetensors", "--names", "x"],
            "--names must be one of timm",
        ),
        (
            ["--model", "mobilenet_v1", "--weights", "W", "--out", "a.safetensors", "--names", "resnet"],
            "or for another padding and batch norm than mobilenet_v1 has; for it there are timm, own",
        ),
        (["--model", "mobilenet_v1", "--weights", "W", "--out", "W"], "--out is the file of --weights"),
        (
            ["--model", "mobilenet_v1", "--out", "a.stablehlo", "--names", "timm"],
            "--names has no meaning for a .stablehlo file",
        ),
        (["--run", "runs/nothing", "--network", "x", "--out", "a.stablehlo"], "runs/nothing: no such run folder here"),
    ],
)
def test_bad_input_is_one_line(words, message, weights, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status = run(*(str(weights) if word == "W" else word for word in words))
    err = capsys.readouterr().err
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
