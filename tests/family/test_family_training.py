"""Families trained for real, in a process of their own: killed, gone on with, told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scaling.cam import __main__ as cam
from scaling.export import __main__ as export
from scaling.family.trained import open_trained
from scaling.predict import __main__ as predict
from scaling.weights.files import read_weights, write_safetensors

ROOT = Path(__file__).parents[2]

TINY_FAMILY = """
data = "{images}"
seeds = 2

[baseline]
resolution = 12
stem = 4
head = 8
channel_divisor = 2
stages = [{{repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 4}}]

[family]
rules = ["compound", "depth", "width"]
phi = "0:1"
beta = 2.0
alpha = 1.0
gamma = 1.0

[recipe]
epochs = 12
batch = 16
peak_rate = 0.2
"""


def start(home, *words):
    command = [sys.executable, "-m", "scaling.family", "--train", "--spec", "tiny.toml", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=home, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes)


def finish(process):
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def home(tmp_path_factory, image_folder):
    """A folder with the specification, its run killed after the first record and then finished."""
    folder = tmp_path_factory.mktemp("family")
    (folder / "tiny.toml").write_text(TINY_FAMILY.format(images=image_folder))
    records = folder / "runs" / "tiny" / "trials.jsonl"
    process = start(folder)
    while process.poll() is None and not (records.exists() and records.read_bytes().count(b"\n")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return folder, records.read_bytes(), finish(start(folder, "--json"))


def test_a_killed_family_goes_on_where_it_was(home):
    folder, before, (status, _, err) = home
    assert status == 0, err
    after = (folder / "runs" / "tiny" / "trials.jsonl").read_bytes()
    assert after.startswith(before.rpartition(b"\n")[0])
    trained = [record["id"] for line in after.splitlines() if "outcome" in (record := json.loads(line))]
    assert len(trained) == len(set(trained)) == 8  # baseline, compound, depth and width at phi 1, two seeds each


def test_the_document(home):
    folder, _, (_, out, _) = home
    found = json.loads(out)
    assert found == json.loads((folder / "runs" / "tiny" / "results.json").read_text())
    assert [(one["rule"], one["phi"]) for one in found["members"]] == [
        (rule, phi) for rule in ("compound", "depth", "width") for phi in (0, 1)
    ]
    assert all(one["accuracy"]["n"] == 2 for one in found["members"])
    baseline = [one["accuracy"] for one in found["members"] if one["phi"] == 0]
    assert baseline == [baseline[0]] * 3
    assert all(one["costs"] < 7 and one["law"] is None for one in found["rules"])
    # No rule is near x2 or has networks on both sides of it, so nothing is compared there, and each says why.
    assert [one["rule"] for one in found["missing"] if one["target"] == 2] == ["compound", "depth", "width"]
    assert found["gaps"] == []
    assert (folder / "runs" / "tiny" / "curves.png").stat().st_size > 10_000


def test_a_finished_family_is_told_again_and_the_same(home):
    folder, _, _ = home
    before = (folder / "runs" / "tiny" / "results.json").read_bytes()
    status, out, err = finish(start(folder))
    assert status == 0, err
    assert "All 8 trials are recorded already; nothing to train." in err
    assert "compound is 1 2 1" in err
    assert "compound minus each other rule at equal real cost" in out
    assert (folder / "runs" / "tiny" / "results.json").read_bytes() == before


def test_what_would_be_trained(home):
    status, out, err = finish(start(home[0], "--dry-run", "--phi", "0:2"))
    assert status == 0, err
    assert "9 members make" in out
    assert "Nothing was trained; without --dry-run it is recorded in runs/tiny." in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "nowhere"), "no images called 'nowhere'"),
        (("--phi", "-2:0", "--rule", "resolution"), "shrinks the images of tiny to 6 px, under 12"),
        (("--to", "runs/tiny", "--baseline", "small"), "runs/tiny was made from another specification"),
        (("--phi", "1"), "one point per rule compares nothing"),
        (("--seeds", "0"), "seeds must be from 1 to 1000, got 0"),
    ],
)
def test_bad_input_is_one_line(home, words, said):
    status, out, err = finish(start(home[0], *words))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err


def test_where_its_networks_look(home, image_folder, tmp_path, capsys):
    run = home[0] / "runs" / "tiny"
    words = ["--run", str(run), "--data", str(image_folder), "--target", "2", "--out", str(tmp_path / "looks")]
    assert cam.main([*words, "--image", "0", "--image", "3"]) == 0
    assert (tmp_path / "looks.svg").stat().st_size > 1000
    assert cam.main([*words, "--image", "0", "--class", "below"]) == 0
    assert cam.main([*words, "--image", "0", "--class", "besides"]) == 2
    assert "--class: no class is called 'besides', and the numbers are 0 to 1" in capsys.readouterr().err
    capsys.readouterr()
    assert cam.main([*words[:4], "--target", "0"]) == 2
    assert "--target must be above 0, got 0" in capsys.readouterr().err
    assert cam.main([*words[:4], "--target", "100"]) == 2
    assert "--target 100: no network costs about that; there are x1.00" in capsys.readouterr().err
    assert cam.main([*words, "--image", "999"]) == 2
    assert "image 999: the run has test images 0 to" in capsys.readouterr().err
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("spec.json", "trials.jsonl"):
        shutil.copy(run / name, bare / name)
    assert cam.main(["--run", str(bare), *words[2:]]) == 2
    assert "no weights here; train this run again in another folder" in capsys.readouterr().err
    assert cam.main(["--run", str(run), "--data", "fashion-mnist-10k"]) == 2
    assert "fashion-mnist-10k are other images than" in capsys.readouterr().err
    assert cam.main(["--run", str(run)]) == 2
    assert f"{run} was trained on the images {image_folder.name!r}; say with --data where they are" in capsys.readouterr().err


def test_its_networks_are_exported(home, image_folder, tmp_path, capsys):
    run, out = home[0] / "runs" / "tiny", tmp_path / "width.stablehlo"
    words = ["--run", str(run), "--data", str(image_folder), "--out", str(out)]
    assert export.main([*words, "--network", "width 1"]) == 0
    described = json.loads(Path(f"{out}.json").read_text())
    assert (described["input"], described["classes"]) == (["batch", 12, 12, 1], ["above", "below"])
    capsys.readouterr()
    assert export.main([*words, "--network", "width"]) == 2
    assert "has 'baseline', " in capsys.readouterr().err


def test_its_networks_classify_images(home, image_folder, tmp_path, capsys):
    run = home[0] / "runs" / "tiny"
    words = ["--run", str(run), "--data", str(image_folder), "--network", "width 1", "--top", "2"]
    images = [image_folder / name / f"{number:02}.png" for name in ("above", "below") for number in range(20)]
    assert predict.main([*words, "--json", *map(str, images)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["run"], found["entry"]) == ("width 1", str(run), None)
    assert Path(found["weights"]).parent == run / "weights"
    right = sum(one["top"][0]["name"] == Path(one["path"]).parent.name for one in found["pictures"])
    assert right >= 36
    large = tmp_path / "\u732b.png"
    with Image.open(images[0]) as small:
        small.resize((60, 48), Image.Resampling.NEAREST).convert("RGB").save(large)
    assert predict.main([*words, str(large)]) == 0
    assert capsys.readouterr().out.startswith(f"width 1, weights from {found['weights']}\n\n{large}\n")
    trained = open_trained(run, "width 1", str(image_folder))
    with Image.open(images[0]) as small:
        seen = trained.prepared(small.convert("RGB"))
        bytes_ = np.asarray(small, np.float32)[..., None]
    np.testing.assert_allclose(seen, (bytes_ - np.float32(trained.mean[0])) / np.float32(trained.deviation[0]), rtol=1e-6)


def test_what_predict_needs_of_a_run(home, image_folder, tmp_path, capsys):
    run, image = home[0] / "runs" / "tiny", str(image_folder / "above" / "00.png")
    data = ["--data", str(image_folder)]
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("spec.json", "trials.jsonl"):
        shutil.copy(run / name, bare / name)
    for words, message in (
        (["--run", str(run), *data], "--network: missing; "),
        (["--run", str(run), *data, "--network", "widht 1"], "has 'baseline', "),
        (["--run", str(run), *data, "--network", "widht 1"], "; did you mean width 1"),
        (["--run", str(bare), *data, "--network", "baseline"], "no weights here; train this run again in another folder"),
        (["--run", str(run), "--network", "baseline"], "say with --data where they are"),
    ):
        assert predict.main([*words, image]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "words"), [(cam, ()), (export, ("--network", "baseline")), (predict, ("--network", "baseline"))]
)
def test_weights_of_a_run_that_are_not_finite_are_refused(command, words, home, image_folder, tmp_path, capsys):
    run = tmp_path / "damaged"
    shutil.copytree(home[0] / "runs" / "tiny", run)
    for path in (run / "weights").glob("*.safetensors"):
        tensors = {name: np.full_like(tensor, np.nan) for name, tensor in read_weights(path).items()}
        write_safetensors(path, tensors, {})
    out = tmp_path / "made.stablehlo"
    place = (str(image_folder / "above" / "00.png"),) if command is predict else ("--out", str(out))
    assert command.main(["--run", str(run), "--data", str(image_folder), *place, *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{command.COMMAND}: error: {run / 'weights'}/")
    assert "tensor stem.convolution.weight is NaN or infinite in" in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["damaged"]
